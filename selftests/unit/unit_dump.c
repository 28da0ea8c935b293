// SPDX-License-Identifier: GPL-2.0-only
/* The dump: when it is due, what it says, what is merged and held back. */
#include "vendor.h"

static struct vm vm;
static struct vcpu vcpu;

static void make_exits(int n)
{
	while (n--)
		make_exit(&vcpu, CPUID, 100);
}

/* The worker runs, and the log says this. */
static bool prints(const char *expect)
{
	bool same;

	shim_log[0] = '\0';
	if (shim_delayed)
		shim_run_delayed();
	same = !strcmp(shim_log, expect);
	if (!same)
		diag("log: %s", shim_log);
	return same;
}

/* A dump of CPUID's exits alone. */
static bool prints_dump(u64 nr, u64 due_at, u64 exits, const char *tail)
{
	char text[512];
	int len;

	len = sprintf(text, "kvm_exit_stats: dump %llu: due at %llu, taken at %llu exits, ", nr,
		      due_at, exits);
	len += sprintf(text + len, "%llu cycles, 1 reasons%s\n", exits * 100, tail);
	len += sprintf(text + len, "kvm_exit_stats: %llu: exit reason 10 CPUID: ", nr);
	sprintf(text + len, "count %llu total %llu min 100 max 100 avg 100\n", exits, exits * 100);
	return prints(text);
}

int main(void)
{
	static const char first[] =
		"kvm_exit_stats: dump 1: due at 500, taken at 502 exits, 50016 cycles, 3 reasons\n"
		"kvm_exit_stats: 1: exit reason 10 CPUID: count 500 total 50000 min 100 max 100 avg 100\n"
		"kvm_exit_stats: 1: exit reason 11 GETSEC: count 1 total 7 min 7 max 7 avg 7\n"
		"kvm_exit_stats: 1: exit reason - OTHER: count 1 total 9 min 9 max 9 avg 9\n";

	if (register_vendor())
		bail_out("register");
	create_vm(&vm);
	create_vcpu(&vcpu, &vm);
	kvm_exit_stats_per_min = 2;

	make_exits(499);
	ok(!shim_delayed, "after 499 exits nothing is due");
	make_exits(1);
	make_exit(&vcpu, GETSEC, 7);
	make_exit(&vcpu, NOT_DEFINED, 9);
	ok(prints(first), "after 500 a dump is due; its rows are those of the snapshot");
	ok(prints(""), "a dump is printed once");

	kvm_exit_stats_reset(&kvm_exit_stats_host.scope);
	make_exits(1498);
	ok(prints_dump(2, 2000, 1498, " (2 merged)"),
	   "multiples passed meanwhile are merged; a reset does not touch when it is due");

	make_exits(500);
	ok(prints("") && shim_delayed && shim_delayed->delay == 30001,
	   "two a minute: the third is held back for half of one");
	make_exits(500);
	shim_ns += 30 * NSEC_PER_SEC;
	shim_allocs_left = 0;
	ok(prints("") && shim_delayed && shim_delayed->delay == HZ, "without memory it stays due");
	ok(prints_dump(3, 3000, 2498, " (1 merged)"), "the dump is printed without a further exit");
	ok(kvm_exit_stats_host.dumps == 3 && kvm_exit_stats_host.merged == 3,
	   "6 multiples: 3 dumps and 3 merged");

	make_exits(500);
	ok(prints("") && shim_delayed, "held back again");
	kvm_exit_stats_set_interval(1000);
	ok(prints(""), "a new interval drops what was due");
	shim_ns += 30 * NSEC_PER_SEC;
	make_exits(500);
	ok(prints_dump(4, 4000, 3498, ""), "a new interval counts from its next multiple on");

	kvm_exit_stats_set_interval(0);
	make_exits(10000);
	ok(prints(""), "interval 0: no dump");
	kvm_exit_stats_vcpu_free(&vcpu.vcpu);
	kvm_exit_stats_vm_destroy(&vm.kvm);
	kvm_exit_stats_unregister();
	kvm_exit_stats_dump_kick();
	ok(!shim_delayed, "without a vendor module nothing wakes it");
	return done_testing();
}
