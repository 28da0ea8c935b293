// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a CPUID leaf asks for: one row of a scope, the sums of all rows, or both,
 * in one walk over the vCPUs.
 *
 * Two cache lines a vCPU, nothing allocated, no lock that another VM needs, and
 * never a wait for a vCPU. A try is in vain when a reset or a death moves a record
 * meanwhile; on a host where that goes on and on there is the last good answer.
 */
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/rculist.h>
#include <linux/sched.h>

#include "exit_stats.h"
#include "read.h"

#define host exit_stats_host

/* A try walks over all vCPUs of the scope: with 2000 of them some 200 us. */
#define TRIES		20

/* How often to look whether a move is over, which takes some us. */
#define LOOKS		1000

/* In host scope the share of the other VMs may be this old, row by row. */
#define OTHERS_NS	NSEC_PER_MSEC

/* Add a record that is quiet; false if it is not. Its row is at @offset. */
static __always_inline bool add_quiet(struct exit_stats_answer *a, const struct exit_stats_vcpu *v,
				      size_t offset)
{
	const struct exit_stats_brief *b = (void *)v + offset;
	struct exit_stats_row row = {};
	u64 exits, cycles;

	if (!exit_stats_quiet(v, &exits))
		return false;
	cycles = local64_read(&v->cycles);
	row.count = local64_read(&b->count);
	row.total = local64_read(&b->total);
	row.min = READ_ONCE(b->min);
	row.max = READ_ONCE(b->max);
	if (!exit_stats_still_quiet(v, exits))
		return false;
	a->total.count += exits;
	a->total.total += cycles;
	exit_stats_row_merge(&a->reason, &row);
	return true;
}

static noinline void add_busy(struct exit_stats_answer *a, const struct exit_stats_vcpu *v)
{
	struct exit_stats_row row = {};

	exit_stats_record_brief(v, a->row, &row);
	exit_stats_row_merge(&a->reason, &row);
	exit_stats_record_total(v, &row);
	exit_stats_row_merge(&a->total, &row);
}

static void add_past(struct exit_stats_answer *a, const struct exit_stats_past *past)
{
	exit_stats_row_merge(&a->reason, &past->row[a->row]);
	a->total.count += past->count;
	a->total.total += past->total;
}

static __always_inline void add_vm(struct exit_stats_answer *a, struct exit_stats_vm *vm, u64 floor)
{
	size_t offset = offsetof(struct exit_stats_vcpu, brief[a->row]);
	struct exit_stats_vcpu *v;

	if (READ_ONCE(vm->past.since) >= floor)
		add_past(a, &vm->past);
	list_for_each_entry_rcu(v, &vm->vcpus, node) {
		if (READ_ONCE(v->since) >= floor && !add_quiet(a, v, offset))
			add_busy(a, v);
	}
}

/* Does @a say at least what @b says, in every number? */
static bool covers(const struct exit_stats_row *a, const struct exit_stats_row *b)
{
	return !b->count || (a->count >= b->count && a->total >= b->total &&
			     a->max >= b->max && a->min <= b->min);
}

static void copy_kept(const struct exit_stats_kept *kept, struct exit_stats_row *out)
{
	*out = (struct exit_stats_row){
		.count = kept->count,
		.total = kept->total,
		.min = kept->min,
		.max = kept->max,
	};
}

/*
 * Keep a row; a later answer never says less. Of two vCPUs that read at once one
 * may be ahead in one number and the other in another: false, and the caller
 * reads again, which then is later than both.
 */
static bool keep(struct exit_stats_kept *kept, u64 key, u64 at, struct exit_stats_row *out)
{
	struct exit_stats_row before;

	copy_kept(kept, &before);
	if (kept->key == key && !covers(out, &before)) {
		if (!covers(&before, out))
			return false;
		*out = before;
		return true;
	}
	*kept = (struct exit_stats_kept){
		.key = key,
		.at = at,
		.count = out->count,
		.total = out->total,
		.min = out->min,
		.max = out->max,
	};
	return true;
}

/* Keep all that was asked for. The lock is the VM's own, and held for the copying only. */
static bool keep_answer(struct exit_stats_vm *vm, unsigned int kind, u64 key, u64 at,
			struct exit_stats_answer *a)
{
	unsigned long flags;
	bool good = true;

	raw_spin_lock_irqsave(&vm->kept_lock, flags);
	if (a->row != EXIT_STATS_ROW_ALL)
		good = keep(&vm->kept[a->row][kind], key, at, &a->reason);
	if (a->all && good)
		good = keep(&vm->kept[EXIT_STATS_ROW_ALL][kind], key, at, &a->total);
	raw_spin_unlock_irqrestore(&vm->kept_lock, flags);
	return good;
}

/* What was kept under @key since @oldest, if anything was. */
static bool read_kept(const struct exit_stats_kept *kept, u64 key, u64 oldest,
		      struct exit_stats_row *out)
{
	if (kept->key != key || kept->at < oldest)
		return false;
	copy_kept(kept, out);
	return true;
}

/*
 * Each number that was asked for, if it was kept under @key since @oldest, whether
 * the other was or not. Were all of them?
 */
static bool read_kept_answer(struct exit_stats_vm *vm, unsigned int kind, u64 key, u64 oldest,
			     struct exit_stats_answer *a)
{
	unsigned long flags;
	bool good = true;

	raw_spin_lock_irqsave(&vm->kept_lock, flags);
	if (a->row != EXIT_STATS_ROW_ALL)
		good = read_kept(&vm->kept[a->row][kind], key, oldest, &a->reason);
	if (a->all)
		good &= read_kept(&vm->kept[EXIT_STATS_ROW_ALL][kind], key, oldest, &a->total);
	raw_spin_unlock_irqrestore(&vm->kept_lock, flags);
	return good;
}

static void clear(struct exit_stats_answer *a)
{
	a->reason = (struct exit_stats_row){};
	a->total = (struct exit_stats_row){};
}

/* Where every try failed. */
static void last_good(struct exit_stats_vm *vm, unsigned int kind, u64 key,
		      struct exit_stats_answer *a)
{
	clear(a);
	read_kept_answer(vm, kind, key, 0, a);
}

/*
 * Before the next try. Who executes CPUID may be preempted, whether KVM handles its
 * exit or emulates the instruction.
 */
static noinline void let_move_end(const seqcount_raw_spinlock_t *seq)
{
	int i;

	cond_resched();
	for (i = 0; i < LOOKS && raw_read_seqcount(seq) & 1; i++)
		cpu_relax();
}

static bool try_vm(struct exit_stats_vm *vm, struct exit_stats_answer *a)
{
	unsigned int seq = raw_seqcount_begin(&vm->seq);
	u64 floor = exit_stats_vm_floor(vm);

	clear(a);
	rcu_read_lock();
	add_vm(a, vm, floor);
	rcu_read_unlock();
	return !read_seqcount_retry(&vm->seq, seq) &&
	       keep_answer(vm, EXIT_STATS_KEPT_VM, floor, 0, a);
}

/**
 * exit_stats_answer_vm - what a CPUID leaf asks for, of a VM
 * @vm: the reader's own VM
 * @a: row and all say what; reason and total are set
 *
 * Where resets spoil every try, the last good answer has to do; 0 if there is none
 * since the VM's last reset.
 *
 * Context: a vCPU's thread, which may be preempted.
 */
void exit_stats_answer_vm(struct exit_stats_vm *vm, struct exit_stats_answer *a)
{
	int i;

	for (i = 0; i < TRIES; i++) {
		if (try_vm(vm, a))
			return;
		let_move_end(&vm->seq);
	}
	last_good(vm, EXIT_STATS_KEPT_VM, exit_stats_vm_floor(vm), a);
}

/*
 * The share of all VMs but @self, and of the host's past.
 *
 * It is kept under host.seq, so that a move makes it stale. What was taken during a
 * move is kept as well, under the even number before it, but nobody gives that: a
 * reader with this number finds in the end that it is not the present one, which it
 * never is again. (It wraps after 2^31 moves, not within %OTHERS_NS.)
 */
static bool take_others(struct exit_stats_vm *self, unsigned int seq, u64 floor,
			struct exit_stats_answer *a)
{
	u64 now = ktime_get_mono_fast_ns();
	struct exit_stats_vm *vm;

	if (read_kept_answer(self, EXIT_STATS_KEPT_OTHERS, seq, now - OTHERS_NS, a))
		return true;
	clear(a);
	add_past(a, &host.past);
	rcu_read_lock();
	list_for_each_entry_rcu(vm, &host.vms, node) {
		if (vm == self)
			continue;
		if (read_seqcount_retry(&host.seq, seq)) {
			rcu_read_unlock();
			return false;
		}
		add_vm(a, vm, floor);
	}
	rcu_read_unlock();
	return keep_answer(self, EXIT_STATS_KEPT_OTHERS, seq, now, a);
}

static bool try_host(struct exit_stats_vm *vm, struct exit_stats_answer *a)
{
	unsigned int seq = raw_seqcount_begin(&host.seq);
	u64 floor = exit_stats_host_floor();

	clear(a);
	if (!take_others(vm, seq, floor, a))
		return false;
	rcu_read_lock();
	add_vm(a, vm, floor);
	rcu_read_unlock();
	return !read_seqcount_retry(&host.seq, seq) &&
	       keep_answer(vm, EXIT_STATS_KEPT_HOST, floor, 0, a);
}

/*
 * Where every try failed: what the VM has itself, which is never more than the host
 * has; or the last good answer, if that says more in any number.
 */
static void own_share(struct exit_stats_vm *vm, struct exit_stats_answer *a)
{
	u64 floor = exit_stats_host_floor();

	exit_stats_answer_vm(vm, a);
	if (!keep_answer(vm, EXIT_STATS_KEPT_HOST, floor, 0, a))
		last_good(vm, EXIT_STATS_KEPT_HOST, floor, a);
}

/**
 * exit_stats_answer_host - what a CPUID leaf asks for, of the host
 * @vm: the reader's own VM, whose share is read as it is now
 * @a: row and all say what; reason and total are set
 *
 * The other VMs' share is at most %OTHERS_NS old: a guest that reads a reason in a
 * loop does not pull at their cache lines.
 *
 * Context: a vCPU's thread, which may be preempted.
 */
void exit_stats_answer_host(struct exit_stats_vm *vm, struct exit_stats_answer *a)
{
	int i;

	for (i = 0; i < TRIES; i++) {
		if (try_host(vm, a))
			return;
		let_move_end(&host.seq);
	}
	own_share(vm, a);
}
