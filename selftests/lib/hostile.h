/* SPDX-License-Identifier: GPL-2.0-only */
/* Routines of test_hostile.c's guests, in pages of their own. */
#ifndef HOSTILE_CODE_H
#define HOSTILE_CODE_H

#include <stdint.h>

#include "guest.h"

#define HOSTILE_CODE 0x20000ul

/* A sweep: CPUID of each leaf with each subleaf, a hash a leaf. */
struct sweep {
	uint32_t leaf; /* the first */
	uint32_t nr_leaves;
	uint64_t subleaves; /* uint32_t each, at this guest address */
	uint64_t nr_subleaves;
	uint64_t hashes; /* uint64_t a leaf */
};

/* Arguments as in rdi, rsi, rdx; each ends in one HLT. */
extern char hostile_cpuid_for[]; /* for rdi TSC ticks CPUID leaf esi; how often: rbx */
extern char hostile_sweep[];	 /* struct sweep at rdi */

/* vcpu_call() for these. */
void hostile_call(struct vm *vm, int n, const char *routine, uint64_t rdi, uint64_t rsi);

#endif
