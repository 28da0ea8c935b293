// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest whose exits VMX's fast path handles by re-entry: WRMSRs of the TSC deadline. (With
 * SVM they take the slow path: its fast path needs NRIPS.) Another guest then compares one of
 * our leaves with its neighbour: without our hooks they answer the same.
 * For test_load.sh, which runs it on a KVM without our hooks and so without our files.
 */
#include <string.h>

#include "abi.h"
#include "apic.h"
#include "exit_case.h"

#define TIMES 100

int main(void)
{
	struct cpuid_call calls[] = { { EXIT_STATS_LEAF_ID }, { EXIT_STATS_LEAF_ID - 1 } };
	struct vm vm;

	vm_create_irqchip(&vm, 1);
	vcpu_start_x2apic(&vm, 0, LVTT_DEADLINE | LVTT_MASKED | GUEST_VECTOR);
	vcpu_call(&vm, 0, exit_deadline_moved, TIMES, DEADLINE_FAR, 0);
	vcpu_run_to_done(&vm, 0);
	vm_destroy(&vm);
	vm_create(&vm, 1);
	guest_cpuid_calls(&vm, 0, calls, 2);
	vm_destroy(&vm);
	return memcmp(&calls[0].eax, &calls[1].eax, 4 * sizeof(calls[0].eax)) != 0;
}
