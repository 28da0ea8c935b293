/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Enough of the kernel to compile exit_stats' own sources in user space. Every
 * <linux/...> and <asm/...> header that they include is this one. What only
 * many threads need is in stress/shim.h, around this.
 */
#ifndef SHIM_H
#define SHIM_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* linux/types.h; unsigned long long as in the kernel, for %llu */
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;
typedef long long s64;
typedef unsigned short umode_t;

#define U64_MAX	      (~0ull)
#define BITS_PER_LONG 64

/* compiler.h, cache.h, build_bug.h */
#undef static_assert
#define static_assert(x) _Static_assert(x, #x)
#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define noinline    __attribute__((__noinline__))
#define __init
#undef __always_inline
#define __always_inline	      inline __attribute__((__always_inline__))
#define __aligned(n)	      __attribute__((__aligned__(n)))
#define ____cacheline_aligned __aligned(64)
#define READ_ONCE(x)	      __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v)      __atomic_store_n(&(x), (v), __ATOMIC_RELAXED)
#define smp_wmb()	      __atomic_thread_fence(__ATOMIC_RELEASE)
#define smp_rmb()	      __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define data_race(x)	      READ_ONCE(x)
#define OPTIMIZER_HIDE_VAR(x) asm("" : "+r"(x))
#define cpu_relax()	      __builtin_ia32_pause()

/* local64.h: one writer, any readers */
typedef struct {
	u64 v;
} local64_t;

#define local64_read(l)	  READ_ONCE((l)->v)
#define local64_set(l, n) WRITE_ONCE((l)->v, (n))
#define local64_add(n, l) WRITE_ONCE((l)->v, READ_ONCE((l)->v) + (n))
#define local64_inc(l)	  local64_add(1, l)

/* overflow.h */
#define check_mul_overflow(a, b, product) __builtin_mul_overflow(a, b, product)

/* kernel.h, minmax.h, math64.h */
#define ARRAY_SIZE(a)	 (sizeof(a) / sizeof((a)[0]))
#define min(a, b)	 ((a) < (b) ? (a) : (b))
#define max(a, b)	 ((a) > (b) ? (a) : (b))
#define min_t(t, a, b)	 min((t)(a), (t)(b))
#define max_t(t, a, b)	 max((t)(a), (t)(b))
#define clamp(x, lo, hi) min(max(x, lo), hi)

#define swap(a, b)                       \
	do {                             \
		__typeof__(a) tmp = (a); \
		(a) = (b);               \
		(b) = tmp;               \
	} while (0)

#define lower_32_bits(n)	 ((u32)(n))
#define upper_32_bits(n)	 ((u32)((n) >> 32))
#define __fls(n)		 (63 - __builtin_clzl(n))
#define ilog2(n)		 (63 - __builtin_clzll(n))
#define div64_u64(a, b)		 ((a) / (b))
#define div_u64(a, b)		 ((a) / (b))
#define array_index_nospec(i, n) ((i) < (n) ? (i) : 0)
#define NSEC_PER_SEC		 1000000000ull
#define NSEC_PER_MSEC		 1000000ull

/* Types only: unit tests use them in declarations. */
struct list_head {
	struct list_head *next, *prev;
};

struct rcu_head {
	void *next;
};

typedef struct {
	int refs;
} refcount_t;

typedef struct {
	int locked;
} raw_spinlock_t;

typedef struct {
	unsigned int sequence;
} seqcount_raw_spinlock_t;

/* jump_label.h */
struct static_key_true {
	bool on;
};

#define DECLARE_STATIC_KEY_TRUE(name) extern struct static_key_true name
#define DEFINE_STATIC_KEY_TRUE(name)  struct static_key_true name = { true }
#define static_branch_enable(key)     ((key)->on = true)
#define static_branch_disable(key)    ((key)->on = false)

/* kvm_host.h */
#define HF_GUEST_MASK 32

/* vmalloc.h: with the alignment that the kernel gives */
#define GFP_KERNEL_ACCOUNT 0
#define __GFP_ZERO	   0

static inline void *__vmalloc(size_t size, int flags)
{
	void *p = aligned_alloc(4096, (size + 4095) & ~4095ul);

	(void)flags;
	return p ? memset(p, 0, size) : NULL;
}

/* The test turns the clock, each thread its own. */
extern __thread u64 shim_tsc;
#define exit_stats_tsc(low, high) (*(low) = (u32)shim_tsc, *(high) = shim_tsc >> 32)

/* seq_file.h: onto a stream */
struct seq_file {
	FILE *out;
};

#define seq_printf(m, ...) fprintf((m)->out, __VA_ARGS__)
#define seq_putc(m, c)	   fputc(c, (m)->out)

/* module.h, moduleparam.h, printk.h: a setter's names are registered by hand */
struct kernel_param {
	void *arg;
};

#define KERNEL_PARAM_OPS_FL_NOARG 1
#define kernel_param_lock(module)
#define kernel_param_unlock(module)

struct kernel_param_ops {
	unsigned int flags;
	int (*set)(const char *val, const struct kernel_param *kp);
	int (*get)(char *buf, const struct kernel_param *kp);
};

struct shim_param {
	const char *name;
	const struct kernel_param_ops *ops;
	struct kernel_param kp;
};

int param_set_bool(const char *val, const struct kernel_param *kp);
int param_get_bool(char *buf, const struct kernel_param *kp);
int param_set_uint(const char *val, const struct kernel_param *kp);
int param_get_uint(char *buf, const struct kernel_param *kp);
int sysfs_match(const char *const *names, size_t n, const char *val);
extern const struct kernel_param_ops param_ops_bool, param_ops_uint;

#define module_param_cb(n, o, a, mode) const struct shim_param shim_param_##n = { #n, (o), { (a) } }

#define module_param(n, type, mode) module_param_cb(n, &param_ops_##type, &(n), mode)

#define MODULE_PARM_DESC(n, text)	     struct shim_unused_##n
#define sysfs_match_string(names, val)	     sysfs_match(names, ARRAY_SIZE(names), val)
#define sysfs_emit(buf, ...)		     sprintf(buf, __VA_ARGS__)
#define pr_warn_once(...)		     (shim_warnings++)
#define EXPORT_SYMBOL_FOR_KVM_INTERNAL(name) struct shim_unused_##name
extern int shim_warnings;

#endif
