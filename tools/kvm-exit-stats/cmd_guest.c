// SPDX-License-Identifier: GPL-2.0-only
/* kvm-exit-stats guest, and kvm-exit-stats-guest: this virtual machine's exits, by CPUID. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "errors.h"
#include "leaves.h"
#include "memory.h"
#include "numbers.h"

static struct common common = { .view = VIEW_REASONS };

static struct {
	bool all;
	double watch;
	int64_t leaf;	/* -1: none */
	int64_t reason; /* -1: all */
} env = { .leaf = -1, .reason = -1 };

enum {
	OPT_LEAF = 0x200,
	OPT_REASON,
};

static const char doc[] =
	"In a guest: read CPUID leaves 0x4ffffff0 to 0x4fffffff, and print the guest's own VM exits "
	"by reason. Needs no privilege.\v"
	"Each CPUID is itself an exit: the numbers change while they are read.\n\n"
	"EXAMPLES:\n"
	"  guest                                      reasons that occurred\n"
	"  guest --watch 1                            what happens each second\n"
	"  guest --reason 10 --cycles                 one reason, in TSC cycles\n"
	"  guest --leaf 0x4ffffffc --reason 10        the four registers of a leaf";

static const struct argp_option options[] = {
	{ "all", 'a', NULL, 0, "Also reasons without an exit", 0 },
	{ "watch", 'w', "SECONDS", 0, "What happened in each SECONDS, until Ctrl-C", 0 },
	{ "reason", OPT_REASON, "NUMBER", 0, "Only this reason; with --leaf what goes into ECX",
	  0 },
	{ "leaf", OPT_LEAF, "NUMBER", 0, "Print the registers of this leaf", 0 },
	{ 0 },
};

static int64_t parse_u32(const char *text, struct argp_state *state, const char *what)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(text, &end, 0);
	if (*text < '0' || *text > '9' || *end || errno || n > UINT32_MAX)
		argp_error(state, "%s: '%s' is no number from 0 to 0xffffffff", what, text);
	return n;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &common;
		break;
	case 'a':
		env.all = true;
		break;
	case 'w':
		env.watch = parse_seconds(arg, state, "--watch");
		break;
	case OPT_REASON:
		env.reason = parse_u32(arg, state, "--reason");
		break;
	case OPT_LEAF:
		env.leaf = parse_u32(arg, state, "--leaf");
		break;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s': guest takes no name", arg);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_child children[] = { { &common_argp, 0, "Output:", 10 }, { 0 } };
static const struct argp argp = { options, parse, "", doc, children, NULL, NULL };

static void open_leaves(struct leaves *l)
{
	switch (leaves_open(l)) {
	case LEAVES_NO_SIGNATURE:
		fail(ERR_NO_LEAVES, "CPUID leaf 0x%x has no signature: %s", EXIT_STATS_LEAF_ID,
		     error_text(ERR_NO_LEAVES));
	case LEAVES_NEWER:
		fail(ERR_OTHER,
		     "this host's CPUID leaves have version %u and layout %d; this program knows "
		     "versions up to %d and layouts up to %d: it is older than the host's modules",
		     l->version, l->nr_layout, EXIT_STATS_ABI_VERSION, EXIT_STATS_NR_LAYOUTS - 1);
	case LEAVES_OK:
		break;
	}
}

static void print_registers(void)
{
	uint32_t reason = env.reason < 0 ? 0 : env.reason;
	struct registers r = leaves_cpuid(env.leaf, reason);

	printf("0x%08x 0x%x: eax=0x%08x ebx=0x%08x ecx=0x%08x edx=0x%08x\n", (uint32_t)env.leaf,
	       reason, r.eax, r.ebx, r.ecx, r.edx);
}

static void print(struct output *o, const struct leaves *l, const struct table *t, double seconds,
		  bool anew)
{
	struct item *items = xcalloc(t->nr + 1, sizeof(*items));
	struct vm guest = { .name = "this guest" };
	char note[256], missing[64] = "";
	size_t nr = 0;

	for (size_t i = 0; i < t->nr; i++) {
		if (env.reason >= 0 && t->row[i].reason != env.reason)
			continue;
		items[nr++] = (struct item){
			.vcpu = NO_VCPU, .t = t, .row = &t->row[i], .seconds = seconds
		};
	}
	nr = common_sort(&common, items, nr);
	if (env.reason >= 0 && !nr)
		snprintf(missing, sizeof(missing), "; %s has no reason 0x%llx", t->vendor,
			 (unsigned long long)env.reason);
	snprintf(note, sizeof(note), "%s, layout %s%s%s", t->vendor, l->layout,
		 anew ? "; reset in this interval: what happened since" : "", missing);
	output_table(o,
		     &(struct heading){ .view = VIEW_REASONS,
					.vm = t->scope == SCOPE_HOST ? NULL : &guest,
					.vcpu = NO_VCPU,
					.t = t,
					.seconds = seconds,
					.time = unix_time(),
					.note = note },
		     items, nr);
	free(items);
}

static void watch(struct output *o, const struct leaves *l, struct table *then)
{
	double next = monotonic() + env.watch;
	struct table now, since;
	bool same;

	common_catch_signals();
	while (wait_until(&next, env.watch) && !ferror(o->f)) {
		leaves_read(l, env.all, &now);
		same = table_since(then, &now, &since);
		print(o, l, &since, now.time - then->time, !same);
		table_free(&since);
		table_free(then);
		*then = now;
	}
}

static int run(int argc, char **argv)
{
	struct leaves leaves;
	struct output o;
	struct table t;

	parse_arguments(&argp, argc, argv);
	common_resolve(&common, env.watch > 0, "reason");
	if (env.leaf >= 0) {
		print_registers();
		return 0;
	}
	open_leaves(&leaves);
	/* With --reason, print the row even if it has no exits. */
	if (env.reason >= 0 && env.watch <= 0)
		env.all = true;
	leaves_read(&leaves, env.all, &t);
	o = common_output(&common);
	output_begin(&o);
	if (env.watch > 0)
		watch(&o, &leaves, &t);
	else
		print(&o, &leaves, &t, 0, false);
	table_free(&t);
	return common_end(&o);
}

const struct command cmd_guest = {
	"guest", "inside a guest: its own exits, by CPUID", &argp, run, .views = 1u << VIEW_REASONS,
};
