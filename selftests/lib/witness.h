/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counts of exits that our code has no hand in: the tracepoint kvm:kvm_exit
 * with a histogram trigger, and KVM's own binary stats.
 *
 * Where they are blind: the tracepoint stands where our latch stands, so a new
 * way around both would escape both. vcpu->stat.exits is counted by another
 * function, for each round of its loop: also for those that entered no guest
 * (emulation of an invalid state, VMfail), which are no exits. Neither knows of
 * cycles; for those there is the TSC around a run, and exit_cost.c.
 *
 * vCPU ids are unique in a VM only: one VM at a time.
 */
#ifndef WITNESS_H
#define WITNESS_H

#include <stdint.h>

#include "guest.h"

/* Reasons as in the basic exit reason, without the flag bits above it. */
#define WITNESS_REASONS 128
#define WITNESS_VCPUS   8

struct witness {
	uint64_t hits[WITNESS_VCPUS][WITNESS_REASONS];
};

void witness_open(void);
void witness_clear(void);
void witness_read(struct witness *w);
void witness_close(void);

/* vcpu->stat.exits, which KVM counts where vcpu_enter_guest() goes on. */
uint64_t witness_stat_exits(const struct vcpu *vcpu);

#endif
