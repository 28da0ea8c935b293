// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vCPU for whose record there is no memory, and one that fails when it has its record:
 * KVM_CREATE_VCPU fails with ENOMEM, undoes what it did, and its VM goes on.
 *
 * For test_patched_kvm.sh, which loads a KVM that has no memory where it is asked for it.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "guest.h"
#include "stats.h"
#include "tap.h"

#define TIMES 20

static struct stats s;

static void read_vm(const struct vm *vm)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/vm_exit_stats", vm->dir);
	if (stats_read(path, &s))
		bail_out("%s", path);
}

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
	ok(later == TIMES, "so is one that fails when it has its record");
	read_vm(&vm);
	ok(s.vcpus == 1 && !s.exits, "neither is its VM's");
	vcpu_create(&vm);
	vm_destroy(&vm);

	vm_create(&vm, 1);
	none = refused(&vm, NO_MEMORY_VCPU) && refused(&vm, FAILS_LATER_VCPU);
	guest_out(&vm, 0, 50);
	read_vm(&vm);
	ok(none && stats_row(&s, IO_INSTRUCTION)->count == 50, "its VM goes on, and counts");
	vm_destroy(&vm);
	if (stats_read(HOST_STATS, &s))
		bail_out(HOST_STATS);
	ok(!s.vms && !s.vcpus, "and goes when it is destroyed");
	return done_testing();
}
