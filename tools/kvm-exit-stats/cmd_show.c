// SPDX-License-Identifier: GPL-2.0-only
/* kvm-exit-stats show: one table, or one every so many seconds. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "errors.h"
#include "memory.h"
#include "numbers.h"
#include "show_time.h"

static struct common common = { .view = VIEW_REASONS };
static struct origin origin;

static struct {
	const char *vm;
	int vcpu;
	bool hist, time;
	double interval;
	unsigned long count; /* of tables, 0: without end */
} env = { .vcpu = NO_VCPU };

static const char doc[] =
	"Print the exits of the host, a VM or a vCPU by reason: since the last reset or, with "
	"INTERVAL, for each interval of that many seconds.\v"
	"Columns with a * always cover the time since the last reset: the minimum and the maximum "
	"of an interval cannot be computed.\n\n"
	"EXAMPLES:\n"
	"  kvm-exit-stats show                        the host, since the last reset\n"
	"  kvm-exit-stats show --vm web 1             a VM, every second\n"
	"  kvm-exit-stats show --vm web --vcpu 0 --hist 10 1\n"
	"  kvm-exit-stats show --sort time --top 5\n"
	"  kvm-exit-stats show --vm web --time 5      where the time of its vCPUs goes\n"
	"  kvm-exit-stats show -o name,p50,p99,max -f csv 1 60";

static const struct argp_option options[] = {
	{ "vm", 'V', "VM", 0, "Name, UUID, folder or process of a VM", 0 },
	{ "vcpu", 'c', "N", 0, "One vCPU of that VM", 0 },
	{ "time", 'T', NULL, 0,
	  "Where the time of vCPUs goes: exits, user space, halted, waiting for a CPU, guest", 0 },
	{ "hist", 'H', NULL, 0, "With percentiles; in JSON with the histograms", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &common;
		state->child_inputs[1] = &origin;
		break;
	case 'V':
		env.vm = arg;
		break;
	case 'c':
		env.vcpu = parse_vcpu(arg, state);
		break;
	case 'H':
		env.hist = true;
		break;
	case 'T':
		env.time = true;
		common.view = VIEW_TIME;
		break;
	case ARGP_KEY_ARG:
		if (state->arg_num == 0)
			env.interval = parse_seconds(arg, state, "INTERVAL");
		else if (state->arg_num == 1)
			env.count = parse_count(arg, state, "COUNT");
		else
			argp_error(state, "'%s': show takes an interval and a count", arg);
		break;
	case ARGP_KEY_END:
		if (env.vcpu != NO_VCPU && !env.vm)
			argp_error(state, "--vcpu needs --vm");
		if (env.time && (env.hist || env.vcpu != NO_VCPU))
			argp_error(state, "--time takes neither --hist nor --vcpu");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_child children[] = { { &common_argp, 0, "Output:", 10 },
					      { &origin_argp, 0, "Source:", 20 },
					      { 0 } };
static const struct argp argp = { options, parse, "[INTERVAL [COUNT]]", doc, children, NULL, NULL };

static bool is_percentile(const struct column *c)
{
	return c == column_find(VIEW_REASONS, "p50") || c == column_find(VIEW_REASONS, "p90") ||
	       c == column_find(VIEW_REASONS, "p99");
}

/* Percentiles need the histogram: to show one or to sort by one asks for it. */
static bool wants_hist(void)
{
	for (size_t i = 0; i < common.set.nr; i++) {
		if (is_percentile(common.set.column[i]))
			return true;
	}
	return env.hist || is_percentile(common.by);
}

static void print(struct output *o, const struct vm *vm, const struct table *t, double seconds,
		  const char *note)
{
	struct item *items = xcalloc(t->nr + 1, sizeof(*items));
	struct heading h = { .view = VIEW_REASONS,
			     .vm = vm,
			     .vcpu = env.vcpu,
			     .t = t,
			     .seconds = seconds,
			     .time = unix_time(),
			     .note = note };
	size_t nr = 0;

	for (size_t i = 0; i < t->nr; i++)
		items[nr++] = (struct item){
			.vm = vm, .vcpu = env.vcpu, .t = t, .row = &t->row[i], .seconds = seconds
		};
	nr = common_sort(&common, items, nr);
	output_table(o, &h, items, nr);
	free(items);
}

/* One table every interval. Returns when the VM ends, or at Ctrl-C. */
static void follow(struct output *o, struct source *s, const struct vm *vm, bool hist,
		   struct table *then)
{
	struct table now, since;
	struct complaint why;
	double next = monotonic() + env.interval;
	bool same;
	int err;

	common_catch_signals();
	for (unsigned long n = 0; !env.count || n < env.count; n++) {
		if (!wait_until(&next, env.interval) || ferror(o->f))
			return;
		err = source_read(s, vm, env.vcpu, hist, &now, &why);
		if (vm && (err == -ENOENT || err == -EIO)) {
			warn("the VM %s ended", vm->name);
			return;
		}
		if (err)
			fail(ERR_OTHER, "the table of %s: %s", vm ? vm->name : "the host",
			     err == -EPROTO ? why.text : strerror(-err));
		same = table_since(then, &now, &since);
		print(o, vm, &since, now.time - then->time,
		      same ? NULL : "reset in this interval: what happened since");
		table_free(&since);
		table_free(then);
		*then = now;
	}
}

/* By BPF exits end with the handler: what comes after it has its own columns. */
static int run_time(void)
{
	struct vm_list vms = {};
	char *vm = NULL;
	struct source *s;
	struct output o;

	common_resolve(&common, true, common.sort ? common.sort : "vm");
	if (origin.root)
		fail(ERR_OTHER,
		     "saved files do not tell where time goes: --time needs a running host");
	if (origin_by_bpf(&origin))
		origin.source = ORIGIN_BPF_HANDLER;
	s = origin_open(&origin);
	if (env.vm) {
		common_vms(s, &vms);
		vm = xstrdup(common_vm(&vms, env.vm)->id);
	}
	o = common_output(&common);
	output_begin(&o);
	show_time(&common, &o, s, vm, env.interval, env.count);
	free(vm);
	vm_list_free(&vms);
	source_close(s);
	return common_end(&o);
}

static int run(int argc, char **argv)
{
	const struct vm *vm = NULL;
	struct vm_list vms = {};
	char notes[256];
	struct source *s;
	struct output o;
	struct table t;
	bool hist;

	parse_arguments(&argp, argc, argv);
	if (!env.interval && (env.time || origin_by_bpf(&origin))) {
		if (env.time)
			warn("measuring 1 second");
		else
			origin_tell_second();
		env.interval = 1;
		env.count = 1;
	}
	if (env.time)
		return run_time();
	common_resolve(&common, env.interval > 0, env.interval > 0 ? "rate" : "exits");
	if (env.hist && !common.columns)
		columns_choose(&common.set, VIEW_REASONS, "+p50,+p90,+p99");
	hist = wants_hist();
	s = origin_open(&origin);
	if (env.vm) {
		common_vms(s, &vms);
		vm = common_vm(&vms, env.vm);
	}
	common_read(s, vm, env.vcpu, hist, &t);
	o = common_output(&common);
	o.hist = env.hist;
	output_begin(&o);
	if (env.interval > 0)
		follow(&o, s, vm, hist, &t);
	else
		print(&o, vm, &t, 0, table_notes(&t, notes, sizeof(notes)));
	table_free(&t);
	vm_list_free(&vms);
	source_close(s);
	return common_end(&o);
}

const struct command cmd_show = {
	"show",
	"exits by reason of the host, a VM or a vCPU; once or every N seconds",
	&argp,
	run,
	.views = 1u << VIEW_REASONS | 1u << VIEW_TIME,
};
