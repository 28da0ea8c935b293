// SPDX-License-Identifier: GPL-2.0-only
/* What each column shows of an item. */
#include <string.h>

#include "column_values.h"
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

void get_vm(const struct item *i, struct value *v)
{
	text(v, i->vm ? i->vm->name : "host");
}

void get_uuid(const struct item *i, struct value *v)
{
	text(v, i->vm ? i->vm->uuid : NULL);
}

void get_process(const struct item *i, struct value *v)
{
	text(v, i->vm ? i->vm->process : NULL);
}

void get_pid(const struct item *i, struct value *v)
{
	v->none = !i->vm || !i->vm->pid;
	v->count = v->none ? 0 : i->vm->pid;
}

void get_folder(const struct item *i, struct value *v)
{
	text(v, i->vm ? i->vm->id : NULL);
}

void get_vcpus(const struct item *i, struct value *v)
{
	v->count = i->t->vcpus;
}

void get_vcpu(const struct item *i, struct value *v)
{
	v->none = i->vcpu == NO_VCPU;
	v->count = v->none ? 0 : i->vcpu;
}

void get_reason(const struct item *i, struct value *v)
{
	text(v, i->row ? i->row->id : NULL);
}

void get_name(const struct item *i, struct value *v)
{
	text(v, i->row ? i->row->name : NULL);
}

void get_exits(const struct item *i, struct value *v)
{
	v->count = exits(i);
}

void get_rate(const struct item *i, struct value *v)
{
	v->none = i->seconds <= 0;
	v->real = v->none ? 0 : exits(i) / i->seconds;
}

void get_exits_share(const struct item *i, struct value *v)
{
	share(v, exits(i), i->t->exits);
}

void get_time(const struct item *i, struct value *v)
{
	v->none = no_cycles(i);
	v->real = cycles(i);
}

void get_time_share(const struct item *i, struct value *v)
{
	share(v, cycles(i), i->t->cycles);
	v->none |= no_cycles(i);
}

/* Of one CPU: 200 % is two CPUs that do nothing else. */
void get_cpu(const struct item *i, struct value *v)
{
	share(v, cycles(i), i->seconds * i->t->tsc_khz * 1000);
	v->none |= no_cycles(i);
}

void get_min(const struct item *i, struct value *v)
{
	v->none = !has(i, MIN) || !i->row->n[MAX];
	v->real = v->none ? 0 : i->row->n[MIN];
}

void get_max(const struct item *i, struct value *v)
{
	v->none = !has(i, MAX) || !i->row->n[MAX];
	v->real = v->none ? 0 : i->row->n[MAX];
}

void get_avg(const struct item *i, struct value *v)
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
	/* Estimate within a bucket, limited to min and max. */
	if (v->none || !has(i, MAX) || !i->row->n[MAX])
		return;
	if (v->real < i->row->n[MIN])
		v->real = i->row->n[MIN];
	if (v->real > i->row->n[MAX])
		v->real = i->row->n[MAX];
}

void get_p50(const struct item *i, struct value *v)
{
	percentile(i, v, 0.5);
}

void get_p90(const struct item *i, struct value *v)
{
	percentile(i, v, 0.9);
}

void get_p99(const struct item *i, struct value *v)
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
void get_nested(const struct item *i, struct value *v)
{
	number(i, v, NESTED_COUNT);
	v->none |= !i->t->nested;
}

void get_nested_time(const struct item *i, struct value *v)
{
	number(i, v, NESTED_TOTAL);
	v->none |= !i->t->nested;
}

void get_user(const struct item *i, struct value *v)
{
	number(i, v, USER_COUNT);
}

void get_user_time(const struct item *i, struct value *v)
{
	number(i, v, USER_TOTAL);
}

void get_top(const struct item *i, struct value *v)
{
	const struct row *costliest = table_costliest(i->t);

	text(v, costliest ? costliest->name : NULL);
}

void get_top_share(const struct item *i, struct value *v)
{
	const struct row *costliest = table_costliest(i->t);

	share(v, costliest ? costliest->n[TOTAL] : 0, costliest ? i->t->cycles : 0);
}

void get_trend(const struct item *i, struct value *v)
{
	text(v, i->trend ? trend_text(i->trend, i->ascii) : NULL);
}

/* ---- of diff: A is @before, B is the item; a difference has neither */

static void get_side(const struct item *i, const struct item *side, struct value *v,
		     void (*get)(const struct item *i, struct value *v))
{
	v->none = !i->before;
	if (!v->none)
		get(side, v);
}

#define SIDES(what)                                                \
	void get_##what##_a(const struct item *i, struct value *v) \
	{                                                          \
		get_side(i, i->before, v, get_##what);             \
	}                                                          \
                                                                   \
	void get_##what##_b(const struct item *i, struct value *v) \
	{                                                          \
		get_side(i, i, v, get_##what);                     \
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

void get_rate_change(const struct item *i, struct value *v)
{
	change(i, v, get_rate);
}

void get_avg_change(const struct item *i, struct value *v)
{
	change(i, v, get_avg);
}

void get_compared(const struct item *i, struct value *v)
{
	text(v, i->compared);
}

/* There is no split without an interval (saved files), nor of a VM that began within it. */
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

/* A letter for each sixteenth of the time; the guest's part is dots. */
void get_bar(const struct item *i, struct value *v)
{
	static const char letters[] = "EUVPAW";
	static char bars[2][BAR_WIDTH + 1]; /* two can be compared */
	static int turn;
	char *bar = bars[turn++ & 1];
	const struct time_split *s = i->split;
	double parts[NR_TIME_PARTS], done = 0;
	int at = 0;

	v->none = !s || s->whole <= 0;
	if (v->none)
		return;
	time_parts(s, parts);
	for (int k = 0; k < PART_GUEST; k++) {
		done += parts[k] / s->whole * BAR_WIDTH;
		while (at < BAR_WIDTH && at + 0.5 < done)
			bar[at++] = letters[k];
	}
	memset(bar + at, '.', BAR_WIDTH - at);
	bar[BAR_WIDTH] = '\0';
	v->text = bar;
}

void get_part_exits(const struct item *i, struct value *v)
{
	part(i, v, true, split_of(i)->exits);
}

void get_part_user(const struct item *i, struct value *v)
{
	part(i, v, split_of(i)->has_user, split_of(i)->user);
}

void get_part_vmm(const struct item *i, struct value *v)
{
	part(i, v, split_of(i)->has_vmm, split_of(i)->vmm);
}

void get_part_polling(const struct item *i, struct value *v)
{
	part(i, v, true, split_of(i)->polling);
}

void get_part_asleep(const struct item *i, struct value *v)
{
	part(i, v, true, split_of(i)->asleep);
}

void get_part_waiting(const struct item *i, struct value *v)
{
	part(i, v, split_of(i)->has_wait, split_of(i)->waiting);
}

void get_part_guest(const struct item *i, struct value *v)
{
	part(i, v, true, split_of(i)->rest);
}

void get_costliest(const struct item *i, struct value *v)
{
	text(v, split_of(i)->costliest ? split_of(i)->costliest->name : NULL);
}

void get_costliest_share(const struct item *i, struct value *v)
{
	part(i, v, split_of(i)->costliest, split_of(i)->costliest_ns);
}
