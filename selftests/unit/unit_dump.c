// SPDX-License-Identifier: GPL-2.0-only
/* The dump: when it is due, what it prints, what is merged and what is held back. */
#include "shim_vendor.h"

static struct vm vm;
static struct vcpu vcpu;

static char log_text[4096];

static void append_line(const char *line)
{
	strcat(log_text, line);
}

static void make_exits(int n)
{
	while (n--)
		make_exit(&vcpu, CPUID, 100);
}

/* The worker runs and prints this. */
static bool prints(const char *expect)
{
	bool same;

	log_text[0] = '\0';
	shim_run_work();
	same = !strcmp(log_text, expect);
	if (!same)
		diag("log: %s", log_text);
	return same;
}

/* The worker prints a dump that has only exits of CPUID. */
static bool prints_dump(u64 nr, u64 due_at, u64 exits, const char *tail)
{
	char text[512];
	int len;

	len = sprintf(text, "<6>kvm_exit_stats: dump %llu: due at %llu, taken at %llu exits, ", nr,
		      due_at, exits);
	len += sprintf(text + len, "%llu cycles, 1 reasons%s\n", exits * 100, tail);
	len += sprintf(text + len, "<6>kvm_exit_stats: %llu: exit reason 10 CPUID: ", nr);
	sprintf(text + len, "count %llu total %llu min 100 max 100 avg 100\n", exits, exits * 100);
	return prints(text);
}

int main(void)
{
	static const char first[] =
		"<6>kvm_exit_stats: dump 1: due at 500, taken at 502 exits, 50016 cycles, 3 reasons\n"
		"<6>kvm_exit_stats: 1: exit reason 10 CPUID: count 500 total 50000 min 100 max 100 avg 100\n"
		"<6>kvm_exit_stats: 1: exit reason 11 GETSEC: count 1 total 7 min 7 max 7 avg 7\n"
		"<6>kvm_exit_stats: 1: exit reason - OTHER: count 1 total 9 min 9 max 9 avg 9\n";

	register_vendor();
	create_vm(&vm);
	create_vcpu(&vcpu, &vm);
	kvm_exit_stats_per_min = 2;
	shim_log = append_line;
	shim_ns = 1000 * NSEC_PER_SEC;

	make_exits(499);
	ok(shim_queued() < 0, "after 499 exits no dump is due");
	make_exits(1);
	make_exit(&vcpu, GETSEC, 7);
	make_exit(&vcpu, NOT_DEFINED, 9);
	ok(prints(first), "after 500 exits a dump is due; its rows are those of the snapshot");
	ok(prints(""), "a dump is printed once");

	kvm_exit_stats_reset(&kvm_exit_stats_host.scope);
	make_exits(1498);
	ok(prints_dump(2, 2000, 1498, " (2 merged)"),
	   "multiples before the worker runs are merged; a reset does not change what is due");

	make_exits(500);
	ok(prints("") && shim_queued() == 30001,
	   "two dumps a minute: the third is held back for half a minute");
	make_exits(500);
	shim_ns += 30 * NSEC_PER_SEC;
	shim.fail_alloc = 1;
	ok(prints("") && shim_queued() == HZ, "without memory the dump stays due");
	ok(prints_dump(3, 3000, 2498, " (1 merged)"), "the dump is printed without another exit");
	ok(kvm_exit_stats_host.dumps == 3 && kvm_exit_stats_host.merged == 3,
	   "6 multiples: 3 dumps and 3 merged");

	make_exits(500);
	ok(prints("") && shim_queued() >= 0, "the next dump is held back");
	kvm_exit_stats_set_interval(1000);
	ok(prints(""), "a new interval drops what was due");
	shim_ns += 30 * NSEC_PER_SEC;
	make_exits(500);
	ok(prints_dump(4, 4000, 3498, ""),
	   "after that a dump is due at the next multiple of the new interval");

	kvm_exit_stats_set_interval(0);
	make_exits(10000);
	ok(prints(""), "interval 0: no dump");
	kvm_exit_stats_vcpu_free(&vcpu.vcpu);
	kvm_exit_stats_vm_destroy(&vm.kvm);
	kvm_exit_stats_unregister();
	kvm_exit_stats_dump_kick();
	ok(shim_queued() < 0, "without a vendor module nothing wakes the worker");
	ok(!kvm_exit_stats_host.dumps && !kvm_exit_stats_host.merged,
	   "the dumps of a vendor module that is gone do not count");
	return done_testing();
}
