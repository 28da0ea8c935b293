// SPDX-License-Identifier: GPL-2.0-only
/*
 * Without EPT or nested paging KVM keeps shadow page tables for the guest: page faults, CR3,
 * INVLPG and INVPCID exit, and there is no EPT violation and no nested page fault.
 *
 * For test_load.sh, which loads our modules with kvm_intel.ept=0 or kvm_amd.npt=0.
 */
#include "guest.h"
#include "stats.h"
#include "tap.h"
#include "exit_case.h"

#define CPUID_7_EBX_INVPCID (1u << 10)
#define N		    60

/* KVM needs further page faults. Only the tracepoint knows how many. */
#define VMX_FAULTS                                     \
	{                                              \
		VMX_EXCEPTION_NMI, 0, .slack = MINIMUM \
	}
#define SVM_FAULTS                               \
	{                                        \
		SVM_EXCP_PF, 0, .slack = MINIMUM \
	}

/* clang-format off */
static const struct exit_case cases[] = {
	/* KVM fills up to eight entries at a fault. */
	{ "read of fresh pages", exit_read_page, 40, GUEST_PAGES, EXIT_CASE_PAGES,
	  .vmx.expect = { { VMX_EXCEPTION_NMI, 0, 40 / 8, MINIMUM } },
	  .svm.expect = { { SVM_EXCP_PF, 0, 40 / 8, MINIMUM } } },
	{ "CR3", exit_cr3, N, .vmx.expect = { { VMX_CR_ACCESS, 2 }, VMX_FAULTS },
	  .svm.expect = { { SVM_WRITE_CR3, 1 }, { SVM_READ_CR3, 1 }, SVM_FAULTS } },
	{ "INVLPG", exit_invlpg, N, GUEST_DATA, .vmx.expect = { { VMX_INVLPG, 1 }, VMX_FAULTS },
	  .svm.expect = { { SVM_INVLPG, 1 }, SVM_FAULTS } },
	{ "INVPCID", exit_invpcid, N, GUEST_DATA, .vmx.expect = { { VMX_INVPCID, 1 }, VMX_FAULTS },
	  .svm.why_not = "QEMU's TCG does not intercept it" },
};

/* clang-format on */

/* vCPUs that have INVPCID. */
static void create(struct vm *vm, int nr_vcpus)
{
	vm_create(vm, nr_vcpus);
	while (nr_vcpus--)
		vcpu_set_cpuid(vm, nr_vcpus,
			       (struct kvm_cpuid_entry2){ .function = 7,
							  .flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX,
							  .ebx = CPUID_7_EBX_INVPCID });
}

int main(void)
{
	return exit_cases_main(cases, sizeof(cases) / sizeof(*cases), create);
}
