// SPDX-License-Identifier: GPL-2.0-only
/* The rules, and who breaks them. */
#include <stdarg.h>

#include "rules.h"
#include "tap.h"

#define BASE 11ull
#define STEP 1009ull
#define FAR  1024ull

#define PRINTED 3 /* of each rule */

const char *const rule_names[NR_RULES] = {
	[RULE_EMPTY] = "a row without a count is all 0",
	[RULE_NO_ROW] = "nothing is counted in the row that is no reason's",
	[RULE_TOTAL] = "total and count are of the same exits",
	[RULE_ORDER] = "min <= avg <= max",
	[RULE_MIN_MAX] = "min and max are those of the exits counted",
	[RULE_NESTED] = "nested exits are some of all",
	[RULE_HIST] = "a histogram has each exit in its bucket",
	[RULE_SUM] = "exits, cycles and nested are the sums of the rows",
	[RULE_BACKWARDS] = "exits at an earlier TSC are counted once more, as such",
	[RULE_ALIVE] = "as many VMs and vCPUs are told of as are alive",
	[RULE_ALL_ROWS] = "the leaf for all rows has cycles and exits that belong together",
	[RULE_DOWN_SNAPSHOT] = "no number of a snapshot goes down but by a reset",
	[RULE_DOWN_VM_LEAF] = "no number of a VM's leaf goes down but by a reset",
	[RULE_DOWN_HOST_LEAF] = "no number of the host's leaf goes down but by a reset",
	[RULE_BETWEEN] = "a leaf says no less than the snapshot before it, no more than the next",
	[RULE_RESET] = "after a reset exactly the exits made since are there",
	[RULE_LOST] = "in the end each exit made is counted once",
	[RULE_DUMPS] = "in the end each multiple of the interval was one dump, printed or merged",
	[RULE_FREED] = "in the end all memory is free again",
};

static u64 times[NR_RULES];

void broken(enum rule rule, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	if (__atomic_fetch_add(&times[rule], 1, __ATOMIC_RELAXED) >= PRINTED)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	diag("does not hold: %s: %s", rule_names[rule], text);
}

u64 times_broken(enum rule rule)
{
	return __atomic_exchange_n(&times[rule], 0, __ATOMIC_RELAXED);
}

unsigned int row_of(u32 reason)
{
	return EXIT_STATS_ROW_OF(exit_stats_slot_vmx(&reason));
}

u64 cycles_of(unsigned int row, bool far)
{
	if (row == row_of(BACKWARDS))
		return 0;
	return BASE + STEP * (row + (far ? FAR : 0));
}

static unsigned int bucket_of(u64 cycles)
{
	return ilog2(cycles | 1);
}

/* How many of @count exits of a row were far, or more than @count for nonsense. */
static u64 far_ones(unsigned int row, u64 count, u64 total)
{
	u64 rest = total - count * cycles_of(row, false);

	if (total < count * cycles_of(row, false) || rest % (STEP * FAR))
		return U64_MAX;
	return rest / (STEP * FAR);
}

static void say_row(enum rule rule, const char *what, unsigned int row,
		    const struct exit_stats_row *r)
{
	broken(rule, "%s row %u: count %llu total %llu min %llu max %llu nested %llu %llu", what,
	       row, r->count, r->total, r->min, r->max, r->nested_count, r->nested_total);
}

static void check_brief(const char *what, unsigned int row, const struct exit_stats_row *r)
{
	u64 near = cycles_of(row, false), far = cycles_of(row, true);
	u64 fars, avg;

	if (!r->count) {
		if (r->total || r->min || r->max)
			say_row(RULE_EMPTY, what, row, r);
		return;
	}
	avg = r->total / r->count;
	if (r->min > avg || avg > r->max)
		say_row(RULE_ORDER, what, row, r);
	fars = far_ones(row, r->count, r->total);
	if (fars > r->count)
		say_row(RULE_TOTAL, what, row, r);
	if ((r->min != near && r->min != far) || (r->max != near && r->max != far) ||
	    (fars < r->count && r->min != near) || (fars && r->max != far))
		say_row(RULE_MIN_MAX, what, row, r);
}

static void check_nested(unsigned int row, const struct exit_stats_row *r)
{
	u64 fars = far_ones(row, r->count, r->total);
	u64 nested = far_ones(row, r->nested_count, r->nested_total);

	if (r->nested_count > r->count || nested > fars ||
	    r->nested_count - nested > r->count - fars)
		say_row(RULE_NESTED, "snapshot", row, r);
}

static void check_hist(unsigned int row, const struct exit_stats_row *r,
		       const struct exit_stats_hist *hist)
{
	u64 fars = far_ones(row, r->count, r->total);
	u64 expected[EXIT_STATS_BUCKETS] = {};

	expected[bucket_of(cycles_of(row, false))] += r->count - fars;
	expected[bucket_of(cycles_of(row, true))] += fars;
	if (memcmp(hist->bucket, expected, sizeof(expected)))
		broken(RULE_HIST,
		       "row %u: count %llu, %llu of them far: buckets have %llu and %llu", row,
		       r->count, fars, hist->bucket[bucket_of(cycles_of(row, false))],
		       hist->bucket[bucket_of(cycles_of(row, true))]);
}

static bool went_down(const struct exit_stats_row *was, const struct exit_stats_row *is)
{
	return is->count < was->count || is->total < was->total || is->max < was->max ||
	       (was->count && is->min > was->min);
}

static void say_down(enum rule down, unsigned int row, const struct exit_stats_row *was,
		     const struct exit_stats_row *is)
{
	broken(down,
	       "row %u: count %llu -> %llu total %llu -> %llu min %llu -> %llu max %llu -> %llu nested %llu -> %llu",
	       row, was->count, is->count, was->total, is->total, was->min, is->min, was->max,
	       is->max, was->nested_count, is->nested_count);
}

/* Details that only snapshots have. */
static bool detail_went_down(const struct exit_stats_row *was, const struct exit_stats_row *is)
{
	return is->nested_count < was->nested_count || is->nested_total < was->nested_total;
}

/*
 * A row whose exits were all near has a far max only while a far one is under
 * way, so of one vCPU not in two snapshots with another exit in between.
 */
static void check_leftover(unsigned int row, const struct exit_stats_row *was,
			   const struct exit_stats_row *is)
{
	u64 fars = far_ones(row, is->count, is->total);

	if (is->count == was->count || !was->count)
		return;
	if (fars == 0 && was->max != cycles_of(row, false))
		say_row(RULE_MIN_MAX, "leftover in", row, is);
	if (fars == is->count && was->min != cycles_of(row, true))
		say_row(RULE_MIN_MAX, "leftover in", row, is);
}

static void start_again(struct seen *seen, u64 epoch)
{
	memset(seen, 0, sizeof(*seen));
	seen->any = true;
	seen->epoch = epoch;
}

void check_snap(const struct exit_stats_snap *snap, struct seen *seen)
{
	struct exit_stats_row sum = {};

	if (!seen->any || seen->epoch != snap->epoch)
		start_again(seen, snap->epoch);
	if (snap->row[EXIT_STATS_ROW_ALL].count)
		say_row(RULE_NO_ROW, "snapshot", EXIT_STATS_ROW_ALL, snap->row);
	for (unsigned int i = 0; i < snap->rows; i++) {
		const struct exit_stats_row *r = &snap->row[i];
		struct exit_stats_row *was = &seen->row[i];

		check_brief("snapshot", i, r);
		check_nested(i, r);
		if (snap->hist)
			check_hist(i, r, &snap->hist[i]);
		if (went_down(was, r) || detail_went_down(was, r))
			say_down(RULE_DOWN_SNAPSHOT, i, was, r);
		if (snap->scope == EXIT_STATS_SCOPE_VCPU)
			check_leftover(i, was, r);
		*was = *r;
		sum.count += r->count;
		sum.total += r->total;
		sum.nested_count += r->nested_count;
	}
	if (sum.count != snap->exits || sum.total != snap->cycles ||
	    sum.nested_count != snap->nested)
		broken(RULE_SUM, "exits %llu cycles %llu, rows have %llu and %llu", snap->exits,
		       snap->cycles, sum.count, sum.total);
	if (sum.count < seen->total.count || sum.total < seen->total.total)
		say_down(RULE_DOWN_SNAPSHOT, EXIT_STATS_ROW_ALL, &seen->total, &sum);
	seen->total = sum;
	/* Such an exit is counted as one before its row counts it, and read behind that. */
	if (snap->backwards < seen->backwards ||
	    snap->backwards < snap->row[row_of(BACKWARDS)].count)
		broken(RULE_BACKWARDS, "%llu, %llu in the row, %llu before", snap->backwards,
		       snap->row[row_of(BACKWARDS)].count, seen->backwards);
	seen->backwards = snap->backwards;
}

void check_leaf(unsigned int row, const struct exit_stats_row *r)
{
	check_brief("leaf", row, r);
}

void check_between(const struct exit_stats_row *before, const struct exit_stats_row *leaf,
		   const struct exit_stats_row *after)
{
	static const struct exit_stats_row none;

	/* A leaf that gave up on a vCPU would have an exit that is under way: never seen. */
	if (!before)
		before = &none;
	if (leaf->count < before->count || leaf->count > after->count ||
	    leaf->total < before->total || leaf->total > after->total)
		broken(RULE_BETWEEN, "count %llu <= %llu <= %llu, total %llu <= %llu <= %llu",
		       before->count, leaf->count, after->count, before->total, leaf->total,
		       after->total);
}

void check_total_leaf(const struct exit_stats_row *r)
{
	if (r->total < r->count * BASE || (r->total - r->count * BASE) % STEP)
		broken(RULE_ALL_ROWS, "count %llu total %llu", r->count, r->total);
}

void check_leaf_since(enum rule down, u64 epoch, unsigned int row, const struct exit_stats_row *r,
		      struct seen *seen)
{
	struct exit_stats_row *was = row == EXIT_STATS_ROW_ALL ? &seen->total : &seen->row[row];

	if (!seen->any || seen->epoch != epoch)
		start_again(seen, epoch);
	if (went_down(was, r))
		say_down(down, row, was, r);
	was->count = r->count;
	was->total = r->total;
	was->min = r->min;
	was->max = r->max;
}
