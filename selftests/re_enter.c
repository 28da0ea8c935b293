// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest whose exits VMX's fast path answers by entering again: WRMSRs of the TSC
 * deadline. (SVM's does without NRIPS none, so there they take the slow path.)
 * For test_load.sh, and for any KVM: it reads none of our files.
 */
#include "apic.h"
#include "truth.h"

#define TIMES 100

int main(void)
{
	struct vm vm;

	vm_create_irqchip(&vm, 1);
	vcpu_start_x2apic(&vm, 0, LVTT_DEADLINE | LVTT_MASKED | GUEST_VECTOR);
	vcpu_call(&vm, 0, truth_deadline_moved, TIMES, DEADLINE_FAR, 0);
	vcpu_run_to_done(&vm, 0);
	vm_destroy(&vm);
	return 0;
}
