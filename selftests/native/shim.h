/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel for a measurement: what the hot path executes is as in the kernel,
 * instruction by instruction, where the other shims only mean the same. And what
 * dump.c needs, whose worker never runs here.
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

/* list.h: here no other thread changes a list meanwhile */
#define list_for_each_entry list_for_each_entry_rcu

/* irq_work.h, spinlock.h, workqueue.h, ktime.h, printk.h */
#define DEFINE_RAW_SPINLOCK(name)  raw_spinlock_t name
#define raw_spin_lock_irq(l)	   raw_spin_lock(l)
#define raw_spin_unlock_irq(l)	   raw_spin_unlock(l)
#define HZ			   250
#define system_unbound_wq	   0
#define nsecs_to_jiffies(ns)	   ((ns) / (NSEC_PER_SEC / HZ))
#define ktime_get_ns()		   ktime_get_mono_fast_ns()
#define pr_info(...)		   printf(__VA_ARGS__)
#define DECLARE_DELAYED_WORK(n, f) void (*(n))(struct work_struct *) = (f)

#define queue_delayed_work(queue, work, delay) ((void)(delay), (void)(work))
#define mod_delayed_work(queue, work, delay)   ((void)(work))
#define cancel_delayed_work_sync(work)	       ((void)(work))

struct work_struct {
	int unused;
};

struct irq_work {
	void (*fn)(struct irq_work *unused);
};

#define IRQ_WORK_INIT_LAZY(f) { (f) }
#define irq_work_queue(w)     ((void)(w))
#define irq_work_sync(w)      ((void)(w))

static inline u64 div_u64_rem(u64 a, u32 b, u32 *rest)
{
	*rest = a % b;
	return a / b;
}

#endif
