// SPDX-License-Identifier: GPL-2.0-only
/*
 * Without unrestricted guests KVM emulates a guest whose state VMX cannot run.
 * It synthesizes an INVALID_STATE for each round, which vcpu->stat.exits counts
 * and neither the tracepoint nor we do: there was no exit.
 *
 * For test_emulated.sh, which loads kvm_intel so.
 */
#include "guest.h"
#include "stats.h"
#include "truth.h"
#include "witness.h"

static void no_task_register(struct vm *vm, int n)
{
	struct kvm_sregs sregs;

	vcpu_get_sregs(vm, n, &sregs);
	sregs.tr.unusable = 1;
	vcpu_set_sregs(vm, n, &sregs);
}

/* clang-format off */
static const struct truth_case cases[] = {
	{ "CPUID in a valid state", truth_cpuid, 300, .vmx.expect = { { VMX_CPUID, 1 } } },
	/* MOV, CPUID, DEC, JNZ */
	{ "CPUID in an invalid state", truth_cpuid, 300, .setup = no_task_register, .emulated = 4,
	  .no_done = true, .vmx.expect = { { VMX_INVALID_STATE, 0 } } },
};

/* clang-format on */

int main(void)
{
	witness_open_runs();
	return truth_main(cases, sizeof(cases) / sizeof(*cases), vm_create);
}
