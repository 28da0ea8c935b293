// SPDX-License-Identifier: GPL-2.0-only
/*
 * The shim's functions, and the variables of cpuid.c, which is not here.
 *
 * RCU knows its threads: each has the number of the grace period in which its
 * read section began, 0 outside of one. To wait for readers is to begin a new
 * period and to see every thread in it or outside. What is freed is poisoned.
 */
#include <stdarg.h>
#include <unistd.h>

#include "exit_stats.h"

#define MAX_THREADS 1024 /* that ever read */
#define HURRY	    10	 /* times faster than real, delayed work falls due */

unsigned int kvm_exit_stats_cpuid_mode = EXIT_STATS_CPUID_VM;
unsigned int kvm_exit_stats_layout;
bool kvm_exit_stats_low_first, kvm_exit_stats_log_reads;

__thread struct shim_thread shim;
__thread u64 shim_tsc;
long shim_in_use;
unsigned int tsc_khz = 1000000;
void (*shim_log)(const char *line);

/* ---- what lockdep would say */

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
	pthread_mutex_lock(&m->lock);
	WRITE_ONCE(m->owner, &shim);
	shim.mutexes++;
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
	/* A full barrier: the period before what is read under it. */
	__atomic_exchange_n(&self->period, READ_ONCE(period), __ATOMIC_SEQ_CST);
}

void rcu_read_unlock(void)
{
	if (--shim.rcu == 0)
		__atomic_store_n(&self->period, 0, __ATOMIC_RELEASE);
}

void shim_stumble(void)
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
	wait_for_readers();
}

/* At once: who needs the caller's own reference any more reads rubbish. */
void shim_free_rcu(void *p)
{
	if (!p)
		return;
	wait_for_readers();
	kvfree(p);
}

/* Patching code takes a while, and waits for every CPU. */
void shim_patch(struct static_key_false *key, bool on)
{
	shim_may_block();
	usleep(100);
	WRITE_ONCE(key->on, on);
	wait_for_readers();
}

/* ---- memory */

void *shim_zalloc(size_t size)
{
	void *p = NULL;

	shim_may_sleep();
	if (!shim.fail_alloc || --shim.fail_alloc)
		p = aligned_alloc(64, (size + 63) & ~63ul);
	if (!p)
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

/* ---- time */

static u64 ns_of(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

u64 ktime_get_ns(void)
{
	return ns_of(CLOCK_MONOTONIC);
}

/* For a condition variable, whose clock this is. */
struct timespec shim_in(unsigned long jiffies)
{
	u64 ns = ns_of(CLOCK_REALTIME) + jiffies * NSEC_PER_MSEC;

	return (struct timespec){ ns / NSEC_PER_SEC, ns % NSEC_PER_SEC };
}

/* Another number each time. */
u64 get_random_u64(void)
{
	static u64 drawn;

	return __atomic_add_fetch(&drawn, 1, __ATOMIC_RELAXED) * 0x9e3779b97f4a7c15;
}

/* ---- waiting, and work */

void wake_up_all(wait_queue_head_t *queue)
{
	pthread_mutex_lock(&queue->lock);
	pthread_cond_broadcast(&queue->woken);
	pthread_mutex_unlock(&queue->lock);
}

static pthread_mutex_t works_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t works_changed = PTHREAD_COND_INITIALIZER;
static struct work_struct *works;
static unsigned int running, done; /* works */
unsigned int shim_works_without_memory;

/* @anew: at another time, if it is queued already */
void shim_queue_work(struct work_struct *work, unsigned long delay, bool anew)
{
	if (!anew && READ_ONCE(work->due))
		return;
	pthread_mutex_lock(&works_lock);
	if (!work->known) {
		work->known = true;
		work->next = works;
		works = work;
	}
	if (anew || !work->due)
		WRITE_ONCE(work->due, ktime_get_ns() + delay * NSEC_PER_MSEC / HURRY);
	pthread_cond_broadcast(&works_changed);
	pthread_mutex_unlock(&works_lock);
}

void shim_cancel_work(struct work_struct *work)
{
	shim_may_block();
	pthread_mutex_lock(&works_lock);
	WRITE_ONCE(work->due, 0);
	while (work->running)
		pthread_cond_wait(&works_changed, &works_lock);
	pthread_mutex_unlock(&works_lock);
}

/* What was due before @now and may run: no work runs twice at a time. */
static struct work_struct *due_before(u64 now)
{
	struct work_struct *w = works;

	while (w && (!w->due || w->due > now || w->running))
		w = w->next;
	return w;
}

static void run_work(struct work_struct *work)
{
	WRITE_ONCE(work->due, 0);
	work->running = true;
	running++;
	pthread_mutex_unlock(&works_lock);
	work->fn(work);
	pthread_mutex_lock(&works_lock);
	work->running = false;
	running--;
	pthread_cond_broadcast(&works_changed);
}

static void *worker(void *arg)
{
	struct work_struct *work;
	struct timespec until;

	pthread_mutex_lock(&works_lock);
	for (;;) {
		work = due_before(ktime_get_ns());
		if (work) {
			shim.fail_alloc = ++done % READ_ONCE(shim_works_without_memory) == 0;
			run_work(work);
			continue;
		}
		until = shim_in(1);
		pthread_cond_timedwait(&works_changed, &works_lock, &until);
	}
	return NULL;
}

/* They run until the program ends. */
void shim_start_workers(int n)
{
	pthread_t id;

	while (n--) {
		if (pthread_create(&id, NULL, worker, NULL))
			abort();
	}
}

/* Waits until nothing is queued any more. */
void shim_drain_work(void)
{
	pthread_mutex_lock(&works_lock);
	while (running || due_before(U64_MAX))
		pthread_cond_wait(&works_changed, &works_lock);
	pthread_mutex_unlock(&works_lock);
}

/* ---- the log, and parameters */

void pr_info(const char *fmt, ...)
{
	char line[200];
	va_list ap;

	shim_may_block();
	if (!shim_log)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	shim_log(line);
}

struct mutex shim_param_mutex = { .lock = PTHREAD_MUTEX_INITIALIZER };

int shim_set_param(const struct shim_param *param, const char *val)
{
	int err;

	kernel_param_lock(THIS_MODULE);
	err = param->ops->set(val, &param->kp);
	kernel_param_unlock(THIS_MODULE);
	return err;
}

int param_set_bool(const char *val, const struct kernel_param *kp)
{
	*(bool *)kp->arg = *val == 'Y';
	return 0;
}

int kstrtouint(const char *val, unsigned int base, unsigned int *n)
{
	*n = strtoul(val, NULL, base);
	return 0;
}

int param_set_uint(const char *val, const struct kernel_param *kp)
{
	return kstrtouint(val, 0, kp->arg);
}

int __sysfs_match_string(const char *const *names, size_t n, const char *val)
{
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(names[i], val))
			return i;
	}
	return -EINVAL;
}
