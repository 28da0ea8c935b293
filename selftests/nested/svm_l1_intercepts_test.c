// SPDX-License-Identifier: GPL-2.0-only
/*
 * An L1 hypervisor intercepts what KVM does not: each such exit of its L2 counts under
 * its own code, and L1, the guest that sees our leaves, reads so many there.
 *
 * Made with the library of KVM's selftests.
 */
#include "test_util.h"
#include "kvm_util.h"
#include "processor.h"
#include "svm_util.h"

#include "abi.h"

#define STACK_WORDS 64

/* L2: what is intercepted never gets done, and L1 begins it anew. */
static void l2_read_cr2(void)
{
	asm volatile("mov %cr2, %rax");
}

static void l2_divide_by_zero(void)
{
	asm volatile("xor %ecx, %ecx; div %ecx");
}

static void l2_no_device(void)
{
	asm volatile("fnop");
}

static void l2_sidt(void)
{
	asm volatile("sidt (%rsp)");
}

static void l2_rdtsc(void)
{
	asm volatile("rdtsc");
}

static void l2_pushf(void)
{
	asm volatile("pushf");
}

static void l2_icebp(void)
{
	asm volatile(".byte 0xf1");
}

static struct l1_case {
	void (*l2)(void);
	uint32_t code; /* bit of the intercepts, too */
	uint64_t times;
} cases[] = {
	{ l2_read_cr2, SVM_EXIT_READ_CR0 + 2, 3 },
	{ l2_divide_by_zero, SVM_EXIT_EXCP_BASE + DE_VECTOR, 4 },
	{ l2_no_device, SVM_EXIT_EXCP_BASE + NM_VECTOR, 5 },
	{ l2_sidt, SVM_EXIT_IDTR_READ, 6 },
	{ l2_rdtsc, SVM_EXIT_RDTSC, 7 },
	{ l2_pushf, SVM_EXIT_PUSHF, 8 },
	{ l2_icebp, SVM_EXIT_ICEBP, 9 },
};

/* The first words of a VMCB are the intercepts, by exit code. */
static void intercept(struct vmcb *vmcb, uint32_t code)
{
	uint32_t *word = (uint32_t *)vmcb;

	word[code / 32] |= 1u << code % 32;
}

static void expect_leaf(uint32_t code, uint64_t exits)
{
	uint32_t eax, ebx, ecx, edx;

	__cpuid(EXIT_STATS_LEAF_CYCLES, code, &eax, &ebx, &ecx, &edx);
	GUEST_ASSERT_3(eax == exits && !edx && !exits == !(ebx | ecx), code, eax, exits);
}

static void l1_guest_code(struct svm_test_data *svm)
{
	unsigned long stack[STACK_WORDS];
	struct vmcb *vmcb = svm->vmcb;
	struct l1_case *c;

	generic_svm_setup(svm, NULL, &stack[STACK_WORDS]);
	vmcb->save.cr0 |= X86_CR0_TS;
	for (c = cases; c < &cases[ARRAY_SIZE(cases)]; c++) {
		intercept(vmcb, c->code);
		expect_leaf(c->code, 0);
		for (uint64_t i = 0; i < c->times; i++) {
			vmcb->save.rip = (uint64_t)c->l2;
			run_guest(vmcb, svm->vmcb_gpa);
			GUEST_ASSERT_3(vmcb->control.exit_code == c->code, c->code,
				       vmcb->control.exit_code, i);
		}
	}
	for (c = cases; c < &cases[ARRAY_SIZE(cases)]; c++)
		expect_leaf(c->code, c->times);
	GUEST_DONE();
}

int main(void)
{
	struct kvm_vcpu *vcpu;
	vm_vaddr_t svm_gva;
	struct kvm_vm *vm;
	struct ucall uc;

	TEST_REQUIRE(kvm_cpu_has(X86_FEATURE_SVM));
	vm = vm_create_with_one_vcpu(&vcpu, l1_guest_code);
	vcpu_alloc_svm(vm, &svm_gva);
	vcpu_args_set(vcpu, 1, svm_gva);
	vcpu_run(vcpu);
	switch (get_ucall(vcpu, &uc)) {
	case UCALL_DONE:
		break;
	case UCALL_ABORT:
		REPORT_GUEST_ASSERT_3(uc, "code 0x%lx: 0x%lx, 0x%lx");
		break;
	default:
		TEST_FAIL("ucall %lu, exit reason %u", uc.cmd, vcpu->run->exit_reason);
	}
	kvm_vm_free(vm);
	return 0;
}
