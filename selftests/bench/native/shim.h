/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel for a measurement: what the hot path executes is as in the kernel,
 * instruction by instruction, where the other shim only means the same.
 */
#ifndef NATIVE_SHIM_H
#define NATIVE_SHIM_H

#include "../../stress/shim.h"

#undef data_race
#define data_race(x) (x)

/* As Debian's kernels have it, which can be made preemptible: a count of this CPU. */
extern __thread int native_preempt;
#undef preempt_disable
#define preempt_disable() asm volatile("incl %0" : "+m"(native_preempt) : : "memory")
#undef preempt_enable
#define preempt_enable()                                                                    \
	do {                                                                                \
		bool zero;                                                                  \
                                                                                            \
		asm volatile("decl %0" : "+m"(native_preempt), "=@cce"(zero) : : "memory"); \
		if (unlikely(zero))                                                         \
			sched_yield();                                                      \
	} while (0)

#define write_seqcount_begin(s)                  \
	do {                                     \
		(s)->sequence++;                 \
		asm volatile("" : : : "memory"); \
	} while (0)
#define write_seqcount_end(s)                    \
	do {                                     \
		asm volatile("" : : : "memory"); \
		(s)->sequence++;                 \
	} while (0)

#undef __fls
#define __fls(n)                                                           \
	({                                                                 \
		unsigned long bit;                                         \
		asm("bsrq %1, %0" : "=r"(bit) : "rm"((unsigned long)(n))); \
		bit;                                                       \
	})

/* A NOP of five bytes, as a key that is on. */
#undef static_branch_likely
#define static_branch_likely(key)                                   \
	({                                                          \
		asm volatile(".byte 0x0f, 0x1f, 0x44, 0x00, 0x00"); \
		true;                                               \
	})

#ifdef NATIVE_TSC
#undef rdtsc
#define rdtsc() __builtin_ia32_rdtsc()
#endif

#endif
