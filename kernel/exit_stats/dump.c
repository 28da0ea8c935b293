// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dump in the kernel log: due each time the host's exits pass a multiple
 * of exit_stats_dump_interval.
 *
 * vCPUs hand in their exits by the batch; who passes a multiple calls a worker,
 * which takes a snapshot and prints it. What falls due while the worker is on its
 * way, or held back by the limit a minute, is merged into the next dump. Until
 * then no vCPU has to hand in: the worker collects, and pokes them to go on.
 *
 * The worker is called from the next tick (a lazy irq_work): to wake it up would
 * cost the vCPU's thread more than all of the batch did.
 */
#include <linux/err.h>
#include <linux/irq_work.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "exit_stats.h"

/* Hand-ins are never further apart: a new interval is seen after that many. */
#define MAX_BATCH	4096u

static void call_fn(struct irq_work *unused);
static void dump_fn(struct work_struct *unused);

static DEFINE_RAW_SPINLOCK(lock);	/* inside a VM's lock */
static struct irq_work call = IRQ_WORK_INIT_LAZY(call_fn);
static DECLARE_DELAYED_WORK(work, dump_fn);
static struct exit_stats_bucket bucket;	/* the worker's */

/* Under the lock: */
static u64 handed;		/* exits handed in since the vendor module came */
static u64 due_at;		/* the latest multiple that was passed */
static u64 waiting;		/* dumps that are due and not printed */
static u64 printed;
static u64 merged;
static bool armed;		/* the worker is on its way: vCPUs need not hand in */

/* After how many exits does a vCPU hand in next? */
static u32 next_batch(void)
{
	unsigned int interval = READ_ONCE(exit_stats_dump_interval);
	unsigned int vcpus = READ_ONCE(exit_stats_host.nr_vcpus);
	u32 past;

	if (!interval || armed)
		return MAX_BATCH;
	if (vcpus > 1)
		return clamp(interval / vcpus, 1u, MAX_BATCH);
	/* Alone: hand in at the very multiple. */
	div_u64_rem(handed, interval, &past);
	return min(interval - past, MAX_BATCH);
}

/* Add what is new of a vCPU's exits. Does that call for the worker? */
static bool hand_in(struct exit_stats_vcpu *v)
{
	unsigned int interval = READ_ONCE(exit_stats_dump_interval);
	u64 exits = local64_read(&v->exits);
	u64 before = handed, passed;
	u32 past;

	handed += exits - v->handed;
	v->handed = exits;
	if (!interval)
		return false;
	passed = div_u64_rem(handed, interval, &past) - div_u64(before, interval);
	if (!passed)
		return false;
	due_at = handed - past;
	waiting += passed;
	if (armed)
		return false;
	armed = true;
	return true;
}

/**
 * exit_stats_hand_in - add a vCPU's exits to the host's count
 * @v: its record; a new batch begins
 *
 * Context: the vCPU's thread at the end of a batch, or before a reset empties
 * the record, interrupts on or off; or the vCPU's death.
 */
void exit_stats_hand_in(struct exit_stats_vcpu *v)
{
	unsigned long flags;
	bool wake;

	raw_spin_lock_irqsave(&lock, flags);
	wake = hand_in(v);
	v->batch_left = next_batch();
	raw_spin_unlock_irqrestore(&lock, flags);
	if (wake)
		irq_work_queue(&call);
}
EXPORT_SYMBOL_FOR_KVM_INTERNAL(exit_stats_hand_in);

/* Context: the vCPU's creation. */
void exit_stats_first_batch(struct exit_stats_vcpu *v)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	v->batch_left = next_batch();
	raw_spin_unlock_irqrestore(&lock, flags);
}

static unsigned int rows_in_use(const struct exit_stats_snap *snap)
{
	unsigned int pos = 0, row, n = 0;

	while (exit_stats_next_row(snap, &pos, &row))
		n++;
	return n;
}

static void print_dump(const struct exit_stats_snap *snap, u64 nr, u64 due, u64 more)
{
	const struct exit_stats_row *r;
	unsigned int pos = 0, row;
	char code[12], tail[40] = "";

	if (more)
		snprintf(tail, sizeof(tail), " (%llu merged)", more);
	pr_info("dump %llu: due at %llu, taken at %llu exits, %llu cycles, %u reasons%s\n",
		nr, due, snap->exits, snap->cycles, rows_in_use(snap), tail);
	while ((r = exit_stats_next_row(snap, &pos, &row))) {
		exit_stats_format_code(snap->table, row, code, sizeof(code));
		pr_info("%llu: exit reason %s %s: count %llu total %llu min %llu max %llu avg %llu\n",
			nr, code, snap->table->row[row].name, r->count, r->total, r->min, r->max,
			exit_stats_avg(r));
		cond_resched();	/* a slow console takes milliseconds a line */
	}
}

/* Without memory for a snapshot the dump stays due; the next try is in a second. */
static void put_back(u64 due)
{
	raw_spin_lock_irq(&lock);
	waiting += due;
	armed = true;
	raw_spin_unlock_irq(&lock);
	queue_delayed_work(system_dfl_wq, &work, HZ);
}

/* Not so after a wake-up too many, or when dumps were switched off meanwhile. */
static bool anything_due(void)
{
	bool due;

	raw_spin_lock_irq(&lock);
	if (!READ_ONCE(exit_stats_dump_interval))
		waiting = 0;
	armed = waiting;
	due = armed;
	raw_spin_unlock_irq(&lock);
	return due;
}

static void call_fn(struct irq_work *unused)
{
	queue_delayed_work(system_dfl_wq, &work, 0);
}

/* What the vCPUs have counted and not handed in, whether they run or not. */
static void collect(void)
{
	struct exit_stats_vcpu *v;
	struct exit_stats_vm *vm;

	for (vm = exit_stats_next_vm(NULL); vm; vm = exit_stats_next_vm(vm)) {
		raw_spin_lock_irq(&vm->lock);	/* no record is emptied meanwhile */
		raw_spin_lock(&lock);
		list_for_each_entry(v, &vm->vcpus, node)
			hand_in(v);
		raw_spin_unlock(&lock);
		raw_spin_unlock_irq(&vm->lock);
	}
}

/* Batches are short again: from each vCPU's next exit on. */
static void poke_all(void)
{
	struct exit_stats_vm *vm;

	for (vm = exit_stats_next_vm(NULL); vm; vm = exit_stats_next_vm(vm))
		exit_stats_poke(vm);
}

static void dump_fn(struct work_struct *unused)
{
	struct exit_stats_bucket before = bucket;
	struct exit_stats_snap *snap;
	u64 nr, due, taken, wait;

	if (!anything_due())
		return;
	wait = exit_stats_bucket_take(&bucket, ktime_get_ns(), READ_ONCE(exit_stats_dump_per_min));
	if (wait) {
		queue_delayed_work(system_dfl_wq, &work, nsecs_to_jiffies(wait) + 1);
		return;
	}
	/* First what is due, then the numbers: these contain it. */
	collect();
	raw_spin_lock_irq(&lock);
	due = due_at;
	taken = waiting;
	waiting = 0;
	armed = false;
	raw_spin_unlock_irq(&lock);
	poke_all();

	snap = exit_stats_snapshot(&exit_stats_host.scope, false);
	if (IS_ERR(snap)) {
		bucket = before;
		put_back(taken);
		return;
	}
	raw_spin_lock_irq(&lock);
	nr = ++printed;
	merged += taken - 1;
	raw_spin_unlock_irq(&lock);

	print_dump(snap, nr, due, taken - 1);
	kvfree(snap);
}

/**
 * exit_stats_dump_counts - how many dumps there were
 * @dumps: printed
 * @were_merged: due, and merged into one of those
 *
 * Context: any.
 */
void exit_stats_dump_counts(u64 *dumps, u64 *were_merged)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	*dumps = printed;
	*were_merged = merged;
	raw_spin_unlock_irqrestore(&lock, flags);
}

/* A new limit a minute: a dump that is held back asks again. */
void exit_stats_dump_kick(void)
{
	bool wake;

	raw_spin_lock_irq(&lock);
	wake = armed;
	raw_spin_unlock_irq(&lock);
	if (wake)
		mod_delayed_work(system_dfl_wq, &work, 0);
}

/* A vendor module comes: everything from 0. */
void exit_stats_dump_start(void)
{
	bucket = (struct exit_stats_bucket){};
	handed = 0;
	due_at = 0;
	waiting = 0;
	printed = 0;
	merged = 0;
	armed = false;
}

/* It goes: no vCPU is left to hand in, and no setter runs (kernel_param_lock()). */
void exit_stats_dump_stop(void)
{
	irq_work_sync(&call);
	cancel_delayed_work_sync(&work);
	waiting = 0;
	armed = false;
}
