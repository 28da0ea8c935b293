// SPDX-License-Identifier: GPL-2.0-only
/*
 * Without EPT or nested paging KVM keeps page tables of its own for the guest: page faults,
 * CR3, INVLPG and INVPCID exit, and nothing exits by EPT violation or nested page fault.
 *
 * For test_load.sh, which loads our modules with kvm_intel.ept=0 or kvm_amd.npt=0.
 */
#include <sys/ioctl.h>

#include "guest.h"
#include "stats.h"
#include "tap.h"
#include "exit_case.h"

#define CPUID_7_EBX_INVPCID   (1u << 10)
#define CPUID_80000001_EDX_LM (1u << 29)
#define N		      60

/* How many page faults KVM needs beside, only the tracepoint knows. */
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
	/* A fault makes up to eight entries at once. */
	{ "read of fresh pages", exit_read_page, 40, GUEST_PAGES, EXIT_CASE_PAGES,
	  .vmx.expect = { { VMX_EXCEPTION_NMI, 0, 40 / 8, MINIMUM } },
	  .svm.expect = { { SVM_EXCP_PF, 0, 40 / 8, MINIMUM } } },
	{ "CR3", exit_cr3, N,
	  .vmx.expect = { { VMX_CR_ACCESS, 2 }, VMX_FAULTS },
	  .svm.expect = { { SVM_WRITE_CR3, 1 }, { SVM_READ_CR3, 1 }, SVM_FAULTS } },
	{ "INVLPG", exit_invlpg, N, GUEST_DATA,
	  .vmx.expect = { { VMX_INVLPG, 1 }, VMX_FAULTS },
	  .svm.expect = { { SVM_INVLPG, 1 }, SVM_FAULTS } },
	{ "INVPCID", exit_invpcid, N, GUEST_DATA,
	  .vmx.expect = { { VMX_INVPCID, 1 }, VMX_FAULTS },
	  .svm.why_not = "QEMU's TCG does not intercept it" },
};

/* clang-format on */

/* vCPUs that have INVPCID. */
static void create(struct vm *vm, int nr_vcpus)
{
	struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entry[3];
	} cpuid2 = {
		.head.nent = 3,
		.entry = {
			{ .function = 0, .eax = 0xd },
			{ .function = 7, .flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX,
			  .ebx = CPUID_7_EBX_INVPCID },
			{ .function = 0x80000001, .edx = CPUID_80000001_EDX_LM },
		},
	};

	vm_create(vm, nr_vcpus);
	for (int n = 0; n < nr_vcpus; n++) {
		if (ioctl(vm->vcpu[n].fd, KVM_SET_CPUID2, &cpuid2))
			bail_out("KVM_SET_CPUID2");
	}
}

int main(void)
{
	return exit_cases_main(cases, sizeof(cases) / sizeof(*cases), create);
}
