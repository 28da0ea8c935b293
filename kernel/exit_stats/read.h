/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reader's side of a record, inline, for a record that is quiet: no update
 * is under way when a row is read, and none has begun when it was. Otherwise
 * the reader goes to record.c, which knows what to do with half an update.
 *
 * For a row of nearly any record, these few lines are all that a reader executes.
 */
#ifndef EXIT_STATS_READ_H
#define EXIT_STATS_READ_H

#include <linux/compiler.h>
#include <asm/barrier.h>

#include "record.h"

/*
 * Is no update under way? @exits is for exit_stats_still_quiet(). An update
 * raises started first and exits last, so both are equal only between two.
 */
static __always_inline bool exit_stats_quiet(const struct exit_stats_vcpu *v, u64 *exits)
{
	*exits = local64_read(&v->exits);
	smp_rmb();	/* in this order: an update that ends in between is seen */
	if (unlikely(local64_read(&v->started) != *exits))
		return false;
	smp_rmb();	/* both before the row: pairs with the writer's */
	return true;
}

/* Has none begun since? Then what was read is one row of one moment. */
static __always_inline bool exit_stats_still_quiet(const struct exit_stats_vcpu *v, u64 exits)
{
	smp_rmb();	/* the row before started: pairs with the writer's */
	return likely(local64_read(&v->started) == exits);
}

/**
 * exit_stats_row_merge - add one row to another
 * @to: what is added to; all 0 at first
 * @from: what is added
 *
 * Context: any; the caller keeps both from changing.
 */
static __always_inline void exit_stats_row_merge(struct exit_stats_row *to,
						 const struct exit_stats_row *from)
{
	if (!from->count)
		return;
	if (!to->count || from->min < to->min)
		to->min = from->min;
	if (from->max > to->max)
		to->max = from->max;
	to->count += from->count;
	to->total += from->total;
	to->nested_count += from->nested_count;
	to->nested_total += from->nested_total;
}

/**
 * exit_stats_hist_merge - add one row's histogram to another's
 * @to: what is added to
 * @from: what is added
 *
 * Context: any; the caller keeps both from changing.
 */
static __always_inline void exit_stats_hist_merge(struct exit_stats_hist *to,
						  const struct exit_stats_hist *from)
{
	int i;

#pragma GCC unroll 32
	for (i = 0; i < EXIT_STATS_BUCKETS; i++)
		to->bucket[i] += from->bucket[i];
}

#endif
