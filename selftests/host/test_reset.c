// SPDX-License-Identifier: GPL-2.0-only
/*
 * A reset of each scope, as each scope sees it: in its table and in the leaves, with vCPUs
 * that run again and vCPUs that stay idle, and after VMs are gone.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"
#include "stats.h"
#include "tap.h"

/*
 * The first VM has two vCPUs that make exits, the second has one. Each VM has one more vCPU,
 * which reads the leaves while the others are idle.
 */
static struct vm one, two;
static struct stats s; /* the table that was read last */

#define ONE_READER 2
#define TWO_READER 1

#define VCPU_TABLE  "%s/vcpu0/exit_stats"
#define VCPU1_TABLE "%s/vcpu1/exit_stats"
#define VM_TABLE    "%s/vm_exit_stats"
#define HOST_TABLE  "%.0s" HOST_STATS

/* The I/O exits of a scope: those of our guests. */
static uint64_t outs(const char *fmt, const char *dir)
{
	char path[128];

	snprintf(path, sizeof(path), fmt, dir);
	read_table(&s, "%s", path);
	return stats_row(&s, IO_INSTRUCTION)->count;
}

static uint64_t epoch(const char *fmt, const char *dir)
{
	outs(fmt, dir);
	return s.epoch;
}

static uint64_t leaf_outs(struct vm *vm, int reader)
{
	return guest_cpuid_call(vm, reader, EXIT_STATS_LEAF_COUNT, IO_INSTRUCTION).eax;
}

static void expect_leaves(const char *when, uint64_t vm1, uint64_t vm2, uint64_t host)
{
	uint64_t got[4] = { leaf_outs(&one, ONE_READER), leaf_outs(&two, TWO_READER) };

	param_set("exit_stats_cpuid", "host");
	got[2] = leaf_outs(&one, ONE_READER);
	got[3] = leaf_outs(&two, TWO_READER);
	param_set("exit_stats_cpuid", "vm");
	ok(got[0] == vm1 && got[1] == vm2 && got[2] == host && got[3] == host,
	   "%s: the leaves say VMs %lu %lu, host %lu %lu", when, got[0], got[1], got[2], got[3]);
}

static void expect(const char *when, uint64_t vcpu0, uint64_t vcpu1, uint64_t vm1, uint64_t vm2,
		   uint64_t host)
{
	uint64_t got[5] = {
		outs(VCPU_TABLE, one.dir), outs(VCPU1_TABLE, one.dir), outs(VM_TABLE, one.dir),
		outs(VM_TABLE, two.dir),   outs(HOST_TABLE, ""),
	};

	ok(got[0] == vcpu0 && got[1] == vcpu1 && got[2] == vm1 && got[3] == vm2 && got[4] == host,
	   "%s: vCPUs %lu %lu, VMs %lu %lu, host %lu", when, got[0], got[1], got[2], got[3],
	   got[4]);
	expect_leaves(when, vm1, vm2, host);
}

/* Reset the scope of a table. */
static void reset(const char *fmt, const char *dir)
{
	char path[128];
	int err;

	snprintf(path, sizeof(path), fmt, dir);
	strcat(path, "_reset");
	err = write_file(path, "1\n");
	if (err)
		ok(false, "%s: %s", path, strerror(-err));
}

static void check_bad_writes(void)
{
	static const char *const bad[] = { "0", "2", "yes", "1 ", "11", "1\n\n", "\n", " 1", "" };
	uint64_t before = outs(HOST_TABLE, "");
	bool refused = true;
	char path[128];

	snprintf(path, sizeof(path), "%s/vm_exit_stats_reset", one.dir);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		refused &= write_file(path, bad[i]) == -EINVAL;
		/* The kernel calls no parameter for an empty string. */
		refused &= !*bad[i] || param_try("exit_stats_reset", bad[i]) == -EINVAL;
	}
	ok(refused, "anything but 1 is refused with EINVAL, by file and parameter");
	ok(outs(HOST_TABLE, "") == before, "a refused reset resets nothing");
}

static void check_epochs(void)
{
	uint64_t vcpu = epoch(VCPU_TABLE, one.dir), vm = epoch(VM_TABLE, one.dir);
	uint64_t other = epoch(VM_TABLE, two.dir), host = epoch(HOST_TABLE, "");
	struct cpuid_call info;
	uint64_t now;

	reset(VM_TABLE, one.dir);
	ok(epoch(VCPU_TABLE, one.dir) != vcpu, "a VM's reset changes the epochs of its vCPUs");
	now = epoch(VM_TABLE, one.dir);
	info = guest_cpuid_call(&one, ONE_READER, EXIT_STATS_LEAF_INFO, 0);
	ok(now != vm && info.ecx == (uint32_t)now,
	   "a VM's reset changes its own epoch, in the leaf too");
	ok(epoch(VM_TABLE, two.dir) == other, "a VM's reset keeps the epoch of another VM");
	ok(epoch(HOST_TABLE, "") == host, "a VM's reset keeps the host's epoch");
	/* A guest must learn nothing of another VM or of the host from its epoch. */
	ok((vm ^ host) >> 32 && (vm ^ other) >> 32 && (vm ^ vcpu) >> 32,
	   "the epochs are independent: %#lx %#lx %#lx, host %#lx", vcpu, vm, other, host);
}

/* The host's reset changes all epochs, also if no guest ran since the last reset. */
static void check_host_epochs(void)
{
	static const char *const tables[] = { VCPU_TABLE, VM_TABLE, HOST_TABLE };
	uint64_t before[3];
	bool all = true;

	for (int i = 0; i < 3; i++)
		before[i] = epoch(tables[i], one.dir);
	host_reset();
	for (int i = 0; i < 3; i++)
		all &= epoch(tables[i], one.dir) != before[i];
	ok(all, "the host's reset changes the epochs of host, VM and vCPU");
}

/* If there was one exit since a reset, its cycles are the min and the max. */
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

/* A long CPUID exit: it waits for a worker. */
static void read_host_leaf(struct vm *vm)
{
	param_set("exit_stats_cpuid", "host");
	usleep(20000); /* until the snapshot is old */
	leaf_outs(vm, 0);
	param_set("exit_stats_cpuid", "vm");
}

static void check_min_max(void)
{
	static const char *const tables[] = { VCPU_TABLE, VM_TABLE };

	for (int i = 0; i < 2; i++) {
		read_host_leaf(&one);
		reset(tables[i], one.dir);
		guest_cpuid(&one, 0, 1, 0, 0);
		ok(of_one_exit(tables[i], one.dir, CPUID),
		   "after a %s's reset min and max are those of the exits since",
		   i ? "VM" : "vCPU");
	}
}

static void check_retired_min_max(void)
{
	vm_create(&one, 1);
	read_host_leaf(&one);
	vm_destroy(&one);
	host_reset();
	vm_create(&one, 1);
	guest_cpuid(&one, 0, 1, 0, 0);
	vm_destroy(&one);
	ok(of_one_exit(HOST_TABLE, "", CPUID),
	   "after the host's reset min and max are those of the exits since, where VMs are gone");
}

/* ---- the host keeps its numbers */

static bool same_rows(const struct stats *a, const struct stats *b)
{
	return a->rows == b->rows && !memcmp(a->row, b->row, a->rows * sizeof(*a->row)) &&
	       a->exits == b->exits && a->cycles == b->cycles && a->epoch == b->epoch &&
	       a->tsc_backwards == b->tsc_backwards;
}

/*
 * True if no number of the host changes when the scope of @table is reset or, if @table is
 * NULL, the VM dies; but min and max start anew with a reset.
 */
static bool host_keeps(struct vm *vm, const char *table)
{
	static struct stats before, after, hist_before, hist_after;

	read_host_table(&before);
	read_table(&hist_before, HOST_STATS "_hist");
	if (table)
		reset(table, vm->dir);
	else
		vm_destroy(vm);
	read_host_table(&after);
	read_table(&hist_after, HOST_STATS "_hist");
	for (int i = 0; table && i < before.rows && i < after.rows; i++) {
		before.row[i].min = after.row[i].min;
		before.row[i].max = after.row[i].max;
	}
	return same_rows(&before, &after) && same_rows(&hist_before, &hist_after);
}

static void check_host_keeps(void)
{
	static const char *const tables[] = { VCPU_TABLE, VCPU1_TABLE, VM_TABLE };
	bool resets = true, deaths = true;
	int nr = 0, rounds = 10;
	struct vm vm;

	for (int i = 0; i < rounds; i++) {
		vm_create(&vm, 2);
		for (int n = 0; n < i % 8; n++, nr++) {
			guest_cpuid(&vm, n % 2, 20 + 50 * n, 0, 0);
			guest_out(&vm, i % 2, 10 + i);
			guest_hlt(&vm, n % 2, 5);
			resets &= host_keeps(&vm, tables[nr % 3]);
		}
		deaths &= host_keeps(&vm, NULL);
	}
	ok(resets, "%d resets of a vCPU or VM change no count, no sum and no bucket of the host",
	   nr);
	ok(deaths, "the death of %d VMs that were reset changes no number of the host", rounds);
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

	reset(VCPU_TABLE, one.dir);
	expect("vCPU 0 reset, idle", 0, 40, 140, 7, 147);
	guest_out(&one, 0, 5);
	expect("it ran again", 5, 40, 145, 7, 152);
	reset(VCPU_TABLE, one.dir);
	reset(VCPU_TABLE, one.dir);
	expect("reset twice, idle", 0, 40, 145, 7, 152);

	reset(VM_TABLE, one.dir);
	expect("VM 1 reset, idle", 0, 0, 0, 7, 152);
	guest_out(&one, 1, 3);
	expect("its vCPU 1 ran again, vCPU 0 stays idle", 0, 3, 3, 7, 155);
	guest_out(&one, 0, 2);
	expect("then vCPU 0", 2, 3, 5, 7, 157);

	/* A reset of a vCPU, then of its VM. */
	reset(VCPU1_TABLE, one.dir);
	reset(VM_TABLE, one.dir);
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
	outs(HOST_TABLE, "");
	ok(!s.exits && !s.cycles && !s.rows, "every number of the host is 0 (max was %lu)", max);
	expect("host reset, all idle", 0, 0, 0, 0, 0);
	guest_out(&two, 0, 4);
	expect("VM 2 ran", 0, 0, 0, 4, 4);
	guest_out(&one, 0, 6);
	expect("VM 1 ran", 6, 0, 6, 4, 10);

	/* VM 2 dies after its reset: the host keeps its exits. */
	reset(VM_TABLE, two.dir);
	vm_destroy(&two);
	ok(outs(HOST_TABLE, "") == 10,
	   "the host keeps the exits of a VM that dies after its reset");
	reset(VCPU_TABLE, one.dir);
	vm_destroy(&one);
	ok(outs(HOST_TABLE, "") == 10,
	   "the host keeps the exits of a VM that dies after a vCPU's reset");
	check_host_keeps();
	host_reset();
	ok(outs(HOST_TABLE, "") == 0 && !s.rows,
	   "the host's reset clears the exits of VMs that are gone");
	check_retired_min_max();
	param_set("exit_stats_dump_interval", "500");
	return done_testing();
}
