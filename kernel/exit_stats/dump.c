// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dump in the kernel log, due each time the host's sum passes a multiple of the interval.
 *
 * The host's sum counts exits since the vendor module was registered; resets do not change it.
 * Each vCPU adds its exits to the sum in batches (record.c). The vCPU that moves the sum past a
 * multiple queues the worker. The worker compares the sum with its value at the last dump, takes
 * one snapshot, and prints it for the latest multiple. Earlier multiples are merged into this
 * dump. If the limit per minute allows no dump now, the dump is held back: it stays due, and the
 * worker runs again when the limit allows a dump.
 */
#include <linux/kvm_host.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/workqueue.h>

#include "exit_stats.h"

static void exit_stats_dump_fn(struct work_struct *work);

unsigned int kvm_exit_stats_per_min = EXIT_STATS_DUMP_PER_MIN;

static DECLARE_DELAYED_WORK(exit_stats_dump_work, exit_stats_dump_fn);
static struct exit_stats_limit exit_stats_dump_limit;	/* only the worker uses it */
/* The number of whole intervals in the sum at the last dump. Under kvm_exit_stats_mutex. */
static u64 exit_stats_dump_point;

/* Queue the worker for the next tick: arming a timer costs a vCPU less than a wakeup. */
static void exit_stats_dump_due(void)
{
	queue_delayed_work(system_dfl_wq, &exit_stats_dump_work, 1);
}

static void exit_stats_print_dump(const struct exit_stats_snap *snap, u64 due_at, u64 merged)
{
	const struct exit_stats_row *r;
	unsigned int pos = 0, row, reasons = 0;
	char code[12], tail[40] = "";

	while (kvm_exit_stats_next_row(snap, &pos, &row))
		reasons++;
	if (merged)
		snprintf(tail, sizeof(tail), " (%llu merged)", merged);
	pr_info("dump %llu: due at %llu, taken at %llu exits, %llu cycles, %u reasons%s\n",
		snap->dumps, due_at, snap->exits, snap->cycles, reasons, tail);
	pos = 0;
	while ((r = kvm_exit_stats_next_row(snap, &pos, &row))) {
		kvm_exit_stats_format_code(snap->table, row, code, sizeof(code));
		pr_info("%llu: exit reason %s %s: count %llu total %llu min %llu max %llu avg %llu\n",
			snap->dumps, code, snap->table->row[row].name, r->count, r->total, r->min,
			r->max, kvm_exit_stats_avg(r));
		cond_resched();	/* a line takes milliseconds on a slow console */
	}
}

/*
 * Take the snapshot of a dump, if one is due and the limit allows it. The sum is read before the
 * records, so @snap has at least @due_at exits if the host was not reset. Return: is @snap taken?
 */
static bool exit_stats_take_dump(struct exit_stats_snap *snap, u64 *due_at, u64 *merged)
{
	struct exit_stats_host *host = &kvm_exit_stats_host;
	u64 point, wait;

	lockdep_assert_held(&kvm_exit_stats_mutex);
	if (!host->table || !kvm_exit_stats_interval)
		return false;
	point = div_u64(atomic64_read(&kvm_exit_stats_sum), kvm_exit_stats_interval);
	if (point == exit_stats_dump_point)
		return false;
	wait = kvm_exit_stats_limit_take(&exit_stats_dump_limit, ktime_get_ns(),
					 READ_ONCE(kvm_exit_stats_per_min));
	if (wait) {
		queue_delayed_work(system_dfl_wq, &exit_stats_dump_work,
				   nsecs_to_jiffies(wait) + 1);
		return false;
	}
	*due_at = point * kvm_exit_stats_interval;
	*merged = point - exit_stats_dump_point - 1;
	exit_stats_dump_point = point;
	host->dumps++;
	host->merged += *merged;
	kvm_exit_stats_snap_take(snap, &host->scope);
	return true;
}

static void exit_stats_dump_fn(struct work_struct *work)
{
	struct exit_stats_snap *snap;
	u64 due_at, merged;
	bool taken;

	snap = kvm_exit_stats_snap_alloc(READ_ONCE(kvm_exit_stats_host.table), false);
	if (!snap) {	/* try again: the dump stays due */
		queue_delayed_work(system_dfl_wq, &exit_stats_dump_work, HZ);
		return;
	}
	mutex_lock(&kvm_exit_stats_mutex);
	taken = exit_stats_take_dump(snap, &due_at, &merged);
	mutex_unlock(&kvm_exit_stats_mutex);
	if (taken)
		exit_stats_print_dump(snap, due_at, merged);
	kvfree(snap);
}

/*
 * Set the number of exits between dumps. Drops dumps that are due or held back.
 * Context: process; takes kvm_exit_stats_mutex.
 */
void kvm_exit_stats_set_interval(unsigned int interval)
{
	mutex_lock(&kvm_exit_stats_mutex);
	WRITE_ONCE(kvm_exit_stats_interval, interval);
	exit_stats_dump_point = interval ? div_u64(atomic64_read(&kvm_exit_stats_sum), interval) :
					   0;
	mutex_unlock(&kvm_exit_stats_mutex);
}

/* Run the worker: a new limit may allow a held-back dump. Context: under kernel_param_lock(). */
void kvm_exit_stats_dump_kick(void)
{
	if (READ_ONCE(kvm_exit_stats_host.table))
		mod_delayed_work(system_dfl_wq, &exit_stats_dump_work, 0);
}

/* Start from 0: the vendor module comes or goes. Context: under kvm_exit_stats_mutex. */
void kvm_exit_stats_dump_start(void)
{
	atomic64_set(&kvm_exit_stats_sum, 0);
	kvm_exit_stats_dump_due = exit_stats_dump_due;
	exit_stats_dump_limit = (struct exit_stats_limit){};
	exit_stats_dump_point = 0;
	kvm_exit_stats_host.dumps = 0;
	kvm_exit_stats_host.merged = 0;
}

/* Stop the worker. Context: no vCPU exists; under kernel_param_lock(): no setter; may sleep. */
void kvm_exit_stats_dump_stop(void)
{
	cancel_delayed_work_sync(&exit_stats_dump_work);
}
