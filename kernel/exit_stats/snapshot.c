// SPDX-License-Identifier: GPL-2.0-only
/*
 * Snapshots: a scope's numbers copied at one moment.
 *
 * For files and the dump: all rows, in memory of their own; the reader may be
 * preempted and begins again when a record was moved meanwhile (scope.c).
 * For a CPUID leaf: one row, two cache lines a vCPU, nothing allocated, no
 * lock that another VM needs.
 */
#include <linux/kvm_host.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <asm/tsc.h>

#include "exit_stats.h"

#define host exit_stats_host

/* A try fails when a reset or a vCPU's death moved a record during it. */
#define ROW_TRIES	8

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
 * Return: the snapshot, to be freed with kvfree(), or NULL without memory.
 */
struct exit_stats_snap *exit_stats_snapshot(struct exit_stats_scope *scope, bool hist)
{
	unsigned int rows = host.table ? host.table->rows : 0;
	struct exit_stats_snap *snap;
	unsigned int seq;

	snap = kvzalloc(struct_size(snap, row, rows), GFP_KERNEL);
	if (!snap)
		return NULL;
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

/* Row number @rows asks for the total of all rows. */
static void add_record_row(struct exit_stats_row *out, const struct exit_stats_vcpu *v,
			   unsigned int row)
{
	struct exit_stats_row copy = {};

	if (row == host.table->rows)
		exit_stats_record_total(v, &copy);
	else
		exit_stats_record_brief(v, row, &copy);
	exit_stats_row_merge(out, &copy, false);
}

static void add_past_row(struct exit_stats_row *out, const struct exit_stats_past *past,
			 unsigned int row)
{
	struct exit_stats_row all = { .count = past->count, .total = past->total };

	exit_stats_row_merge(out, row < host.table->rows ? &past->row[row] : &all, false);
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

static bool try_vm_row(struct exit_stats_vm *vm, unsigned int row, u64 floor,
		       struct exit_stats_row *out)
{
	unsigned int seq = raw_read_seqcount(&vm->seq);

	if (seq & 1)
		return false;
	*out = (struct exit_stats_row){};
	add_vm_row(out, vm, row, floor);
	return !read_seqcount_retry(&vm->seq, seq);
}

/* One VM's row from @floor on, while its own vCPUs may be reset. */
static void vm_row(struct exit_stats_vm *vm, unsigned int row, u64 floor,
		   struct exit_stats_row *out)
{
	unsigned long flags;
	int i;

	rcu_read_lock();
	for (i = 0; i < ROW_TRIES; i++) {
		if (try_vm_row(vm, row, floor, out))
			goto out;
		cpu_relax();
	}
	/* A burst of resets: keep them out. Only this VM's own need the lock. */
	raw_spin_lock_irqsave(&vm->lock, flags);
	*out = (struct exit_stats_row){};
	add_vm_row(out, vm, row, floor);
	raw_spin_unlock_irqrestore(&vm->lock, flags);
out:
	rcu_read_unlock();
}

/**
 * exit_stats_vm_row - a VM's row, for a CPUID leaf
 * @vm: the reader's own VM
 * @row: which; the number of rows asks for the total of all
 * @out: count, total, min and max
 *
 * Context: a vCPU's thread.
 */
void exit_stats_vm_row(struct exit_stats_vm *vm, unsigned int row, struct exit_stats_row *out)
{
	vm_row(vm, row, exit_stats_vm_floor(vm), out);
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

/* Of two vCPUs that renew a copy at once, the larger numbers stay. */
static void keep_others(struct exit_stats_others *kept, unsigned int seq, u64 now,
			struct exit_stats_row *row)
{
	if (kept->seq == seq && kept->count > row->count) {
		row->count = kept->count;
		row->total = kept->total;
		row->min = kept->min;
		row->max = kept->max;
		return;
	}
	*kept = (struct exit_stats_others){
		.at = now,
		.seq = seq,
		.count = row->count,
		.total = row->total,
		.min = row->min,
		.max = row->max,
	};
}

static bool fresh(const struct exit_stats_others *kept, unsigned int seq, u64 now)
{
	return kept->seq == seq && now - kept->at < EXIT_STATS_OTHERS_NS;
}

static void others_row(struct exit_stats_vm *self, unsigned int row, unsigned int seq,
		       struct exit_stats_row *out)
{
	struct exit_stats_others *kept = &self->others[row];
	u64 now = ktime_get_mono_fast_ns();
	unsigned long flags;
	bool renew;

	raw_spin_lock_irqsave(&self->others_lock, flags);
	renew = !fresh(kept, seq, now);
	raw_spin_unlock_irqrestore(&self->others_lock, flags);

	*out = (struct exit_stats_row){};
	if (renew)
		add_others_row(out, self, row, exit_stats_host_floor());

	raw_spin_lock_irqsave(&self->others_lock, flags);
	keep_others(kept, seq, now, out);
	raw_spin_unlock_irqrestore(&self->others_lock, flags);
}

/**
 * exit_stats_host_row - the host's row, for a CPUID leaf
 * @vm: the reader's own VM, whose share is read as it is now
 * @row: which; the number of rows asks for the total of all
 * @out: count, total, min and max
 *
 * The other VMs' share is at most %EXIT_STATS_OTHERS_NS old: a guest that reads
 * in a loop does not pull at their cache lines.
 *
 * Context: a vCPU's thread.
 */
void exit_stats_host_row(struct exit_stats_vm *vm, unsigned int row, struct exit_stats_row *out)
{
	struct exit_stats_row own;
	unsigned int seq;
	int i;

	for (i = 0; i < ROW_TRIES; i++) {
		seq = raw_read_seqcount(&host.seq) & ~1u;
		vm_row(vm, row, exit_stats_host_floor(), &own);
		others_row(vm, row, seq, out);
		exit_stats_row_merge(out, &own, false);
		if (!read_seqcount_retry(&host.seq, seq))
			break;
	}
}
