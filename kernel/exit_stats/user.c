// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exits that user space has to finish: how many, and how long that takes.
 *
 * KVM_RUN returns for the vCPU's latest exit: its row and the TSC are noted. At the next KVM_RUN
 * the row gets one exit more and the cycles since then. An exit counts once. For split MMIO
 * accesses and string I/O KVM returns once for each part: complete_userspace_io, with which KVM_RUN
 * goes on, leaves again. Any other return without a new exit belongs to no exit.
 */
#include <linux/kvm_host.h>

#include "exit_stats.h"
#include "hooks.h"

/* Signals, interrupt windows and full dirty rings are no part of an exit; nor are most errors. */
static bool exit_stats_user_finishes(int ret, u32 why)
{
	if (ret < 0)
		return (ret == -EFAULT || ret == -EHWPOISON) && why == KVM_EXIT_MEMORY_FAULT;
	return why != KVM_EXIT_INTR && why != KVM_EXIT_IRQ_WINDOW_OPEN &&
	       why != KVM_EXIT_DIRTY_RING_FULL;
}

/* Does KVM_RUN return for an exit: for a new one, or for a further part of the one before? */
static bool exit_stats_user_has_exit(struct exit_stats_vcpu *v)
{
	bool first = v->exits > READ_ONCE(v->user_exits);	/* EXIT_STATS_DISCARDED: never */

	v->user_first = first;
	return first || READ_ONCE(v->user_more);
}

/*
 * Note that KVM_RUN returns @ret, with @why in run->exit_reason. @v is NULL for a TDX guest.
 * Context: the vCPU's thread, in KVM_RUN, recording is on. Switching off runs synchronize_rcu()
 * between disabling starts and discarding, so it does not miss a store made with preemption off.
 */
void __kvm_exit_stats_to_user(struct exit_stats_vcpu *v, int ret, u32 why)
{
	if (!v || !exit_stats_user_finishes(ret, why))
		return;
	preempt_disable();
	if (static_branch_likely(&kvm_exit_stats_starts) && exit_stats_user_has_exit(v)) {
		v->user_tsc = rdtsc();
		WRITE_ONCE(v->user_row, v->start_row);
	}
	preempt_enable();
}

/*
 * Count the exit that user space has finished, if there is one. @more: KVM_RUN goes on with a
 * callback, so it may leave for a further part. Context: as above.
 */
void __kvm_exit_stats_from_user(struct exit_stats_vcpu *v, bool more)
{
	struct exit_stats_row *r;
	u64 cycles;

	if (!v)
		return;
	WRITE_ONCE(v->user_exits, v->exits);
	r = READ_ONCE(v->user_row);
	if (!r) {
		WRITE_ONCE(v->user_more, false);
		return;
	}
	WRITE_ONCE(v->user_more, more);
	WRITE_ONCE(v->user_row, NULL);
	cycles = rdtsc() - v->user_tsc;
	if ((s64)cycles < 0)
		cycles = 0;
	preempt_disable();
	write_seqcount_begin(&v->seq);
	r->user_count += v->user_first;
	r->user_total += cycles;
	write_seqcount_end(&v->seq);
	preempt_enable();
}
