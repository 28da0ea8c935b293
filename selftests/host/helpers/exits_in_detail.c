// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VM that makes known exits of many kinds for each line of standard input, and exists until
 * the input ends: for the test of kvm-exit-stats drill, which knows the numbers. Prints the
 * address of the HLT that it executes first, and a line whenever the exits have been made.
 */
#include <stdio.h>
#include <sys/ioctl.h>

#include "exit_case.h"
#include "guest.h"
#include "tap.h"

#define MSR_APIC_BASE 0x1b
#define MSR_PAT	      0x277
#define PAGES	      16

extern char guest_code_start[];

static void call(struct vm *vm, const char *routine, uint64_t times, uint64_t rsi)
{
	struct vcpu *vcpu = &vm->vcpu[0];

	vcpu_call(vm, 0, routine, times, rsi, 0);
	/* Nobody answers a port or an MMIO address. */
	do {
		if (ioctl(vcpu->fd, KVM_RUN, 0))
			bail_out("KVM_RUN");
	} while (vcpu->run->exit_reason != KVM_EXIT_IO || vcpu->run->io.port != PORT_DONE);
}

/* The numbers are those of test_drill.sh. */
static void make_exits(struct vm *vm, bool svm, uint64_t fresh)
{
	guest_cpuid(vm, 0, 30, 0, 0);
	guest_cpuid(vm, 0, 20, 0x80000000, 0);
	call(vm, exit_out, 70, 0);
	call(vm, exit_in, 10, 0);
	call(vm, exit_rdmsr, 12, MSR_APIC_BASE);
	call(vm, exit_wrmsr, 7, MSR_PAT);
	call(vm, exit_read, 15, EXIT_CASE_MMIO);
	call(vm, exit_write, 25, EXIT_CASE_MMIO + 0xf0);
	call(vm, exit_read_page, PAGES, fresh);
	call(vm, svm ? exit_vmmcall : exit_vmcall, 5, 0);
	guest_hlt(vm, 0, 8);
}

int main(int argc, char **argv)
{
	bool svm = argc > 1 && argv[1][0] == 's';
	uint64_t fresh = GUEST_PAGES;
	struct vm vm;
	int c;

	vm_create(&vm, 1);
	call(&vm, exit_warm_up, 0, 0);
	printf("%#lx\n", GUEST_CODE + (guest_hlt_loop - guest_code_start));
	fflush(stdout);
	while ((c = getchar()) != EOF) {
		if (c != '\n')
			continue;
		make_exits(&vm, svm, fresh);
		fresh += PAGES * 0x1000;
		puts("made");
		fflush(stdout);
	}
	vm_destroy(&vm);
	return 0;
}
