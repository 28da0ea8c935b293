// SPDX-License-Identifier: GPL-2.0-only
/* Lets a vCPU begin at a routine of hostile_code.S. */
#include <string.h>
#include <sys/ioctl.h>

#include "hostile.h"
#include "tap.h"

extern const char hostile_code_start[], hostile_code_end[];

void hostile_call(struct vm *vm, int n, const char *routine, uint64_t rdi, uint64_t rsi)
{
	struct kvm_regs regs;

	memcpy(vm->mem + HOSTILE_CODE, hostile_code_start, hostile_code_end - hostile_code_start);
	/* Mode and stack are as for any routine. */
	vcpu_call(vm, n, guest_hlt_loop, rdi, rsi, 0);
	if (ioctl(vm->vcpu[n].fd, KVM_GET_REGS, &regs))
		bail_out("KVM_GET_REGS");
	regs.rip = HOSTILE_CODE + (routine - hostile_code_start);
	if (ioctl(vm->vcpu[n].fd, KVM_SET_REGS, &regs))
		bail_out("KVM_SET_REGS");
}
