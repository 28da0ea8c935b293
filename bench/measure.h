/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs that measure share. */
#ifndef MEASURE_H
#define MEASURE_H

#include <errno.h>
#include <stdint.h>
#include <sys/ioctl.h>

#include "guest.h"
#include "tap.h"

/* Run a routine of truth.h, which ends in an OUT to PORT_DONE. */
static inline void run_to_done(struct vm *vm, int n)
{
	struct vcpu *vcpu = &vm->vcpu[n];

	do {
		if (ioctl(vcpu->fd, KVM_RUN, 0) && errno != EINTR)
			bail_out("KVM_RUN");
		if (vcpu->run->exit_reason != KVM_EXIT_IO &&
		    vcpu->run->exit_reason != KVM_EXIT_INTR)
			bail_out("KVM_RUN: exit reason %u", vcpu->run->exit_reason);
	} while (vcpu->run->exit_reason != KVM_EXIT_IO || vcpu->run->io.port != PORT_DONE);
}

/* The ticks of the round that nothing disturbed. */
static inline uint64_t least(int rounds, uint64_t (*measure)(const void *arg), const void *arg)
{
	uint64_t best = UINT64_MAX, took;

	while (rounds--) {
		took = measure(arg);
		if (took < best)
			best = took;
	}
	return best;
}

#endif
