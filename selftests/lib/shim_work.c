// SPDX-License-Identifier: GPL-2.0-only
/*
 * Work.
 *
 * Without workers, work runs at once, in the thread that queues it, and delayed work runs
 * when a test says so. With workers both run in a worker, delayed work ten times earlier than
 * it should.
 */
#include "shim.h"

#define HURRY 10

unsigned int shim_works_without_memory = UINT32_MAX;
u64 shim_longest_work;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct work_struct *works;
static unsigned int workers, running, done; /* the last two count works */

/* @anew: use this delay even if the work is queued already */
void shim_delay_work(struct work_struct *work, unsigned long delay, bool anew)
{
	if (!anew && READ_ONCE(work->due))
		return;
	pthread_mutex_lock(&lock);
	if (!work->known) {
		work->known = true;
		work->next = works;
		works = work;
	}
	if (anew || !work->due) {
		work->delay = delay;
		WRITE_ONCE(work->due, ktime_get_ns() + delay * NSEC_PER_MSEC / HURRY);
	}
	pthread_mutex_unlock(&lock);
}

void shim_queue_work(struct work_struct *work)
{
	if (workers)
		shim_delay_work(work, 0, false);
	else
		work->fn(work);
}

static void look_again_later(void)
{
	pthread_mutex_unlock(&lock);
	usleep(50);
	pthread_mutex_lock(&lock);
}

void shim_cancel_work(struct work_struct *work)
{
	shim_may_block();
	pthread_mutex_lock(&lock);
	WRITE_ONCE(work->due, 0);
	while (work->running)
		look_again_later();
	pthread_mutex_unlock(&lock);
}

/* Returns a work that was due before @now and is not running already. */
static struct work_struct *due_before(u64 now)
{
	struct work_struct *w = works;

	while (w && (!w->due || w->due > now || w->running))
		w = w->next;
	return w;
}

void shim_worked_since(u64 began)
{
	pthread_mutex_lock(&lock);
	WRITE_ONCE(shim_longest_work, max(shim_longest_work, ktime_get_ns() - began));
	pthread_mutex_unlock(&lock);
}

static void run_work(struct work_struct *work)
{
	u64 began = ktime_get_ns();

	WRITE_ONCE(work->due, 0);
	work->running = true;
	running++;
	pthread_mutex_unlock(&lock);
	work->fn(work);
	shim_worked_since(began);
	pthread_mutex_lock(&lock);
	work->running = false;
	running--;
}

long shim_queued(void)
{
	struct work_struct *work = due_before(U64_MAX);

	return work ? (long)work->delay : -1;
}

void shim_run_work(void)
{
	pthread_mutex_lock(&lock);
	if (shim_queued() >= 0)
		run_work(due_before(U64_MAX));
	pthread_mutex_unlock(&lock);
}

static void *run_works(void *arg)
{
	struct work_struct *work;

	pthread_mutex_lock(&lock);
	for (;;) {
		work = due_before(ktime_get_ns());
		if (!work) {
			look_again_later();
			continue;
		}
		shim.fail_alloc = ++done % shim_works_without_memory == 0;
		run_work(work);
	}
	return NULL;
}

void shim_start_workers(int n)
{
	pthread_t id;

	for (workers = n; n; n--) {
		if (pthread_create(&id, NULL, run_works, NULL))
			abort();
	}
}

void shim_drain_work(void)
{
	pthread_mutex_lock(&lock);
	while (running || due_before(U64_MAX))
		look_again_later();
	pthread_mutex_unlock(&lock);
}
