// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests cannot flood the host's log, neither by exits (each 500 make a dump due) nor by leaf
 * reads that are logged. At most exit_stats_dump_per_min dumps or lines are printed, the
 * others are counted, and no memory is lost.
 *
 *	test_log_flood [-l]
 *
 *	-l	the long form: exits for a minute, not for 8 s
 */
#include <stdio.h>
#include <string.h>

#include "dump_log.h"
#include "guest.h"
#include "memory.h"
#include "stats.h"
#include "tap.h"

#define FLOOD_MS      8000
#define FLOOD_LONG_MS 60000
#define PER_MIN	      10
#define READS	      20000

static void set_dumps(const char *interval, const char *per_min)
{
	param_set("exit_stats_dump_interval", interval);
	param_set("exit_stats_dump_per_min", per_min);
}

static const char *or_no_fault(const char *fault)
{
	return fault ? fault : "no fault";
}

/* CPUID exits for a time. Returns how many. */
static uint64_t flood(struct vm *vm, int ms)
{
	uint64_t end = now_ms() + ms, times;

	for (times = 0; now_ms() < end; times += 1000)
		guest_cpuid(vm, 0, 1000, 0, 0);
	return times;
}

/* Prints all dumps that are held back. Returns the last due point. */
static uint64_t last_due(struct vm *vm)
{
	struct dump_log log = {};

	set_dumps("500", "0");
	/* The vCPU learns of a new interval at the end of a batch: at most 4096 exits. */
	guest_cpuid(vm, 0, 9000, 0, 0);
	dump_log_wait(&log, &log.dumps, 1);
	dump_log_take(&log, 2000);
	return log.last_due;
}

/*
 * How many dumps or lines the limit allows since @start: a burst, and what was refilled
 * since. now_ms() rounds down, so up to 1 ms more has passed.
 */
static uint64_t allowed_since(uint64_t start)
{
	return PER_MIN + (now_ms() + 1 - start) * PER_MIN / 60000;
}

static void check_dumps(struct vm *vm, int ms)
{
	static struct stats before, after;
	uint64_t due, start, exits, allowed;
	struct dump_log log = {};
	struct memory memory;
	const char *fault;

	/* The first flood only fills the kernel's caches. */
	flood(vm, 100);
	due = last_due(vm);
	memory = memory_now();
	read_host_table(&before);

	set_dumps("500", "10");
	start = now_ms();
	exits = flood(vm, ms);
	dump_log_take(&log, 0);
	allowed = allowed_since(start);
	ok(log.dumps >= PER_MIN && log.dumps <= allowed,
	   "%lu CPUID exits in %d s: %lu dumps are printed, and at most %lu may be", exits,
	   ms / 1000, log.dumps, allowed);
	/* The limit allows one more dump within 6 s. */
	dump_log_take(&log, 7000);
	read_host_table(&after);
	fault = dump_log_fault(&log);
	ok(!fault && log.most_rows <= after.rows,
	   "each dump is whole and adds up, with at most a line a reason: %d (%s)", log.most_rows,
	   or_no_fault(fault));
	ok(log.dumps + log.merged == (log.last_due - due) / 500,
	   "%lu printed and %lu merged dumps are all that were due, from %lu to %lu", log.dumps,
	   log.merged, due, log.last_due);
	ok(stats_row(&after, CPUID)->count - stats_row(&before, CPUID)->count == exits,
	   "every exit is counted");
	ok(after.dumps - before.dumps == log.dumps && after.merged - before.merged == log.merged,
	   "dumps= and merged= of the host's table have the same numbers");
	check_memory("after the flood of exits", memory);
}

static void check_log_reads(struct vm *vm)
{
	uint64_t start, allowed, printed;
	struct dump_log log = {};
	struct memory memory;
	const char *fault;

	set_dumps("0", "0");
	dump_log_take(&log, 500);
	memset(&log, 0, sizeof(log));
	memory = memory_now();
	param_set("exit_stats_dump_per_min", "10");
	param_set("exit_stats_log_reads", "Y");
	start = now_ms();
	guest_cpuid(vm, 0, READS, EXIT_STATS_LEAF_COUNT, CPUID);
	dump_log_wait(&log, &log.reads, PER_MIN);
	dump_log_take(&log, 300);
	allowed = allowed_since(start);
	printed = log.reads;
	ok(printed >= PER_MIN && printed <= allowed,
	   "exit_stats_log_reads=Y: %lu of %d leaf reads are logged, and at most %lu may be",
	   printed, READS, allowed);

	/* The next line tells how many were not logged. */
	param_set("exit_stats_dump_per_min", "0");
	guest_cpuid(vm, 0, 1, EXIT_STATS_LEAF_COUNT, CPUID);
	dump_log_wait(&log, &log.reads, printed + 1);
	dump_log_take(&log, 500);
	fault = dump_log_fault(&log);
	ok(log.reads + log.not_logged == READS + 1 && !fault,
	   "%lu reads are logged and %lu are not: no other was made (%s)", log.reads,
	   log.not_logged, or_no_fault(fault));
	param_set("exit_stats_log_reads", "N");
	check_memory("after the flood of leaf reads", memory);
}

int main(int argc, char **argv)
{
	bool long_form = argc > 1 && !strcmp(argv[1], "-l");
	struct vm vm;

	log_open();
	vm_create(&vm, 1);
	check_log_reads(&vm);
	check_dumps(&vm, long_form ? FLOOD_LONG_MS : FLOOD_MS);
	vm_destroy(&vm);
	set_dumps("500", "10");
	return done_testing();
}
