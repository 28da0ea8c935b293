/* SPDX-License-Identifier: GPL-2.0-only */
/* Run a routine of truth.h, which ends in an OUT to PORT_DONE. */
#ifndef DONE_H
#define DONE_H

#include <errno.h>
#include <sys/ioctl.h>

#include "guest.h"
#include "tap.h"

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

#endif
