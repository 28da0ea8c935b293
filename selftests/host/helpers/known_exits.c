// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that makes a known number of exits. Prints for each reason a line: the reason as in
 * our tables, and the number. For test_nested_linux.sh, which runs this in a guest.
 */
#include <stdio.h>

#include "guest.h"
#include "stats.h"

#define CPUIDS 3000
#define OUTS   500
#define HLTS   200

int main(void)
{
	struct vm vm;

	vm_create(&vm, 1);
	guest_cpuid(&vm, 0, CPUIDS, 0, 0);
	guest_out(&vm, 0, OUTS);
	guest_hlt(&vm, 0, HLTS);
	vm_destroy(&vm);
	/* Each of the three routines ends in one HLT. */
	printf(BY_VENDOR("%d %d\n%d %d\n%d %d\n", "0x%x %d\n0x%x %d\n0x%x %d\n"), CPUID, CPUIDS,
	       HLT, HLTS + 3, IO_INSTRUCTION, OUTS);
	return 0;
}
