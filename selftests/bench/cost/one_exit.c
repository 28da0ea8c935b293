// SPDX-License-Identifier: GPL-2.0-only
/*
 * Marks a few CPUID exits for the debugger of Bochs, which writes each instruction between
 * the marks (scripts/host/boot -x):
 *
 *	one_exit
 *
 * Many exits come before, so that the marked ones take the common path: the vCPU has its
 * memory, and the times are no new minimum or maximum.
 */
#include "loads.h"

#define WARM_UP 100
#define EXITS	4

/* Outside the debugger this is a NOP. */
static void mark(void)
{
	asm volatile("xchg %%bx, %%bx" ::: "memory");
}

int main(void)
{
	const struct load *load = load_find("cpuid");
	struct vm vm;

	load_create(load, &vm);
	load_begin(load, &vm, WARM_UP);
	vcpu_run_to_done(&vm, 0);
	load_begin(load, &vm, EXITS);
	mark();
	vcpu_run_to_done(&vm, 0);
	mark();
	vm_destroy(&vm);
	return 0;
}
