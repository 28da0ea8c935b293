// SPDX-License-Identifier: GPL-2.0-only
/* The record: closes, buckets, merging, and readers that meet a stopped writer. */
#include "neighbours.h"
#include "hot.h"
#include "read.h"
#include "tap.h"

#define ROWS 4 /* with row 0, which counts nothing */

static struct exit_stats_vcpu *v;
static struct exit_stats_hist hist; /* of the row that was read last */

/* A TSC with something in both halves. */
#define TSC (7ull << 32 | 1000000)

static void make_exit_at(unsigned int row, u16 flags, u64 cycles)
{
	shim_tsc = TSC;
	exit_stats_latch(v, EXIT_STATS_SLOT(row), flags);
	shim_tsc += cycles;
	exit_stats_close(v);
}

static void make_exit(unsigned int row, bool nested, u64 cycles)
{
	make_exit_at(row, nested ? HF_GUEST_MASK : 0, cycles);
}

static struct exit_stats_row row_of(unsigned int row)
{
	struct exit_stats_row r;

	exit_stats_record_row(v, row, &r, &hist);
	return r;
}

static bool same(const struct exit_stats_row *a, const struct exit_stats_row *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static void check_close(void)
{
	static const struct {
		u64 cycles;
		int bucket;
	} cases[] = {
		/* clang-format off */
		{ 0, 0 }, { 1, 0 }, { 2, 1 }, { 3, 1 }, { 4, 2 }, { 1023, 9 }, { 1024, 10 },
		{ (1ull << 31) - 1, 30 },
		{ 1ull << 31, 31 }, { 1ull << 32, 31 }, { 1ull << 62, 31 },
		/* The TSC's low half alone would say 5, and that it went back by 5. */
		{ (1ull << 32) + 5, 31 }, { (1ull << 32) - 5, 31 },
		/* clang-format on */
	};
	struct exit_stats_row r;
	bool good = true;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		exit_stats_record_clear(v, ROWS);
		make_exit(1, false, cases[i].cycles);
		r = row_of(1);
		good &= r.count == 1 && hist.bucket[cases[i].bucket] == 1 &&
			r.total == cases[i].cycles && r.min == r.total && r.max == r.total;
	}
	ok(good, "an exit of 0 to 2^62 cycles is in its bucket, and min = max = total");

	exit_stats_record_clear(v, ROWS);
	make_exit(2, false, 50);
	make_exit(2, true, 10);
	make_exit(2, true, 90);
	r = row_of(2);
	ok((r.count == 3 && r.total == 150 && r.min == 10 && r.max == 90 && r.nested_count == 2 &&
	    r.nested_total == 100),
	   "three exits, two of them nested: count, total, min, max, nested");

	make_exit(2, false, -500);
	r = row_of(2);
	ok(r.count == 4 && r.total == 150 && r.min == 0 && v->backwards == 1,
	   "a TSC that went back counts the exit with 0 cycles, and itself");
	make_exit(2, false, 10 - (1ull << 32));
	r = row_of(2);
	ok(r.count == 5 && r.total == 150 && v->backwards == 2, "also where its low half went on");

	handed_in = 0;
	settled = 0;
	batch = 3;
	v->batch_left = 3;
	for (int i = 0; i < 9; i++)
		make_exit(1, false, 1);
	ok(handed_in == 3, "a batch of 3 is handed in each 3 exits");
	v->poked = true;
	make_exit(1, false, 1);
	make_exit(1, false, 1);
	ok(settled == 1, "a reset that waits is carried out once");
	ok(handed_in == 4 && v->batch_left == 2, "and that exit is handed in, whatever the batch");
	batch = 1 << 30;
	v->batch_left = batch;
}

/* A close at any later time, and of any kind. */
static bool closes_nothing(void)
{
	u64 exits = local64_read(&v->exits);

	for (int i = 0; i < 3; i++) {
		shim_tsc += (u64)i << 31;
		exit_stats_close(v);
	}
	return exits == local64_read(&v->exits);
}

static void check_latch(void)
{
	const unsigned int other = EXIT_STATS_ROW_OTHER;
	struct exit_stats_row r;
	bool good;

	shim_tsc = 100;
	ok(closes_nothing(), "in a new record nothing is latched");
	make_exit(2, false, 50);
	good = closes_nothing();
	make_exit(2, true, 10);
	good &= closes_nothing();
	/* These have the slot that is HF_GUEST_MASK, if not for what is added to slots. */
	make_exit(other, false, 1);
	good &= closes_nothing();
	make_exit(other, true, 1);
	good &= closes_nothing();
	ok(good, "nor after a close of any kind");

	exit_stats_record_clear(v, ROWS);
	make_exit_at(2, 64, 50);
	r = row_of(2);
	ok(r.count == 1 && !r.nested_count && closes_nothing(),
	   "a flag that is not the guest's is not nested");

	settled = 0;
	exit_stats_latch(v, EXIT_STATS_SLOT(2), 0);
	v->poked = true; /* exit_stats_drop_latched() */
	v->latched = EXIT_STATS_DROPPED;
	good = closes_nothing() && !settled && v->poked;
	make_exit(2, false, 50);
	ok((good && settled == 1 && local64_read(&v->exits) == 2 && closes_nothing()),
	   "an exit that is dropped is not counted, the next one is");
}

static void check_total(void)
{
	struct exit_stats_row total, sum = {}, r;

	exit_stats_record_clear(v, ROWS);
	for (u64 i = 0; i < 100; i++)
		make_exit(1 + i % (ROWS - 1), i & 1, i * i);
	for (unsigned int row = 0; row < ROWS; row++) {
		r = row_of(row);
		exit_stats_row_merge(&sum, &r);
	}
	exit_stats_record_total(v, &total);
	ok(total.count == 100 && total.count == sum.count && total.total == sum.total,
	   "the rows add up to exits and cycles");
	ok(sum.nested_count == 50 && sum.min == 0 && sum.max == 99 * 99,
	   "merged rows keep min and max");
}

/* Where a copy of the record has what @p points to in the record. */
static void *in_copy(struct exit_stats_vcpu *copy, void *p)
{
	return (void *)copy + (p - (void *)v);
}

/*
 * The writer stops after any of its stores: whatever it has done to the row, a
 * reader gets the row as it was before.
 */
static void check_half_written(void)
{
	struct exit_stats_hist hist_before;
	struct exit_stats_row before, got, other, total;
	struct exit_stats_vcpu *old, *new;
	size_t size = sizeof(*v) + ROWS * (sizeof(v->brief[0]) + sizeof(v->nested_row[0]) +
					   EXIT_STATS_BUCKETS * sizeof(v->hist[0]));
	bool good = true, brief = true, sums = true, others = true;
	int states = 0;

	exit_stats_record_clear(v, ROWS);
	make_exit(1, true, 100);
	make_exit(1, false, 300);
	make_exit(3, false, 7);
	before = row_of(1);
	hist_before = hist;
	old = malloc(size);
	new = malloc(size);
	memcpy(old, v, size);
	make_exit(1, true, 200);
	memcpy(new, v, size);

	/* Each of the six stores done or not: more states than one order has. */
	for (int done = 0; done < 64; done++) {
		struct exit_stats_brief *b = &v->brief[1];
		struct exit_stats_nested *n = &v->nested_row[1];
		struct exit_stats_brief *nb = new->brief, *ob = old->brief;
		struct exit_stats_nested *nn = in_copy(new, v->nested_row);
		struct exit_stats_nested *on = in_copy(old, v->nested_row);
		local64_t *nh = in_copy(new, v->hist), *oh = in_copy(old, v->hist);
		const int slot = EXIT_STATS_BUCKETS + 7; /* of 200 cycles */

		v->exits = old->exits; /* and started is one ahead */
		b->count = done & 1 ? nb[1].count : ob[1].count;
		b->total = done & 2 ? nb[1].total : ob[1].total;
		v->cycles = done & 4 ? new->cycles : old->cycles;
		v->hist[slot] = done & 8 ? nh[slot] : oh[slot];
		n->count = done & 16 ? nn[1].count : on[1].count;
		n->total = done & 32 ? nn[1].total : on[1].total;

		got = row_of(1);
		good &= same(&got, &before) && !memcmp(&hist, &hist_before, sizeof(hist));
		exit_stats_record_brief(v, 1, &got);
		brief &= got.count == 2 && got.total == 400;
		exit_stats_record_total(v, &total);
		sums &= total.count == 3 && total.total == 407;
		other = row_of(3);
		others &= other.count == 1 && other.total == 7;
		states++;
	}
	ok(good, "a row that stands half written reads as it was before, in %d states", states);
	ok(brief, "so do its count and total for a leaf");
	ok(sums, "and the total of all rows");
	ok(others, "another row reads as it is");
	free(old);
	free(new);
}

/* A reader that finds the record in motion at each try makes do with what there is. */
static void check_in_motion(void)
{
	struct exit_stats_row got;

	exit_stats_record_clear(v, ROWS);
	local64_set(&v->started, 9);
	local64_set(&v->brief[1].count, 3);
	local64_set(&v->brief[1].total, 1000);
	v->brief[1].min = 10;
	v->brief[1].max = 20;
	exit_stats_record_brief(v, 1, &got);
	ok(got.count == 3 && got.total == 60, "a row in motion: total is not above count x max");
	local64_set(&v->brief[1].count, 1ull << 33);
	local64_set(&v->brief[1].total, 1ull << 50);
	v->brief[1].max = 1ull << 40;
	exit_stats_record_brief(v, 1, &got);
	ok(got.total == 1ull << 50, "also where that is more than 64 bits");
	local64_set(&v->brief[1].total, 7);
	exit_stats_record_brief(v, 1, &got);
	ok(got.total == 10ull << 33, "nor is it below count x min");
	local64_set(&v->exits, 4);
	local64_set(&v->cycles, 700);
	got = (struct exit_stats_row){ 1, 2, 3, 4 };
	exit_stats_record_total(v, &got);
	ok(got.count == 4 && got.total == 700 && !got.min && !got.max,
	   "the total of all rows is what they say then, without min and max");
	exit_stats_record_clear(v, ROWS);
}

static void check_merge(void)
{
	struct exit_stats_row a = {}, b = { 2, 30, 10, 20, 1, 10 }, zero = {};

	exit_stats_row_merge(&a, &zero);
	ok(same(&a, &zero), "nothing merged into nothing is nothing");
	exit_stats_row_merge(&a, &b);
	ok(same(&a, &b), "a row merged into nothing is that row");
	exit_stats_row_merge(&a, &zero);
	ok(same(&a, &b), "nothing merged into a row leaves min alone");
}

int main(void)
{
	v = exit_stats_record_alloc(ROWS);
	v->batch_left = batch;
	ok(((uintptr_t)v->brief & 63) == 0 && sizeof(v->brief[0]) == 32,
	   "count, total, min and max of a row share a cache line");
	ok((offsetof(struct exit_stats_vcpu, tsc_low) == 64 &&
	    offsetof(struct exit_stats_vcpu, undo_nested_count) == 128),
	   "what readers look at is one line, what the latch writes another");
	check_latch();
	check_close();
	check_total();
	check_half_written();
	check_in_motion();
	check_merge();
	free(v);
	(void)neighbours_used;
	return done_testing();
}
