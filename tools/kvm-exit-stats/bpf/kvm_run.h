/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When KVM_RUN begins and ends, and which end asks user space to finish an exit. For BPF
 * programs.
 *
 * They attach to kvm_arch_vcpu_load() and kvm_arch_vcpu_put(). KVM_RUN calls the first near
 * its start and the second near its end, both with preemption disabled. At
 * kvm_arch_vcpu_ioctl_run() they would miss calls: a thread can be preempted within a program
 * there, and until it goes on the kernel skips the program for all other threads on that
 * processor.
 */
#ifndef BPF_KVM_RUN_H
#define BPF_KVM_RUN_H

#include <stdbool.h>

#include <linux/types.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "kvm_types.h"

/* From linux/kvm.h, whose structures have the names of ours. */
enum {
	KVM_EXIT_UNKNOWN = 0,
	KVM_EXIT_IRQ_WINDOW_OPEN = 7,
	KVM_EXIT_INTR = 10,
	KVM_EXIT_DIRTY_RING_FULL = 31,
};

/*
 * True in KVM_RUN, unless immediate_exit is set; false in the vCPU's other ioctls. Without
 * wants_to_run (before 6.11; Debian's 6.1 has it) it is always true. Each ioctl then looks like
 * KVM_RUN: user space's time for an exit ends there, and the rest counts as "not for an exit".
 */
static __always_inline bool in_kvm_run(const struct kvm_vcpu *vcpu)
{
	return !bpf_core_field_exists(vcpu->wants_to_run) || vcpu->wants_to_run;
}

/* The scheduler puts a vCPU too: when its thread is preempted, or sleeps. */
static __always_inline bool ends_kvm_run(const struct kvm_vcpu *vcpu)
{
	const struct task_struct *thread = bpf_get_current_task_btf();

	return in_kvm_run(vcpu) && !vcpu->preempted && !thread->__state;
}

/*
 * KVM_RUN returns for other reasons, mostly for a signal. If it fails after an exit, 6.12 and
 * 7.2 leave "unknown" in exit_reason; 6.1 leaves the reason of an earlier return.
 */
static __always_inline bool user_finishes(const struct kvm_vcpu *vcpu)
{
	__u32 why = vcpu->run->exit_reason;

	return why != KVM_EXIT_UNKNOWN && why != KVM_EXIT_INTR && why != KVM_EXIT_IRQ_WINDOW_OPEN &&
	       why != KVM_EXIT_DIRTY_RING_FULL;
}

#endif
