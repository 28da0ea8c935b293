// SPDX-License-Identifier: GPL-2.0-only
/*
 * Snapshots: all of a scope's rows copied at one moment, for files and the dump.
 *
 * In memory of their own; the reader may be preempted, and begins again when a
 * record was moved meanwhile (scope.c).
 */
#include <linux/err.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/rculist.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <asm/tsc.h>

#include "exit_stats.h"
#include "read.h"

#define host exit_stats_host

/*
 * A try fails when a record is moved meanwhile. On a host where VMs come and go or are
 * reset all the time, and with enough vCPUs to read, each would: after so many the dying
 * and resets wait.
 */
#define TRIES	20

/*
 * Add a row of a record that is quiet; false if it is not. @buckets is the caller's,
 * as the compiler clears it where it begins.
 */
static __always_inline bool add_quiet_row(struct exit_stats_snap *snap,
					  const struct exit_stats_vcpu *v, unsigned int i,
					  struct exit_stats_hist *buckets)
{
	const local64_t *slot = &v->hist[i * EXIT_STATS_BUCKETS];
	struct exit_stats_row row;
	u64 exits;
	int k;

	if (!exit_stats_quiet(v, &exits))
		return false;
	row.count = local64_read(&v->brief[i].count);
	row.total = local64_read(&v->brief[i].total);
	row.min = READ_ONCE(v->brief[i].min);
	row.max = READ_ONCE(v->brief[i].max);
	row.nested_count = local64_read(&v->nested_row[i].count);
	row.nested_total = local64_read(&v->nested_row[i].total);
	if (buckets) {
#pragma GCC unroll 32
		for (k = 0; k < EXIT_STATS_BUCKETS; k++)
			buckets->bucket[k] = local64_read(&slot[k]);
	}
	if (!exit_stats_still_quiet(v, exits))
		return false;
	exit_stats_row_merge(&snap->row[i], &row);
	if (buckets)
		exit_stats_hist_merge(&snap->hist[i], buckets);
	return true;
}

static noinline void add_busy_row(struct exit_stats_snap *snap, const struct exit_stats_vcpu *v,
				  unsigned int i)
{
	struct exit_stats_hist hist;
	struct exit_stats_row row;

	exit_stats_record_row(v, i, &row, snap->hist ? &hist : NULL);
	exit_stats_row_merge(&snap->row[i], &row);
	if (snap->hist)
		exit_stats_hist_merge(&snap->hist[i], &hist);
}

static __always_inline void add_rows(struct exit_stats_snap *snap,
				     const struct exit_stats_vcpu *v,
				     struct exit_stats_hist *buckets)
{
	unsigned int i, rows = snap->rows;

	for (i = 0; i < rows; i++) {
		if (!local64_read(&v->brief[i].count))
			continue;
		if (!add_quiet_row(snap, v, i, buckets))
			add_busy_row(snap, v, i);
	}
	snap->backwards += READ_ONCE(v->backwards);
}

static noinline void add_record_hist(struct exit_stats_snap *snap, const struct exit_stats_vcpu *v)
{
	struct exit_stats_hist buckets;

	add_rows(snap, v, &buckets);
}

static noinline void add_record(struct exit_stats_snap *snap, const struct exit_stats_vcpu *v)
{
	if (snap->hist)
		add_record_hist(snap, v);
	else
		add_rows(snap, v, NULL);
}

static void add_past(struct exit_stats_snap *snap, const struct exit_stats_past *past)
{
	unsigned int i;

	for (i = 0; i < snap->rows; i++) {
		if (!past->row[i].count)
			continue;
		exit_stats_row_merge(&snap->row[i], &past->row[i]);
		if (snap->hist)
			exit_stats_hist_merge(&snap->hist[i], &past->hist[i]);
	}
	snap->backwards += past->backwards;
}

/* What of a VM counts from the event number @floor on. */
static void add_vm(struct exit_stats_snap *snap, struct exit_stats_vm *vm, u64 floor)
{
	struct exit_stats_vcpu *v;

	if (READ_ONCE(vm->past.since) >= floor)
		add_past(snap, &vm->past);
	rcu_read_lock();
	list_for_each_entry_rcu(v, &vm->vcpus, node) {
		snap->vcpus++;
		if (READ_ONCE(v->since) >= floor)
			add_record(snap, v);
	}
	rcu_read_unlock();
	snap->vms++;
}

static void take_vcpu(struct exit_stats_snap *snap, struct exit_stats_vcpu *v)
{
	u64 floor = exit_stats_vcpu_floor(v);

	if (READ_ONCE(v->since) >= floor)
		add_record(snap, v);
	snap->epoch = exit_stats_epoch(&v->scope, floor);
	snap->vms = 1;
	snap->vcpus = 1;
}

static void take_vm(struct exit_stats_snap *snap, struct exit_stats_vm *vm)
{
	u64 floor = exit_stats_vm_floor(vm);

	add_vm(snap, vm, floor);
	snap->epoch = exit_stats_epoch(&vm->scope, floor);
}

static void take_host(struct exit_stats_snap *snap)
{
	u64 floor = exit_stats_host_floor();
	struct exit_stats_vm *vm;

	add_past(snap, &host.past);
	for (vm = exit_stats_next_vm(NULL); vm; vm = exit_stats_next_vm(vm)) {
		add_vm(snap, vm, floor);
		cond_resched();
	}
	snap->epoch = exit_stats_epoch(&host.scope, floor);
}

static void take(struct exit_stats_snap *snap, struct exit_stats_scope *scope)
{
	if (scope->kind == EXIT_STATS_SCOPE_VCPU)
		take_vcpu(snap, container_of(scope, struct exit_stats_vcpu, scope));
	else if (scope->kind == EXIT_STATS_SCOPE_VM)
		take_vm(snap, container_of(scope, struct exit_stats_vm, scope));
	else
		take_host(snap);
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
	unsigned int rows = exit_stats_counts(scope) ? host.table->rows : 0;
	size_t numbers = rows * (sizeof(struct exit_stats_row) +
				 (hist ? sizeof(struct exit_stats_hist) : 0));
	struct exit_stats_snap *snap;
	unsigned int seq, tries = 0;
	int err = 0;

	snap = kvzalloc(sizeof(*snap) + numbers, GFP_KERNEL);
	if (!snap)
		return ERR_PTR(-ENOMEM);
	if (hist)
		snap->hist = (void *)&snap->row[rows];
	snap->table = host.table;
	snap->rows = rows;
	snap->scope = scope->kind;
	snap->tsc_khz = tsc_khz;
	snap->tsc_stable = !check_tsc_unstable();
	if (!rows)
		return snap;

	seq = read_seqcount_begin(seq_of(scope));
	take(snap, scope);
	while (read_seqcount_retry(seq_of(scope), seq)) {
		if (fatal_signal_pending(current)) {
			err = -EINTR;
			break;
		}
		cond_resched();
		if (++tries == TRIES)
			down_write(&exit_stats_movers);
		memset(snap->row, 0, numbers);
		snap->vms = 0;
		snap->vcpus = 0;
		snap->backwards = 0;
		seq = read_seqcount_begin(seq_of(scope));
		take(snap, scope);
	}
	if (tries >= TRIES)
		up_write(&exit_stats_movers);
	if (err) {
		kvfree(snap);
		return ERR_PTR(err);
	}
	add_up(snap);
	exit_stats_dump_counts(&snap->dumps, &snap->merged);
	return snap;
}
