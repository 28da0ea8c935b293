// SPDX-License-Identifier: GPL-2.0-only
/*
 * The log of leaf reads, for exit_stats_log_reads=Y: which leaf, what answer.
 *
 * A vCPU leaves a note and goes on; a worker prints, so many lines a minute as
 * there may be dumps. A note that finds no room is counted.
 */
#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/kfifo.h>
#include <linux/ktime.h>
#include <linux/workqueue.h>

#include "exit_stats.h"

#define NOTES	32

struct note {
	u32 leaf;
	u32 code;
	const char *name;		/* NULL: not defined */
	bool enabled;
	u64 count;
};

static void print_fn(struct work_struct *work);

static DEFINE_RAW_SPINLOCK(lock);
static DEFINE_KFIFO(notes, struct note, NOTES);
static DECLARE_DELAYED_WORK(work, print_fn);
static struct exit_stats_bucket bucket;	/* the worker's */
static atomic64_t held_back;

static bool leave(const struct note *note)
{
	unsigned long flags;
	bool ok;

	/* The lock is everybody's: whoever does not get it at once goes on. */
	if (!raw_spin_trylock_irqsave(&lock, flags))
		return false;
	ok = kfifo_put(&notes, *note);
	raw_spin_unlock_irqrestore(&lock, flags);
	return ok;
}

static bool enabled(unsigned int row)
{
	return row != EXIT_STATS_ROW_OTHER && test_bit(row, exit_stats_host.enabled);
}

/**
 * exit_stats_log_read - note that a guest read a leaf
 * @leaf: the leaf and its numbers
 * @code: the reason that was asked for
 *
 * Context: the vCPU's thread; does not wait.
 */
void exit_stats_log_read(const struct exit_stats_leaf *leaf, u32 code)
{
	const struct exit_stats_table *table = exit_stats_host.table;
	bool has_reason = exit_stats_leaf_has_reason(leaf->leaf);
	struct note note = {
		.leaf = leaf->leaf,
		.code = code,
		.name = table->name(code),
		.enabled = enabled(table->row_of(code)),
		.count = has_reason ? leaf->answer.reason.count : leaf->answer.total.count,
	};

	if (!leave(&note))
		atomic64_inc(&held_back);
	queue_delayed_work(system_dfl_wq, &work, 0);
}

static void print_note(const struct note *note, const char *tail)
{
	const char *fmt = exit_stats_host.table->hex ? "0x%x" : "%u";
	char code[12];

	snprintf(code, sizeof(code), fmt, note->code);
	if (!exit_stats_leaf_has_reason(note->leaf) && !exit_stats_leaf_has_total(note->leaf))
		pr_info("guest read 0x%x%s\n", note->leaf, tail);
	else if (!exit_stats_leaf_has_reason(note->leaf))
		pr_info("guest read 0x%x: count %llu%s\n", note->leaf, note->count, tail);
	else if (!note->name)
		pr_info("guest read 0x%x reason %s: not defined%s\n", note->leaf, code, tail);
	else if (!note->enabled && !note->count)
		pr_info("guest read 0x%x reason %s: defined, not enabled%s\n", note->leaf, code,
			tail);
	else
		pr_info("guest read 0x%x reason %s %s: count %llu%s\n", note->leaf, code,
			note->name, note->count, tail);
}

static bool pick_up(struct note *note)
{
	bool ok;

	raw_spin_lock_irq(&lock);
	ok = kfifo_get(&notes, note);
	raw_spin_unlock_irq(&lock);
	return ok;
}

static void print_fn(struct work_struct *unused)
{
	char tail[40] = "";
	struct note note;
	u64 wait, more;

	while (!kfifo_is_empty(&notes)) {
		wait = exit_stats_bucket_take(&bucket, ktime_get_ns(),
					      READ_ONCE(exit_stats_dump_per_min));
		if (wait) {
			queue_delayed_work(system_dfl_wq, &work, nsecs_to_jiffies(wait) + 1);
			return;
		}
		if (!pick_up(&note))
			return;
		more = atomic64_xchg(&held_back, 0);
		tail[0] = '\0';
		if (more)
			snprintf(tail, sizeof(tail), " (%llu held back)", more);
		print_note(&note, tail);
		cond_resched();
	}
}

/* A new limit a minute: notes that are held back ask again. */
void exit_stats_log_kick(void)
{
	if (!kfifo_is_empty(&notes))
		mod_delayed_work(system_dfl_wq, &work, 0);
}

/* The vendor module goes: no guest is left to read. */
void exit_stats_log_stop(void)
{
	cancel_delayed_work_sync(&work);
	kfifo_reset(&notes);
	atomic64_set(&held_back, 0);
	bucket = (struct exit_stats_bucket){};
}
