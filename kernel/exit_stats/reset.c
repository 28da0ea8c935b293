// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resets: a scope, and every scope inside it, starts again from 0.
 *
 * A reset changes no counts. It stores a baseline in each of these scopes: a copy of the scope's
 * numbers, which readers subtract. Outer scopes are not changed. Each record is copied
 * once: the copy is the vCPU's baseline. A VM's baseline is the sum of its vCPUs' baselines. The
 * host's baseline is the sum of all VMs' baselines and of the retired numbers. All baselines are
 * made first; if memory runs out, nothing has changed. Then the baselines are published, and min
 * and max are emptied, inner scopes first: a reader of a new epoch gets no min or max from before
 * the reset.
 */
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/overflow.h>

#include "exit_stats.h"

struct exit_stats_reset {
	struct exit_stats_snap *vcpu, *vm, *host;	/* copies, added up for each scope */
	struct exit_stats_baseline *made, **end;	/* to be published, inner scopes first */
	int err;
};

static unsigned int exit_stats_nr_sums(const struct exit_stats_snap *snap)
{
	unsigned int i, k, nr = 0;

	for (i = 0; i < snap->rows; i++) {
		for (k = 0; k < EXIT_STATS_SUMS(true); k++)
			nr += (&snap->row[i].count)[k] != 0;
	}
	return nr;
}

static void exit_stats_make_baseline(struct exit_stats_reset *r, struct exit_stats_scope *scope,
				     const struct exit_stats_snap *snap)
{
	struct exit_stats_baseline *b;
	unsigned int i, k;

	b = kvzalloc(struct_size(b, sum, exit_stats_nr_sums(snap)), GFP_KERNEL);
	if (!b) {
		r->err = -ENOMEM;
		return;
	}
	b->epoch = kvm_exit_stats_new_epoch();
	b->backwards = snap->backwards;
	b->halt_poll_ns = snap->halt_poll_ns;
	b->halt_wait_ns = snap->halt_wait_ns;
	for (i = 0; i < snap->rows; i++) {
		b->exits += snap->row[i].count;
		b->cycles += snap->row[i].total;
		for (k = 0; k < EXIT_STATS_SUMS(true); k++) {
			u64 value = (&snap->row[i].count)[k];

			if (!value)
				continue;
			b->sum[b->nr].row = i;
			b->sum[b->nr].word = k;
			b->sum[b->nr++].value = value;
		}
	}
	b->scope = scope;
	*r->end = b;
	r->end = &b->next;
}

static void exit_stats_capture_vcpu(struct exit_stats_reset *r, struct exit_stats_vcpu *v)
{
	kvm_exit_stats_snap_clear(r->vcpu);
	kvm_exit_stats_snap_add_vcpu(r->vcpu, v);
	exit_stats_make_baseline(r, &v->scope, r->vcpu);
	kvm_exit_stats_snap_add(r->vm, r->vcpu);
}

static void exit_stats_capture_vm(struct exit_stats_reset *r, struct exit_stats_vm *vm)
{
	struct exit_stats_vcpu *v;

	kvm_exit_stats_snap_clear(r->vm);
	list_for_each_entry(v, &vm->vcpus, node)
		exit_stats_capture_vcpu(r, v);
	exit_stats_make_baseline(r, &vm->scope, r->vm);
	kvm_exit_stats_snap_add(r->host, r->vm);
}

static void exit_stats_capture_host(struct exit_stats_reset *r)
{
	struct exit_stats_vm *vm;

	kvm_exit_stats_snap_add(r->host, kvm_exit_stats_host.retired);
	list_for_each_entry(vm, &kvm_exit_stats_host.vms, node)
		exit_stats_capture_vm(r, vm);
	exit_stats_make_baseline(r, &kvm_exit_stats_host.scope, r->host);
}

static void exit_stats_capture(struct exit_stats_reset *r, struct exit_stats_scope *scope)
{
	switch (scope->kind) {
	case EXIT_STATS_SCOPE_VCPU:
		exit_stats_capture_vcpu(r, container_of(scope, struct exit_stats_vcpu, scope));
		break;
	case EXIT_STATS_SCOPE_VM:
		exit_stats_capture_vm(r, container_of(scope, struct exit_stats_vm, scope));
		break;
	default:
		exit_stats_capture_host(r);
	}
}

static void exit_stats_forget_min_max(struct exit_stats_row *row, unsigned int rows)
{
	for (; rows; rows--, row++) {
		WRITE_ONCE(row->min, EXIT_STATS_NO_MIN);
		WRITE_ONCE(row->max, 0);
	}
}

static void exit_stats_publish(struct exit_stats_baseline *b)
{
	struct exit_stats_snap *retired = kvm_exit_stats_host.retired;
	struct exit_stats_scope *scope = b->scope;
	struct exit_stats_baseline *old;

	old = rcu_replace_pointer(scope->baseline, b, lockdep_is_held(&kvm_exit_stats_mutex));
	kvfree_rcu(old, rcu);
	if (scope->kind == EXIT_STATS_SCOPE_VCPU)
		exit_stats_forget_min_max(container_of(scope, struct exit_stats_vcpu, scope)->row,
					  retired->rows);
	else if (scope->kind == EXIT_STATS_SCOPE_HOST)
		exit_stats_forget_min_max(retired->row, retired->rows);
}

static int exit_stats_reset_locked(struct exit_stats_reset *r, struct exit_stats_scope *scope)
{
	struct exit_stats_baseline *b;

	if (!r->host->rows || r->host->table != kvm_exit_stats_host.table || !scope->epoch)
		return -ENODEV;
	exit_stats_capture(r, scope);
	while ((b = r->made)) {
		r->made = b->next;
		if (r->err)
			kvfree(b);
		else
			exit_stats_publish(b);
		cond_resched();
	}
	return r->err;
}

/*
 * Reset a scope and all scopes inside it. Snapshots and leaves that are read after the return
 * contain only exits that ended after the reset. Context: process, may sleep; the caller keeps
 * @scope alive. Takes kvm_exit_stats_mutex. Return: 0; -ENODEV if nothing is counted in @scope;
 * -ENOMEM; -EINTR if the caller is killed. After an error nothing has changed.
 */
int kvm_exit_stats_reset(struct exit_stats_scope *scope)
{
	const struct exit_stats_table *table = READ_ONCE(kvm_exit_stats_host.table);
	struct exit_stats_reset r = {
		.vcpu = kvm_exit_stats_snap_alloc(table, true),
		.vm = kvm_exit_stats_snap_alloc(table, true),
		.host = kvm_exit_stats_snap_alloc(table, true),
	};
	int err = -ENOMEM;

	r.end = &r.made;
	if (!r.vcpu || !r.vm || !r.host)
		goto out;
	err = -EINTR;
	if (mutex_lock_killable(&kvm_exit_stats_mutex))
		goto out;
	err = exit_stats_reset_locked(&r, scope);
	if (!err && scope->kind == EXIT_STATS_SCOPE_HOST)
		kvm_exit_stats_share_snap();
	mutex_unlock(&kvm_exit_stats_mutex);
out:
	kvfree(r.host);
	kvfree(r.vm);
	kvfree(r.vcpu);
	return err;
}
