// SPDX-License-Identifier: GPL-2.0-only
/*
 * Snapshots: the numbers of a scope, copied at one moment.
 *
 * A scope's numbers are the sum of its vCPUs' records, minus the scope's baseline. The host's
 * numbers include the retired numbers. Files, dumps and resets copy all rows under the mutex.
 * A leaf in VM scope copies one row under RCU, so that no guest waits for another.
 *
 * min and max cannot be subtracted. A reset empties them in each record of its scope. A scope
 * has the smallest min and the largest max of its records. These may miss an exit that ends
 * during a reset. So a min above the average, or a max below it, is replaced with the average.
 */
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/rculist.h>
#include <asm/tsc.h>

#include "exit_stats.h"

struct exit_stats_host kvm_exit_stats_host = {
	.scope.kind = EXIT_STATS_SCOPE_HOST,
	.vms = LIST_HEAD_INIT(kvm_exit_stats_host.vms),
};

DEFINE_MUTEX(kvm_exit_stats_mutex);	/* exit_stats.h says what it protects */

/* The average cycles of a row, rounded down; 0 if the row is empty. */
u64 kvm_exit_stats_avg(const struct exit_stats_row *r)
{
	return r->count ? div64_u64(r->total, r->count) : 0;
}

/* Empty a snapshot that nobody else uses, before records are added. Keeps its number of rows. */
void kvm_exit_stats_snap_clear(struct exit_stats_snap *snap)
{
	unsigned int i;

	memset_startat(snap, 0, vms);
	memset(snap->row, 0, snap->rows * sizeof(*snap->row));
	for (i = 0; i < snap->rows; i++)
		snap->row[i].min = EXIT_STATS_NO_MIN;
}

/*
 * Allocate an empty snapshot. It has no rows if @table is NULL. Context: process, may sleep.
 * Return: the snapshot, which the caller frees with kvfree(), or NULL.
 */
struct exit_stats_snap *kvm_exit_stats_snap_alloc(const struct exit_stats_table *table, bool hist)
{
	unsigned int rows = table ? table->rows : 0;
	struct exit_stats_snap *snap = kvzalloc(struct_size(snap, row, rows), GFP_KERNEL);

	if (!snap)
		return NULL;
	snap->table = table;
	snap->rows = rows;
	snap->hist = hist;
	kvm_exit_stats_snap_clear(snap);
	return snap;
}

static __always_inline void exit_stats_add_rows(struct exit_stats_snap *snap,
						const struct exit_stats_vcpu *v, bool hist)
{
	struct exit_stats_row *to = snap->row, *end = to + snap->rows, row;
	const struct exit_stats_row *from = v->row;

	for (; to < end; to++, from++) {
		if (!data_race(from->count))	/* only compared with 0: no sequence counter */
			continue;
		exit_stats_read_row(v, from, &row, hist);
		exit_stats_add_row(to, &row, hist);
	}
}

/* Add a record to a snapshot. Context: under kvm_exit_stats_mutex; may sleep. */
void kvm_exit_stats_snap_add_vcpu(struct exit_stats_snap *snap, const struct exit_stats_vcpu *v)
{
	if (snap->hist)
		exit_stats_add_rows(snap, v, true);
	else
		exit_stats_add_rows(snap, v, false);
	snap->backwards += READ_ONCE(v->backwards);
	snap->halt_poll_ns += READ_ONCE(v->stat->halt_poll_success_ns) +
			      READ_ONCE(v->stat->halt_poll_fail_ns);
	snap->halt_wait_ns += READ_ONCE(v->stat->halt_wait_ns);
	snap->vcpus++;
	cond_resched();
}

/* Add @from, of the same table, to @to. If @to has histograms, so has @from. Under the mutex. */
void kvm_exit_stats_snap_add(struct exit_stats_snap *to, const struct exit_stats_snap *from)
{
	unsigned int i;

	for (i = 0; i < to->rows; i++)
		exit_stats_add_row(&to->row[i], &from->row[i], to->hist);
	to->backwards += from->backwards;
	to->halt_poll_ns += from->halt_poll_ns;
	to->halt_wait_ns += from->halt_wait_ns;
}

static void exit_stats_subtract(struct exit_stats_snap *snap, const struct exit_stats_baseline *b)
{
	unsigned int i;

	for (i = 0; i < b->nr; i++) {
		if (b->sum[i].word < EXIT_STATS_SUMS(snap->hist))
			(&snap->row[b->sum[i].row].count)[b->sum[i].word] -= b->sum[i].value;
	}
	snap->backwards -= b->backwards;
	snap->halt_poll_ns -= b->halt_poll_ns;
	snap->halt_wait_ns -= b->halt_wait_ns;
}

/* Correct what a reset missed (see the top): records were added, the baseline subtracted. */
static void exit_stats_finish_row(struct exit_stats_row *r)
{
	u64 avg = kvm_exit_stats_avg(r);

	r->min = min(r->min, avg);
	r->max = r->count ? max(r->max, avg) : 0;
	/* User space may still have been at an exit from before the reset. */
	r->user_count = min(r->user_count, r->count);
	if (!r->count)
		r->user_total = 0;
}

static void exit_stats_finish(struct exit_stats_snap *snap)
{
	struct exit_stats_row *r;

	for (r = snap->row; r < snap->row + snap->rows; r++) {
		exit_stats_finish_row(r);
		snap->exits += r->count;
		snap->cycles += r->total;
		snap->nested += r->nested_count;
	}
	/* KVM's files in debugfs can set its own counters to 0. */
	snap->halt_poll_ns = max_t(s64, snap->halt_poll_ns, 0);
	snap->halt_wait_ns = max_t(s64, snap->halt_wait_ns, 0);
}

static void exit_stats_take_vm(struct exit_stats_snap *snap, const struct exit_stats_vm *vm)
{
	const struct exit_stats_vcpu *v;

	list_for_each_entry(v, &vm->vcpus, node)
		kvm_exit_stats_snap_add_vcpu(snap, v);
	snap->vms++;
}

static void exit_stats_take(struct exit_stats_snap *snap, struct exit_stats_scope *scope)
{
	const struct exit_stats_vm *vm;

	switch (scope->kind) {
	case EXIT_STATS_SCOPE_VCPU:
		kvm_exit_stats_snap_add_vcpu(snap, container_of(scope, struct exit_stats_vcpu,
								scope));
		snap->vms = 1;
		break;
	case EXIT_STATS_SCOPE_VM:
		exit_stats_take_vm(snap, container_of(scope, struct exit_stats_vm, scope));
		break;
	default:
		kvm_exit_stats_snap_add(snap, kvm_exit_stats_host.retired);
		list_for_each_entry(vm, &kvm_exit_stats_host.vms, node)
			exit_stats_take_vm(snap, vm);
	}
}

/*
 * Copy a scope's numbers into an empty snapshot. Sets rows to 0 if no vendor module is
 * registered, and for a TDX guest. The caller keeps @scope alive during the call; @snap does
 * not refer to it. Context: process, under kvm_exit_stats_mutex; may sleep.
 */
void kvm_exit_stats_snap_take(struct exit_stats_snap *snap, struct exit_stats_scope *scope)
{
	const struct exit_stats_baseline *b;

	lockdep_assert_held(&kvm_exit_stats_mutex);
	snap->scope = scope->kind;
	snap->tsc_khz = tsc_khz;
	snap->tsc_stable = !check_tsc_unstable();
	snap->dumps = kvm_exit_stats_host.dumps;
	snap->merged = kvm_exit_stats_host.merged;
	if (snap->table != kvm_exit_stats_host.table || !scope->epoch)
		snap->rows = 0;
	if (!snap->rows)
		return;

	exit_stats_take(snap, scope);
	b = rcu_dereference_protected(scope->baseline, lockdep_is_held(&kvm_exit_stats_mutex));
	if (b)
		exit_stats_subtract(snap, b);
	exit_stats_finish(snap);
	snap->epoch = b ? b->epoch : scope->epoch;
}

/*
 * Take a snapshot of a scope. Context: process, may sleep; takes kvm_exit_stats_mutex.
 * Return: the snapshot, which the caller frees with kvfree(); ERR_PTR(-ENOMEM);
 * ERR_PTR(-EINTR) if the caller is killed.
 */
struct exit_stats_snap *kvm_exit_stats_snapshot(struct exit_stats_scope *scope, bool hist)
{
	struct exit_stats_snap *snap;

	snap = kvm_exit_stats_snap_alloc(READ_ONCE(kvm_exit_stats_host.table), hist);
	if (!snap)
		return ERR_PTR(-ENOMEM);
	if (mutex_lock_killable(&kvm_exit_stats_mutex)) {
		kvfree(snap);
		return ERR_PTR(-EINTR);
	}
	kvm_exit_stats_snap_take(snap, scope);
	mutex_unlock(&kvm_exit_stats_mutex);
	return snap;
}

static void exit_stats_subtract_leaf_row(struct exit_stats_leaf_row *from, unsigned int row,
					 const struct exit_stats_baseline *b)
{
	unsigned int i;

	from->exits -= b->exits;
	from->cycles -= b->cycles;
	for (i = 0; i < b->nr && b->sum[i].row <= row; i++) {
		if (b->sum[i].row == row && b->sum[i].word < 2)	/* count and total */
			(&from->row.count)[b->sum[i].word] -= b->sum[i].value;
	}
}

/*
 * Read one row and the sums of all rows of a VM. Starts again if a reset of the VM replaced
 * the baseline meanwhile. Context: the thread of a vCPU of @vm, which keeps @vm alive; takes no
 * lock, does not sleep.
 */
void kvm_exit_stats_read_vm(struct exit_stats_vm *vm, unsigned int row,
			    struct exit_stats_leaf_row *out)
{
	const struct exit_stats_baseline *b;
	const struct exit_stats_vcpu *v;
	struct exit_stats_leaf_row one;

	rcu_read_lock();
	do {
		*out = (struct exit_stats_leaf_row){ .row.min = EXIT_STATS_NO_MIN };
		b = rcu_dereference(vm->scope.baseline);
		smp_rmb();	/* baseline before records, or differences may be negative */
		list_for_each_entry_rcu(v, &vm->vcpus, node) {
			exit_stats_read_leaf_row(v, row, &one);
			out->exits += one.exits;
			out->cycles += one.cycles;
			out->row.count += one.row.count;
			out->row.total += one.row.total;
			out->row.min = min(out->row.min, one.row.min);
			out->row.max = max(out->row.max, one.row.max);
		}
		out->epoch = b ? b->epoch : vm->scope.epoch;
		if (b)
			exit_stats_subtract_leaf_row(out, row, b);
	} while (b != rcu_access_pointer(vm->scope.baseline));
	rcu_read_unlock();
	exit_stats_finish_row(&out->row);
}
