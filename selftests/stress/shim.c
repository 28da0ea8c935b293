// SPDX-License-Identifier: GPL-2.0-only
/*
 * RCU for some threads that are known: each has the number of the grace period
 * in which its read section began, 0 outside of one. To wait for readers is to
 * begin a new period, and to see every thread outside or in it. What is freed
 * is poisoned first: who still reads it reads rubbish. And the one piece of work
 * that waits for a worker.
 */
#include <pthread.h>

#include "shim.h"

#define MAX_THREADS 64

struct reader {
	u64 period __aligned(64);
	bool taken;
};

__thread struct shim_met shim_met;
__thread int shim_irqs_off;
unsigned int tsc_khz = 1000000;
long shim_in_use;
__thread int shim_no_memory;

static struct reader readers[MAX_THREADS];
static pthread_key_t place;
static u64 period = 1;
static __thread struct reader *self;
static __thread int depth;

/* A thread that ends gives its place back. */
static void give_back(void *reader)
{
	__atomic_store_n(&((struct reader *)reader)->taken, false, __ATOMIC_RELEASE);
}

static void __attribute__((constructor)) make_place(void)
{
	if (pthread_key_create(&place, give_back))
		abort();
}

static struct reader *my_place(void)
{
	for (int i = 0; i < MAX_THREADS; i++) {
		if (__atomic_exchange_n(&readers[i].taken, true, __ATOMIC_ACQUIRE))
			continue;
		pthread_setspecific(place, &readers[i]);
		return &readers[i];
	}
	abort();
}

void rcu_read_lock(void)
{
	if (depth++)
		return;
	if (!self)
		self = my_place();
	/* An exchange is a full barrier: the period before what is read under it. */
	__atomic_exchange_n(&self->period, READ_ONCE(period), __ATOMIC_SEQ_CST);
}

void rcu_read_unlock(void)
{
	shim_let_out();
	if (--depth == 0)
		__atomic_store_n(&self->period, 0, __ATOMIC_RELEASE);
}

static bool reads_since_before(struct reader *r, u64 now)
{
	u64 began = __atomic_load_n(&r->period, __ATOMIC_SEQ_CST);

	return began && began < now;
}

void synchronize_rcu(void)
{
	u64 now = __atomic_add_fetch(&period, 1, __ATOMIC_SEQ_CST);

	if (depth)
		abort();
	for (int i = 0; i < MAX_THREADS; i++) {
		while (reads_since_before(&readers[i], now))
			sched_yield();
	}
}

static struct work_struct *queued;

void shim_queue_work(struct work_struct *work)
{
	__atomic_store_n(&queued, work, __ATOMIC_RELEASE);
}

bool shim_run_work(void)
{
	struct work_struct *work = __atomic_exchange_n(&queued, NULL, __ATOMIC_ACQ_REL);

	if (work)
		work->fn(work);
	return work;
}

void shim_free_rcu(void *p)
{
	synchronize_rcu();
	memset(p, 0x5a, malloc_usable_size(p));
	kvfree(p);
}

#ifdef SHIM_WEAK

#define MAX_STORES 32

static __thread struct {
	void *to;
	u64 value;
	size_t size;
} stores[MAX_STORES];
static __thread int nr_stores;
static __thread u32 random_state = 1;

static unsigned int any_of(unsigned int n)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % n;
}

static void let_out(int i)
{
	switch (stores[i].size) {
	case 1:
		__atomic_store_n((u8 *)stores[i].to, stores[i].value, __ATOMIC_RELEASE);
		break;
	case 2:
		__atomic_store_n((u16 *)stores[i].to, stores[i].value, __ATOMIC_RELEASE);
		break;
	case 4:
		__atomic_store_n((u32 *)stores[i].to, stores[i].value, __ATOMIC_RELEASE);
		break;
	default:
		__atomic_store_n((u64 *)stores[i].to, stores[i].value, __ATOMIC_RELEASE);
	}
}

/* In any order, and now and then with a long time in between. */
void shim_let_out(void)
{
	int i;

	while (nr_stores) {
		i = any_of(nr_stores);
		let_out(i);
		stores[i] = stores[--nr_stores];
		if (!shim_irqs_off && any_of(256) == 0)
			sched_yield();
	}
}

void shim_let_out_of(const void *place)
{
	for (int i = 0; i < nr_stores; i++) {
		if (stores[i].to == place) {
			let_out(i);
			stores[i] = stores[--nr_stores];
			return;
		}
	}
}

/* Two stores to one place stay in order. */
void shim_store(void *to, u64 value, size_t size)
{
	int i = 0;

	while (i < nr_stores && stores[i].to != to)
		i++;
	if (i == MAX_STORES) {
		shim_let_out();
		i = 0;
	}
	stores[i].to = to;
	stores[i].value = value;
	stores[i].size = size;
	if (i == nr_stores)
		nr_stores++;
}

void shim_forward(const void *from, void *value, size_t size)
{
	for (int i = 0; i < nr_stores; i++) {
		if (stores[i].to == from)
			memcpy(value, &stores[i].value, size);
	}
}

#endif

u64 ktime_get_mono_fast_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

/* Where event numbers begin. Near 2^32, to pass it. */
u32 get_random_u32(void)
{
	return UINT32_MAX - 100;
}
