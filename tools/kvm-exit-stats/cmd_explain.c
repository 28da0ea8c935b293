// SPDX-License-Identifier: GPL-2.0-only
/* kvm-exit-stats explain: the few things that cost a guest most, and what to do about them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "errors.h"
#include "explain.h"
#include "json.h"
#include "memory.h"
#include "names.h"

static struct {
	struct origin origin;
	const char *vm;
	double seconds, least;
	bool json;
} env = { .seconds = 5, .least = 2 };

enum {
	OPT_LEAST = 0x300,
};

static const char doc[] =
	"Find out what costs the vCPUs of a VM most time. Prints for each cause the numbers that "
	"show it, what it usually means, and what to change. Without --vm it does this for all VMs "
	"in turn. It measures for SECONDS (default: 5), then measures for the same time by BPF "
	"what the guest does in its costliest exits.\v"
	"A cost is a share of the time of all vCPUs of the VM. The command changes nothing.\n\n"
	"EXAMPLES:\n"
	"  kvm-exit-stats explain --vm web\n"
	"  kvm-exit-stats explain --vm web --least 10 30\n"
	"  kvm-exit-stats explain --vm web -f json | jq '.findings[].rule'";

static const struct argp_option options[] = {
	{ "vm", 'V', "VM", 0, "Name, UUID, folder or process of a VM", 0 },
	{ "least", OPT_LEAST, "PERCENT", 0, "Leave out what costs less (default: 2)", 0 },
	{ "format", 'f', "FORMAT", 0, "text (default) or json", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	char *end;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &env.origin;
		break;
	case 'V':
		env.vm = arg;
		break;
	case OPT_LEAST:
		env.least = strtod(arg, &end);
		if (end == arg || *end || !(env.least >= 0 && env.least <= 100))
			argp_error(state, "--least: '%s' is no number from 0 to 100", arg);
		break;
	case 'f':
		env.json = !strcmp(arg, "json");
		if (!env.json && strcmp(arg, "text"))
			argp_error(state, "no format '%s': text, json", arg);
		errors_as_json(env.json);
		break;
	case ARGP_KEY_ARG:
		if (state->arg_num)
			argp_error(state, "'%s': explain takes a number of seconds", arg);
		env.seconds = parse_seconds(arg, state, "SECONDS");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_child children[] = { { &origin_argp, 0, "Source:", 10 }, { 0 } };
static const struct argp argp = { options, parse, "[SECONDS]", doc, children, NULL, NULL };

struct found {
	const struct rule *rule;
	struct finding finding;
};

static int by_cost(const void *a, const void *b)
{
	double x = ((const struct found *)a)->finding.ns, y = ((const struct found *)b)->finding.ns;

	return (x < y) - (x > y);
}

static double percent(const struct evidence *e, double ns)
{
	return e->split.whole > 0 ? 100 * ns / e->split.whole : 0;
}

/* Fills in what the rules find and is worth it, the costliest first. */
static size_t find(const struct evidence *e, struct found *found)
{
	size_t nr = 0;

	for (size_t i = 0; i < nr_rules; i++) {
		memset(&found[nr], 0, sizeof(*found));
		if (!rules[i].find(e, &found[nr].finding) ||
		    percent(e, found[nr].finding.ns) < env.least)
			continue;
		/* A wait within an exit counts twice, as exit and as waiting; so cap the cost. */
		if (found[nr].finding.ns > e->split.whole)
			found[nr].finding.ns = e->split.whole;
		found[nr++].rule = &rules[i];
	}
	qsort(found, nr, sizeof(*found), by_cost);
	return nr;
}

static void print_item(const struct evidence *e, const struct found *f, size_t n)
{
	printf("\n%zu. %s: %.1f %% of the vCPUs' time\n", n, f->finding.what,
	       percent(e, f->finding.ns));
	printf("   evidence:  %s\n", f->finding.evidence);
	printf("   means:     %s\n", f->rule->means);
	printf("   change:    %s\n", f->rule->change);
	printf("   try:       %s\n", f->rule->attempt);
	printf("   afterwards: kvm-exit-stats %s --vm ", f->finding.reason[0] ? "drill" : "show");
	print_quoted(stdout, e->vm->name);
	printf(" %s\n", f->finding.reason[0] ? f->finding.reason : "--time 5");
	printf("   source:    %s\n", f->rule->source);
}

static void print_text(const struct evidence *e, const struct found *found, size_t nr)
{
	const struct time_split *s = &e->split;

	printf("%s: %.1f s of %llu vCPUs: exits %.1f %%, user space %.1f %%, ", e->vm->name,
	       e->seconds, (unsigned long long)e->since.vcpus, percent(e, s->exits),
	       percent(e, s->user));
	if (s->has_vmm)
		printf("user space not for an exit %.1f %%, ", percent(e, s->vmm));
	printf("polling %.1f %%, asleep %.1f %%, waiting for a CPU ", percent(e, s->polling),
	       percent(e, s->asleep));
	if (s->has_wait)
		printf("%.1f %%", percent(e, s->waiting));
	else
		putchar('-');
	printf(", guest %.1f %%\n", percent(e, s->rest));
	for (size_t i = 0; i < nr; i++)
		print_item(e, &found[i], i + 1);
	if (e->no_details)
		printf("\nDetails of exits are missing: %s\n", e->no_details);
	if (nr)
		return;
	if (s->costliest && percent(e, s->costliest_ns) >= env.least)
		printf("\nNo rule names what costs most here: exits of %s, %.1f %% of the vCPUs' time.\n",
		       s->costliest->name, percent(e, s->costliest_ns));
	else
		printf("\nNothing here costs more than %g %% of the vCPUs' time.\n", env.least);
}

static void print_json(const struct evidence *e, const struct found *found, size_t nr)
{
	struct json j = { stdout, false };

	json_begin_object(&j, NULL);
	json_put_string(&j, "vm", e->vm->name);
	json_put_real(&j, "seconds", e->seconds, 3);
	json_put_real(&j, "exits_percent", percent(e, e->split.exits), 2);
	json_put_real(&j, "user_percent", percent(e, e->split.user), 2);
	if (e->split.has_vmm)
		json_put_real(&j, "vmm_percent", percent(e, e->split.vmm), 2);
	json_put_real(&j, "polling_percent", percent(e, e->split.polling), 2);
	json_put_real(&j, "asleep_percent", percent(e, e->split.asleep), 2);
	if (e->split.has_wait)
		json_put_real(&j, "waiting_percent", percent(e, e->split.waiting), 2);
	json_put_real(&j, "guest_percent", percent(e, e->split.rest), 2);
	json_begin_array(&j, "findings");
	for (size_t i = 0; i < nr; i++) {
		json_begin_object(&j, NULL);
		json_put_string(&j, "rule", found[i].rule->name);
		json_put_real(&j, "percent", percent(e, found[i].finding.ns), 2);
		json_put_string(&j, "what", found[i].finding.what);
		json_put_string(&j, "evidence", found[i].finding.evidence);
		json_put_string(&j, "means", found[i].rule->means);
		json_put_string(&j, "change", found[i].rule->change);
		json_put_string(&j, "try", found[i].rule->attempt);
		json_put_string(&j, "source", found[i].rule->source);
		json_end_object(&j);
	}
	json_end_array(&j);
	json_end_object(&j);
	putchar('\n');
}

static void explain(struct source *s, const struct vm *vm)
{
	struct found *found = xcalloc(nr_rules + 1, sizeof(*found));
	struct complaint why;
	struct evidence e;
	size_t nr;
	int err;

	err = evidence_take(&e, s, vm, env.seconds, &why);
	if (err && err != -ENOENT && err != -EIO)
		fail(ERR_OTHER, "the table of %s: %s", vm->name,
		     err == -EPROTO ? why.text : strerror(-err));
	if (err && env.vm)
		fail(ERR_NO_VM, "the VM %s ended", vm->name);
	if (err) {
		free(found);
		warn("the VM %s ended", vm->name);
		return;
	}
	nr = find(&e, found);
	(env.json ? print_json : print_text)(&e, found, nr);
	common_flush();
	evidence_free(&e);
	free(found);
}

static int run(int argc, char **argv)
{
	struct vm_list vms = {};
	struct source *s;

	parse_arguments(&argp, argc, argv);
	if (env.origin.root)
		fail(ERR_OTHER, "saved files do not tell enough: explain needs a running host");
	if (origin_by_bpf(&env.origin))
		env.origin.source = ORIGIN_BPF_HANDLER;
	s = origin_open(&env.origin);
	common_vms(s, &vms);
	if (env.vm) {
		explain(s, common_vm(&vms, env.vm));
	} else {
		if (!vms.nr)
			fail(ERR_NO_VM, "no VM runs");
		for (size_t i = 0; i < vms.nr; i++) {
			if (i && !env.json)
				putchar('\n');
			explain(s, &vms.vm[i]);
		}
	}
	vm_list_free(&vms);
	source_close(s);
	return 0;
}

const struct command cmd_explain = {
	"explain",
	"what costs a guest most time, and what to do about it",
	&argp,
	run,
};
