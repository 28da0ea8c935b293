// SPDX-License-Identifier: GPL-2.0-only
/*
 * Snapshots: a scope's numbers copied at one moment.
 *
 * For files and the dump: all rows, in memory of their own; the reader may be
 * preempted and begins again when a record was moved meanwhile (scope.c).
 * For a CPUID leaf: one row, two cache lines a vCPU, nothing allocated, no
 * lock that another VM needs.
 */
#include <linux/err.h>
#include <linux/kvm_host.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/rculist.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <asm/tsc.h>

#include "exit_stats.h"

#define host exit_stats_host

/* A try fails when a reset or a death moves a record meanwhile, for some us. */
#define ROW_TRIES	1000

/* In host scope a leaf's answer from the other VMs may be this old. */
#define OTHERS_NS	NSEC_PER_MSEC

static void add_record(struct exit_stats_snap *snap, const struct exit_stats_vcpu *v, bool hist)
{
	struct exit_stats_row row;
	unsigned int i;

	for (i = 0; i < snap->rows; i++) {
		if (!local64_read(&v->brief[i].count))
			continue;
		exit_stats_record_row(v, i, hist, &row);
		exit_stats_row_merge(&snap->row[i], &row, hist);
	}
	snap->backwards += READ_ONCE(v->backwards);
}

static void add_past(struct exit_stats_snap *snap, const struct exit_stats_past *past, bool hist)
{
	unsigned int i;

	for (i = 0; i < snap->rows; i++)
		exit_stats_row_merge(&snap->row[i], &past->row[i], hist);
	snap->backwards += past->backwards;
}

/* What of a VM counts from the event number @floor on. */
static void add_vm(struct exit_stats_snap *snap, struct exit_stats_vm *vm, u64 floor, bool hist)
{
	struct exit_stats_vcpu *v;

	if (READ_ONCE(vm->past.since) >= floor)
		add_past(snap, &vm->past, hist);
	rcu_read_lock();
	list_for_each_entry_rcu(v, &vm->vcpus, node) {
		snap->vcpus++;
		if (READ_ONCE(v->since) >= floor)
			add_record(snap, v, hist);
	}
	rcu_read_unlock();
	snap->vms++;
}

static void take_vcpu(struct exit_stats_snap *snap, struct exit_stats_vcpu *v, bool hist)
{
	snap->epoch = exit_stats_vcpu_floor(v);
	if (READ_ONCE(v->since) >= snap->epoch)
		add_record(snap, v, hist);
	snap->vms = 1;
	snap->vcpus = 1;
}

static void take_vm(struct exit_stats_snap *snap, struct exit_stats_vm *vm, bool hist)
{
	snap->epoch = exit_stats_vm_floor(vm);
	add_vm(snap, vm, snap->epoch, hist);
}

static void take_host(struct exit_stats_snap *snap, bool hist)
{
	struct exit_stats_vm *vm;

	snap->epoch = exit_stats_host_floor();
	add_past(snap, &host.past, hist);
	for (vm = exit_stats_next_vm(NULL); vm; vm = exit_stats_next_vm(vm)) {
		add_vm(snap, vm, snap->epoch, hist);
		cond_resched();
	}
}

static void take(struct exit_stats_snap *snap, struct exit_stats_scope *scope, bool hist)
{
	if (scope->kind == EXIT_STATS_SCOPE_VCPU)
		take_vcpu(snap, container_of(scope, struct exit_stats_vcpu, scope), hist);
	else if (scope->kind == EXIT_STATS_SCOPE_VM)
		take_vm(snap, container_of(scope, struct exit_stats_vm, scope), hist);
	else
		take_host(snap, hist);
}

/* The sequence count that moves of the scope's numbers make odd. */
static seqcount_raw_spinlock_t *seq_of(struct exit_stats_scope *scope)
{
	if (scope->kind == EXIT_STATS_SCOPE_VCPU)
		return &container_of(scope, struct exit_stats_vcpu, scope)->vm->seq;
	if (scope->kind == EXIT_STATS_SCOPE_VM)
		return &container_of(scope, struct exit_stats_vm, scope)->seq;
	return &host.seq;
}

static void add_up(struct exit_stats_snap *snap)
{
	unsigned int i;

	for (i = 0; i < snap->rows; i++) {
		snap->exits += snap->row[i].count;
		snap->cycles += snap->row[i].total;
		snap->nested += snap->row[i].nested_count;
	}
}

/**
 * exit_stats_snapshot - copy a scope's numbers
 * @scope: the host's, a VM's or a vCPU's
 * @hist: the histograms too
 *
 * The caller keeps @scope alive during the call; the copy needs nobody.
 *
 * Context: process; may sleep. Never waits for a vCPU.
 *
 * Return: the snapshot, to be freed with kvfree(); ERR_PTR(-ENOMEM), or
 * ERR_PTR(-EINTR) for a reader that is killed.
 */
struct exit_stats_snap *exit_stats_snapshot(struct exit_stats_scope *scope, bool hist)
{
	unsigned int rows = host.table ? host.table->rows : 0;
	struct exit_stats_snap *snap;
	unsigned int seq;

	snap = kvzalloc(struct_size(snap, row, rows), GFP_KERNEL);
	if (!snap)
		return ERR_PTR(-ENOMEM);
	snap->table = host.table;
	snap->rows = rows;
	snap->scope = scope->kind;
	snap->tsc_khz = tsc_khz;
	snap->tsc_stable = !check_tsc_unstable();
	if (!rows)
		return snap;

	seq = read_seqcount_begin(seq_of(scope));
	take(snap, scope, hist);
	while (read_seqcount_retry(seq_of(scope), seq)) {
		if (fatal_signal_pending(current)) {
			kvfree(snap);
			return ERR_PTR(-EINTR);
		}
		cond_resched();
		memset(snap->row, 0, rows * sizeof(*snap->row));
		snap->vms = 0;
		snap->vcpus = 0;
		snap->backwards = 0;
		seq = read_seqcount_begin(seq_of(scope));
		take(snap, scope, hist);
	}
	add_up(snap);
	exit_stats_dump_counts(&snap->dumps, &snap->merged);
	return snap;
}

static void add_record_row(struct exit_stats_row *out, const struct exit_stats_vcpu *v,
			   unsigned int row)
{
	struct exit_stats_row copy = {};

	if (row == EXIT_STATS_ROW_ALL)
		exit_stats_record_total(v, &copy);
	else
		exit_stats_record_brief(v, row, &copy);
	exit_stats_row_merge(out, &copy, false);
}

static void add_past_row(struct exit_stats_row *out, const struct exit_stats_past *past,
			 unsigned int row)
{
	struct exit_stats_row all = { .count = past->count, .total = past->total };

	exit_stats_row_merge(out, row == EXIT_STATS_ROW_ALL ? &all : &past->row[row], false);
}

static void add_vm_row(struct exit_stats_row *out, struct exit_stats_vm *vm, unsigned int row,
		       u64 floor)
{
	struct exit_stats_vcpu *v;

	if (READ_ONCE(vm->past.since) >= floor)
		add_past_row(out, &vm->past, row);
	list_for_each_entry_rcu(v, &vm->vcpus, node) {
		if (READ_ONCE(v->since) >= floor)
			add_record_row(out, v, row);
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
 * Keep an answer; a later one never says less. Of two vCPUs that read at once one
 * may be ahead in one number and the other in another: false, and the caller
 * reads again, which then is later than both. The lock is the VM's own, and held
 * for this copy only.
 */
static bool keep(struct exit_stats_vm *vm, unsigned int kind, unsigned int row, u64 key, u64 at,
		 struct exit_stats_row *out)
{
	struct exit_stats_kept *kept = &vm->kept[row][kind];
	struct exit_stats_row before;
	unsigned long flags;
	bool good = true;

	raw_spin_lock_irqsave(&vm->kept_lock, flags);
	copy_kept(kept, &before);
	if (kept->key != key || covers(out, &before))
		*kept = (struct exit_stats_kept){
			.key = key,
			.at = at,
			.count = out->count,
			.total = out->total,
			.min = out->min,
			.max = out->max,
		};
	else if (covers(&before, out))
		*out = before;
	else
		good = false;
	raw_spin_unlock_irqrestore(&vm->kept_lock, flags);
	return good;
}

/* What was kept under @key since @oldest, if anything was. */
static bool read_kept(struct exit_stats_vm *vm, unsigned int kind, unsigned int row, u64 key,
		      u64 oldest, struct exit_stats_row *out)
{
	struct exit_stats_kept *kept = &vm->kept[row][kind];
	unsigned long flags;
	bool good;

	raw_spin_lock_irqsave(&vm->kept_lock, flags);
	good = kept->key == key && kept->at >= oldest;
	if (good)
		copy_kept(kept, out);
	raw_spin_unlock_irqrestore(&vm->kept_lock, flags);
	return good;
}

static bool try_vm_row(struct exit_stats_vm *vm, unsigned int row, struct exit_stats_row *out)
{
	unsigned int seq = raw_seqcount_begin(&vm->seq);
	u64 floor = exit_stats_vm_floor(vm);

	*out = (struct exit_stats_row){};
	rcu_read_lock();
	add_vm_row(out, vm, row, floor);
	rcu_read_unlock();
	return !read_seqcount_retry(&vm->seq, seq) &&
	       keep(vm, EXIT_STATS_KEPT_VM, row, floor, 0, out);
}

/**
 * exit_stats_vm_row - a VM's row, for a CPUID leaf
 * @vm: the reader's own VM
 * @row: which; EXIT_STATS_ROW_ALL for the total
 * @out: count, total, min and max
 *
 * Where resets spoil every try, the last good answer has to do.
 *
 * Context: a vCPU's thread.
 */
void exit_stats_vm_row(struct exit_stats_vm *vm, unsigned int row, struct exit_stats_row *out)
{
	int i;

	for (i = 0; i < ROW_TRIES; i++) {
		if (try_vm_row(vm, row, out))
			return;
		cpu_relax();
	}
	if (!read_kept(vm, EXIT_STATS_KEPT_VM, row, exit_stats_vm_floor(vm), 0, out))
		*out = (struct exit_stats_row){};
}

/* The share of all VMs but @self, and of the host's past. */
static void add_others_row(struct exit_stats_row *out, struct exit_stats_vm *self,
			   unsigned int row, u64 floor)
{
	struct exit_stats_vm *vm;

	add_past_row(out, &host.past, row);
	rcu_read_lock();
	list_for_each_entry_rcu(vm, &host.vms, node) {
		if (vm != self)
			add_vm_row(out, vm, row, floor);
	}
	rcu_read_unlock();
}

/* Counted under one host.seq: a move makes what was kept of it stale. */
static bool others_row(struct exit_stats_vm *self, unsigned int row, unsigned int seq, u64 floor,
		       struct exit_stats_row *out)
{
	u64 now = ktime_get_mono_fast_ns();

	if (read_kept(self, EXIT_STATS_KEPT_OTHERS, row, seq, now - OTHERS_NS, out))
		return true;
	*out = (struct exit_stats_row){};
	add_others_row(out, self, row, floor);
	return keep(self, EXIT_STATS_KEPT_OTHERS, row, seq, now, out);
}

static bool try_host_row(struct exit_stats_vm *vm, unsigned int row, struct exit_stats_row *out)
{
	unsigned int seq = raw_seqcount_begin(&host.seq);
	u64 floor = exit_stats_host_floor();
	struct exit_stats_row own = {};

	if (!others_row(vm, row, seq, floor, out))
		return false;
	rcu_read_lock();
	add_vm_row(&own, vm, row, floor);
	rcu_read_unlock();
	exit_stats_row_merge(out, &own, false);
	return !read_seqcount_retry(&host.seq, seq) &&
	       keep(vm, EXIT_STATS_KEPT_HOST, row, floor, 0, out);
}

/**
 * exit_stats_host_row - the host's row, for a CPUID leaf
 * @vm: the reader's own VM, whose share is read as it is now
 * @row: which; EXIT_STATS_ROW_ALL for the total
 * @out: count, total, min and max
 *
 * The other VMs' share is at most %OTHERS_NS old: a guest that reads in a loop
 * does not pull at their cache lines.
 *
 * Context: a vCPU's thread.
 */
void exit_stats_host_row(struct exit_stats_vm *vm, unsigned int row, struct exit_stats_row *out)
{
	int i;

	for (i = 0; i < ROW_TRIES; i++) {
		if (try_host_row(vm, row, out))
			return;
		cpu_relax();
	}
	if (!read_kept(vm, EXIT_STATS_KEPT_HOST, row, exit_stats_host_floor(), 0, out))
		*out = (struct exit_stats_row){};
}
