// SPDX-License-Identifier: GPL-2.0-only
/*
 * When dumps are due and what they say. With one vCPU a dump is due at exactly each multiple
 * of the interval, with several soon after it. Its rows are those of the table and add up.
 * Dumps that are merged are counted, and what a limit holds back is printed later.
 */
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "dump_log.h"
#include "guest.h"
#include "stats.h"
#include "tap.h"

static struct dump_log log_read;

static const struct dump *next_dump(int ms)
{
	return dump_log_next(&log_read, ms);
}

/* True if the dump has the rows and sums of the table. */
static bool same_rows(const struct dump *d, const struct stats *s)
{
	bool same = d->rows == s->rows && d->exits == s->exits && d->cycles == s->cycles;

	for (int i = 0; i < d->rows; i++) {
		const struct stats_row *is = &d->row[i], *was = &s->row[i];

		same &= is->reason == was->reason && !strcmp(is->name, was->name) &&
			is->count == was->count && is->total == was->total && is->min == was->min &&
			is->max == was->max && is->avg == was->avg;
	}
	return same;
}

static void drain_log(void)
{
	while (next_dump(1000))
		;
}

static uint64_t host_exits(void)
{
	static struct stats s;

	read_host_table(&s);
	return s.exits;
}

/*
 * The due points minus the table's exits: a reset of the host by an earlier test lowers only
 * the exits. At interval 1 the last due point is the number of exits.
 */
static uint64_t reset_away(struct vm *vm)
{
	uint64_t due = 0;
	const struct dump *d;

	param_set("exit_stats_dump_per_min", "0");
	param_set("exit_stats_dump_interval", "1");
	/* The vCPU learns of the interval at the end of its batch: at most 500 exits. */
	guest_cpuid(vm, 0, 510, 0, 0);
	for (int ms = 10000; (d = next_dump(ms)); ms = 1000)
		due = d->due;
	return due - host_exits();
}

/* Without a limit. The dump of each multiple is waited for before further exits. */
static void check_exact(struct vm *vm, uint64_t away)
{
	uint64_t last = 0, first = 0, passed;
	bool exact = true, sums = true, after_due = true, missed = false;
	int dumps = 0, merged = 0;
	const struct dump *d;

	param_set("exit_stats_dump_interval", "500");
	guest_cpuid(vm, 0, 10, 0, 0);
	drain_log();
	passed = (host_exits() + away) / 500;
	for (int i = 0; i < 12; i++) {
		guest_cpuid(vm, 0, 250, 0, 0);
		while ((d = next_dump((host_exits() + away) / 500 > passed ? 10000 : 50))) {
			passed = d->due / 500;
			first = first ? first : d->due;
			exact &= d->due % 500 == 0 &&
				 (!last || d->due == last + 500 * (1 + d->merged));
			sums &= dump_adds_up(d);
			after_due &= d->exits + away >= d->due;
			last = d->due;
			dumps++;
			merged += d->merged;
		}
		missed |= (host_exits() + away) / 500 > passed;
	}
	ok(dumps >= 5 && exact,
	   "one vCPU: dumps are due at exactly the multiples of 500 (%d: %lu-%lu)", dumps, first,
	   last);
	ok(dumps && merged == 0, "no dump is merged while the worker keeps up");
	ok(dumps && sums, "each dump's rows add up to its exits and cycles");
	ok(dumps && after_due, "each dump is taken at or after the multiple at which it is due");
	ok(dumps && !missed, "no multiple is missed, and no dump waits for a later exit");
}

/*
 * Exits that keep the host's one processor busy, so that the worker is late for most of
 * them, however fast the machine is.
 */
static void exits_alone(struct vm *vm, int n)
{
	struct sched_param param = { .sched_priority = 1 };

	if (sched_setscheduler(0, SCHED_FIFO, &param))
		bail_out("sched_setscheduler");
	guest_cpuid(vm, 0, n, 0, 0);
	param.sched_priority = 0;
	if (sched_setscheduler(0, SCHED_OTHER, &param))
		bail_out("sched_setscheduler");
}

static void check_merging(struct vm *vm)
{
	uint64_t dumps = 0, merged = 0, first = 0, last = 0, exits;
	bool exact = true, sums = true;
	const struct dump *d;

	drain_log();
	param_set("exit_stats_dump_interval", "10");
	guest_cpuid(vm, 0, 600, 0, 0);
	drain_log();
	exits = host_exits();
	guest_cpuid(vm, 0, 1500, 0, 0);
	exits_alone(vm, 1500);
	exits = host_exits() - exits;
	while ((d = next_dump(1000))) {
		first = first ? first : d->due - 10 * (1 + d->merged);
		exact &= !last || d->due == last + 10 * (1 + d->merged);
		sums &= dump_adds_up(d);
		last = d->due;
		dumps++;
		merged += d->merged;
	}
	ok(merged > 0, "at interval 10 dumps are merged (%lu printed, %lu merged)", dumps, merged);
	ok(exact && dumps, "each dump says how many are merged: the due points leave no gap");
	ok(10 * (dumps + merged) >= exits - 10 && 10 * (dumps + merged) <= exits + 10,
	   "printed and merged dumps together are one per 10 exits (%lu exits)", exits);
	ok(sums, "the rows of a merged dump add up");
}

/* With a limit a burst is printed at once, and the rest when the limit allows it. */
static void check_limit(struct vm *vm)
{
	static struct stats before, after;
	uint64_t printed, start, most;
	const struct dump *d;

	param_set("exit_stats_dump_per_min", "0");
	guest_cpuid(vm, 0, 100, 0, 0);
	drain_log();
	read_host_table(&before);
	/* 10 a minute: 10 at once, then one every 6 seconds. */
	param_set("exit_stats_dump_per_min", "10");
	start = now_ms();
	for (int i = 0; i < 30; i++) {
		guest_cpuid(vm, 0, 20, 0, 0);
		usleep(10000);
	}
	for (printed = 0; next_dump(700); printed++)
		;
	most = 10 + (now_ms() - start) / 6000;
	ok(printed >= 10 && printed <= most,
	   "exit_stats_dump_per_min=10 lets 10 dumps through at once (%lu)", printed);
	d = next_dump(20000);
	if (!ok(d, "a dump held back is printed when the limit allows it, without an exit"))
		return;
	read_host_table(&after);
	ok(d->merged > 0, "that dump says how many dumps are merged into it (%lu)", d->merged);
	ok(dump_adds_up(d), "that dump's rows add up");
	ok(same_rows(d, &after), "that dump has the %d rows of the table, which is unchanged since",
	   d->rows);
	ok(d->info, "that dump's lines have the level KERN_INFO");
	ok(!next_dump(7000), "after that dump none is due, and none is printed");
	read_host_table(&after);
	ok(after.dumps - before.dumps == printed + 1,
	   "dumps= in the table counts the printed dumps");
	ok(after.merged > before.merged, "merged= in the table counts the merged dumps");
}

/*
 * With one dump per minute the next dump is held back. A new limit prints that dump at once,
 * unless dumps were switched off meanwhile.
 */
static void check_held_back(struct vm *vm)
{
	bool out;

	for (int off = 0; off < 2; off++) {
		param_set("exit_stats_dump_interval", "10");
		param_set("exit_stats_dump_per_min", "0");
		guest_cpuid(vm, 0, 5000, 0, 0);
		drain_log();
		param_set("exit_stats_dump_per_min", "1");
		guest_cpuid(vm, 0, 100, 0, 0);
		out = next_dump(10000);
		drain_log();
		guest_cpuid(vm, 0, 100, 0, 0);
		ok(out && !next_dump(3000),
		   "exit_stats_dump_per_min=1 lets one dump through and holds the next one back");
		if (off)
			param_set("exit_stats_dump_interval", "0");
		param_set("exit_stats_dump_per_min", "0");
		out = next_dump(3000);
		ok(out == !off,
		   off ? "a dump held back is not printed when dumps are switched off"
		       : "a dump held back is printed at once when the limit is lifted");
	}
}

/* A vCPU learns of a new interval after at most 4096 exits, whatever the old one was. */
static void check_new_interval(struct vm *vm)
{
	param_set("exit_stats_dump_interval", "4000000000");
	guest_cpuid(vm, 0, 5000, 0, 0);
	drain_log();
	param_set("exit_stats_dump_interval", "500");
	guest_cpuid(vm, 0, 4096 + 500, 0, 0);
	ok(next_dump(10000),
	   "a vCPU learns of a new interval within 4096 exits, and a dump is due");
}

#define VCPUS 4

/* The host's exits since the last due point, when all due dumps are printed. */
static void check_several(uint64_t away)
{
	uint64_t due = 0, exits, most = 0, dumps = 0;
	const struct dump *d;
	struct vm vm;

	drain_log();
	param_set("exit_stats_dump_interval", "500");
	vm_create(&vm, VCPUS);
	for (int n = 0; n < VCPUS; n++)
		guest_cpuid(&vm, n, 5000, 0, 0);
	drain_log();
	for (int i = 0; i < 25; i++) {
		for (int n = 0; n < VCPUS; n++)
			guest_cpuid(&vm, n, 30 + 20 * n, 0, 0);
		exits = host_exits() + away;
		/* Wait for a dump that is overdue. */
		while ((d = next_dump(due && exits - due >= 2 * 500 ? 10000 : 200))) {
			due = d->due;
			dumps++;
		}
		if (due && exits - due > most)
			most = exits - due;
	}
	vm_destroy(&vm);
	ok(dumps >= 8 && most < 2 * 500,
	   "%d vCPUs: the next dump is due within 1000 exits (%lu dumps, %lu exits)", VCPUS, dumps,
	   most);
}

static void check_off(struct vm *vm)
{
	param_set("exit_stats_dump_per_min", "0");
	param_set("exit_stats_dump_interval", "0");
	guest_cpuid(vm, 0, 5000, 0, 0);
	drain_log();
	guest_cpuid(vm, 0, 5000, 0, 0);
	ok(!next_dump(1000), "exit_stats_dump_interval=0: no dump in 5000 exits");
}

/* VMs that die before the first batch of their vCPU is full. */
static void check_rest(void)
{
	uint64_t exits, due = 0;
	const struct dump *d;
	struct vm vm;

	drain_log();
	param_set("exit_stats_dump_interval", "500");
	exits = host_exits();
	for (int i = 0; i < 10; i++) {
		vm_create(&vm, 1);
		guest_out(&vm, 0, 150);
		vm_destroy(&vm);
	}
	exits = host_exits() - exits;
	while ((d = next_dump(1000)))
		due += 1 + d->merged;
	ok(500 * due < exits + 500 && 500 * due + 500 > exits,
	   "a dying vCPU adds the rest of its batch (%lu dumps due in %lu exits)", due, exits);
}

int main(void)
{
	const char *fault;
	uint64_t away;
	struct vm vm;

	log_open();
	vm_create(&vm, 1);
	away = reset_away(&vm);
	check_exact(&vm, away);
	check_merging(&vm);
	check_limit(&vm);
	check_held_back(&vm);
	check_new_interval(&vm);
	check_off(&vm);
	vm_destroy(&vm);
	check_rest();
	check_several(away);
	fault = dump_log_fault(&log_read);
	ok(!fault, "no dump is lost, and each is whole and has its place in order (%s)",
	   fault ? fault : "no fault");
	param_set("exit_stats_dump_interval", "500");
	param_set("exit_stats_dump_per_min", "10");
	return done_testing();
}
