/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel for a measurement: what the hot path executes is as in the kernel,
 * instruction by instruction, where the other shims only mean the same.
 */
#ifndef NATIVE_SHIM_H
#define NATIVE_SHIM_H

#include "../stress/shim.h"

#undef READ_ONCE
#define READ_ONCE(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#undef data_race
#define data_race(x) (x)
#undef smp_wmb
#define smp_wmb() asm volatile("" ::: "memory")

/* As the kernel has it: in 64 bits. */
#undef __fls
#define __fls(n)                                                           \
	({                                                                 \
		unsigned long bit;                                         \
		asm("bsrq %1, %0" : "=r"(bit) : "rm"((unsigned long)(n))); \
		bit;                                                       \
	})

#undef local64_inc
#define local64_inc(l) asm volatile("incq %0" : "+m"((l)->v))
#undef local64_add
#define local64_add(n, l) asm volatile("addq %1, %0" : "+m"((l)->v) : "er"((u64)(n)))

/* A NOP of five bytes, as a key that is on. */
#undef static_branch_likely
#define static_branch_likely(key)                                   \
	({                                                          \
		asm volatile(".byte 0x0f, 0x1f, 0x44, 0x00, 0x00"); \
		true;                                               \
	})

#ifdef NATIVE_TSC
#undef exit_stats_tsc /* hot.h has RDTSC */
#endif

#endif
