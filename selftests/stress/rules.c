// SPDX-License-Identifier: GPL-2.0-only
/* Checks the rules of rules.h. */
#include <stdarg.h>

#include "rules.h"
#include "tap.h"

#define BASE 11ull
#define STEP 1009ull

#define PRINTED 3 /* of each rule */

const char *const rule_names[NR_RULES] = {
#define RULE_NAME(rule, name) [RULE_##rule] = (name),
	RULES(RULE_NAME)
};

bool rules_no_reset, rules_backwards;

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
	diag("rule violated: %s: %s", rule_names[rule], text);
}

u64 times_broken(enum rule rule)
{
	return __atomic_exchange_n(&times[rule], 0, __ATOMIC_RELAXED);
}

unsigned int row_of(u32 reason)
{
	return exit_stats_row_of(&kvm_exit_stats_table_vmx, (u16)reason);
}

/* How many more cycles a far exit takes than a near exit. */
static u64 far_more(unsigned int row)
{
	return STEP << (row == row_of(LAST) ? 22 : 10);
}

u64 cycles_of(unsigned int row, bool far)
{
	if (row == row_of(BACKWARDS))
		return 0;
	return BASE + STEP * row + (far ? far_more(row) : 0);
}

unsigned int bucket_of(u64 cycles)
{
	return min(__fls(cycles | 1), EXIT_STATS_BUCKETS - 1ul);
}

/* How many of @count exits were far; more than @count if @total does not fit. */
static u64 far_ones(unsigned int row, u64 count, u64 total)
{
	u64 rest = total - count * cycles_of(row, false);

	if (total < count * cycles_of(row, false) || rest % far_more(row))
		return U64_MAX;
	return rest / far_more(row);
}

static void say_row(enum rule rule, const char *what, unsigned int row,
		    const struct exit_stats_row *r)
{
	broken(rule, "%s row %u: count %llu total %llu min %llu max %llu nested %llu %llu", what,
	       row, r->count, r->total, r->min, r->max, r->nested_count, r->nested_total);
}

/*
 * A reset clears min and max in the records. So min and max may miss an exit that an outer
 * scope still counts, or that ended during the reset. The average then replaces them.
 */
static bool min_max_right(unsigned int row, const struct exit_stats_row *r, bool quiet)
{
	u64 near = cycles_of(row, false), far = cycles_of(row, true), avg = r->total / r->count;
	u64 fars = far_ones(row, r->count, r->total);

	if (rules_no_reset || (quiet && (fars == 0 || fars == r->count)))
		return r->min == (fars < r->count ? near : far) && r->max == (fars ? far : near);
	return (r->min == near || r->min == far || r->min == avg) &&
	       (r->max == near || r->max == far || r->max == avg);
}

static void check_row(const char *what, unsigned int row, const struct exit_stats_row *r,
		      bool quiet)
{
	u64 avg, fars = far_ones(row, r->count, r->total);
	u64 nested = far_ones(row, r->nested_count, r->nested_total);

	if (!r->count) {
		if (r->total || r->min || r->max || r->nested_count || r->nested_total)
			say_row(RULE_EMPTY, what, row, r);
		return;
	}
	avg = r->total / r->count;
	if (r->min > avg || avg > r->max)
		say_row(RULE_ORDER, what, row, r);
	if (fars > r->count)
		say_row(RULE_TOTAL, what, row, r);
	else if (!min_max_right(row, r, quiet))
		say_row(RULE_MIN_MAX, what, row, r);
	if (r->nested_count > r->count || nested > fars ||
	    r->nested_count - nested > r->count - fars)
		say_row(RULE_NESTED, what, row, r);
}

static void check_hist(unsigned int row, const struct exit_stats_row *r)
{
	u64 fars = far_ones(row, r->count, r->total), expected[EXIT_STATS_BUCKETS] = {};
	unsigned int near = bucket_of(cycles_of(row, false)), far = bucket_of(cycles_of(row, true));

	expected[near] += r->count - fars;
	expected[far] += fars;
	if (memcmp(r->bucket, expected, sizeof(expected)))
		broken(RULE_HIST,
		       "row %u: count %llu, %llu of them far: buckets have %llu and %llu", row,
		       r->count, fars, r->bucket[near], r->bucket[far]);
}

static bool went_down(const struct exit_stats_row *was, const struct exit_stats_row *is)
{
	if (is->count < was->count || is->total < was->total ||
	    is->nested_count < was->nested_count || is->nested_total < was->nested_total)
		return true;
	return rules_no_reset && was->count && (is->min > was->min || is->max < was->max);
}

static void check_down(enum rule down, unsigned int row, struct exit_stats_row *was,
		       const struct exit_stats_row *is)
{
	if (went_down(was, is)) {
		say_row(down, "before,", row, was);
		say_row(down, "then,", row, is);
	}
	*was = *is;
}

static void start_again(struct seen *seen, u64 epoch)
{
	if (seen->any && seen->epoch == epoch)
		return;
	memset(seen, 0, sizeof(*seen));
	seen->any = true;
	seen->epoch = epoch;
}

void check_snap(const struct exit_stats_snap *snap, struct seen *seen)
{
	u64 exits = 0, cycles = 0, nested = 0;

	start_again(seen, snap->epoch);
	for (unsigned int i = 0; i < snap->rows; i++) {
		const struct exit_stats_row *r = &snap->row[i];

		check_row("snapshot", i, r, true);
		if (snap->hist)
			check_hist(i, r);
		check_down(RULE_DOWN_SNAPSHOT, i, &seen->row[i], r);
		exits += r->count;
		cycles += r->total;
		nested += r->nested_count;
	}
	if (exits != snap->exits || cycles != snap->cycles || nested != snap->nested)
		broken(RULE_SUM, "exits %llu cycles %llu, rows have %llu and %llu", snap->exits,
		       snap->cycles, exits, cycles);
	/* A baseline may have been captured between the two stores of such an exit. */
	if (snap->backwards < seen->backwards ||
	    (rules_no_reset && snap->backwards < snap->row[row_of(BACKWARDS)].count))
		broken(RULE_BACKWARDS, "%llu, %llu in the row, %llu before", snap->backwards,
		       snap->row[row_of(BACKWARDS)].count, seen->backwards);
	seen->backwards = snap->backwards;
}

struct exit_stats_leaf_row leaf_of(const struct exit_stats_snap *snap, unsigned int row)
{
	return (struct exit_stats_leaf_row){ snap->epoch, snap->exits, snap->cycles,
					     snap->row[row] };
}

void check_leaf(unsigned int row, const struct exit_stats_leaf_row *leaf, bool quiet)
{
	u64 more = leaf->cycles - leaf->exits * BASE;

	check_row("leaf", row, &leaf->row, quiet);
	if (!rules_backwards && (leaf->cycles < leaf->exits * BASE || more % STEP))
		broken(RULE_ALL_ROWS, "exits %llu cycles %llu", leaf->exits, leaf->cycles);
}

void check_no_less(enum rule rule, const struct exit_stats_leaf_row *sooner,
		   const struct exit_stats_leaf_row *later)
{
	if (later->epoch == sooner->epoch &&
	    (later->exits < sooner->exits || later->cycles < sooner->cycles ||
	     later->row.count < sooner->row.count || later->row.total < sooner->row.total))
		broken(rule, "exits %llu, %llu cycles %llu, %llu count %llu, %llu total %llu, %llu",
		       sooner->exits, later->exits, sooner->cycles, later->cycles,
		       sooner->row.count, later->row.count, sooner->row.total, later->row.total);
}

void check_leaf_since(enum rule down, unsigned int row, const struct exit_stats_leaf_row *leaf,
		      struct seen *seen)
{
	start_again(seen, leaf->epoch);
	if (leaf->exits < seen->exits || leaf->cycles < seen->cycles)
		broken(down, "exits %llu, then %llu, cycles %llu, then %llu", seen->exits,
		       leaf->exits, seen->cycles, leaf->cycles);
	seen->exits = leaf->exits;
	seen->cycles = leaf->cycles;
	check_down(down, row, &seen->row[row], &leaf->row);
}
