// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest makes a known number of CPUID, port I/O and HLT exits. The tables and histograms
 * of its vCPU, of its VM and of the host have exactly these numbers, the host's also when
 * the VM is gone. test_layouts checks that the leaves have the numbers of the tables.
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
	const char *fault;
	bool filled = true;

	read_table(&hist, "%s", path);
	ok(hist.buckets == EXIT_STATS_BUCKETS, "%s: the histogram has %d buckets", where,
	   EXIT_STATS_BUCKETS);
	fault = stats_fault(&hist);
	ok(!fault && hist.rows, "%s: buckets add up to the count in each of %d rows (%s)", where,
	   hist.rows, fault ? fault : "no fault");

	/* The guest is stopped, so the table has the same counts. */
	read_table(&table, "%.*s", (int)(strlen(path) - strlen("_hist")), path);
	for (int i = 0; i < hist.rows; i++) {
		const struct stats_row *h = &hist.row[i], *t = stats_row(&table, h->reason);
		int low = t->min > 1 ? 63 - __builtin_clzll(t->min) : 0;
		int high = t->max > 1 ? 63 - __builtin_clzll(t->max) : 0;

		filled &= h->count == t->count && h->hist[low > 31 ? 31 : low] &&
			  h->hist[high > 31 ? 31 : high];
	}
	ok(filled, "%s: the buckets of min and max are not empty", where);
}

/* A read counts itself after it has answered: the next read is higher by 1. */
static void check_two_reads(struct vm *vm)
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
	read_table(s, "%s", path);
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
	struct vm vm;

	/* Only our guest makes exits, so the host's numbers grow only by those. */
	param_set("exit_stats_dump_interval", "0");
	read_host_table(&before);
	vm_create(&vm, 1);
	guest_cpuid(&vm, 0, N_CPUID, 0, 0);
	guest_out(&vm, 0, N_OUT);
	guest_hlt(&vm, 0, N_HLT);

	read_host_table(&after);
	check_counts("host");
	check_table("host", &after);
	check_hist("host", HOST_STATS "_hist");
	ok(after.vms == 1 && after.vcpus == 1, "the host's table says vms=1 vcpus=1");
	ok(after.tsc_khz > 0 && !strcmp(after.vendor, BY_VENDOR("vmx", "svm")),
	   "the host's table has the TSC's kHz and vendor=%s", after.vendor);

	check_scope("vcpu", "vcpu0/exit_stats", &vm, &vcpu_stats);
	check_scope("vm", "vm_exit_stats", &vm, &vm_stats);
	ok(vm_stats.exits == vcpu_stats.exits && vm_stats.cycles == vcpu_stats.cycles,
	   "a VM with one vCPU has the exits and cycles of the vCPU");

	check_two_reads(&vm);

	read_host_table(&before);
	vm_destroy(&vm);
	read_host_table(&after);
	ok(after.exits == before.exits && after.cycles == before.cycles,
	   "the host's totals stay the same when the VM dies");
	ok(after.vms == 0 && after.vcpus == 0,
	   "when the VM is gone the host's table says vms=0 vcpus=0");
	check_table("host, VM dead", &after);
	check_hist("host, VM dead", HOST_STATS "_hist");
	param_set("exit_stats_dump_interval", "500");
	return done_testing();
}
