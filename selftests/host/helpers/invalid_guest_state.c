// SPDX-License-Identifier: GPL-2.0-only
/*
 * Without unrestricted guests KVM emulates a guest whose state VMX cannot run. KVM makes up
 * an INVALID_STATE for each round: vcpu->stat.exits counts it, but neither the tracepoint
 * nor our modules do, as there was no exit.
 *
 * For test_invalid_guest_state.sh, which loads kvm_intel without unrestricted guests.
 */
#include "guest.h"
#include "stats.h"
#include "tap.h"
#include "exit_case.h"
#include "witness.h"

/* clang-format off */
static const struct exit_case cases[] = {
	{ "CPUID in a valid state", exit_cpuid, 300, .vmx.expect = { { VMX_CPUID, 1 } } },
	/* MOV, CPUID, DEC, JNZ */
	{ "CPUID in an invalid state", exit_cpuid, 300, .setup = vcpu_invalid_state, .emulated = 4,
	  .no_done = true, .vmx.expect = { { VMX_INVALID_STATE, 0 } } },
};

/* clang-format on */

/* KVM's emulator executes CPUID too. */
static void check_leaf(void)
{
	struct cpuid_call *call;
	struct vm vm;

	vm_create(&vm, 1);
	call = (void *)(vm.mem + GUEST_DATA);
	call->leaf = EXIT_STATS_LEAF_ID;
	vcpu_call(&vm, 0, guest_cpuid_list, 1, GUEST_DATA, 0);
	vcpu_invalid_state(&vm, 0);
	vcpu_run(&vm, 0, 1);
	ok(call->ebx == EXIT_STATS_SIG_EBX && call->edx == EXIT_STATS_SIG_EDX,
	   "a CPUID instruction that KVM emulates has our leaves too");
	vm_destroy(&vm);
}

int main(void)
{
	check_leaf();
	witness_open_runs();
	return exit_cases_main(cases, sizeof(cases) / sizeof(*cases), vm_create);
}
