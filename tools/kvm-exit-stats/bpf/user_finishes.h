/* SPDX-License-Identifier: GPL-2.0-only */
/* Which return of KVM_RUN asks user space to finish an exit. For BPF programs. */
#ifndef BPF_USER_FINISHES_H
#define BPF_USER_FINISHES_H

#include <stdbool.h>

#include <linux/errno.h>
#include <linux/types.h>

/* From linux/kvm.h, whose structures have the names of ours. */
enum {
	KVM_EXIT_IRQ_WINDOW_OPEN = 7,
	KVM_EXIT_INTR = 10,
	KVM_EXIT_DIRTY_RING_FULL = 31,
	KVM_EXIT_MEMORY_FAULT = 39,
};

/* @result is what KVM_RUN returns, @why is run->exit_reason. */
static inline bool user_finishes(int result, __u32 why)
{
	if (result < 0)
		return (result == -EFAULT || result == -EHWPOISON) && why == KVM_EXIT_MEMORY_FAULT;
	return why != KVM_EXIT_INTR && why != KVM_EXIT_IRQ_WINDOW_OPEN &&
	       why != KVM_EXIT_DIRTY_RING_FULL;
}

#endif
