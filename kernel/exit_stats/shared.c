// SPDX-License-Identifier: GPL-2.0-only
/*
 * The shared snapshot of the host: with exit_stats_cpuid=host all leaves are answered from it.
 *
 * A vCPU's thread takes no mutex. If the snapshot is not fresh, the thread waits, at most about
 * 10 ms, for a worker that takes a new one. Guests can cause this at any rate. So the worker
 * allocates nothing: it fills a spare snapshot and swaps the two. And a snapshot is fresh for 8
 * times as long as it took, so that guests keep the mutex busy for an eighth of the time at most.
 */
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "exit_stats.h"

#define EXIT_STATS_FRESH_NS	NSEC_PER_MSEC
#define EXIT_STATS_WAIT_MS	10

static void exit_stats_share_fn(struct work_struct *work);

static struct exit_stats_snap *exit_stats_shared[2];
static unsigned int exit_stats_shared_index;	/* the other one is spare */
static DEFINE_RWLOCK(exit_stats_shared_lock);	/* held while a row is copied, or the index set */
static u64 exit_stats_shared_until;		/* fresh until then: ktime in ns */
static DECLARE_WORK(exit_stats_share_work, exit_stats_share_fn);
static DECLARE_WAIT_QUEUE_HEAD(exit_stats_share_queue);

/* Take and publish a snapshot, if exit_stats_cpuid was ever host. Context: under the mutex. */
void kvm_exit_stats_share_snap(void)
{
	struct exit_stats_snap *spare = exit_stats_shared[!exit_stats_shared_index];
	u64 begun, took;

	lockdep_assert_held(&kvm_exit_stats_mutex);
	if (!spare)
		return;
	begun = ktime_get_ns();
	kvm_exit_stats_snap_clear(spare);
	kvm_exit_stats_snap_take(spare, &kvm_exit_stats_host.scope);
	took = ktime_get_ns() - begun;
	write_lock(&exit_stats_shared_lock);
	exit_stats_shared_index = !exit_stats_shared_index;
	write_unlock(&exit_stats_shared_lock);
	WRITE_ONCE(exit_stats_shared_until, begun + max_t(u64, EXIT_STATS_FRESH_NS, 8 * took));
	wake_up_all(&exit_stats_share_queue);
}

/*
 * Make the snapshots and publish one. Context: under kernel_param_lock(); takes
 * kvm_exit_stats_mutex. Return: 0, also if no vendor module is registered; or -ENOMEM.
 */
int kvm_exit_stats_share(void)
{
	const struct exit_stats_table *table = kvm_exit_stats_host.table;
	int i;

	for (i = 0; table && i < 2; i++) {
		if (!exit_stats_shared[i])
			exit_stats_shared[i] = kvm_exit_stats_snap_alloc(table, false);
		if (!exit_stats_shared[i])
			return -ENOMEM;
	}
	mutex_lock(&kvm_exit_stats_mutex);
	kvm_exit_stats_share_snap();
	mutex_unlock(&kvm_exit_stats_mutex);
	return 0;
}

static void exit_stats_share_fn(struct work_struct *work)
{
	mutex_lock(&kvm_exit_stats_mutex);
	/* A guest may have queued this work while it was running. */
	if (exit_stats_shared_until < ktime_get_ns())
		kvm_exit_stats_share_snap();
	mutex_unlock(&kvm_exit_stats_mutex);
}

/* Free the snapshots. Context: the vendor module is unregistered; no VM exists; may sleep. */
void kvm_exit_stats_unshare(void)
{
	int i;

	cancel_work_sync(&exit_stats_share_work);
	for (i = 0; i < 2; i++) {
		kvfree(exit_stats_shared[i]);
		exit_stats_shared[i] = NULL;
	}
}

/*
 * Read one row and the sums of all rows of the host. Waits at most about 10 ms, less if the caller
 * is killed; then the snapshot may be old. There is one: exit_stats_cpuid becomes host, or a vendor
 * module is registered, only after kvm_exit_stats_share(). Context: a vCPU's thread; may sleep.
 */
void kvm_exit_stats_read_host(unsigned int row, struct exit_stats_leaf_row *out)
{
	const struct exit_stats_snap *snap;
	u64 now = ktime_get_ns();

	if (READ_ONCE(exit_stats_shared_until) < now) {
		queue_work(system_dfl_wq, &exit_stats_share_work);
		wait_event_killable_timeout(exit_stats_share_queue,
					    READ_ONCE(exit_stats_shared_until) >= now,
					    msecs_to_jiffies(EXIT_STATS_WAIT_MS));
	}
	read_lock(&exit_stats_shared_lock);
	snap = exit_stats_shared[exit_stats_shared_index];
	out->epoch = snap->epoch;
	out->exits = snap->exits;
	out->cycles = snap->cycles;
	out->row = snap->row[row];
	read_unlock(&exit_stats_shared_lock);
}
