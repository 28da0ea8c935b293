/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hot path: the code that every VM exit runs, inline in the vendor module. It ends with an
 * update of the record (record.h). It takes no lock. Only at the end of a batch it executes a
 * locked instruction on a shared cache line: one atomic addition in many exits.
 */
#ifndef EXIT_STATS_HOT_H
#define EXIT_STATS_HOT_H

#include <linux/bitops.h>
#include <asm/tsc.h>

#include "record.h"

/* Note an exit's row and start time. @offset is the offset of the row (reasons.h). */
static __always_inline void exit_stats_start(struct exit_stats_vcpu *v, unsigned int offset,
					     bool nested)
{
	struct exit_stats_row *r = (void *)v->row + offset;

	if (unlikely(nested))
		WRITE_ONCE(v->start_nested_row, r);
	else
		WRITE_ONCE(v->start_row, r);
	v->start_tsc = rdtsc();
}

/*
 * End the pending exit, if there is one, and count it. Three kinds are counted out of line
 * (record.c): exits of L2, exits of 0 cycles, and exits of 2^31 or more cycles.
 */
static __always_inline void exit_stats_end(struct exit_stats_vcpu *v)
{
	struct exit_stats_row *r = READ_ONCE(v->start_row);
	u64 cycles;

	if (unlikely(!r)) {
		kvm_exit_stats_end_nested(v);
		return;
	}
	cycles = rdtsc() - v->start_tsc;
	WRITE_ONCE(v->start_row, NULL);
	if (unlikely(!cycles || cycles >= 1ull << (EXIT_STATS_BUCKETS - 1)))
		kvm_exit_stats_end_odd(v, r, cycles, false);
	else
		exit_stats_count(v, r, cycles, __fls(cycles), false);
}

#endif
