// SPDX-License-Identifier: GPL-2.0-only
/* kvm-exit-stats drill: what exactly did the guest do in the exits of one reason? */
#include <stdlib.h>
#include <string.h>

#include "bpf_load.h"
#include "command.h"
#include "detail.h"
#include "errors.h"
#include "memory.h"
#include "reasons.h"

static struct common common = { .view = VIEW_DETAILS };

static struct {
	const char *vm, *reason;
	int vcpu;
	bool hist;
	double seconds;
} env = { .vcpu = NO_VCPU, .seconds = 5 };

static const char doc[] =
	"Count the exits of one reason for some seconds (default: 5) by what exactly the guest did: "
	"which port, MSR, guest-physical page, CPUID leaf, hypercall, exception vector; for other "
	"reasons which instruction. REASON is a name or a number that show prints.\v"
	"It counts by BPF, on any KVM, and only while it runs. The time of an exit is from exit to "
	"entry. TO USER and USER TIME (-o +user,+user_time) show how many exits user space had to "
	"finish, and how long that took.\n\n"
	"It tells at most 1024 details apart. Exits with further ones are lost; the heading says how "
	"many.\n\n"
	"EXAMPLES:\n"
	"  kvm-exit-stats drill --vm web IO_INSTRUCTION     with AMD-V: IOIO\n"
	"  kvm-exit-stats drill --vm web --vcpu 0 MSR_WRITE 10\n"
	"  kvm-exit-stats drill EPT_VIOLATION -f csv";

static const struct argp_option options[] = {
	{ "vm", 'V', "VM", 0, "Name, UUID, folder or process of a VM (default: all)", 0 },
	{ "vcpu", 'c', "N", 0, "One vCPU of that VM", 0 },
	{ "hist", 'H', NULL, 0, "In JSON with the histograms", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &common;
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
	case ARGP_KEY_ARG:
		if (state->arg_num == 0)
			env.reason = arg;
		else if (state->arg_num == 1)
			env.seconds = parse_seconds(arg, state, "SECONDS");
		else
			argp_error(state, "'%s': drill takes a reason and a number of seconds",
				   arg);
		break;
	case ARGP_KEY_END:
		if (!env.reason && !common.list_columns)
			argp_error(state,
				   "which reason? kvm-exit-stats show names those that occur");
		if (env.vcpu != NO_VCPU && !env.vm)
			argp_error(state, "--vcpu needs --vm");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_child children[] = { { &common_argp, 0, "Output:", 10 }, { 0 } };
static const struct argp argp = { options, parse, "REASON [SECONDS]", doc, children, NULL, NULL };

static int64_t wanted_reason(bool svm)
{
	char alike[256];
	int64_t reason;

	if (reason_find(svm, env.reason, &reason, alike, sizeof(alike)))
		return reason;
	fail(ERR_USAGE, "%s has no exit reason '%s'%s%s", svm ? "AMD-V" : "VT-x", env.reason,
	     *alike ? "; there is " : ": kvm-exit-stats show names those that occur", alike);
}

static void print(struct output *o, const struct vm *vm, int64_t reason, const struct table *t,
		  double seconds)
{
	bool svm = host_is_svm();
	char details[128];
	struct heading h = { .view = VIEW_DETAILS,
			     .vm = vm,
			     .vcpu = env.vcpu,
			     .t = t,
			     .seconds = seconds,
			     .time = unix_time(),
			     .details = details };
	struct item *items = xcalloc(t->nr + 1, sizeof(*items));

	snprintf(details, sizeof(details), "%s by %s", reason_name(svm, reason),
		 detail_by_text(detail_by(svm, reason)));
	for (size_t i = 0; i < t->nr; i++)
		items[i] = (struct item){
			.vm = vm, .vcpu = env.vcpu, .t = t, .row = &t->row[i], .seconds = h.seconds
		};
	output_table(o, &h, items, common_sort(&common, items, t->nr));
	free(items);
}

static int run(int argc, char **argv)
{
	const struct vm *vm = NULL;
	struct vm_list vms = {};
	struct source *files, *s;
	struct output o;
	struct table t;
	int64_t reason;
	double began, next;

	parse_arguments(&argp, argc, argv);
	common_resolve(&common, true, "exits");
	origin_need_bpf();
	reason = wanted_reason(host_is_svm());
	files = source_open_files(NULL);
	if (env.vm) {
		common_vms(files, &vms);
		vm = common_vm(&vms, env.vm);
	}
	s = origin_open_drill(vm, env.vcpu, reason);
	began = monotonic();
	warn("counting %s for %g s; Ctrl-C ends it", reason_name(host_is_svm(), reason),
	     env.seconds);
	common_catch_signals();
	next = began + env.seconds;
	wait_until(&next, 0);
	common_read(s, vm, env.vcpu, true, &t);
	o = common_output(&common);
	o.hist = env.hist;
	output_begin(&o);
	print(&o, vm, reason, &t, t.time - began);
	table_free(&t);
	source_close(s);
	vm_list_free(&vms);
	source_close(files);
	return common_end(&o);
}

const struct command cmd_drill = {
	"drill",
	"what exactly the guest did in the exits of one reason",
	&argp,
	run,
	.views = 1u << VIEW_DETAILS,
};
