// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that makes exactly N CPUID, port I/O and HLT exits gives exactly
 * these counts: vCPU, VM and host, in tables, histograms and CPUID leaves, and
 * in the host's table again when the VM is gone.
 */
#include <stdio.h>
#include <string.h>

#include "guest.h"
#include "stats.h"
#include "tap.h"

#define N_CPUID 1234
#define N_OUT	321
#define N_HLT	57
/* Each of the three routines ends in one HLT. */
#define N_HLT_ALL (N_HLT + 3)

static struct stats before, after, vm_stats, vcpu_stats;

static void read_or_bail(const char *path, struct stats *s)
{
	if (stats_read(path, s))
		bail_out("%s", path);
}

static uint64_t grown(long reason)
{
	return stats_row(&after, reason)->count - stats_row(&before, reason)->count;
}

static void check_counts(const char *where)
{
	ok(grown(CPUID) == N_CPUID, "%s counts exactly %d CPUID exits (%lu)", where, N_CPUID,
	   grown(CPUID));
	ok(grown(IO_INSTRUCTION) == N_OUT, "%s counts exactly %d I/O exits (%lu)", where, N_OUT,
	   grown(IO_INSTRUCTION));
	ok(grown(HLT) == N_HLT_ALL, "%s counts exactly %d HLT exits (%lu)", where, N_HLT_ALL,
	   grown(HLT));
}

static void check_table(const char *where, const struct stats *s)
{
	const char *fault = stats_fault(s);

	ok(!fault, "%s: rows add up to the header, min <= avg <= max (%s)", where,
	   fault ? fault : "no fault");
}

static void check_hist(const char *where, const char *path)
{
	static struct stats hist, table;
	char table_path[128];
	const char *fault;
	bool filled = true;

	if (stats_read_hist(path, &hist))
		bail_out("%s", path);
	ok(hist.buckets == EXIT_STATS_BUCKETS, "%s: the histogram has %d buckets", where,
	   EXIT_STATS_BUCKETS);
	fault = stats_hist_fault(&hist);
	ok(!fault && hist.rows, "%s: buckets add up to the count in each of %d rows (%s)", where,
	   hist.rows, fault ? fault : "no fault");

	/* The guest is stopped: the table says the same, and min and max fit. */
	snprintf(table_path, sizeof(table_path), "%.*s", (int)(strlen(path) - strlen("_hist")),
		 path);
	read_or_bail(table_path, &table);
	for (int i = 0; i < hist.rows; i++) {
		const struct stats_row *h = &hist.row[i], *t = stats_row(&table, h->reason);
		int low = t->min > 1 ? 63 - __builtin_clzll(t->min) : 0;
		int high = t->max > 1 ? 63 - __builtin_clzll(t->max) : 0;

		filled &= h->count == t->count && h->hist[low > 31 ? 31 : low] &&
			  h->hist[high > 31 ? 31 : high];
	}
	ok(filled, "%s: the buckets of min and max are not empty", where);
}

/* In the guest: count and cycles of a reason by leaf. */
static uint64_t leaf_count(struct vm *vm, uint32_t leaf, uint32_t reason, uint64_t *cycles)
{
	struct cpuid_call call = { leaf, reason };

	guest_cpuid_calls(vm, 0, &call, 1);
	if (cycles)
		*cycles = (uint64_t)call.ebx << 32 | call.ecx;
	return (uint64_t)call.edx << 32 | call.eax;
}

/* The cycles of all reasons go on, between a table before and one after. */
static bool cycles_within(uint64_t cycles, const struct stats *s, const char *path)
{
	static struct stats later;

	read_or_bail(path, &later);
	return cycles >= s->cycles && cycles <= later.cycles;
}

/* @s is the scope's table, read from @path just before. */
static void check_leaves(struct vm *vm, const char *scope, const struct stats *s, const char *path)
{
	const struct stats_row *io = stats_row(s, IO_INSTRUCTION);
	uint64_t cycles;

	ok(leaf_count(vm, EXIT_STATS_LEAF_COUNT, IO_INSTRUCTION, NULL) == io->count,
	   "%s scope: the count leaf says what the table says", scope);
	ok((leaf_count(vm, EXIT_STATS_LEAF_CYCLES, IO_INSTRUCTION, &cycles) == io->count &&
	    cycles == io->total),
	   "%s scope: so does the cycles leaf", scope);
	leaf_count(vm, EXIT_STATS_LEAF_MIN, IO_INSTRUCTION, &cycles);
	ok(cycles == io->min, "%s scope: so does the min leaf", scope);
	leaf_count(vm, EXIT_STATS_LEAF_MAX, IO_INSTRUCTION, &cycles);
	ok(cycles == io->max, "%s scope: so does the max leaf", scope);
	leaf_count(vm, EXIT_STATS_LEAF_AVG, IO_INSTRUCTION, &cycles);
	ok(cycles == io->avg, "%s scope: so does the avg leaf", scope);
	ok((leaf_count(vm, EXIT_STATS_LEAF_MIXED, IO_INSTRUCTION, &cycles) == io->count &&
	    cycles_within(cycles, s, path)),
	   "%s scope: the mixed leaf has this count and all cycles", scope);
	ok((leaf_count(vm, EXIT_STATS_LEAF_TOTAL, 0, &cycles) > s->exits && cycles > s->cycles &&
	    cycles_within(cycles, s, path)),
	   "%s scope: the total leaf has gone on from the table, which has come as far", scope);
}

/* Rule 6: between two reads stands just the first of them. */
static void check_rule_6(struct vm *vm)
{
	struct cpuid_call calls[4] = {
		{ EXIT_STATS_LEAF_COUNT, EXTERNAL_INTERRUPT },
		{ EXIT_STATS_LEAF_TOTAL },
		{ EXIT_STATS_LEAF_TOTAL },
		{ EXIT_STATS_LEAF_COUNT, EXTERNAL_INTERRUPT },
	};
	int exact = 0, quiet = 0;

	for (int i = 0; i < 20; i++) {
		guest_cpuid_calls(vm, 0, calls, 4);
		if (calls[0].eax != calls[3].eax)
			continue;
		quiet++;
		exact += calls[2].eax - calls[1].eax == 1;
	}
	ok(quiet && exact == quiet,
	   "two reads of the total differ by 1 in all %d pairs without a host interrupt", quiet);
}

static void check_scope(const char *name, const char *file, struct vm *vm, struct stats *s)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", vm->dir, file);
	read_or_bail(path, s);
	ok(!strcmp(s->scope, name), "the %s's table says scope=%s", name, name);
	memset(&before, 0, sizeof(before));
	after = *s;
	check_counts(name);
	check_table(name, s);
	strcat(path, "_hist");
	check_hist(name, path);
}

int main(void)
{
	char path[128];
	struct vm vm;

	/* The host's numbers have to stand still but for our guest. */
	param_set("exit_stats_dump_interval", "0");
	read_or_bail(HOST_STATS, &before);
	vm_create(&vm, 1);
	guest_cpuid(&vm, 0, N_CPUID, 0, 0);
	guest_out(&vm, 0, N_OUT);
	guest_hlt(&vm, 0, N_HLT);

	read_or_bail(HOST_STATS, &after);
	check_counts("host");
	check_table("host", &after);
	check_hist("host", HOST_STATS "_hist");
	ok(after.vms == 1 && after.vcpus == 1, "the host's table says vms=1 vcpus=1");
	ok(after.tsc_khz > 0 && !strcmp(after.vendor, BY_VENDOR("vmx", "svm")),
	   "and the TSC's kHz and vendor=%s", after.vendor);

	check_scope("vcpu", "vcpu0/exit_stats", &vm, &vcpu_stats);
	check_scope("vm", "vm_exit_stats", &vm, &vm_stats);
	ok(vm_stats.exits == vcpu_stats.exits && vm_stats.cycles == vcpu_stats.cycles,
	   "with one vCPU its VM has the same exits and cycles");

	snprintf(path, sizeof(path), "%s/vm_exit_stats", vm.dir);
	check_leaves(&vm, "vm", &vm_stats, path);
	param_set("exit_stats_cpuid", "host");
	read_or_bail(HOST_STATS, &after);
	check_leaves(&vm, "host", &after, HOST_STATS);
	param_set("exit_stats_cpuid", "vm");
	check_rule_6(&vm);

	read_or_bail(HOST_STATS, &before);
	vm_destroy(&vm);
	read_or_bail(HOST_STATS, &after);
	ok(after.exits == before.exits && after.cycles == before.cycles,
	   "the host's totals neither lose nor gain when the VM dies");
	ok(after.vms == 0 && after.vcpus == 0, "and it says vms=0 vcpus=0");
	check_table("host, VM dead", &after);
	check_hist("host, VM dead", HOST_STATS "_hist");
	param_set("exit_stats_dump_interval", "500");
	return done_testing();
}
