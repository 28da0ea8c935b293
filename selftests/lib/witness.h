/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counts of exits that do not depend on our code: the tracepoint kvm:kvm_exit with a
 * histogram trigger, and KVM's own binary stats.
 *
 * Limits: KVM calls the tracepoint and our start hook at the same place, so both would miss
 * an exit on a new path of KVM. (kvm_amd calls the tracepoint in svm_handle_exit(), so it
 * misses exits that the fast path handles by re-entry; kvm_amd of 6.1 has none.)
 * vcpu->stat.exits is counted by another function, once in each round of its loop: also in
 * rounds that enter no guest (emulation of an invalid state, VMfail) and so make no exit.
 * The number of those rounds is the hits of a kprobe on vmx_vcpu_run() minus those of the
 * tracepoint kvm:kvm_entry. No witness counts cycles. Cycles are compared with the TSC around
 * a run, and in exit_cost.c.
 *
 * vCPU ids are unique only within a VM: run one VM at a time.
 */
#ifndef WITNESS_H
#define WITNESS_H

#include <stdint.h>

#include "guest.h"
#include "stats.h"

/* The basic exit reasons, without flag bits, or SVM's exit codes with -1 after the others. */
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
	uint64_t hits[WITNESS_VCPUS][WITNESS_REASONS]; /* by witness_index() */
	/* After witness_open_runs(), of all vCPUs: calls of vmx_vcpu_run() and of kvm:kvm_entry. */
	uint64_t runs, entries;
};

/* For VMX: add the kprobe. witness_close() removes it. */
void witness_open_runs(void);
void witness_open(void);
void witness_clear(void);
void witness_read(struct witness *w);
void witness_close(void);

/* The counter vcpu->stat.exits. */
uint64_t witness_stat_exits(const struct vcpu *vcpu);

#endif
