// SPDX-License-Identifier: GPL-2.0-only
/* The table of columns. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "memory.h"
#include "numbers.h"
#include "time_split.h"
#include "trend.h"

static void text(struct value *v, const char *s)
{
	v->text = s;
	v->none = !s || !*s;
}

static uint64_t exits(const struct item *i)
{
	return i->row ? i->row->n[COUNT] : i->t->exits;
}

static uint64_t cycles(const struct item *i)
{
	return i->row ? i->row->n[TOTAL] : i->t->cycles;
}

static bool has(const struct item *i, enum number n)
{
	return i->row && i->t->has & 1u << n;
}

/* A guest's leaves may lack the cycles of a reason. */
static bool no_cycles(const struct item *i)
{
	return i->row && !has(i, TOTAL);
}

static void share(struct value *v, double part, double whole)
{
	v->none = whole <= 0;
	v->real = v->none ? 0 : 100 * part / whole;
}

static void get_vm(const struct item *i, struct value *v)
{
	text(v, i->vm ? i->vm->name : "host");
}

static void get_uuid(const struct item *i, struct value *v)
{
	text(v, i->vm ? i->vm->uuid : NULL);
}

static void get_process(const struct item *i, struct value *v)
{
	text(v, i->vm ? i->vm->process : NULL);
}

static void get_pid(const struct item *i, struct value *v)
{
	v->none = !i->vm || !i->vm->pid;
	v->count = v->none ? 0 : i->vm->pid;
}

static void get_folder(const struct item *i, struct value *v)
{
	text(v, i->vm ? i->vm->id : NULL);
}

static void get_vcpus(const struct item *i, struct value *v)
{
	v->count = i->t->vcpus;
}

static void get_vcpu(const struct item *i, struct value *v)
{
	v->none = i->vcpu == NO_VCPU;
	v->count = v->none ? 0 : i->vcpu;
}

static void get_reason(const struct item *i, struct value *v)
{
	text(v, i->row ? i->row->id : NULL);
}

static void get_name(const struct item *i, struct value *v)
{
	text(v, i->row ? i->row->name : NULL);
}

static void get_exits(const struct item *i, struct value *v)
{
	v->count = exits(i);
}

static void get_rate(const struct item *i, struct value *v)
{
	v->none = i->seconds <= 0;
	v->real = v->none ? 0 : exits(i) / i->seconds;
}

static void get_exits_share(const struct item *i, struct value *v)
{
	share(v, exits(i), i->t->exits);
}

static void get_time(const struct item *i, struct value *v)
{
	v->none = no_cycles(i);
	v->real = cycles(i);
}

static void get_time_share(const struct item *i, struct value *v)
{
	share(v, cycles(i), i->t->cycles);
	v->none |= no_cycles(i);
}

/* Of one CPU: 200 % is two CPUs that do nothing else. */
static void get_cpu(const struct item *i, struct value *v)
{
	share(v, cycles(i), i->seconds * i->t->tsc_khz * 1000);
	v->none |= no_cycles(i);
}

static void get_min(const struct item *i, struct value *v)
{
	v->none = !has(i, MIN) || !i->row->n[MAX];
	v->real = v->none ? 0 : i->row->n[MIN];
}

static void get_max(const struct item *i, struct value *v)
{
	v->none = !has(i, MAX) || !i->row->n[MAX];
	v->real = v->none ? 0 : i->row->n[MAX];
}

static void get_avg(const struct item *i, struct value *v)
{
	v->none = !exits(i) || (no_cycles(i) && (i->seconds > 0 || !has(i, AVG)));
	if (v->none)
		return;
	v->real = no_cycles(i) ? i->row->n[AVG] : (double)cycles(i) / exits(i);
}

static void percentile(const struct item *i, struct value *v, double p)
{
	const uint64_t *hist = i->row ? table_hist(i->t, i->row) : NULL;

	v->real = hist ? hist_percentile(hist, p) : -1;
	v->none = v->real < 0;
	/* An estimate within a bucket; no exit is outside of these. */
	if (v->none || !has(i, MAX) || !i->row->n[MAX])
		return;
	if (v->real < i->row->n[MIN])
		v->real = i->row->n[MIN];
	if (v->real > i->row->n[MAX])
		v->real = i->row->n[MAX];
}

static void get_p50(const struct item *i, struct value *v)
{
	percentile(i, v, 0.5);
}

static void get_p90(const struct item *i, struct value *v)
{
	percentile(i, v, 0.9);
}

static void get_p99(const struct item *i, struct value *v)
{
	percentile(i, v, 0.99);
}

static void number(const struct item *i, struct value *v, enum number n)
{
	v->none = !has(i, n);
	v->count = v->none ? 0 : i->row->n[n];
	v->real = v->count;
}

/* Where no guest is nested, zeros tell nothing. */
static void get_nested(const struct item *i, struct value *v)
{
	number(i, v, NESTED_COUNT);
	v->none |= !i->t->nested;
}

static void get_nested_time(const struct item *i, struct value *v)
{
	number(i, v, NESTED_TOTAL);
	v->none |= !i->t->nested;
}

static void get_user(const struct item *i, struct value *v)
{
	number(i, v, USER_COUNT);
}

static void get_user_time(const struct item *i, struct value *v)
{
	number(i, v, USER_TOTAL);
}

static void get_top(const struct item *i, struct value *v)
{
	const struct row *dearest = table_dearest(i->t);

	text(v, dearest ? dearest->name : NULL);
}

static void get_top_share(const struct item *i, struct value *v)
{
	const struct row *dearest = table_dearest(i->t);

	share(v, dearest ? dearest->n[TOTAL] : 0, dearest ? i->t->cycles : 0);
}

static void get_trend(const struct item *i, struct value *v)
{
	text(v, i->trend ? trend_text(i->trend, i->ascii) : NULL);
}

/* ---- of diff: A is @before, B the item itself; a difference has no sides */

static void get_side(const struct item *i, const struct item *side, struct value *v,
		     void (*get)(const struct item *i, struct value *v))
{
	v->none = !i->before;
	if (!v->none)
		get(side, v);
}

#define SIDES(what)                                                       \
	static void get_##what##_a(const struct item *i, struct value *v) \
	{                                                                 \
		get_side(i, i->before, v, get_##what);                    \
	}                                                                 \
                                                                          \
	static void get_##what##_b(const struct item *i, struct value *v) \
	{                                                                 \
		get_side(i, i, v, get_##what);                            \
	}

SIDES(exits)
SIDES(rate)
SIDES(time)
SIDES(cpu)
SIDES(avg)

static void change(const struct item *i, struct value *v,
		   void (*get)(const struct item *i, struct value *v))
{
	struct value a = {}, b = {};

	get_side(i, i->before, &a, get);
	get_side(i, i, &b, get);
	v->none = a.none || b.none || a.real <= 0;
	v->real = v->none ? 0 : 100 * (b.real - a.real) / a.real;
}

static void get_rate_change(const struct item *i, struct value *v)
{
	change(i, v, get_rate);
}

static void get_avg_change(const struct item *i, struct value *v)
{
	change(i, v, get_avg);
}

static void get_compared(const struct item *i, struct value *v)
{
	text(v, i->compared);
}

/* Nothing where there is no interval: saved files. */
static const struct time_split *split_of(const struct item *i)
{
	static const struct time_split none;

	return i->split ? i->split : &none;
}

static void part(const struct item *i, struct value *v, bool known, double ns)
{
	share(v, ns, split_of(i)->whole);
	v->none |= !known;
}

#define BAR_WIDTH 16

/* A letter for each sixteenth of the time; the guest's part is blank. */
static void get_bar(const struct item *i, struct value *v)
{
	static const char letters[] = "EUPAW";
	static char bars[2][BAR_WIDTH + 1]; /* two can be compared */
	static int turn;
	char *bar = bars[turn++ & 1];
	const struct time_split *s = i->split;
	double done = 0;
	int at = 0;

	v->none = !s || s->whole <= 0;
	if (v->none)
		return;
	for (int k = 0; k < 5; k++) {
		const double parts[] = { s->exits, s->user, s->polling, s->asleep, s->waiting };

		done += parts[k] / s->whole * BAR_WIDTH;
		while (at < BAR_WIDTH && at + 0.5 < done)
			bar[at++] = letters[k];
	}
	memset(bar + at, '.', BAR_WIDTH - at);
	bar[BAR_WIDTH] = '\0';
	v->text = bar;
}

static void get_part_exits(const struct item *i, struct value *v)
{
	part(i, v, true, split_of(i)->exits);
}

static void get_part_user(const struct item *i, struct value *v)
{
	part(i, v, split_of(i)->has_user, split_of(i)->user);
}

static void get_part_polling(const struct item *i, struct value *v)
{
	part(i, v, true, split_of(i)->polling);
}

static void get_part_asleep(const struct item *i, struct value *v)
{
	part(i, v, true, split_of(i)->asleep);
}

static void get_part_waiting(const struct item *i, struct value *v)
{
	part(i, v, split_of(i)->has_wait, split_of(i)->waiting);
}

static void get_part_guest(const struct item *i, struct value *v)
{
	part(i, v, true, split_of(i)->rest);
}

static void get_dearest(const struct item *i, struct value *v)
{
	text(v, split_of(i)->dearest ? split_of(i)->dearest->name : NULL);
}

static void get_dearest_share(const struct item *i, struct value *v)
{
	part(i, v, split_of(i)->dearest, split_of(i)->dearest_ns);
}

#define VMS	(1u << VIEW_VMS)
#define REASONS (1u << VIEW_REASONS)
#define VCPUS	(1u << VIEW_VCPUS)
#define ACROSS	(1u << VIEW_ACROSS)
#define DETAILS (1u << VIEW_DETAILS)
#define TIME	(1u << VIEW_TIME)
#define DIFF	(1u << VIEW_DIFF)
#define ALL	(VMS | REASONS | VCPUS | ACROSS | DETAILS)
#define BY_ROW	(REASONS | ACROSS | DETAILS)

const struct column columns[] = {
	{ .name = "vm",
	  .title = "VM",
	  .help = "name of the VM",
	  .kind = KIND_TEXT,
	  .width = 16,
	  .views = ALL | TIME | DIFF,
	  .ascending = true,
	  .get = get_vm },
	{ .name = "vcpu",
	  .title = "VCPU",
	  .help = "number of the vCPU",
	  .kind = KIND_COUNT,
	  .width = 4,
	  .views = REASONS | VCPUS | TIME,
	  .ascending = true,
	  .get = get_vcpu },
	{ .name = "uuid",
	  .title = "UUID",
	  .help = "UUID of the VM",
	  .kind = KIND_TEXT,
	  .width = 36,
	  .views = VMS | DIFF,
	  .ascending = true,
	  .get = get_uuid },
	{ .name = "process",
	  .title = "PROCESS",
	  .help = "command that runs the VM",
	  .kind = KIND_TEXT,
	  .width = 15,
	  .views = VMS | ACROSS,
	  .ascending = true,
	  .get = get_process },
	{ .name = "pid",
	  .title = "PID",
	  .help = "process that runs the VM",
	  .kind = KIND_COUNT,
	  .width = 7,
	  .views = VMS | ACROSS,
	  .ascending = true,
	  .get = get_pid },
	{ .name = "folder",
	  .title = "FOLDER",
	  .help = "the VM's folder in debugfs: thread and file descriptor",
	  .kind = KIND_TEXT,
	  .width = 10,
	  .views = VMS | ACROSS,
	  .ascending = true,
	  .get = get_folder },
	{ .name = "vcpus",
	  .title = "VCPUS",
	  .help = "vCPUs of the VM",
	  .kind = KIND_COUNT,
	  .width = 5,
	  .views = VMS,
	  .get = get_vcpus },
	{ .name = "reason",
	  .title = "NR",
	  .help = "number of the exit reason",
	  .kind = KIND_TEXT,
	  .width = 5,
	  .views = REASONS | ACROSS | DIFF,
	  .ascending = true,
	  .get = get_reason },
	{ .name = "name",
	  .title = "REASON",
	  .help = "name of the exit reason",
	  .kind = KIND_TEXT,
	  .width = 20,
	  .views = REASONS | ACROSS | DIFF,
	  .ascending = true,
	  .get = get_name },
	{ .name = "detail",
	  .title = "DETAIL",
	  .help = "port, MSR, address, leaf, hypercall or vector",
	  .kind = KIND_TEXT,
	  .width = 12,
	  .views = DETAILS,
	  .ascending = true,
	  .get = get_reason },
	{ .name = "what",
	  .title = "WHAT",
	  .help = "what the guest did there, and what it is",
	  .kind = KIND_TEXT,
	  .width = 24,
	  .views = DETAILS,
	  .ascending = true,
	  .get = get_name },
	{ .name = "exits",
	  .title = "EXITS",
	  .help = "exits",
	  .kind = KIND_COUNT,
	  .width = 10,
	  .views = ALL | DIFF,
	  .get = get_exits,
	  .metric = "kvm_exits",
	  .metric_help = "VM exits" },
	{ .name = "rate",
	  .title = "EXITS/S",
	  .help = "exits per second",
	  .kind = KIND_RATE,
	  .width = 9,
	  .views = ALL,
	  .get = get_rate },
	{ .name = "exits%",
	  .title = "EXITS%",
	  .help = "share of all exits of the scope",
	  .kind = KIND_SHARE,
	  .width = 6,
	  .views = ALL,
	  .get = get_exits_share },
	{ .name = "time",
	  .title = "TIME",
	  .help = "time spent in exits",
	  .kind = KIND_TIME,
	  .width = 9,
	  .views = ALL | DIFF,
	  .get = get_time,
	  .metric = "kvm_exit_handling",
	  .metric_help = "Time that KVM took to handle VM exits" },
	{ .name = "time%",
	  .title = "TIME%",
	  .help = "share of the time that the scope spent in exits",
	  .kind = KIND_SHARE,
	  .width = 6,
	  .views = ALL,
	  .get = get_time_share },
	{ .name = "cpu%",
	  .title = "CPU%",
	  .help = "time spent in exits, of one CPU",
	  .kind = KIND_SHARE,
	  .width = 6,
	  .views = ALL,
	  .get = get_cpu },
	{ .name = "min",
	  .title = "MIN*",
	  .help = "shortest exit since the last reset",
	  .kind = KIND_TIME,
	  .width = 9,
	  .views = BY_ROW | DIFF,
	  .get = get_min },
	{ .name = "avg",
	  .title = "AVG",
	  .help = "average exit",
	  .kind = KIND_TIME,
	  .width = 9,
	  .views = ALL | DIFF,
	  .get = get_avg },
	{ .name = "p50",
	  .title = "P50",
	  .help = "half of the exits are not longer (estimate)",
	  .kind = KIND_TIME,
	  .width = 9,
	  .views = BY_ROW | DIFF,
	  .get = get_p50 },
	{ .name = "p90",
	  .title = "P90",
	  .help = "90 % of the exits are not longer (estimate)",
	  .kind = KIND_TIME,
	  .width = 9,
	  .views = BY_ROW | DIFF,
	  .get = get_p90 },
	{ .name = "p99",
	  .title = "P99",
	  .help = "99 % of the exits are not longer (estimate)",
	  .kind = KIND_TIME,
	  .width = 9,
	  .views = BY_ROW | DIFF,
	  .get = get_p99 },
	{ .name = "max",
	  .title = "MAX*",
	  .help = "longest exit since the last reset",
	  .kind = KIND_TIME,
	  .width = 9,
	  .views = BY_ROW | DIFF,
	  .get = get_max },
	{ .name = "nested",
	  .title = "NESTED",
	  .help = "exits that a nested guest (L2) made",
	  .kind = KIND_COUNT,
	  .width = 10,
	  .views = REASONS | ACROSS,
	  .get = get_nested,
	  .metric = "kvm_nested_exits",
	  .metric_help = "VM exits of nested guests" },
	{ .name = "nested_time",
	  .title = "NESTED TIME",
	  .help = "time of these",
	  .kind = KIND_TIME,
	  .width = 11,
	  .views = REASONS | ACROSS,
	  .get = get_nested_time,
	  .metric = "kvm_nested_exit_handling",
	  .metric_help = "Time that KVM took to handle VM exits of nested guests" },
	{ .name = "user",
	  .title = "TO USER",
	  .help = "exits that user space had to finish",
	  .kind = KIND_COUNT,
	  .width = 10,
	  .views = BY_ROW,
	  .get = get_user,
	  .metric = "kvm_exit_user",
	  .metric_help = "VM exits that user space had to finish" },
	{ .name = "user_time",
	  .title = "USER TIME",
	  .help = "time until the vCPU was back in KVM",
	  .kind = KIND_TIME,
	  .width = 9,
	  .views = BY_ROW,
	  .get = get_user_time,
	  .metric = "kvm_exit_user",
	  .metric_help = "Time that user space took to finish VM exits" },
	{ .name = "trend",
	  .title = "TREND",
	  .help = "exits per second in the last intervals (top only)",
	  .kind = KIND_TEXT,
	  .width = 12,
	  .views = VMS | REASONS | VCPUS | ACROSS,
	  .get = get_trend },
	{ .name = "top",
	  .title = "DEAREST REASON",
	  .help = "the reason that took the most time",
	  .kind = KIND_TEXT,
	  .width = 20,
	  .views = VMS | VCPUS,
	  .ascending = true,
	  .get = get_top },
	{ .name = "top%",
	  .title = "ITS TIME%",
	  .help = "its share of the time spent in exits",
	  .kind = KIND_SHARE,
	  .width = 9,
	  .views = VMS | VCPUS,
	  .get = get_top_share },
	{ .name = "compared",
	  .title = "COMPARED",
	  .help = "how A and B were compared",
	  .kind = KIND_TEXT,
	  .width = 9,
	  .views = DIFF,
	  .ascending = true,
	  .get = get_compared },
	{ .name = "exits_a",
	  .title = "EXITS A",
	  .help = "exits in A",
	  .kind = KIND_COUNT,
	  .width = 10,
	  .views = DIFF,
	  .get = get_exits_a },
	{ .name = "exits_b",
	  .title = "EXITS B",
	  .help = "exits in B",
	  .kind = KIND_COUNT,
	  .width = 10,
	  .views = DIFF,
	  .get = get_exits_b },
	{ .name = "rate_a",
	  .title = "EXITS/S A",
	  .help = "exits per second in A",
	  .kind = KIND_RATE,
	  .width = 9,
	  .views = DIFF,
	  .get = get_rate_a },
	{ .name = "rate_b",
	  .title = "EXITS/S B",
	  .help = "exits per second in B",
	  .kind = KIND_RATE,
	  .width = 9,
	  .views = DIFF,
	  .get = get_rate_b },
	{ .name = "rate_change",
	  .title = "CHANGE%",
	  .help = "change of the exits per second from A to B",
	  .kind = KIND_CHANGE,
	  .width = 8,
	  .views = DIFF,
	  .get = get_rate_change },
	{ .name = "time_a",
	  .title = "TIME A",
	  .help = "time spent in exits in A",
	  .kind = KIND_TIME,
	  .width = 9,
	  .views = DIFF,
	  .get = get_time_a },
	{ .name = "time_b",
	  .title = "TIME B",
	  .help = "time spent in exits in B",
	  .kind = KIND_TIME,
	  .width = 9,
	  .views = DIFF,
	  .get = get_time_b },
	{ .name = "cpu_a%",
	  .title = "CPU% A",
	  .help = "time spent in exits in A, of one CPU",
	  .kind = KIND_SHARE,
	  .width = 6,
	  .views = DIFF,
	  .get = get_cpu_a },
	{ .name = "cpu_b%",
	  .title = "CPU% B",
	  .help = "time spent in exits in B, of one CPU",
	  .kind = KIND_SHARE,
	  .width = 6,
	  .views = DIFF,
	  .get = get_cpu_b },
	{ .name = "avg_a",
	  .title = "AVG A",
	  .help = "average exit in A",
	  .kind = KIND_TIME,
	  .width = 9,
	  .views = DIFF,
	  .get = get_avg_a },
	{ .name = "avg_b",
	  .title = "AVG B",
	  .help = "average exit in B",
	  .kind = KIND_TIME,
	  .width = 9,
	  .views = DIFF,
	  .get = get_avg_b },
	{ .name = "avg_change",
	  .title = "CHANGE%",
	  .help = "change of the average exit from A to B",
	  .kind = KIND_CHANGE,
	  .width = 8,
	  .views = DIFF,
	  .get = get_avg_change },
	{ .name = "bar",
	  .title = "TIME: EUPAW.",
	  .help = "Exits, User space, Polling, Asleep, Waiting for a CPU, . guest",
	  .kind = KIND_TEXT,
	  .width = BAR_WIDTH,
	  .views = TIME,
	  .ascending = true,
	  .get = get_bar },
	{ .name = "exits%",
	  .title = "EXITS%",
	  .help = "in exits, that KVM handled",
	  .kind = KIND_SHARE,
	  .width = 6,
	  .views = TIME,
	  .get = get_part_exits },
	{ .name = "user%",
	  .title = "USER%",
	  .help = "until user space had finished exits",
	  .kind = KIND_SHARE,
	  .width = 6,
	  .views = TIME,
	  .get = get_part_user },
	{ .name = "polling%",
	  .title = "POLL%",
	  .help = "halted, and polling",
	  .kind = KIND_SHARE,
	  .width = 6,
	  .views = TIME,
	  .get = get_part_polling },
	{ .name = "asleep%",
	  .title = "ASLEEP%",
	  .help = "halted, and asleep",
	  .kind = KIND_SHARE,
	  .width = 7,
	  .views = TIME,
	  .get = get_part_asleep },
	{ .name = "waiting%",
	  .title = "WAIT%",
	  .help = "runnable, and waiting for a CPU",
	  .kind = KIND_SHARE,
	  .width = 6,
	  .views = TIME,
	  .get = get_part_waiting },
	{ .name = "guest%",
	  .title = "GUEST%",
	  .help = "the rest: the guest, and its entries",
	  .kind = KIND_SHARE,
	  .width = 6,
	  .views = TIME,
	  .get = get_part_guest },
	{ .name = "dearest",
	  .title = "DEAREST REASON",
	  .help = "most time in exits and user space",
	  .kind = KIND_TEXT,
	  .width = 20,
	  .views = TIME,
	  .ascending = true,
	  .get = get_dearest },
	{ .name = "dearest%",
	  .title = "ITS TIME%",
	  .help = "its share of the vCPUs' time",
	  .kind = KIND_SHARE,
	  .width = 9,
	  .views = TIME,
	  .get = get_dearest_share },
};

const size_t nr_columns = sizeof(columns) / sizeof(*columns);
