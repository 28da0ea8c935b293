// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_CREATE_VCPU fails with ENOMEM, because there is no memory for the record or later,
 * and undoes what it did. The VM goes on.
 *
 * For test_patched_kvm.sh, which loads a KVM that fails so for two vCPU ids.
 */
#include <errno.h>
#include <sys/ioctl.h>

#include "guest.h"
#include "stats.h"
#include "tap.h"

#define TIMES 20

static struct stats s;

static bool refused(const struct vm *vm, int id)
{
	return ioctl(vm->fd, KVM_CREATE_VCPU, id) < 0 && errno == ENOMEM;
}

int main(void)
{
	int none = 0, later = 0;
	struct vm vm;

	/* With an APIC in the kernel, which is freed too. */
	vm_create_irqchip(&vm, 1);
	for (int i = 0; i < TIMES; i++) {
		none += refused(&vm, NO_MEMORY_VCPU);
		later += refused(&vm, FAILS_LATER_VCPU);
	}
	ok(none == TIMES, "a vCPU without memory for its record is refused with ENOMEM");
	ok(later == TIMES, "a vCPU that fails after it got its record is refused with ENOMEM");
	read_vm_table(&s, &vm);
	ok(s.vcpus == 1 && !s.exits, "the VM has neither vCPU");
	vcpu_create(&vm);
	vm_destroy(&vm);

	vm_create(&vm, 1);
	none = refused(&vm, NO_MEMORY_VCPU) && refused(&vm, FAILS_LATER_VCPU);
	guest_out(&vm, 0, 50);
	read_vm_table(&s, &vm);
	ok(none && stats_row(&s, IO_INSTRUCTION)->count == 50,
	   "a VM goes on after such failures, and its exits are counted");
	vm_destroy(&vm);
	read_host_table(&s);
	ok(!s.vms && !s.vcpus, "no VM and no vCPU is left when the VM is destroyed");
	return done_testing();
}
