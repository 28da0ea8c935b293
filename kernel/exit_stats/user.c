// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exits that user space has to finish: how many, and how long that takes.
 *
 * KVM_RUN returns for the vCPU's latest exit: its row and the TSC are noted. At the next KVM_RUN
 * the row gets one exit more and the cycles since then. An exit counts once. For split MMIO
 * accesses and string I/O KVM returns once for each part: if KVM_RUN returns without a new exit and
 * with the same run->exit_reason as before, the return belongs to the previous exit. With another
 * exit_reason it belongs to no exit.
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

/*
 * Note that KVM_RUN returns @ret, with @why in run->exit_reason. @v is NULL for a TDX guest.
 * Context: the vCPU's thread, in KVM_RUN, recording is on. Whoever discards starts waits
 * until preemption is on again.
 */
void __kvm_exit_stats_to_user(struct exit_stats_vcpu *v, int ret, u32 why)
{
	bool first;

	if (!v)
		return;
	first = v->exits != v->user_exits;
	v->user_exits = v->exits;
	if (!exit_stats_user_finishes(ret, why) || (!first && why != v->user_why))
		return;
	v->user_first = first;
	v->user_why = why;
	v->user_tsc = rdtsc();
	preempt_disable();
	if (static_branch_likely(&kvm_exit_stats_starts))
		WRITE_ONCE(v->user_row, v->start_row);
	preempt_enable();
}

/* Count the exit that user space has finished, if there is one. Context: as above. */
void __kvm_exit_stats_from_user(struct exit_stats_vcpu *v)
{
	struct exit_stats_row *r = v ? READ_ONCE(v->user_row) : NULL;
	u64 cycles;

	if (!r)
		return;
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
