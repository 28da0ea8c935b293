/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counts of exits that our code has no hand in: the tracepoint kvm:kvm_exit
 * with a histogram trigger, and KVM's own binary stats.
 *
 * Where they are blind: the tracepoint stands where our start hook stands, so a new
 * way around both would escape both. (Of kvm_amd it stands in svm_handle_exit():
 * an exit that the fast path answered by entering again would be missing. In 6.1
 * kvm_amd has no such exit.) vcpu->stat.exits is counted by another
 * function, for each round of its loop: also for those that entered no guest
 * (emulation of an invalid state, VMfail), which are no exits. Where KVM emulates, a
 * kprobe on vmx_vcpu_run(), less the tracepoint kvm:kvm_entry in it, tells how many those
 * are. None of them knows of cycles; for those there is the TSC around a run, and
 * exit_cost.c.
 *
 * vCPU ids are unique in a VM only: one VM at a time.
 */
#ifndef WITNESS_H
#define WITNESS_H

#include <stdint.h>

#include "guest.h"
#include "stats.h"

/*
 * Reasons as in the basic exit reason, without the flag bits above it; or SVM's exit
 * codes, with -1 behind the others.
 */
#define WITNESS_REASONS 0x405
#define WITNESS_VCPUS	8

static inline long witness_reason(int i)
{
	return i == WITNESS_REASONS - 1 ? (long)SVM_ERR : i;
}

static inline uint32_t witness_index(uint32_t reason)
{
	return reason == SVM_ERR ? WITNESS_REASONS - 1 : reason;
}

struct witness {
	uint64_t hits[WITNESS_VCPUS][WITNESS_REASONS]; /* by i of witness_reason() */
	/* Of all vCPUs, after witness_open_runs(): calls of vmx_vcpu_run(), and kvm:kvm_entry. */
	uint64_t runs, entries;
};

/* For VMX: witness_open() opens the kprobe too, and witness_close() takes it away. */
void witness_open_runs(void);
void witness_open(void);
void witness_clear(void);
void witness_read(struct witness *w);
void witness_close(void);

/* vcpu->stat.exits, which KVM counts where vcpu_enter_guest() goes on. */
uint64_t witness_stat_exits(const struct vcpu *vcpu);

#endif
