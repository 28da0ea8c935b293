// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locks, RCU, memory, time and the log of the kernel in user space.
 *
 * RCU: each thread stores the number of the grace period in which its read section began, and
 * 0 when the section ends. A thread that waits for readers begins a new period, and waits until
 * no thread is in a section of an older period. Freed memory is poisoned.
 */
#include <malloc.h>
#include <stdarg.h>
#include <time.h>

#include "shim.h"

#define MAX_THREADS 1024 /* that ever read under RCU */

__thread struct shim_thread shim;
__thread u64 shim_tsc;
u64 shim_ns;
long shim_in_use;
unsigned int tsc_khz = 2600000;
void (*shim_log)(const char *line);

#ifdef SHIM_EXACT
/* Becomes 0 only if another task waits for the CPU. */
__thread int shim_preempt_count = INT32_MIN;
#endif

void shim_event(const char *what)
{
	size_t len = strlen(shim.events);

	snprintf(shim.events + len, sizeof(shim.events) - len, "%s ", what);
}

/* ---- what lockdep checks */

void shim_die(const char *what)
{
	printf("Bail out! The code under test: %s\n", what);
	fflush(stdout);
	abort();
}

void shim_may_sleep(void)
{
	if (shim.rcu || shim.preempt)
		shim_die("sleeps in an RCU section or with preemption off");
}

void shim_may_block(void)
{
	shim_may_sleep();
	if (shim.mutexes)
		shim_die("waits, prints or switches a key under a mutex");
}

void mutex_lock(struct mutex *m)
{
	shim_may_sleep();
	if (shim.guest)
		shim_die("a guest takes a mutex");
	if (lockdep_is_held(m))
		shim_die("takes a mutex twice");
	pthread_mutex_lock(&m->lock);
	WRITE_ONCE(m->owner, &shim);
	shim.mutexes++;
	shim_event("lock");
}

int mutex_lock_killable(struct mutex *m)
{
	if (shim.killed)
		return -EINTR;
	mutex_lock(m);
	return 0;
}

void mutex_unlock(struct mutex *m)
{
	lockdep_assert_held(m);
	shim.mutexes--;
	WRITE_ONCE(m->owner, NULL);
	pthread_mutex_unlock(&m->lock);
}

/* ---- RCU */

static struct reader {
	u64 period __aligned(64);
} readers[MAX_THREADS];

static unsigned int nr_readers;
static u64 period = 1;
static __thread struct reader *self;

void rcu_read_lock(void)
{
	if (shim.rcu++)
		return;
	if (!self)
		self = &readers[__atomic_fetch_add(&nr_readers, 1, __ATOMIC_RELAXED) % MAX_THREADS];
	/* A full barrier: store the period before the section reads anything. */
	__atomic_exchange_n(&self->period, READ_ONCE(period), __ATOMIC_SEQ_CST);
}

void rcu_read_unlock(void)
{
	if (--shim.rcu == 0)
		__atomic_store_n(&self->period, 0, __ATOMIC_RELEASE);
}

/* A guest that reads is preempted now and then. */
void shim_check_reader(void)
{
	if (!shim.rcu)
		shim_die("dereferences an RCU pointer outside of a section");
	if (shim.guest && ++shim.loads % 101 == 0)
		usleep(50);
}

static bool reads_since_before(struct reader *r, u64 now)
{
	u64 began = __atomic_load_n(&r->period, __ATOMIC_SEQ_CST);

	return began && began < now;
}

static void wait_for_readers(void)
{
	u64 now = __atomic_add_fetch(&period, 1, __ATOMIC_SEQ_CST);

	shim_may_sleep();
	for (int i = 0; i < MAX_THREADS; i++) {
		while (reads_since_before(&readers[i], now))
			sched_yield();
	}
}

void synchronize_rcu(void)
{
	shim_may_block();
	shim_event("rcu");
	wait_for_readers();
}

/* Frees before it returns, so that a caller that still uses its own reference reads poison. */
void shim_free_rcu(void *p)
{
	if (!p)
		return;
	wait_for_readers();
	kvfree(p);
}

/* Patching code takes a while, and waits for every CPU. */
void shim_patch(struct static_key_false *key, bool on, const char *event)
{
	shim_may_block();
	shim_event(event);
	usleep(100);
	WRITE_ONCE(key->on, on);
	wait_for_readers();
}

/* ---- memory */

void *shim_zalloc(size_t size)
{
	void *p;

	shim_may_sleep();
	if ((shim.fail_alloc && !--shim.fail_alloc) || posix_memalign(&p, 64, size))
		return NULL;
	__atomic_fetch_add(&shim_in_use, 1, __ATOMIC_RELAXED);
	return memset(p, 0, size);
}

void kvfree(const void *p)
{
	if (!p)
		return;
	__atomic_fetch_sub(&shim_in_use, 1, __ATOMIC_RELAXED);
	memset((void *)p, 0x5a, malloc_usable_size((void *)p));
	free((void *)p);
}

/* ---- time, random numbers, the log */

u64 ktime_get_ns(void)
{
	struct timespec now;

	if (shim_ns)
		return shim_ns;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

/* Returns another number each time. */
u64 get_random_u64(void)
{
	static u64 drawn;

	return __atomic_add_fetch(&drawn, 1, __ATOMIC_RELAXED) * 0x9e3779b97f4a7c15;
}

void shim_print(const char *fmt, ...)
{
	char line[256];
	va_list ap;

	shim_may_block();
	if (!shim_log)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	shim_log(line);
}
