/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel in user space: every kernel header that exit_stats' sources include is this
 * one (shim.mk makes them).
 *
 * Threads, locks, sequence counts, RCU and work are real. They check what lockdep checks in
 * the kernel: nothing sleeps in an RCU section or with preemption off, nothing waits or
 * prints under a mutex, no guest takes a mutex. A violation ends the program.
 *
 * A test in one thread controls the rest: the TSC and the time, which allocation fails, what
 * another thread does in the middle of an update, and when delayed work runs.
 *
 * With SHIM_EXACT the hot path executes the same instructions as in the kernel, and checks
 * nothing. With SHIM_RDTSC as well it reads the processor's own TSC.
 *
 * ThreadSanitizer is told what <linux/seqlock.h> tells KCSAN: plain accesses in the sections
 * of a sequence count race on purpose. It checks everything else.
 */
#ifndef SHIM_H
#define SHIM_H

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONFIG_X86_64	1
#define CONFIG_DEBUG_FS 1

/* types.h; unsigned long long as in the kernel, for %llu */
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;
typedef long long s64;

#define U16_MAX UINT16_MAX
#define U32_MAX 0xffffffffu
#define U64_MAX (~0ull)

/* The steps of a sequence count at which a test can act as another thread. */
enum shim_step {
	SHIM_WRITE_BEGINS,
	SHIM_WRITE_ENDS,
	SHIM_READER_WAITS,
	SHIM_READER_HAS_COPIED
};

/* A thread that runs the sources under test: its events, and faults that a test injects. */
struct shim_thread {
	u64 waits;	  /* for a writer in the middle of an update */
	u64 retries;	  /* copies that an update spoilt */
	int preempt;	  /* depth of preempt_disable() */
	int rcu;	  /* depth of rcu_read_lock() */
	int mutexes;	  /* held */
	int sections;	  /* of sequence counts that were read */
	int loads;	  /* of RCU pointers by guests */
	bool guest;	  /* may take no mutex */
	bool killed;	  /* by a signal */
	int fail_alloc;	  /* the n-th allocation from here on fails; 0: none */
	char events[128]; /* locks, grace periods and switched keys: a word each, in order */
	void (*on_step)(enum shim_step step);
};

extern __thread struct shim_thread shim;
extern __thread u64 shim_tsc; /* each thread has its own TSC */
extern u64 shim_ns;	      /* the time; 0: the real one */
extern long shim_in_use;      /* allocations that are not free again */

void shim_event(const char *what);
void shim_die(const char *what) __attribute__((noreturn));
void shim_may_sleep(void);
void shim_may_block(void); /* for work or a grace period, or on the console */

/* compiler.h, build_bug.h, barrier.h */
#undef static_assert
#define static_assert(x) _Static_assert(x, #x)
#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#undef __always_inline
#define __always_inline inline __attribute__((__always_inline__))
#define __aligned(n)	__attribute__((__aligned__(n)))
#define __read_mostly
#define ____cacheline_aligned_in_smp __attribute__((__aligned__(64)))
#define __packed		     __attribute__((__packed__))
#define __rcu
#define READ_ONCE(x)	      __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v)      __atomic_store_n(&(x), (v), __ATOMIC_RELAXED)
#define shim_acquire(x)	      __atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#define smp_rmb()	      __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb()	      __atomic_thread_fence(__ATOMIC_RELEASE)
#define OPTIMIZER_HIDE_VAR(x) asm("" : "+r"(x))

/* kernel.h, minmax.h, math64.h, nospec.h, overflow.h, err.h */
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, member) \
	((type *)(void *)&((char *)(p))[-(long)offsetof(type, member)])
#define struct_size(p, member, n) offsetof(__typeof__(*(p)), member[n])
#define min(a, b)		  ((a) < (b) ? (a) : (b))
#define max(a, b)		  ((a) > (b) ? (a) : (b))
#define max_t(t, a, b)		  max((t)(a), (t)(b))
#define clamp(x, lo, hi)	  min(max(x, lo), hi)
#define swap(a, b)                       \
	do {                             \
		__typeof__(a) tmp = (a); \
		(a) = (b);               \
		(b) = tmp;               \
	} while (0)
#define memset_startat(p, v, member)                                \
	memset((char *)(p) + offsetof(__typeof__(*(p)), member), v, \
	       sizeof(*(p)) - offsetof(__typeof__(*(p)), member))
#define lower_32_bits(n)	 ((u32)(n))
#define upper_32_bits(n)	 ((u32)((n) >> 32))
#define div_u64(a, b)		 ((a) / (b))
#define div64_u64(a, b)		 ((a) / (b))
#define array_index_nospec(i, n) ((i) < (n) ? (i) : 0)
#define ERR_PTR(err)		 ((void *)(long)(err))
#define PTR_ERR(p)		 ((long)(p))
#define IS_ERR(p)		 ((unsigned long)(p) >= (unsigned long)-4095)

static inline u64 div_u64_rem(u64 a, u32 b, u32 *rest)
{
	*rest = a % b;
	return a / b;
}

/* sched.h */
#define cond_resched() shim_may_sleep()

/* atomic.h */
typedef struct {
	u64 v;
} atomic64_t;

#define atomic64_read(a)	  READ_ONCE((a)->v)
#define atomic64_set(a, n)	  WRITE_ONCE((a)->v, n)
#define atomic64_add_return(n, a) __atomic_add_fetch(&(a)->v, n, __ATOMIC_SEQ_CST)
#define atomic64_inc(a)		  atomic64_add_return(1, a)
#define atomic64_xchg(a, n)	  __atomic_exchange_n(&(a)->v, n, __ATOMIC_SEQ_CST)

/* mutex.h, spinlock.h, lockdep.h */
struct mutex {
	pthread_mutex_t lock;
	struct shim_thread *owner;
};

#define DEFINE_MUTEX(name) struct mutex name = { .lock = PTHREAD_MUTEX_INITIALIZER }

void mutex_lock(struct mutex *m);
int mutex_lock_killable(struct mutex *m);
void mutex_unlock(struct mutex *m);

#define lockdep_is_held(m) (READ_ONCE((m)->owner) == &shim)
#define lockdep_assert_held(m)                                \
	do {                                                  \
		if (!lockdep_is_held(m))                      \
			shim_die("a mutex that is not held"); \
	} while (0)

/* Whoever copies under a lock must not sleep. */
#define DEFINE_RWLOCK(name) pthread_rwlock_t name = PTHREAD_RWLOCK_INITIALIZER
#define read_lock(lock)	    (shim.preempt++, pthread_rwlock_rdlock(lock))
#define read_unlock(lock)   (pthread_rwlock_unlock(lock), shim.preempt--)
#define write_lock(lock)    (shim.preempt++, pthread_rwlock_wrlock(lock))
#define write_unlock(lock)  (pthread_rwlock_unlock(lock), shim.preempt--)

#define DEFINE_SPINLOCK(name) bool name
#define spin_trylock(lock)    (!__atomic_exchange_n(lock, true, __ATOMIC_ACQUIRE))
#define spin_unlock(lock)     __atomic_store_n(lock, false, __ATOMIC_RELEASE)

/* seqlock.h: the readers. Signals stop a writer in a section, as interrupts stop a vCPU. */
typedef struct {
	unsigned int sequence;
} seqcount_t;

#define seqcount_init(s) ((s)->sequence = 0)

#ifdef __SANITIZE_THREAD__
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
#define shim_annotate(what) Annotate##what(__FILE__, __LINE__)
#else
#define shim_annotate(what) ((void)0)
#endif

static inline void shim_step(enum shim_step step)
{
	if (shim.on_step)
		shim.on_step(step);
}

static inline unsigned int read_seqcount_begin(const seqcount_t *s)
{
	unsigned int seq;

	while ((seq = shim_acquire(s->sequence)) & 1) {
		shim.waits++;
		shim_step(SHIM_READER_WAITS);
		sched_yield();
	}
	if (++shim.sections % 1021 == 0)
		sched_yield(); /* perhaps a writer runs next */
	shim_annotate(IgnoreReadsBegin);
	return seq;
}

static inline bool read_seqcount_retry(const seqcount_t *s, unsigned int seq)
{
	bool spoilt;

	shim_annotate(IgnoreReadsEnd);
	shim_step(SHIM_READER_HAS_COPIED);
	smp_rmb();
	spoilt = READ_ONCE(s->sequence) != seq;
	shim.retries += spoilt;
	return spoilt;
}

/* The hot path: preempt.h, the writers of seqlock.h, bitops.h, jump_label.h, tsc.h */
struct static_key_false {
	bool on;
};

#ifdef SHIM_EXACT

static inline void shim_barrier(void)
{
	asm volatile("" : : : "memory");
}

/*
 * This CPU's count, as in Debian's kernels, which can be made preemptible. Local-exec: one
 * instruction reaches the count, as with the kernel's per-CPU variables.
 */
extern __thread int shim_preempt_count __attribute__((__tls_model__("local-exec")));

#define preempt_disable() asm volatile("incl %0" : "+m"(shim_preempt_count) : : "memory")
#define preempt_enable()                                                                        \
	do {                                                                                    \
		bool zero;                                                                      \
                                                                                                \
		asm volatile("decl %0" : "+m"(shim_preempt_count), "=@cce"(zero) : : "memory"); \
		if (unlikely(zero))                                                             \
			sched_yield();                                                          \
	} while (0)
#define write_seqcount_begin(s) ((s)->sequence++, shim_barrier())
#define write_seqcount_end(s)	(shim_barrier(), (s)->sequence++)
#define __fls(n)                                                           \
	({                                                                 \
		unsigned long bit;                                         \
		asm("bsrq %1, %0" : "=r"(bit) : "rm"((unsigned long)(n))); \
		bit;                                                       \
	})
/* The NOP of five bytes that stands for a key that is on. */
#define static_branch_likely(key)                                   \
	({                                                          \
		asm volatile(".byte 0x0f, 0x1f, 0x44, 0x00, 0x00"); \
		true;                                               \
	})
#define data_race(x) (x)

#else

#define preempt_disable()	  ((void)shim.preempt++)
#define preempt_enable()	  ((void)shim.preempt--)
#define __fls(n)		  (63ul - __builtin_clzll(n))
#define static_branch_likely(key) READ_ONCE((key)->on)
#define data_race(x)		  READ_ONCE(x)

static inline void write_seqcount_begin(seqcount_t *s)
{
	if (!shim.preempt || s->sequence & 1)
		shim_die("an update begins with preemption on, or in an update");
	shim_step(SHIM_WRITE_BEGINS);
	WRITE_ONCE(s->sequence, s->sequence + 1);
	smp_wmb();
	shim_annotate(IgnoreWritesBegin);
}

static inline void write_seqcount_end(seqcount_t *s)
{
	shim_annotate(IgnoreWritesEnd);
	if (!shim.preempt || !(s->sequence & 1))
		shim_die("an update ends with preemption on, or has not begun");
	shim_step(SHIM_WRITE_ENDS);
	__atomic_store_n(&s->sequence, s->sequence + 1, __ATOMIC_RELEASE);
}

#endif

#ifdef SHIM_RDTSC
#define rdtsc() __builtin_ia32_rdtsc()
#else
#define rdtsc() shim_tsc
#endif

#define DECLARE_STATIC_KEY_FALSE(name) extern struct static_key_false name
#define DEFINE_STATIC_KEY_FALSE(name)  struct static_key_false name
#define static_branch_enable(key)      shim_patch(key, true, "+" #key)
#define static_branch_disable(key)     shim_patch(key, false, "-" #key)

void shim_patch(struct static_key_false *key, bool on, const char *event);

/* rcupdate.h: shim.c has the model. Acquire loads stand for address dependencies. */
struct rcu_head {
	void *next;
};

void rcu_read_lock(void);
void rcu_read_unlock(void);
void synchronize_rcu(void);
void shim_free_rcu(void *p);
void shim_check_reader(void);

#define kvfree_rcu(p, member)		shim_free_rcu(p)
#define rcu_access_pointer(p)		READ_ONCE(p)
#define rcu_dereference(p)		(shim_check_reader(), shim_acquire(p))
#define rcu_dereference_protected(p, c) ((c) ? (p) : (shim_die("an RCU pointer unprotected"), NULL))
#define rcu_replace_pointer(p, new, c)                               \
	({                                                           \
		__typeof__(p) old = rcu_dereference_protected(p, c); \
		__atomic_store_n(&(p), (new), __ATOMIC_RELEASE);     \
		old;                                                 \
	})

/* list.h, rculist.h */
struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD_INIT(name)     \
	{                        \
		&(name), &(name) \
	}
#define INIT_LIST_HEAD(l) ((l)->next = (l)->prev = (l))

#define shim_for_each(load, pos, head, member)                                     \
	for ((pos) = container_of(load((head)->next), __typeof__(*(pos)), member); \
	     &(pos)->member != (head);                                             \
	     (pos) = container_of(load((pos)->member.next), __typeof__(*(pos)), member))

#define list_for_each_entry(pos, head, member)	   shim_for_each(READ_ONCE, pos, head, member)
#define list_for_each_entry_rcu(pos, head, member) shim_for_each(rcu_dereference, pos, head, member)

static inline void list_add_tail(struct list_head *new, struct list_head *head)
{
	new->next = head;
	new->prev = head->prev;
	__atomic_store_n(&head->prev->next, new, __ATOMIC_RELEASE);
	head->prev = new;
}

static inline void list_del(struct list_head *l)
{
	l->next->prev = l->prev;
	__atomic_store_n(&l->prev->next, l->next, __ATOMIC_RELEASE);
}

#define list_add_tail_rcu list_add_tail
#define list_del_rcu	  list_del

/* slab.h, vmalloc.h, mm.h, bitmap.h */
#define GFP_KERNEL	   0
#define GFP_KERNEL_ACCOUNT 0
#define __GFP_ZERO	   0

void *shim_zalloc(size_t size);
void kvfree(const void *p);

#define kfree(p)	      kvfree(p)
#define __vmalloc(size, gfp)  shim_zalloc(size)
#define kvzalloc(size, gfp)   shim_zalloc(size)
#define kzalloc(size, gfp)    shim_zalloc(size)
#define bitmap_zalloc(n, gfp) ((unsigned long *)shim_zalloc(((n) + 63) / 64 * sizeof(long)))
#define bitmap_free(p)	      kvfree(p)
#define __set_bit(n, map)     ((map)[(n) / 64] |= 1ul << (n) % 64)
#define test_bit(n, map)      ((map)[(n) / 64] >> (n) % 64 & 1)

/* ktime.h, time64.h, jiffies.h, random.h */
#define NSEC_PER_SEC	     1000000000ull
#define NSEC_PER_MSEC	     1000000ull
#define HZ		     1000
#define nsecs_to_jiffies(ns) ((ns) / NSEC_PER_MSEC)
#define msecs_to_jiffies(ms) (ms)
#define check_tsc_unstable() false

extern unsigned int tsc_khz;
u64 ktime_get_ns(void);
u64 get_random_u64(void);

/* wait.h: a waiter checks the condition again and again. It takes time, also a test's time. */
#define DECLARE_WAIT_QUEUE_HEAD(name) bool name
#define wake_up_all(queue)	      ((void)(queue))
#define wait_event_killable_timeout(queue, cond, jiffies)                      \
	do {                                                                   \
		u64 until = ktime_get_ns() + NSEC_PER_MSEC * (jiffies);        \
                                                                               \
		shim_may_block();                                              \
		while (!(cond) && !shim.killed && ktime_get_ns() < until)      \
			shim_ns ? (void)(shim_ns += 20000) : (void)usleep(20); \
	} while (0)

/* workqueue.h: shim_work.c says when work runs */
struct work_struct {
	void (*fn)(struct work_struct *work);
	unsigned long delay; /* in jiffies */
	u64 due;	     /* ns, 0: not queued */
	bool running, known;
	struct work_struct *next;
};

#define DECLARE_WORK(name, fn)		    struct work_struct name = { fn }
#define DECLARE_DELAYED_WORK(name, fn)	    DECLARE_WORK(name, fn)
#define system_dfl_wq			    0
#define queue_work(wq, work)		    shim_queue_work(work)
#define queue_delayed_work(wq, work, delay) shim_delay_work(work, delay, false)
#define mod_delayed_work(wq, work, delay)   shim_delay_work(work, delay, true)
#define cancel_work_sync(work)		    shim_cancel_work(work)
#define cancel_delayed_work_sync(work)	    shim_cancel_work(work)

void shim_queue_work(struct work_struct *work);
void shim_delay_work(struct work_struct *work, unsigned long delay, bool anew);
void shim_cancel_work(struct work_struct *work);

/* Without workers: returns the delay of queued work, or -1; and runs the queued work now. */
long shim_queued(void);
void shim_run_work(void);

/* With workers, which run until the program ends. */
void shim_start_workers(int n);
void shim_drain_work(void);		       /* waits until nothing is queued any more */
extern unsigned int shim_works_without_memory; /* one in so many */
extern u64 shim_longest_work;		       /* ns */
void shim_worked_since(u64 began);

/* printk.h: one call a line, which begins with its level as in /dev/kmsg */
extern void (*shim_log)(const char *line);
void shim_print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
#define pr_info(fmt, ...) shim_print("<6>" pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warn(fmt, ...) shim_print("<4>" pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warn_once	  pr_warn

/* seq_file.h: onto a stream */
struct seq_file {
	FILE *out;
};

#define seq_printf(m, ...) fprintf((m)->out, __VA_ARGS__)
#define seq_putc(m, c)	   fputc(c, (m)->out)

/* module.h, moduleparam.h, kstrtox.h, sysfs.h. A test finds a parameter by its name. */
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

int shim_set_param(const struct shim_param *param, const char *val);
void shim_param_lock(void);
void shim_param_unlock(void);
int kstrtouint(const char *s, unsigned int base, unsigned int *n);
int param_set_bool(const char *val, const struct kernel_param *kp);
int param_get_bool(char *buf, const struct kernel_param *kp);
int param_set_uint(const char *val, const struct kernel_param *kp);
int param_get_uint(char *buf, const struct kernel_param *kp);
bool sysfs_streq(const char *a, const char *b);
int __sysfs_match_string(const char *const *names, size_t n, const char *val);
extern const struct kernel_param_ops param_ops_bool;

#define KERNEL_PARAM_OPS_FL_NOARG   1
#define kernel_param_lock(module)   shim_param_lock()
#define kernel_param_unlock(module) shim_param_unlock()
#define sysfs_emit(buf, ...)	    sprintf(buf, __VA_ARGS__)
#define module_param_cb(n, ops, arg, mode) \
	const struct shim_param shim_param_##n = { (ops), { (arg) }, mode }
#define module_param_named(n, v, type, mode) module_param_cb(n, &param_ops_##type, &(v), mode)
#define MODULE_PARM_DESC(name, text)	     struct shim_unused_##name
#define EXPORT_SYMBOL_FOR_KVM_INTERNAL(name) struct shim_unused_##name

/* kvm_host.h, kvm_cache_regs.h, svm.h, trace.h */
struct dentry;

struct kvm {
	int unused;
};

struct kvm_vcpu_stat_generic {
	u64 halt_poll_success_ns;
	u64 halt_poll_fail_ns;
	u64 halt_wait_ns;
};

enum {
	KVM_EXIT_IO = 2,
	KVM_EXIT_MMIO = 6,
	KVM_EXIT_IRQ_WINDOW_OPEN = 7,
	KVM_EXIT_INTR = 10,
	KVM_EXIT_DIRTY_RING_FULL = 31
};

struct kvm_run {
	u32 exit_reason;
};

struct kvm_vcpu {
	struct kvm *kvm;
	bool guest_mode;
	struct kvm_run *run;
	struct {
		int (*complete_userspace_io)(struct kvm_vcpu *vcpu);
	} arch;
	struct {
		struct kvm_vcpu_stat_generic generic;
	} stat;
};

struct vmcb_control_area {
	u32 exit_code;
};

#define is_guest_mode(vcpu) ((vcpu)->guest_mode)
#define trace_kvm_cpuid(...)

#endif
