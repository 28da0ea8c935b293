// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "apic.h"
#include "loads.h"
#include "tap.h"
#include "exit_case.h"

#define PAGE	 4096
#define MSR_STAR 0xc0000081

/* A deadline timer whose interrupt is masked. */
static void start_x2apic(struct vm *vm)
{
	vcpu_start_x2apic(vm, 0, LVTT_DEADLINE | LVTT_MASKED | GUEST_VECTOR);
}

/* Make KVM unmap all pages, then map those that every batch touches. */
static void unmap_pages(struct vm *vm)
{
	struct kvm_userspace_memory_region region = { .userspace_addr = (uintptr_t)vm->mem };

	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region))
		bail_out("KVM_SET_USER_MEMORY_REGION: none");
	region.memory_size = GUEST_MEM;
	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region))
		bail_out("KVM_SET_USER_MEMORY_REGION: again");
	vcpu_call(vm, 0, exit_warm_up, GUEST_PAGES, 0, 0);
	vcpu_run_to_done(vm, 0);
}

static const struct load loads[] = {
	{ "cpuid", exit_cpuid, 0, vm_create },
	{ "io", exit_out, 0, vm_create },
	{ "wrmsr", exit_wrmsr, MSR_STAR, vm_create },
	{ "deadline", exit_deadline_moved, DEADLINE_FAR, vm_create_irqchip, .setup = start_x2apic },
	{ "ept", exit_write_page, GUEST_PAGES + PAGE, vm_create, .prepare = unmap_pages,
	  .most = GUEST_MEM / PAGE - GUEST_PAGES / PAGE - 1 },
};

const struct load *load_find(const char *name)
{
	for (size_t i = 0; i < sizeof(loads) / sizeof(*loads); i++) {
		if (!strcmp(loads[i].name, name))
			return &loads[i];
	}
	fprintf(stderr, "no such load: %s\n", name);
	return NULL;
}

void load_create(const struct load *load, struct vm *vm)
{
	load->create(vm, 1);
	if (load->setup)
		load->setup(vm);
}

void load_begin(const struct load *load, struct vm *vm, uint64_t exits)
{
	if (load->prepare)
		load->prepare(vm);
	vcpu_call(vm, 0, load->routine, exits, load->rsi, 0);
}
