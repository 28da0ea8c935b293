/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hot path: what every VM exit executes of us. Inline in the vendor module;
 * what is not the common case goes to record.c.
 *
 * The stores are plain: x86 keeps their order, so smp_wmb() only binds the
 * compiler. What readers may see half done is local64_t (one instruction, not
 * locked) or READ_ONCE()/WRITE_ONCE(). The reader's side is in record.c.
 */
#ifndef EXIT_STATS_HOT_H
#define EXIT_STATS_HOT_H

#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/build_bug.h>
#include <asm/barrier.h>

#include "record.h"

static_assert(sizeof(struct exit_stats_brief) % EXIT_STATS_BUCKETS == 0);

void exit_stats_hand_in(struct exit_stats_vcpu *v);

/*
 * The TSC in the halves that it comes in, the upper bits of both registers clear;
 * the unit tests have their own clock.
 */
#ifndef exit_stats_tsc
static __always_inline void exit_stats_tsc(unsigned long *low, unsigned long *high)
{
	asm volatile("rdtsc" : "=a" (*low), "=d" (*high));
}
#endif

/*
 * Latch an exit for the row whose slots begin at @first. @flags are KVM's hflags, of
 * which HF_GUEST_MASK matters; with any other set the close is not the common one.
 */
static __always_inline void exit_stats_latch(struct exit_stats_vcpu *v, u32 first, u16 flags)
{
	unsigned long low, high;

	WRITE_ONCE(v->latched, first);
	WRITE_ONCE(v->mark, flags);
	exit_stats_tsc(&low, &high);
	v->tsc_low = low;
	v->tsc_high = high;
}

/*
 * One exit into the row whose slots begin at @first; @bucket is that of @cycles. A
 * row's brief lies as many bytes behind the first one as it has slots before it, or a
 * multiple, which saves the row's number.
 */
static __always_inline void exit_stats_count(struct exit_stats_vcpu *v, unsigned long first,
					     u64 cycles, unsigned long bucket, bool nested)
{
	unsigned long slot = first + bucket;
	struct exit_stats_nested *n = &v->nested_row[EXIT_STATS_ROW_OF(first)];
	struct exit_stats_brief *b = (void *)v->brief + (first - EXIT_STATS_CLOSED) *
				     (sizeof(*b) / EXIT_STATS_BUCKETS);

	OPTIMIZER_HIDE_VAR(b);	/* one address for all of the row's numbers */
	WRITE_ONCE(v->mark, nested ? slot | EXIT_STATS_NESTED : slot);	/* ends the latch */
	WRITE_ONCE(v->undo_count, local64_read(&b->count));
	WRITE_ONCE(v->undo_total, local64_read(&b->total));
	WRITE_ONCE(v->undo_cycles, local64_read(&v->cycles));
	if (nested) {
		WRITE_ONCE(v->undo_nested_count, local64_read(&n->count));
		WRITE_ONCE(v->undo_nested_total, local64_read(&n->total));
	}
	smp_wmb();	/* undo before started: read_begin() */
	local64_inc(&v->started);
	smp_wmb();	/* started before the row: read_retry() */

	/* min and max need no undo: wider than the counted exits is still true. */
	if (cycles < b->min)
		WRITE_ONCE(b->min, cycles);
	if (cycles > b->max)
		WRITE_ONCE(b->max, cycles);
	local64_inc(&b->count);
	local64_add(cycles, &b->total);
	local64_add(cycles, &v->cycles);
	local64_inc(&v->hist[slot - EXIT_STATS_CLOSED]);
	if (nested) {
		local64_inc(&n->count);
		local64_add(cycles, &n->total);
	}

	smp_wmb();	/* the row before exits: read_begin() */
	local64_inc(&v->exits);
	smp_wmb();	/* exits before the next undo: read_retry() */

	if (unlikely(--v->batch_left == 0))
		exit_stats_hand_in(v);
}

/*
 * Close the exit that is latched, if one is. In 32 bits: with the TSC's high half as
 * it was, and the low one above, the difference is the cycles, and its bucket below
 * 32. Once in 2^32 cycles that does not hold.
 */
static __always_inline void exit_stats_close(struct exit_stats_vcpu *v)
{
	unsigned long first = READ_ONCE(v->latched);
	unsigned long cycles, high;
	bool not_above;

	smp_rmb();	/* latched before poked: pairs with exit_stats_drop_latched() */
	exit_stats_tsc(&cycles, &high);
	/* One instruction for the difference and for what a compare would tell. */
	asm("subl %[then], %k[cycles]"
	    : [cycles] "+r" (cycles), "=@ccbe" (not_above)
	    : [then] "m" (v->tsc_low));
	/* A reset that sets poked just now is met at the next close. */
	if (unlikely(not_above || high != data_race(v->common_high))) {
		exit_stats_record_close(v);
		return;
	}
	exit_stats_count(v, first, cycles, __fls(cycles), false);
}

#endif
