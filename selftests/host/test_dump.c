// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dump: due at exactly the multiples with one vCPU, soon behind them with several; rows
 * that are the table's and add up to what the first line says; merging that says so; held
 * back and still printed.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dump_log.h"
#include "guest.h"
#include "stats.h"
#include "tap.h"

struct dump {
	uint64_t nr, due, taken, cycles, merged;
	uint64_t sum_count, sum_total;
	int reasons, rows;
	bool info; /* each line is KERN_INFO */
	struct stats_row row[MAX_ROWS];
};

#define INFO 6

static char line_kept[512];
static bool kept;

static const char *next_line(int ms)
{
	const char *line;

	if (kept) {
		kept = false;
		return line_kept;
	}
	line = log_line(ms);
	return line;
}

/* A row of the dump @nr, or false. */
static bool parse_row(const char *line, uint64_t *nr, struct stats_row *r)
{
	char reason[16];

	if (sscanf(line,
		   "%lu: exit reason %15s %31[^:]: count %lu total %lu min %lu max %lu avg %lu", nr,
		   reason, r->name, &r->count, &r->total, &r->min, &r->max, &r->avg) != 8)
		return false;
	r->reason = strcmp(reason, "-") ? strtol(reason, NULL, 0) : REASON_OTHER;
	return true;
}

/* The next dump with its rows; false if none comes within @ms. */
static bool next_dump(struct dump *d, int ms)
{
	const char *line = next_line(ms);
	struct stats_row *r;
	uint64_t nr;

	memset(d, 0, sizeof(*d));
	if (!line)
		return false;
	d->info = log_level() == INFO;
	if (sscanf(line, "dump %lu: due at %lu, taken at %lu exits, %lu cycles, %d reasons (%lu",
		   &d->nr, &d->due, &d->taken, &d->cycles, &d->reasons, &d->merged) < 5)
		bail_out("not a dump's first line: %s", line);
	while ((line = next_line(d->rows < d->reasons ? 2000 : 100))) {
		r = &d->row[d->rows];
		if (!parse_row(line, &nr, r)) {
			snprintf(line_kept, sizeof(line_kept), "%s", line);
			kept = true;
			break;
		}
		d->rows++;
		d->sum_count += r->count;
		d->sum_total += r->total;
		d->info &= log_level() == INFO;
		if (nr != d->nr)
			bail_out("a row of dump %lu in dump %lu", nr, d->nr);
	}
	return true;
}

static bool adds_up(const struct dump *d)
{
	return d->rows == d->reasons && d->sum_count == d->taken && d->sum_total == d->cycles;
}

/* Does each row say what the table's row of this reason says? */
static bool same_rows(const struct dump *d, const struct stats *s)
{
	bool same = d->rows == s->rows && d->taken == s->exits && d->cycles == s->cycles;

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
	struct dump d;

	while (next_dump(&d, 1000))
		;
}

static void read_host(struct stats *s)
{
	if (stats_read(HOST_STATS, s))
		bail_out(HOST_STATS);
}

static uint64_t host_exits(void)
{
	static struct stats s;

	read_host(&s);
	return s.exits;
}

/*
 * A reset of the host, by a test before this one, lowers its table and not the
 * due points: by how much? At interval 1 the latest due point is each exit.
 */
static uint64_t reset_away(struct vm *vm)
{
	uint64_t due = 0;
	struct dump d;

	param_set("exit_stats_dump_per_min", "0");
	param_set("exit_stats_dump_interval", "1");
	/* The vCPU learns of the interval when its batch ends, after 500 exits at most. */
	guest_cpuid(vm, 0, 510, 0, 0);
	for (int ms = 10000; next_dump(&d, ms); ms = 1000)
		due = d.due;
	return due - host_exits();
}

/* No limit, and after each multiple its dump is waited for: every one, one by one. */
static void check_exact(struct vm *vm, uint64_t away)
{
	uint64_t last = 0, first = 0, passed;
	bool exact = true, sums = true, after_due = true, missed = false;
	int dumps = 0, merged = 0;
	struct dump d;

	param_set("exit_stats_dump_interval", "500");
	guest_cpuid(vm, 0, 10, 0, 0);
	drain_log();
	passed = (host_exits() + away) / 500;
	for (int i = 0; i < 12; i++) {
		guest_cpuid(vm, 0, 250, 0, 0);
		while (next_dump(&d, (host_exits() + away) / 500 > passed ? 10000 : 50)) {
			passed = d.due / 500;
			first = first ? first : d.due;
			exact &= d.due % 500 == 0 &&
				 (!last || d.due == last + 500 * (1 + d.merged));
			sums &= adds_up(&d);
			after_due &= d.taken + away >= d.due;
			last = d.due;
			dumps++;
			merged += d.merged;
		}
		missed |= (host_exits() + away) / 500 > passed;
	}
	ok(dumps >= 5 && exact,
	   "one vCPU: dumps are due at exactly the multiples of 500 (%d: %lu-%lu)", dumps, first,
	   last);
	ok(dumps && merged == 0, "a worker that keeps up merges none");
	ok(dumps && sums, "each dump's rows add up to its exits and cycles");
	ok(dumps && after_due, "each is taken at or after the multiple that made it due");
	ok(dumps && !missed, "no multiple is missed, nor comes with a later exit");
}

/*
 * Exits while nothing else runs, so that the worker is busy or late for most of
 * them, however fast the machine: one processor, and the exits have it.
 */
static void exits_alone(struct vm *vm, int n)
{
	struct sched_param param = { .sched_priority = 1 };

	if (sched_setscheduler(0, SCHED_FIFO, &param))
		bail_out("sched_setscheduler: %s", strerror(errno));
	guest_cpuid(vm, 0, n, 0, 0);
	param.sched_priority = 0;
	if (sched_setscheduler(0, SCHED_OTHER, &param))
		bail_out("sched_setscheduler: %s", strerror(errno));
}

static void check_merging(struct vm *vm)
{
	uint64_t dumps = 0, merged = 0, first = 0, last = 0, exits;
	bool exact = true, sums = true;
	struct dump d;

	drain_log();
	param_set("exit_stats_dump_interval", "10");
	guest_cpuid(vm, 0, 600, 0, 0);
	drain_log();
	exits = host_exits();
	guest_cpuid(vm, 0, 1500, 0, 0);
	exits_alone(vm, 1500);
	exits = host_exits() - exits;
	while (next_dump(&d, 1000)) {
		first = first ? first : d.due - 10 * (1 + d.merged);
		exact &= !last || d.due == last + 10 * (1 + d.merged);
		sums &= adds_up(&d);
		last = d.due;
		dumps++;
		merged += d.merged;
	}
	ok(merged > 0, "at interval 10 dumps are merged (%lu printed, %lu merged)", dumps, merged);
	ok(exact && dumps, "each says how many: due points plus merged ones leave no gap");
	ok(10 * (dumps + merged) >= exits - 10 && 10 * (dumps + merged) <= exits + 10,
	   "printed and merged together are one a 10 exits (%lu exits)", exits);
	ok(sums, "the rows of a merged dump add up");
}

/* A limit: burst, silence, and the rest when a token comes, without an exit. */
static void check_limit(struct vm *vm)
{
	static struct stats before, after;
	uint64_t printed, start, most;
	struct dump d;

	param_set("exit_stats_dump_per_min", "0");
	guest_cpuid(vm, 0, 100, 0, 0);
	drain_log();
	read_host(&before);
	/* 10 a minute: 10 at once, then one every 6 seconds. */
	param_set("exit_stats_dump_per_min", "10");
	start = now_ms();
	for (int i = 0; i < 30; i++) {
		guest_cpuid(vm, 0, 20, 0, 0);
		usleep(10000);
	}
	for (printed = 0; next_dump(&d, 700); printed++)
		;
	most = 10 + (now_ms() - start) / 6000;
	ok(printed >= 10 && printed <= most,
	   "exit_stats_dump_per_min=10 lets 10 through at once (%lu)", printed);
	ok(next_dump(&d, 20000), "what was held back is printed when a token comes, with no exit");
	read_host(&after);
	ok(d.merged > 0, "and says how many it stands for (%lu merged)", d.merged);
	ok(adds_up(&d), "its rows add up");
	ok(same_rows(&d, &after), "they are the table's %d, which nobody changed since", d.rows);
	ok(d.info, "its lines are information (KERN_INFO)");
	ok(!next_dump(&d, 7000), "then nothing is due and nothing is printed");
	read_host(&after);
	ok(after.dumps - before.dumps == printed + 1, "the table's dumps= counts the printed ones");
	ok(after.merged > before.merged, "and merged= the others");
}

/*
 * One a minute, and the next is held back for that long: a new limit lets it out at once,
 * and where dumps are switched off meanwhile there is none any more.
 */
static void check_held_back(struct vm *vm)
{
	struct dump d;
	bool out;

	for (int off = 0; off < 2; off++) {
		param_set("exit_stats_dump_interval", "10");
		param_set("exit_stats_dump_per_min", "0");
		guest_cpuid(vm, 0, 5000, 0, 0);
		drain_log();
		param_set("exit_stats_dump_per_min", "1");
		guest_cpuid(vm, 0, 100, 0, 0);
		out = next_dump(&d, 10000);
		drain_log();
		guest_cpuid(vm, 0, 100, 0, 0);
		ok(out && !next_dump(&d, 3000),
		   "exit_stats_dump_per_min=1 lets one through and holds the next one back");
		if (off)
			param_set("exit_stats_dump_interval", "0");
		param_set("exit_stats_dump_per_min", "0");
		out = next_dump(&d, 3000);
		ok(out == !off, off ? "switched off, what was held back is not printed"
				    : "without a limit it is printed at once");
	}
}

/* A vCPU knows a new interval after 4096 exits, whatever the old one was. */
static void check_new_interval(struct vm *vm)
{
	struct dump d;

	param_set("exit_stats_dump_interval", "4000000000");
	guest_cpuid(vm, 0, 5000, 0, 0);
	drain_log();
	param_set("exit_stats_dump_interval", "500");
	guest_cpuid(vm, 0, 4096 + 500, 0, 0);
	ok(next_dump(&d, 10000), "a new interval is known after 4096 exits, and a dump is due");
}

#define VCPUS 4

/* How far behind the last due point do the host's exits stand, when all is printed? */
static void check_several(uint64_t away)
{
	uint64_t due = 0, exits, most = 0, dumps = 0;
	struct dump d;
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
		/* One that is overdue is waited for. */
		while (next_dump(&d, due && exits - due >= 2 * 500 ? 10000 : 200)) {
			due = d.due;
			dumps++;
		}
		if (due && exits - due > most)
			most = exits - due;
	}
	vm_destroy(&vm);
	ok(dumps >= 8 && most < 2 * 500,
	   "%d vCPUs: no dump is due later than 1000 exits after the last (%lu dumps, %lu exits)",
	   VCPUS, dumps, most);
}

static void check_off(struct vm *vm)
{
	struct dump d;

	param_set("exit_stats_dump_per_min", "0");
	param_set("exit_stats_dump_interval", "0");
	guest_cpuid(vm, 0, 5000, 0, 0);
	drain_log();
	guest_cpuid(vm, 0, 5000, 0, 0);
	ok(!next_dump(&d, 1000), "exit_stats_dump_interval=0: no dump in 5000 exits");
}

/* VMs that die long before their vCPU's first batch is full. */
static void check_rest(void)
{
	uint64_t exits, due = 0;
	struct dump d;
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
	while (next_dump(&d, 1000))
		due += 1 + d.merged;
	ok(500 * due < exits + 500 && 500 * due + 500 > exits,
	   "dying vCPUs add the rest of their batches (%lu dumps due in %lu exits)", due, exits);
}

int main(void)
{
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
	param_set("exit_stats_dump_interval", "500");
	param_set("exit_stats_dump_per_min", "10");
	return done_testing();
}
