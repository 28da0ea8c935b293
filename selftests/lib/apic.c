// SPDX-License-Identifier: GPL-2.0-only
/* Sets the registers of an APIC in the kernel by ioctl, which makes no exit. */
#include <string.h>
#include <sys/ioctl.h>

#include "apic.h"
#include "tap.h"

#define APIC_BASE_X2APIC 0xc00 /* enabled, in x2APIC mode */
#define APIC_LVTT	 0x320
#define SVR_ENABLED	 0x1ff

static void set_register(struct kvm_lapic_state *apic, int offset, uint32_t val)
{
	memcpy(apic->regs + offset, &val, sizeof(val));
}

void vcpu_start_apic(struct vm *vm, int n, uint32_t lvtt)
{
	struct kvm_lapic_state apic;

	if (ioctl(vm->vcpu[n].fd, KVM_GET_LAPIC, &apic))
		bail_out("KVM_GET_LAPIC");
	set_register(&apic, APIC_SVR, SVR_ENABLED);
	set_register(&apic, APIC_LVTT, lvtt);
	if (ioctl(vm->vcpu[n].fd, KVM_SET_LAPIC, &apic))
		bail_out("KVM_SET_LAPIC");
}

void vcpu_start_x2apic(struct vm *vm, int n, uint32_t lvtt)
{
	struct kvm_sregs sregs;

	vcpu_get_sregs(vm, n, &sregs);
	sregs.apic_base |= APIC_BASE_X2APIC;
	vcpu_set_sregs(vm, n, &sregs);
	vcpu_start_apic(vm, n, lvtt);
}
