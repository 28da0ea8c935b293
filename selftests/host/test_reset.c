// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resets: each scope reset, seen from each scope, in its file and in the guest's leaves,
 * on vCPUs that run again and on vCPUs that stay idle, and once more when VMs are gone.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"
#include "stats.h"
#include "tap.h"

/*
 * Two vCPUs in the first, one in the second. And one more in each, which reads the leaves:
 * the others stay idle meanwhile.
 */
static struct vm one, two;
static struct stats s;

#define ONE_READER 2
#define TWO_READER 1

/* I/O exits of a scope; nobody but our guests makes any. */
static uint64_t outs(const char *fmt, const char *dir)
{
	char path[128];
	const char *fault;

	snprintf(path, sizeof(path), fmt, dir);
	if (stats_read(path, &s))
		bail_out("%s", path);
	fault = stats_fault(&s);
	if (fault)
		ok(false, "%s: %s", path, fault);
	return stats_row(&s, IO_INSTRUCTION)->count;
}

static uint64_t leaf_outs(struct vm *vm, int reader)
{
	struct cpuid_call call = { EXIT_STATS_LEAF_COUNT, IO_INSTRUCTION };

	guest_cpuid_calls(vm, reader, &call, 1);
	return call.eax;
}

static void expect_leaves(const char *when, uint64_t vm1, uint64_t vm2, uint64_t host)
{
	uint64_t got[4] = { leaf_outs(&one, ONE_READER), leaf_outs(&two, TWO_READER) };

	param_set("exit_stats_cpuid", "host");
	usleep(2000); /* in host scope an answer may be 1 ms old */
	got[2] = leaf_outs(&one, ONE_READER);
	got[3] = leaf_outs(&two, TWO_READER);
	param_set("exit_stats_cpuid", "vm");
	ok(got[0] == vm1 && got[1] == vm2 && got[2] == host && got[3] == host,
	   "%s: so say the leaves: VMs %lu %lu, host %lu %lu", when, got[0], got[1], got[2],
	   got[3]);
}

static void expect(const char *when, uint64_t vcpu0, uint64_t vcpu1, uint64_t vm1, uint64_t vm2,
		   uint64_t host)
{
	uint64_t got[5] = {
		outs("%s/vcpu0/exit_stats", one.dir),
		outs("%s/vcpu1/exit_stats", one.dir),
		outs("%s/vm_exit_stats", one.dir),
		outs("%s/vm_exit_stats", two.dir),
		outs("%s", HOST_STATS),
	};

	ok(got[0] == vcpu0 && got[1] == vcpu1 && got[2] == vm1 && got[3] == vm2 && got[4] == host,
	   "%s: vCPUs %lu %lu, VMs %lu %lu, host %lu", when, got[0], got[1], got[2], got[3],
	   got[4]);
	expect_leaves(when, vm1, vm2, host);
}

static void reset(const char *fmt, const char *dir)
{
	char path[128];
	int err;

	snprintf(path, sizeof(path), fmt, dir);
	err = write_file(path, "1\n");
	if (err)
		ok(false, "%s: %s", path, strerror(-err));
}

static void check_bad_writes(void)
{
	static const char *const bad[] = { "0", "2", "yes", "1 ", "11", "1\n\n", "\n", " 1", "" };
	uint64_t before = outs("%s", HOST_STATS);
	bool refused = true;
	char path[128];

	snprintf(path, sizeof(path), "%s/vm_exit_stats_reset", one.dir);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		refused &= write_file(path, bad[i]) == -EINVAL;
		/* The kernel calls no parameter for an empty string. */
		refused &= !*bad[i] || param_try("exit_stats_reset", bad[i]) == -EINVAL;
	}
	ok(refused, "anything but 1 is refused with EINVAL, by file and parameter");
	ok(outs("%s", HOST_STATS) == before, "and clears nothing");
}

/* In VM scope. */
static uint32_t leaf_epoch(struct vm *vm, int reader)
{
	struct cpuid_call call = { EXIT_STATS_LEAF_INFO };

	guest_cpuid_calls(vm, reader, &call, 1);
	return call.ecx;
}

static void check_epochs(void)
{
	uint64_t vcpu, vm, other, host;

	outs("%s/vcpu0/exit_stats", one.dir);
	vcpu = s.epoch;
	outs("%s/vm_exit_stats", one.dir);
	vm = s.epoch;
	outs("%s/vm_exit_stats", two.dir);
	other = s.epoch;
	outs("%s", HOST_STATS);
	host = s.epoch;
	reset("%s/vm_exit_stats_reset", one.dir);
	outs("%s/vcpu0/exit_stats", one.dir);
	ok(s.epoch != vcpu, "a VM's reset changes the epoch of its vCPUs");
	outs("%s/vm_exit_stats", one.dir);
	ok(s.epoch != vm && leaf_epoch(&one, ONE_READER) == (uint32_t)s.epoch,
	   "and of the VM, in its leaf too");
	outs("%s/vm_exit_stats", two.dir);
	ok(s.epoch == other, "not of another VM");
	outs("%s", HOST_STATS);
	ok(s.epoch == host, "and not of the host");
	/* Two guests that compare theirs know nothing of each other, nor of the host. */
	ok((vm ^ host) >> 32 && (vm ^ other) >> 32 && (vm ^ vcpu) >> 32,
	   "epochs tell nothing of each other: %#lx %#lx %#lx, host %#lx", vcpu, vm, other, host);
}

/* The epoch of each scope changes with a host's reset, also where nothing ran since. */
static void check_host_epochs(void)
{
	static const char *const files[] = { "%s/vcpu0/exit_stats", "%s/vm_exit_stats",
					     "%.0s" HOST_STATS };
	uint64_t before[3];
	bool all = true;

	for (int i = 0; i < 3; i++) {
		outs(files[i], one.dir);
		before[i] = s.epoch;
	}
	host_reset();
	for (int i = 0; i < 3; i++) {
		outs(files[i], one.dir);
		all &= s.epoch != before[i];
	}
	ok(all, "the host's reset changes the epochs of host, VM and vCPU");
}

/* One exit since a reset is the shortest and the longest. */
static bool of_one_exit(const char *fmt, const char *dir, long reason)
{
	const struct stats_row *r;

	outs(fmt, dir);
	r = stats_row(&s, reason);
	if (r->count == 1 && r->min == r->total && r->max == r->total)
		return true;
	diag("count %lu total %lu min %lu max %lu", r->count, r->total, r->min, r->max);
	return false;
}

/* A CPUID exit of some time, as it waits for a worker. */
static void read_host_leaf(struct vm *vm)
{
	param_set("exit_stats_cpuid", "host");
	usleep(2000);
	leaf_outs(vm, 0);
	param_set("exit_stats_cpuid", "vm");
}

/* min and max begin anew with a reset: those from before are not in them. */
static void check_min_max(void)
{
	static const char *const resets[] = { "%s/vcpu0/exit_stats_reset",
					      "%s/vm_exit_stats_reset" };
	static const char *const files[] = { "%s/vcpu0/exit_stats", "%s/vm_exit_stats" };

	for (int i = 0; i < 2; i++) {
		read_host_leaf(&one);
		reset(resets[i], one.dir);
		guest_cpuid(&one, 0, 1, 0, 0);
		ok(of_one_exit(files[i], one.dir, CPUID),
		   "after a %s's reset its min and max are of the exits since", i ? "VM" : "vCPU");
	}
}

/* So do the host's, where vCPUs are gone. */
static void check_retired_min_max(void)
{
	vm_create(&one, 1);
	read_host_leaf(&one);
	vm_destroy(&one);
	host_reset();
	vm_create(&one, 1);
	guest_cpuid(&one, 0, 1, 0, 0);
	vm_destroy(&one);
	ok(of_one_exit("%s", HOST_STATS, CPUID),
	   "after the host's reset its min and max are of the exits since, also of VMs gone");
}

static void check_hist(const char *path)
{
	static struct stats hist;
	const char *fault;

	if (stats_read_hist(path, &hist))
		bail_out("%s", path);
	fault = stats_hist_fault(&hist);
	ok(!fault && hist.rows, "after all that the host's histogram still adds up (%s)",
	   fault ? fault : "no fault");
}

int main(void)
{
	uint64_t max;

	param_set("exit_stats_dump_interval", "0");
	vm_create(&one, ONE_READER + 1);
	vm_create(&two, TWO_READER + 1);
	host_reset();
	expect("host reset before anything ran", 0, 0, 0, 0, 0);

	guest_out(&one, 0, 100);
	guest_out(&one, 1, 40);
	guest_out(&two, 0, 7);
	expect("three vCPUs ran", 100, 40, 140, 7, 147);

	reset("%s/vcpu0/exit_stats_reset", one.dir);
	expect("vCPU 0 reset, idle", 0, 40, 140, 7, 147);
	guest_out(&one, 0, 5);
	expect("it ran again", 5, 40, 145, 7, 152);
	reset("%s/vcpu0/exit_stats_reset", one.dir);
	reset("%s/vcpu0/exit_stats_reset", one.dir);
	expect("reset twice, idle", 0, 40, 145, 7, 152);

	reset("%s/vm_exit_stats_reset", one.dir);
	expect("VM 1 reset, idle", 0, 0, 0, 7, 152);
	guest_out(&one, 1, 3);
	expect("its vCPU 1 ran again, vCPU 0 stays idle", 0, 3, 3, 7, 155);
	guest_out(&one, 0, 2);
	expect("then vCPU 0", 2, 3, 5, 7, 157);

	/* A reset of the VM upon one of its vCPU's. */
	reset("%s/vcpu1/exit_stats_reset", one.dir);
	reset("%s/vm_exit_stats_reset", one.dir);
	expect("vCPU reset, then VM reset, both idle", 0, 0, 0, 7, 157);
	guest_out(&one, 1, 1);
	expect("vCPU 1 ran", 0, 1, 1, 7, 158);

	check_bad_writes();
	check_epochs();
	check_min_max();
	check_host_epochs();

	guest_out(&one, 0, 10);
	guest_out(&two, 0, 10);
	max = stats_row(&s, IO_INSTRUCTION)->max;
	host_reset();
	outs("%s", HOST_STATS);
	ok(!s.exits && !s.cycles && !s.rows, "every number of the host is 0 (max was %lu)", max);
	expect("host reset, all idle", 0, 0, 0, 0, 0);
	guest_out(&two, 0, 4);
	expect("VM 2 ran", 0, 0, 0, 4, 4);
	guest_out(&one, 0, 6);
	expect("VM 1 ran", 6, 0, 6, 4, 10);

	/* VM 2 dies after its reset: the host keeps its exits. */
	reset("%s/vm_exit_stats_reset", two.dir);
	vm_destroy(&two);
	ok(outs("%s", HOST_STATS) == 10,
	   "a VM that dies after its reset leaves the host its exits");
	reset("%s/vcpu0/exit_stats_reset", one.dir);
	vm_destroy(&one);
	ok(outs("%s", HOST_STATS) == 10, "so does one whose vCPU was reset");
	check_hist(HOST_STATS "_hist");
	host_reset();
	ok(outs("%s", HOST_STATS) == 0 && !s.rows, "a host reset clears the dead too");
	check_retired_min_max();
	param_set("exit_stats_dump_interval", "500");
	return done_testing();
}
