/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel for many threads: what scope.c and snapshot.c need beyond
 * unit/shim.h. Locks, sequence counts and RCU are real, and order memory as
 * the kernel's do on x86.
 *
 * ThreadSanitizer knows no fences. So locks and RCU here are atomics that it
 * understands, and of a write section of a sequence count it is told what KCSAN
 * is told by <linux/seqlock.h>: its plain stores race on purpose. All else is
 * checked: what a vCPU writes outside such a section, and all that readers read.
 */
#ifndef STRESS_SHIM_H
#define STRESS_SHIM_H

#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#include "../unit/shim.h"

/* What a thread met while it ran the sources under test. */
struct shim_met {
	u64 relaxed;	/* tries of one record that failed */
	u64 moved;	/* sections of a sequence count that failed */
	u64 undo;	/* rows read from undo: the writer stood half way */
	u64 total_undo; /* the same for the total of all rows */
};

extern __thread struct shim_met shim_met;
extern __thread int shim_irqs_off; /* not to be stopped now */

static inline void shim_meet(const char *what)
{
	if (__builtin_strstr(what, "undo_count"))
		shim_met.undo++;
	if (__builtin_strstr(what, "undo_cycles"))
		shim_met.total_undo++;
}

#define smp_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_store_mb(x, v)        \
	do {                      \
		WRITE_ONCE(x, v); \
		shim_let_out();   \
		smp_mb();         \
	} while (0)

/*
 * With SHIM_WEAK a thread keeps its WRITE_ONCE()s back until smp_wmb() or a lock,
 * and lets them out in any order then: neither x86 nor the compiler need do so
 * today, but the sources say with smp_wmb() which orders they rely on.
 */
#ifdef SHIM_WEAK
void shim_store(void *to, u64 value, size_t size);
void shim_forward(const void *from, void *value, size_t size);
void shim_let_out(void);
void shim_let_out_of(const void *place); /* ahead of the others */

#undef WRITE_ONCE
#define WRITE_ONCE(x, v) shim_store(&(x), (u64)(v), sizeof(x))
#undef smp_wmb
#define smp_wmb() shim_let_out()
#else
#define shim_forward(from, value, size)
#define shim_let_out()
#define shim_let_out_of(place)
#endif

#undef READ_ONCE
#define READ_ONCE(x)                                                         \
	({                                                                   \
		__auto_type value = __atomic_load_n(&(x), __ATOMIC_RELAXED); \
		shim_forward(&(x), &value, sizeof(value));                   \
		shim_meet(#x);                                               \
		value;                                                       \
	})

static inline void shim_pause(void)
{
	shim_met.relaxed++;
	__builtin_ia32_pause();
}

#undef cpu_relax
#define cpu_relax()    shim_pause()
#define cond_resched() sched_yield()

#ifdef __SANITIZE_THREAD__
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);
#else
static inline void AnnotateIgnoreWritesBegin(const char *file, int line)
{
}

static inline void AnnotateIgnoreWritesEnd(const char *file, int line)
{
}
#endif

/* kernel.h, overflow.h, sparse's words */
#define container_of(p, type, field) ((type *)(void *)&((char *)(p))[-offsetof(type, field)])
#define struct_size(p, field, n)     offsetof(__typeof__(*(p)), field[n])
#define __acquires(lock)
#define __releases(lock)

/* math64.h */
static inline u64 div_u64_rem(u64 a, u32 b, u32 *rest)
{
	*rest = a % b;
	return a / b;
}

/* spinlock.h. Who holds one is not stopped by a signal, as with interrupts off. */
#define __RAW_SPIN_LOCK_UNLOCKED(name) \
	{                              \
		0                      \
	}
#define raw_spin_lock_init(l) ((l)->locked = 0)

static inline void raw_spin_lock(raw_spinlock_t *l)
{
	shim_let_out();
	shim_irqs_off++;
	while (__atomic_exchange_n(&l->locked, 1, __ATOMIC_ACQUIRE))
		sched_yield();
}

static inline void raw_spin_unlock(raw_spinlock_t *l)
{
	shim_let_out();
	__atomic_store_n(&l->locked, 0, __ATOMIC_RELEASE);
	shim_irqs_off--;
}

static inline bool raw_spin_trylock(raw_spinlock_t *l)
{
	shim_irqs_off++;
	if (!__atomic_exchange_n(&l->locked, 1, __ATOMIC_ACQUIRE))
		return true;
	shim_irqs_off--;
	return false;
}

#define DEFINE_RAW_SPINLOCK(name)	     raw_spinlock_t name
#define raw_spin_lock_irq(l)		     raw_spin_lock(l)
#define raw_spin_unlock_irq(l)		     raw_spin_unlock(l)
#define raw_spin_lock_irqsave(l, flags)	     ((flags) = 0, raw_spin_lock(l))
#define raw_spin_trylock_irqsave(l, flags)   ((flags) = 0, raw_spin_trylock(l))
#define raw_spin_unlock_irqrestore(l, flags) ((void)(flags), raw_spin_unlock(l))

/* rwsem.h */
struct rw_semaphore {
	pthread_rwlock_t lock;
};

#define DECLARE_RWSEM(name) \
	struct rw_semaphore name = { PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP }

static inline void down_read(struct rw_semaphore *sem)
{
	shim_let_out();
	pthread_rwlock_rdlock(&sem->lock);
}

static inline void up_read(struct rw_semaphore *sem)
{
	shim_let_out();
	pthread_rwlock_unlock(&sem->lock);
}

static inline void down_write(struct rw_semaphore *sem)
{
	shim_let_out();
	pthread_rwlock_wrlock(&sem->lock);
}

#define up_write(sem) up_read(sem)

/* seqlock.h */
#define SEQCNT_RAW_SPINLOCK_ZERO(name, l) \
	{                                 \
		0                         \
	}
#define seqcount_raw_spinlock_init(s, l) ((s)->sequence = 0)

static inline unsigned int raw_read_seqcount(const seqcount_raw_spinlock_t *s)
{
	unsigned int seq = __atomic_load_n(&s->sequence, __ATOMIC_RELAXED);

	smp_rmb();
	return seq;
}

static inline unsigned int raw_seqcount_begin(const seqcount_raw_spinlock_t *s)
{
	return raw_read_seqcount(s) & ~1u;
}

/* The writer cannot be preempted in the kernel; here it can. */
static inline unsigned int read_seqcount_begin(const seqcount_raw_spinlock_t *s)
{
	unsigned int seq;

	while ((seq = raw_read_seqcount(s)) & 1)
		sched_yield();
	return seq;
}

static inline bool read_seqcount_retry(const seqcount_raw_spinlock_t *s, unsigned int seq)
{
	smp_rmb();
	if (__atomic_load_n(&s->sequence, __ATOMIC_RELAXED) == seq)
		return false;
	shim_met.moved++;
	return true;
}

static inline void write_seqcount_begin(seqcount_raw_spinlock_t *s)
{
	WRITE_ONCE(s->sequence, s->sequence + 1);
	smp_wmb();
	AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
}

static inline void write_seqcount_end(seqcount_raw_spinlock_t *s)
{
	AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
	smp_wmb();
	WRITE_ONCE(s->sequence, s->sequence + 1);
}

/* rcupdate.h: shim.c has the model */
void rcu_read_lock(void);
void rcu_read_unlock(void);
void synchronize_rcu(void);
void shim_free_rcu(void *p);
#define kvfree_rcu(p, rcu) shim_free_rcu(p)

/* Acquire, as a compiler and ThreadSanitizer know no address dependency. */
#define rcu_dereference(p) __atomic_load_n(&(p), __ATOMIC_ACQUIRE)

/* list.h, rculist.h */
#define LIST_HEAD_INIT(name)     \
	{                        \
		&(name), &(name) \
	}
#define list_entry(p, type, member)   container_of(p, type, member)
#define list_next_rcu(l)	      ((l)->next)
#define list_entry_rcu(p, ref, field) list_entry(rcu_dereference(p), __typeof__(*(ref)), field)

#define list_for_each_entry_rcu(pos, head, member)                                        \
	for ((pos) = list_entry_rcu((head)->next, pos, member); &(pos)->member != (head); \
	     (pos) = list_entry_rcu((pos)->member.next, pos, member))

#define list_for_each_entry list_for_each_entry_rcu

static inline void INIT_LIST_HEAD(struct list_head *l)
{
	l->next = l;
	l->prev = l;
}

static inline void list_add_tail_rcu(struct list_head *new, struct list_head *head)
{
	shim_let_out();
	new->next = head;
	new->prev = head->prev;
	__atomic_store_n(&head->prev->next, new, __ATOMIC_RELEASE);
	head->prev = new;
}

static inline void list_del_rcu(struct list_head *l)
{
	l->next->prev = l->prev;
	__atomic_store_n(&l->prev->next, l->next, __ATOMIC_RELEASE);
}

/* refcount.h */
#define refcount_set(r, n) ((r)->refs = (n))
#define refcount_inc(r)	   __atomic_fetch_add(&(r)->refs, 1, __ATOMIC_RELAXED)

static inline bool shim_refs_add_unless(refcount_t *r, int n, int unless)
{
	int refs = __atomic_load_n(&r->refs, __ATOMIC_RELAXED);

	while (refs != unless) {
		if (__atomic_compare_exchange_n(&r->refs, &refs, refs + n, false, __ATOMIC_ACQ_REL,
						__ATOMIC_RELAXED))
			return true;
	}
	return false;
}

#define refcount_inc_not_zero(r) shim_refs_add_unless(r, 1, 0)
#define refcount_dec_not_one(r)	 shim_refs_add_unless(r, -1, 1)

/* Who takes the count to 0 may be preempted before it does anything of it: it is. */
static inline bool refcount_dec_and_test(refcount_t *r)
{
	bool zero = __atomic_sub_fetch(&r->refs, 1, __ATOMIC_ACQ_REL) == 0;

	if (zero && !shim_irqs_off)
		sched_yield();
	return zero;
}

/* slab.h, vmalloc.h, mm.h, bitmap.h: what is not free again is told */
extern long shim_in_use;	    /* allocations */
extern __thread int shim_no_memory; /* the so-manieth of this thread's fails; 0: none */

static inline void *shim_count(void *p)
{
	if (p)
		__atomic_fetch_add(&shim_in_use, 1, __ATOMIC_RELAXED);
	return p;
}

static inline bool shim_fails(void)
{
	return shim_no_memory && --shim_no_memory == 0;
}

static inline void *shim_zalloc(size_t size)
{
	return shim_fails() ? NULL : shim_count(calloc(1, size));
}

static inline void *shim_vmalloc(size_t size, int flags)
{
	return shim_fails() ? NULL : shim_count(__vmalloc(size, flags));
}

static inline void kvfree(void *p)
{
	if (p)
		__atomic_fetch_sub(&shim_in_use, 1, __ATOMIC_RELAXED);
	free(p);
}

#define GFP_KERNEL	      0
#define __vmalloc(size, gfp)  shim_vmalloc(size, gfp)
#define kvzalloc(size, gfp)   shim_zalloc(size)
#define kvcalloc(n, sz, gfp)  shim_zalloc((n) * (sz))
#define bitmap_zalloc(n, gfp) ((unsigned long *)shim_zalloc(((n) + 63) / 64 * sizeof(long)))
#define bitmap_free(p)	      kvfree(p)
#define set_bit(n, map)	      ((map)[(n) / 64] |= 1ul << ((n) % 64))

/* err.h, sched/signal.h */
#define ERR_PTR(err)		   ((void *)(long)(err))
#define PTR_ERR(p)		   ((long)(p))
#define IS_ERR(p)		   ((unsigned long)(p) >= (unsigned long)-4095)
#define fatal_signal_pending(task) false

/* wait.h: who waits polls */
#define DECLARE_WAIT_QUEUE_HEAD(name) int name
#define wake_up(queue)		      ((void)*(queue))
#define wait_event(queue, cond)        \
	do {                           \
		while (!(cond))        \
			sched_yield(); \
	} while (0)

/* ktime.h, random.h, siphash.h, tsc.h */
u64 ktime_get_mono_fast_ns(void);
u32 get_random_u32(void);
#define get_random_bytes(p, size) memset(p, 42, size)

typedef struct {
	u64 key[2];
} siphash_key_t;

/* Another number for each @a. */
static inline u64 siphash_2u64(u64 a, u64 b, const siphash_key_t *key)
{
	return (a * 0x9e3779b97f4a7c15 ^ b) + key->key[0];
}

extern unsigned int tsc_khz;
#define check_tsc_unstable() false

/* irq_work.h, workqueue.h, printk.h: a thread is the worker, and nobody reads the log */
#define HZ			   250
#define nsecs_to_jiffies(ns)	   ((ns) / (NSEC_PER_SEC / HZ))
#define ktime_get_ns()		   ktime_get_mono_fast_ns()
#define DECLARE_DELAYED_WORK(n, f) struct work_struct n = { f }
#define IRQ_WORK_INIT_LAZY(f) \
	{                     \
		f             \
	}

struct work_struct {
	void (*fn)(struct work_struct *work);
};

struct irq_work {
	void (*fn)(struct irq_work *work);
};

void shim_queue_work(struct work_struct *work);
bool shim_run_work(void); /* false: there was none */

#define queue_delayed_work(queue, work, delay) ((void)(delay), shim_queue_work(work))
#define mod_delayed_work(queue, work, delay)   shim_queue_work(work)
#define cancel_delayed_work_sync(work)	       ((void)(work))
#define irq_work_queue(work)		       (work)->fn(work)
#define irq_work_sync(work)		       ((void)(work))

static inline void pr_info(const char *fmt, ...)
{
}

#define pr_warn pr_info

/* jump_label.h. Patching waits until no CPU runs with interrupts off: RCU here. */
#define static_branch_likely(key) __atomic_load_n(&(key)->on, __ATOMIC_RELAXED)
#undef static_branch_enable
#define static_branch_enable(key) \
	(__atomic_store_n(&(key)->on, true, __ATOMIC_RELAXED), synchronize_rcu())
#undef static_branch_disable
#define static_branch_disable(key) \
	(__atomic_store_n(&(key)->on, false, __ATOMIC_RELAXED), synchronize_rcu())

/* kvm_host.h */
struct dentry;

struct kvm {
	int unused;
};

struct kvm_vcpu {
	struct kvm *kvm;
	struct {
		u32 hflags;
	} arch;
};

/* svm.h */
struct vmcb_control_area {
	u32 exit_code;
};

#define CONFIG_X86_64 1

#endif
