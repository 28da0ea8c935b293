/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hot path: the code that every VM exit runs, inline in the vendor module, and in kvm.ko for
 * the fast path's ends. It ends with an update of the record (record.h). It takes no lock. Only at
 * the end of a batch it executes a locked instruction on a shared cache line: one atomic addition
 * in many exits.
 */
#ifndef EXIT_STATS_HOT_H
#define EXIT_STATS_HOT_H

#include <linux/bitops.h>
#include <asm/tsc.h>

#include "mmu.h"
#include "record.h"

/* Note an exit's row, by its offset (reasons.h), and start time. Context: interrupts off. */
static __always_inline void exit_stats_start(struct exit_stats_vcpu *v, unsigned int offset,
					     struct kvm_vcpu *vcpu)
{
	v->start_row = (void *)v->row + offset;
	if (unlikely(is_guest_mode(vcpu)))
		WRITE_ONCE(v->pending, EXIT_STATS_PENDING_NESTED);
	else
		WRITE_ONCE(v->pending, EXIT_STATS_PENDING);
	v->start_tsc = rdtsc();
}

/*
 * End the pending exit and count it. Four cases are out of line (record.c): no pending exit, exits
 * of L2, of 0 cycles, and of 2^31 or more. Context: the vCPU's thread, interrupts on or off.
 */
static __always_inline void exit_stats_end(struct exit_stats_vcpu *v)
{
	u64 cycles;

	/* Another thread may discard the exit now. A plain load saves an instruction. */
	if (unlikely(data_race(v->pending) != EXIT_STATS_PENDING)) {
		kvm_exit_stats_end_nested(v);
		return;
	}
	cycles = rdtsc() - v->start_tsc;
	WRITE_ONCE(v->pending, EXIT_STATS_NOT_PENDING);
	if (unlikely(!cycles || cycles >= 1ull << (EXIT_STATS_BUCKETS - 1)))
		kvm_exit_stats_end_odd(v, cycles, false);
	else
		exit_stats_count(v, cycles, __fls(cycles), false);
}

#endif
