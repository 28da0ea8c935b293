// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entries that fail because of KVM itself. If VMLAUNCH or VMRESUME fails (VMfail), there is
 * no exit: vcpu->stat.exits counts it, but neither the tracepoint nor our modules do. If the
 * load of the guest's MSRs fails, there is an exit.
 *
 * For test_patched_kvm.sh, which loads a KVM that fails when a guest asks for it.
 */
#include <string.h>
#include <sys/ioctl.h>

#include "apic.h"
#include "guest.h"
#include "stats.h"
#include "tap.h"
#include "exit_case.h"

/* "VM entry with invalid control field(s)": SDM vol. 3, "VM Instruction Error Numbers". */
#define INVALID_CONTROL 7
#define FAILED_ENTRY	0x80000000

static void masked_timer(struct vm *vm, int n)
{
	vcpu_start_x2apic(vm, n, LVTT_DEADLINE | LVTT_MASKED | GUEST_VECTOR);
}

/* Go on without a further failure. */
static bool on_failure(struct share *s)
{
	uint64_t why = s->c->vmfails ? INVALID_CONTROL : FAILED_ENTRY | VMX_MSR_LOAD_FAIL;
	const struct vcpu *vcpu = &s->vm->vcpu[s->n];
	struct kvm_regs regs;

	if (vcpu->run->exit_reason != KVM_EXIT_FAIL_ENTRY) {
		if (!exit_user_exit(s))
			return false;
		if (s->left)
			bail_out("%s: %lu entries did not fail", s->c->name, s->left);
		return true;
	}
	if (vcpu->run->fail_entry.hardware_entry_failure_reason != why)
		bail_out("%s: failed for %#llx", s->c->name,
			 vcpu->run->fail_entry.hardware_entry_failure_reason);
	if (ioctl(vcpu->fd, KVM_GET_REGS, &regs))
		bail_out("KVM_GET_REGS");
	regs.r13 = 0;
	if (ioctl(vcpu->fd, KVM_SET_REGS, &regs))
		bail_out("KVM_SET_REGS");
	s->left--;
	return false;
}

/* clang-format off */
static const struct exit_case cases[] = {
	{ "VMfail after a CPUID", exit_cpuid_failure, 50, VMFAIL_WANTED,
	  .user_exit = on_failure, .vmfails = 1,
	  .vmx.expect = { { VMX_CPUID, 1 } } },
	/* The entry that fails is the re-entry of the fast path. */
	{ "VMfail after a WRMSR of the fast path", exit_deadline_vmfail, 50, DEADLINE_FAR,
	  .setup = masked_timer, .user_exit = on_failure, .vmfails = 1,
	  .vmx.expect = { { VMX_MSR_WRITE, 1 } } },
	{ "failed load of MSRs", exit_cpuid_failure, 50, MSR_FAIL_WANTED,
	  .user_exit = on_failure,
	  .vmx.expect = { { VMX_MSR_LOAD_FAIL, 1 }, { VMX_CPUID, 1 } } },
};

/* clang-format on */

int main(void)
{
	return exit_cases_main(cases, sizeof(cases) / sizeof(*cases), vm_create_irqchip);
}
