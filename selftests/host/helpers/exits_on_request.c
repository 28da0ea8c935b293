// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VM that makes a known number of exits for each line of standard input, and exists
 * until the input ends: for the tests of tools that read KVM's statistics. Prints a line
 * whenever these exits have been made: how many io_exits and halt_exits KVM has counted.
 */
#include <stdio.h>

#include "guest.h"

#define CPUIDS 300
#define OUTS   70
#define HLTS   40

int main(void)
{
	struct vm vm;
	unsigned int rounds = 0;
	int c;

	vm_create(&vm, 1);
	while ((c = getchar()) != EOF) {
		if (c != '\n')
			continue;
		guest_cpuid(&vm, 0, CPUIDS, 0, 0);
		guest_out(&vm, 0, OUTS);
		guest_hlt(&vm, 0, HLTS);
		rounds++;
		/* Each of the three routines ends in a HLT of its own. */
		printf("%u %u\n", rounds * OUTS, rounds * (HLTS + 3));
		fflush(stdout);
	}
	vm_destroy(&vm);
	return 0;
}
