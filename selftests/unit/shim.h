/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Enough of the kernel to run exit_stats' own sources in user space, in one thread. Every
 * kernel header that they include is this one.
 *
 * A test controls what the kernel would: the TSC, the time, memory, and what the other
 * side of a sequence counter does meanwhile. The shim asserts what lockdep would.
 */
#ifndef SHIM_H
#define SHIM_H

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* types.h; unsigned long long as in the kernel, for %llu */
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;
typedef long long s64;

#define U16_MAX UINT16_MAX
#define U64_MAX (~0ull)

/* compiler.h, build_bug.h */
#undef static_assert
#define static_assert(x) _Static_assert(x, #x)
#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#undef __always_inline
#define __always_inline inline __attribute__((__always_inline__))
#define __read_mostly
#define ____cacheline_aligned_in_smp __attribute__((__aligned__(64)))
#define __packed		     __attribute__((__packed__))
#define __aligned(n)		     __attribute__((__aligned__(n)))
#define __rcu
#define READ_ONCE(x)	 __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v) __atomic_store_n(&(x), (v), __ATOMIC_RELAXED)
#define data_race(x)	 (x)
#define smp_rmb()
#define OPTIMIZER_HIDE_VAR(x) asm("" : "+r"(x))

/* kernel.h, minmax.h, math64.h, nospec.h, overflow.h, time64.h */
#define ARRAY_SIZE(a)		      (sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, member) ((type *)&((char *)(p))[-(long)offsetof(type, member)])
#define min(a, b)		      ((a) < (b) ? (a) : (b))
#define max(a, b)		      ((a) > (b) ? (a) : (b))
#define min_t(t, a, b)		      min((t)(a), (t)(b))
#define max_t(t, a, b)		      max((t)(a), (t)(b))
#define clamp(x, lo, hi)	      min(max(x, lo), hi)
#define swap(a, b)                       \
	do {                             \
		__typeof__(a) tmp = (a); \
		(a) = (b);               \
		(b) = tmp;               \
	} while (0)
#define lower_32_bits(n)	  ((u32)(n))
#define upper_32_bits(n)	  ((u32)((n) >> 32))
#define __fls(n)		  (63ul - __builtin_clzll(n))
#define div_u64(a, b)		  ((a) / (b))
#define div64_u64(a, b)		  ((a) / (b))
#define div_u64_rem(a, b, rem)	  (*(rem) = (a) % (b), (a) / (b))
#define array_index_nospec(i, n)  ((i) < (n) ? (i) : 0)
#define struct_size(p, member, n) offsetof(__typeof__(*(p)), member[n])
#define NSEC_PER_MSEC		  1000000ull
#define NSEC_PER_SEC		  1000000000ull

/* slab.h, mm.h, vmalloc.h, bitmap.h: 0 left: the next one fails, and the others do not */
extern int shim_allocs_left;

static inline void *shim_alloc(size_t size)
{
	return shim_allocs_left-- ? calloc(1, size) : NULL;
}

#define GFP_KERNEL_ACCOUNT    0
#define __GFP_ZERO	      0
#define __vmalloc(size, gfp)  shim_alloc(size)
#define kzalloc(size, gfp)    shim_alloc(size)
#define kvzalloc(size, gfp)   shim_alloc(size)
#define kvfree(p)	      free(p)
#define bitmap_zalloc(n, gfp) shim_alloc(((n) + 63) / 64 * 8)
#define bitmap_free(map)      free(map)
#define set_bit(n, map)	      ((map)[(n) / 64] |= 1ul << (n) % 64)
#define test_bit(n, map)      ((map)[(n) / 64] >> (n) % 64 & 1)
#define ERR_PTR(err)	      ((void *)(long)(err))

/* What happened, a word each, for tests of an order. */
extern char shim_events[256];
void shim_event(const char *what);

/* mutex.h, spinlock.h, lockdep.h */
struct mutex {
	bool held;
};

extern int shim_mutexes; /* held */
extern bool shim_killed;

static inline void mutex_lock(struct mutex *m)
{
	assert(!m->held);
	m->held = true;
	shim_mutexes++;
	shim_event("lock");
}

static inline int mutex_lock_killable(struct mutex *m)
{
	if (shim_killed)
		return -EINTR;
	mutex_lock(m);
	return 0;
}

static inline void mutex_unlock(struct mutex *m)
{
	assert(m->held);
	m->held = false;
	shim_mutexes--;
}

/* Nothing prints, switches a key, or waits for work or a grace period under the mutex. */
#define shim_no_mutex()			      assert(!shim_mutexes)
#define DEFINE_MUTEX(name)		      struct mutex name
#define lockdep_is_held(m)		      ((m)->held)
#define lockdep_assert_held(m)		      assert((m)->held)
#define DEFINE_RAW_SPINLOCK(name)	      bool name
#define raw_spin_trylock_irqsave(lock, flags) (*(lock) = true, (flags) = 0, true)
#define raw_spin_unlock_irqrestore(l, flags)  (*(l) = (flags))

/* preempt.h, sched.h */
extern int shim_preempt;
#define preempt_disable() (shim_preempt++)
#define preempt_enable()  (shim_preempt--)
#define cond_resched()

/* seqlock.h. A test sees each step, and can be the other side. */
typedef struct {
	unsigned int sequence;
} seqcount_t;

enum shim_step {
	SHIM_WRITE_BEGINS,
	SHIM_WRITE_ENDS,
	SHIM_READER_WAITS,
	SHIM_READER_HAS_COPIED
};

extern void (*shim_on_step)(enum shim_step step);

static inline void shim_step(enum shim_step step)
{
	if (shim_on_step)
		shim_on_step(step);
}

static inline void shim_update(seqcount_t *s, enum shim_step step)
{
	assert(shim_preempt && (s->sequence & 1) == (step == SHIM_WRITE_ENDS));
	shim_step(step);
	s->sequence++;
}

#define seqcount_init(s)	((s)->sequence = 0)
#define write_seqcount_begin(s) shim_update(s, SHIM_WRITE_BEGINS)
#define write_seqcount_end(s)	shim_update(s, SHIM_WRITE_ENDS)

static inline unsigned int read_seqcount_begin(const seqcount_t *s)
{
	while (READ_ONCE(s->sequence) & 1)
		shim_step(SHIM_READER_WAITS);
	return s->sequence;
}

static inline bool read_seqcount_retry(const seqcount_t *s, unsigned int start)
{
	shim_step(SHIM_READER_HAS_COPIED);
	return READ_ONCE(s->sequence) != start;
}

/* atomic.h */
typedef struct {
	u64 v;
} atomic64_t;

#define atomic64_read(a)	  ((a)->v)
#define atomic64_set(a, n)	  ((a)->v = (n))
#define atomic64_add_return(n, a) ((a)->v += (n))
#define atomic64_inc(a)		  ((a)->v++)
#define atomic64_xchg(a, n)	  __atomic_exchange_n(&(a)->v, n, __ATOMIC_RELAXED)

/* list.h, rculist.h, rcupdate.h */
struct list_head {
	struct list_head *next, *prev;
};

struct rcu_head {
	void *next;
};

static inline void list_add_tail(struct list_head *node, struct list_head *head)
{
	node->prev = head->prev;
	node->next = head;
	head->prev->next = node;
	head->prev = node;
}

static inline void list_del(struct list_head *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
}

/* What a reader may still use is freed when it is through. */
extern int shim_readers;
void shim_free_rcu(void *p);
void rcu_read_unlock(void);
#define kvfree_rcu(p, member) shim_free_rcu(p)

#define LIST_HEAD_INIT(name)     \
	{                        \
		&(name), &(name) \
	}
#define INIT_LIST_HEAD(head) (*(head) = (struct list_head)LIST_HEAD_INIT(*(head)))
#define list_for_each_entry(p, head, member)                                               \
	for (p = container_of((head)->next, __typeof__(*p), member); &p->member != (head); \
	     p = container_of(p->member.next, __typeof__(*p), member))
#define list_for_each_entry_rcu		list_for_each_entry
#define list_add_tail_rcu		list_add_tail
#define list_del_rcu			list_del
#define rcu_read_lock()			(shim_readers++)
#define rcu_dereference(p)		(assert(shim_readers), (p))
#define rcu_access_pointer(p)		(p)
#define rcu_dereference_protected(p, c) (assert(c), (p))

#define rcu_replace_pointer(p, new, c) (assert(c), __atomic_exchange_n(&(p), new, __ATOMIC_RELAXED))

#define synchronize_rcu() (shim_no_mutex(), shim_event("rcu"))

/* jump_label.h */
struct static_key_false {
	bool on;
};

#define DECLARE_STATIC_KEY_FALSE(name) extern struct static_key_false name
#define DEFINE_STATIC_KEY_FALSE(name)  struct static_key_false name
#define static_branch_likely(key)      ((key)->on)
#define static_branch_enable(key)      (shim_no_mutex(), (key)->on = true, shim_event("+" #key))
#define static_branch_disable(key)     (shim_no_mutex(), (key)->on = false, shim_event("-" #key))

/* ktime.h, jiffies.h, random.h, tsc.h */
extern u64 shim_tsc, shim_ns;
extern unsigned int tsc_khz;
#define rdtsc()		     shim_tsc
#define ktime_get_ns()	     shim_ns
#define check_tsc_unstable() false
#define HZ		     1000
#define msecs_to_jiffies(ms) (ms)
#define nsecs_to_jiffies(ns) ((ns) / 1000000)

u64 get_random_u64(void);

/*
 * workqueue.h, wait.h: work without a delay runs at once, the one that has a delay when
 * a test says so.
 */
struct work_struct {
	void (*fn)(struct work_struct *work);
};

struct delayed_work {
	struct work_struct work;
	unsigned long delay;
};

extern struct delayed_work *shim_delayed;
#define DECLARE_WORK(name, fn)			    struct work_struct name = { fn }
#define DECLARE_DELAYED_WORK(name, fn)		    struct delayed_work name = { { fn }, 0 }
#define DECLARE_WAIT_QUEUE_HEAD(name)		    struct list_head name
#define queue_work(wq, w)			    (w)->fn(w)
#define mod_delayed_work(wq, w, ticks)		    shim_delay(w, ticks)
#define queue_delayed_work(wq, w, ticks)	    (shim_delayed ? (void)0 : shim_delay(w, ticks))
#define cancel_work_sync(w)			    shim_no_mutex()
#define cancel_delayed_work_sync(w)		    (shim_no_mutex(), shim_delayed = NULL)
#define wake_up_all(queue)			    ((void)(queue))
#define wait_event_killable_timeout(q, cond, ticks) ((void)(cond))

void shim_delay(struct delayed_work *work, unsigned long ticks);
void shim_run_delayed(void);

/* printk.h */
extern char shim_log[4096];
extern int shim_warnings;
__attribute__((format(printf, 1, 2))) void shim_print(const char *fmt, ...);
#define pr_info(fmt, ...) shim_print(pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warn(fmt, ...) (shim_print(pr_fmt(fmt), ##__VA_ARGS__), shim_warnings++)
#define pr_warn_once	  pr_warn

/* seq_file.h: onto a stream */
struct seq_file {
	FILE *out;
};

#define seq_printf(m, ...) fprintf((m)->out, __VA_ARGS__)
#define seq_puts(m, text)  fputs(text, (m)->out)
#define seq_putc(m, c)	   fputc(c, (m)->out)

/* kernel.h, module.h, moduleparam.h, sysfs.h: a parameter can be reached by its name */
struct kernel_param {
	void *arg;
};

struct kernel_param_ops {
	unsigned int flags;
	int (*set)(const char *val, const struct kernel_param *kp);
	int (*get)(char *buf, const struct kernel_param *kp);
};

struct shim_param {
	const struct kernel_param_ops *ops;
	struct kernel_param kp;
	int mode;
};

#define KERNEL_PARAM_OPS_FL_NOARG 1
int kstrtouint(const char *s, int base, unsigned int *n);
int param_set_bool(const char *val, const struct kernel_param *kp);
int param_get_bool(char *buf, const struct kernel_param *kp);
int param_set_uint(const char *val, const struct kernel_param *kp);
int param_get_uint(char *buf, const struct kernel_param *kp);
bool sysfs_streq(const char *a, const char *b);
int __sysfs_match_string(const char *const *names, size_t n, const char *val);
extern const struct kernel_param_ops param_ops_bool;

#define module_param_cb(n, o, a, m) const struct shim_param shim_param_##n = { (o), { (a) }, m }

#define module_param_named(n, v, type, mode) module_param_cb(n, &param_ops_##type, &(v), mode)
#define MODULE_PARM_DESC(n, text)	     struct shim_unused_##n
#define EXPORT_SYMBOL_FOR_KVM_INTERNAL(name) struct shim_unused_##name
#define kernel_param_lock(module)	     shim_no_mutex()
#define kernel_param_unlock(module)
#define sysfs_emit(buf, ...) sprintf(buf, __VA_ARGS__)

/* kvm_host.h, svm.h, trace.h */
struct dentry;

struct kvm {
	int unused;
};

struct kvm_vcpu {
	struct kvm *kvm;
	bool guest_mode;
};

struct vmcb_control_area {
	u32 exit_code;
};

#define is_guest_mode(vcpu) ((vcpu)->guest_mode)
#define trace_kvm_cpuid(...)

#endif
