// SPDX-License-Identifier: GPL-2.0-only
/*
 * The shared snapshot of the host: with exit_stats_cpuid=host all leaves are answered from it.
 *
 * A vCPU's thread takes no mutex. If the shared snapshot was begun more than 1 ms ago, the thread
 * queues a worker that takes a new snapshot. The thread waits for it, at most about 10 ms.
 */
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/workqueue.h>

#include "exit_stats.h"

#define EXIT_STATS_FRESH_NS	NSEC_PER_MSEC
#define EXIT_STATS_WAIT_MS	10

static void exit_stats_share_fn(struct work_struct *work);

static struct exit_stats_snap __rcu *exit_stats_shared_snap;
static u64 exit_stats_shared_begun;	/* when that snapshot was begun: ktime in ns */
static DECLARE_WORK(exit_stats_share_work, exit_stats_share_fn);
static DECLARE_WAIT_QUEUE_HEAD(exit_stats_share_queue);

/* Publish @snap. Context: kvm_exit_stats_mutex, held since before @snap was taken. */
void kvm_exit_stats_share_snap(struct exit_stats_snap *snap)
{
	struct exit_stats_snap *old;

	old = rcu_replace_pointer(exit_stats_shared_snap, snap,
				  lockdep_is_held(&kvm_exit_stats_mutex));
	kvfree_rcu(old, rcu);
	WRITE_ONCE(exit_stats_shared_begun, snap->begun);
	wake_up_all(&exit_stats_share_queue);
}

/*
 * Take a snapshot of the host and publish it. Context: process, may sleep; takes
 * kvm_exit_stats_mutex. Return: 0, also if no vendor module is registered; or -ENOMEM.
 */
int kvm_exit_stats_share(void)
{
	const struct exit_stats_table *table = READ_ONCE(kvm_exit_stats_host.table);
	struct exit_stats_snap *snap = kvm_exit_stats_snap_alloc(table, false);

	if (!snap)
		return -ENOMEM;
	mutex_lock(&kvm_exit_stats_mutex);
	if (table && table == kvm_exit_stats_host.table) {
		kvm_exit_stats_snap_take(snap, &kvm_exit_stats_host.scope);
		kvm_exit_stats_share_snap(snap);
		snap = NULL;
	}
	mutex_unlock(&kvm_exit_stats_mutex);
	kvfree(snap);
	return 0;
}

/* After -ENOMEM the leaves are still answered from the previous snapshot. */
static void exit_stats_share_fn(struct work_struct *work)
{
	kvm_exit_stats_share();
}

/* Free the shared snapshot. Context: the vendor module is unregistered; no VM exists. */
void kvm_exit_stats_unshare(void)
{
	struct exit_stats_snap *snap;

	cancel_work_sync(&exit_stats_share_work);
	snap = rcu_replace_pointer(exit_stats_shared_snap, NULL, true);
	kvfree_rcu(snap, rcu);
}

/*
 * Read one row and the sums of all rows of the host. Context: a vCPU's thread, with
 * exit_stats_cpuid=host; may sleep.
 */
void kvm_exit_stats_read_host(unsigned int row, struct exit_stats_leaf_row *out)
{
	const struct exit_stats_snap *snap;
	u64 now = ktime_get_ns();

	if (READ_ONCE(exit_stats_shared_begun) + EXIT_STATS_FRESH_NS < now) {
		queue_work(system_dfl_wq, &exit_stats_share_work);
		wait_event_killable_timeout(exit_stats_share_queue,
					    READ_ONCE(exit_stats_shared_begun) >= now,
					    msecs_to_jiffies(EXIT_STATS_WAIT_MS));
	}
	rcu_read_lock();
	snap = rcu_dereference(exit_stats_shared_snap);
	out->epoch = snap->epoch;
	out->exits = snap->exits;
	out->cycles = snap->cycles;
	out->row = snap->row[row];
	rcu_read_unlock();
}
