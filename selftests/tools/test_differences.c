// SPDX-License-Identifier: GPL-2.0-only
/* Differences of tables and samples, and percentiles against a computation by brute force. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "columns.h"
#include "numbers.h"
#include "sample.h"
#include "tap.h"

/* A table of an epoch; rows are added by row(). */
static struct table table(uint64_t epoch, uint64_t exits, uint64_t cycles)
{
	return (struct table){ .epoch = epoch, .exits = exits, .cycles = cycles };
}

static struct row *row(struct table *t, int64_t reason, uint64_t count, uint64_t total)
{
	struct row like = { .reason = reason }, *row;

	row = table_add_row(t, &like);
	row->n[COUNT] = count;
	row->n[TOTAL] = total;
	row->n[MIN] = 3;
	row->n[MAX] = 99;
	return row;
}

static void add_hist(struct table *t, size_t row, int bucket, uint64_t n)
{
	if (!t->hist)
		t->hist = xcalloc(t->size, sizeof(*t->hist));
	t->hist[row][bucket] = n;
}

static void test_tables(void)
{
	struct table then = table(1, 30, 300), now = table(1, 50, 700), d;

	row(&then, 10, 20, 200)->extra[0] = 5;
	row(&then, 12, 10, 100);
	add_hist(&then, 0, 4, 20);
	row(&now, 10, 35, 500)->extra[0] = 9;
	now.row[0].n[NESTED_COUNT] = 4;
	row(&now, 12, 10, 100);
	row(&now, 30, 5, 100);
	add_hist(&now, 0, 4, 30);
	add_hist(&now, 0, 5, 5);
	add_hist(&now, 2, 9, 5);
	now.nr_extra = 1;
	ok(table_since(&then, &now, &d), "two tables of one epoch have a difference");
	ok(d.exits == 20 && d.cycles == 400, "the sums of the header are subtracted");
	ok(d.nr == 2 && !table_row(&d, 12), "a reason without exits in between is left out");
	ok(d.row[0].n[COUNT] == 15 && d.row[0].n[TOTAL] == 300 && d.row[0].n[AVG] == 20 &&
		   d.row[0].n[NESTED_COUNT] == 4 && d.row[0].extra[0] == 4,
	   "counts are subtracted, unknown columns too; the average is that of the difference");
	ok(d.row[0].n[MIN] == 3 && d.row[0].n[MAX] == 99, "min and max stay: since the reset");
	ok(table_row(&d, 30)->n[COUNT] == 5, "a reason that is new counts from 0");
	ok(table_hist(&d, &d.row[0])[4] == 10 && table_hist(&d, &d.row[0])[5] == 5 &&
		   table_hist(&d, &d.row[1])[9] == 5,
	   "histograms are subtracted, and stay with their rows");
	ok(table_costliest(&d) == &d.row[0], "the costliest reason is that with the most cycles");
	table_free(&d);

	then.epoch = 2;
	ok(!table_since(&then, &now, &d) && d.exits == 50 && d.nr == 3 && d.row[0].n[COUNT] == 35,
	   "after a reset in between the difference is all since the reset");
	table_free(&d);
	then.epoch = 1;
	ok(table_since(&now, &then, &d) && !d.nr && !d.exits && !d.cycles,
	   "numbers that went down, in a file that was edited, are no exits");
	table_free(&d);
	ok(table_since(&now, &now, &d) && !d.nr && !table_costliest(&d),
	   "a table and itself: nothing, and no reason is the costliest");
	table_free(&d);
	table_free(&then);
	then = table(1, 0, 0);
	ok(table_since(&now, &then, &d) && !d.nr, "a row that is gone is left out");
	table_free(&d);
	ok(table_since(&then, &then, &d) && !d.nr, "two empty tables have an empty difference");
	table_free(&d);
	table_free(&now);
}

/* The share of exits up to @x; those of a bucket stand evenly between its bounds. */
static double share_up_to(const uint64_t *hist, double x)
{
	double sum = 0, all = 0;

	for (int k = 0; k < EXIT_STATS_BUCKETS; k++) {
		double from = k ? pow(2, k) : 0, to = pow(2, k + 1);

		sum += hist[k] * fmin(1, fmax(0, (x - from) / (to - from)));
		all += hist[k];
	}
	return sum / all;
}

static void test_percentiles(unsigned int histograms)
{
	static const double share[] = { 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 1 };
	hist_t empty = {}, one = { [7] = 1 }, all = {};
	unsigned int wrong = 0, falling = 0;

	ok(hist_percentile(empty, 0.5) < 0, "an empty histogram has no percentile");
	ok(hist_percentile(one, 0) == 128 && hist_percentile(one, 1) == 256,
	   "0 %% and 100 %% of a bucket are its bounds");
	all[0] = 2;
	ok(hist_percentile(all, 0.5) == 1, "the first bucket begins with 0");
	all[0] = 0;
	all[EXIT_STATS_BUCKETS - 1] = UINT64_MAX / 2;
	ok(hist_percentile(all, 1) == 4294967296.0 && hist_percentile(all, 0.99) < 4294967296.0,
	   "the last bucket holds 2^63 exits");
	ok(hist_count(one) == 1, "a histogram's exits are the sum of its buckets");

	srandom(1);
	for (unsigned int n = 0; n < histograms; n++) {
		hist_t h = {};
		double last = 0;

		for (int k = random() % 8; k < EXIT_STATS_BUCKETS; k += 1 + random() % 12)
			h[k] = 1 + (random() % 3 ? random() % 10 : random());
		for (size_t i = 0; i < sizeof(share) / sizeof(*share); i++) {
			double is = hist_percentile(h, share[i]);

			wrong += fabs(share_up_to(h, is) - share[i]) > 0.000000001;
			falling += is < last;
			last = is;
		}
	}
	ok(!wrong, "percentiles of %u random histograms are those by definition (%u wrong)",
	   histograms, wrong);
	ok(!falling, "a higher percentile is never lower");
}

/* 60 exits of 2^10 cycles, 35 of 2^12, 5 of 2^20: each percentile is in a bucket of its own. */
static void test_percentile_columns(void)
{
	static const struct {
		const char *column;
		int bucket;
	} expect[] = { { "p50", 10 }, { "p90", 12 }, { "p99", 20 } };
	struct table t = table(1, 100, 0);
	struct item item = { .vcpu = NO_VCPU, .t = &t };
	struct row *r = row(&t, 10, 100, 0);

	r->n[MIN] = 1;
	r->n[MAX] = UINT32_MAX;
	t.has = 1u << MIN | 1u << MAX;
	add_hist(&t, 0, 10, 60);
	add_hist(&t, 0, 12, 35);
	add_hist(&t, 0, 20, 5);
	item.row = r;
	for (size_t i = 0; i < 3; i++) {
		struct value v = {};

		column_find(VIEW_REASONS, expect[i].column)->get(&item, &v);
		ok(!v.none && v.real >= 1u << expect[i].bucket && v.real <= 2u << expect[i].bucket,
		   "the column %s is in bucket %d (%.0f)", expect[i].column, expect[i].bucket,
		   v.real);
	}
	table_free(&t);
}

static struct scope_numbers scope(const struct vm *vm, int vcpu, uint64_t exits, double time)
{
	struct scope_numbers s = { .vm = vm, .vcpu = vcpu, .t = table(1, exits, exits) };

	s.t.time = time;
	row(&s.t, 10, exits, exits);
	return s;
}

static void free_scopes(struct sample *a)
{
	for (size_t i = 0; i < a->nr; i++)
		table_free(&a->scope[i].t);
}

static void test_samples(void)
{
	struct vm old = { .id = "1-1" }, stays = { .id = "2-1" }, new = { .id = "3-1" };
	struct vm unread = { .id = "4-1" };
	struct scope_numbers before[] = { scope(NULL, NO_VCPU, 100, 5), scope(&old, NO_VCPU, 50, 5),
					  scope(&stays, NO_VCPU, 50, 5), scope(&stays, 0, 50, 5) };
	struct scope_numbers after[] = {
		scope(NULL, NO_VCPU, 180, 7), scope(&stays, NO_VCPU, 70, 7),
		scope(&stays, 0, 60, 7.5),    scope(&stays, 1, 10, 7),
		scope(&new, NO_VCPU, 60, 7),  scope(&unread, NO_VCPU, 900, 7)
	};
	struct vm listed[] = { old, stays, { .id = "4-1" } };
	struct sample then = { .vms = { 3, listed }, .nr = 4, .scope = before };
	struct sample now = { .nr = 6, .scope = after }, d;

	sample_since(&then, &now, &d);
	ok(d.nr == 4,
	   "a VM that ended, a new vCPU of a VM and a VM that could not be read are left out");
	ok(sample_find(&d, "3-1", NO_VCPU)->t.exits == 60 &&
		   sample_find(&d, "3-1", NO_VCPU)->seconds == 2,
	   "all exits of a VM that began meanwhile are in the interval");
	ok(!sample_find(&d, "3-1", NO_VCPU)->has_split && sample_find(&d, "2-1", 0)->has_split,
	   "but where its time went is not, since it has no whole interval");
	ok(sample_find(&d, NULL, NO_VCPU)->t.exits == 80 &&
		   sample_find(&d, "2-1", NO_VCPU)->t.exits == 20 &&
		   sample_find(&d, "2-1", 0)->t.exits == 10,
	   "each scope's difference is its own, though others came and went");
	ok(sample_find(&d, "2-1", 0)->seconds == 2.5, "each has the time between its readings");
	ok(!sample_find(&d, "1-1", NO_VCPU) && !sample_find(&d, NULL, 0), "others are not found");
	sample_free(&d);
	after[1].t.epoch = 9;
	sample_since(&then, &now, &d);
	ok(sample_find(&d, "2-1", NO_VCPU)->anew && !sample_find(&d, "2-1", 0)->anew,
	   "a reset in between is said of the scope that was reset");
	sample_free(&d);
	sample_totals(&now, &d);
	ok(d.nr == 6 && d.scope[4].t.exits == 60 && !d.scope[4].seconds,
	   "totals are of all scopes, without an interval");
	sample_free(&d);
	sample_since(&d, &now, &d);
	ok(!d.nr, "nothing is known since an empty sample");
	sample_since(&d, &d, &d);
	ok(!d.nr, "empty samples have an empty difference");
	free_scopes(&then);
	free_scopes(&now);
}

int main(int argc, char **argv)
{
	(void)argv;
	test_tables();
	test_percentiles(argc > 2 ? 100 : 5000);
	test_percentile_columns();
	test_samples();
	return done_testing();
}
