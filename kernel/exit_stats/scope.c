// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scopes: who is alive, what the dead left behind, and resets.
 *
 * Host, VM and vCPU nest. The numbers of a scope are the records of its live
 * vCPUs plus its past. Every creation and every reset draws an event number.
 * A scope has the number of its latest reset; a record and a past have the
 * number since which they count. What began before a scope's reset (its own or
 * one around it: the scope's floor) does not count for that scope:
 *
 *	record.since >= vCPU's floor >= VM's floor >= host's floor
 *
 * So a reset is done when its number stands there, for every reader and for
 * vCPUs that are idle. The vCPU clears its record at its next close: settle,
 * which moves the numbers into the past of the scope for which they still
 * count. Each move is done under the locks of VM and host, with both sequence
 * counts odd: a reader that met one starts again.
 */
#include <linux/bitmap.h>
#include <linux/init.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>

#include "exit_stats.h"
#include "hooks.h"
#include "read.h"

struct exit_stats_host exit_stats_host = {
	.scope.kind = EXIT_STATS_SCOPE_HOST,
	.lock = __RAW_SPIN_LOCK_UNLOCKED(exit_stats_host.lock),
	.seq = SEQCNT_RAW_SPINLOCK_ZERO(exit_stats_host.seq, &exit_stats_host.lock),
	.vms = LIST_HEAD_INIT(exit_stats_host.vms),
};

DECLARE_RWSEM(exit_stats_movers);

size_t exit_stats_vcpu_offset;

#define host exit_stats_host

static DECLARE_WAIT_QUEUE_HEAD(no_vm_left);
static siphash_key_t epoch_key;

/* Where does the host's, a VM's, a vCPU's count begin? */
u64 exit_stats_host_floor(void)
{
	return READ_ONCE(host.scope.reset_at);
}

u64 exit_stats_vm_floor(const struct exit_stats_vm *vm)
{
	return max(READ_ONCE(vm->scope.reset_at), exit_stats_host_floor());
}

u64 exit_stats_vcpu_floor(const struct exit_stats_vcpu *v)
{
	return max(READ_ONCE(v->scope.reset_at), exit_stats_vm_floor(v->vm));
}

/**
 * exit_stats_floor - the event number where a scope's count begins
 * @scope: the host's, a VM's or a vCPU's
 *
 * Context: any; the caller keeps @scope alive.
 *
 * Return: the number; what began before it does not count for @scope.
 */
u64 exit_stats_floor(struct exit_stats_scope *scope)
{
	switch (scope->kind) {
	case EXIT_STATS_SCOPE_VCPU:
		return exit_stats_vcpu_floor(container_of(scope, struct exit_stats_vcpu, scope));
	case EXIT_STATS_SCOPE_VM:
		return exit_stats_vm_floor(container_of(scope, struct exit_stats_vm, scope));
	default:
		return exit_stats_host_floor();
	}
}

/**
 * exit_stats_epoch - what users see of a floor: a number that changes with it
 * @scope: the host's, a VM's or a vCPU's
 * @floor: its floor
 *
 * Event numbers are the whole host's: two guests that read theirs would know that
 * they share a host, and how many VMs and vCPUs others made between them. So a guest
 * gets a hash, with a key of this host and its own VM. The host's number stays as it is.
 *
 * Context: any.
 *
 * Return: the epoch. It differs on each host and after each load of the vendor module.
 */
u64 exit_stats_epoch(const struct exit_stats_scope *scope, u64 floor)
{
	if (scope->kind == EXIT_STATS_SCOPE_HOST)
		return floor;
	return siphash_2u64(floor, (unsigned long)scope, &epoch_key);
}

/**
 * exit_stats_counts - are there records for a scope?
 * @scope: the host's, a VM's or a vCPU's
 *
 * Not without a vendor module that is hooked, and not for a TDX guest.
 *
 * Context: any.
 *
 * Return: false if @scope is part of nothing.
 */
bool exit_stats_counts(const struct exit_stats_scope *scope)
{
	return host.table && READ_ONCE(scope->reset_at);
}

static unsigned long lock_scopes(struct exit_stats_vm *vm)
	__acquires(&vm->lock) __acquires(&host.lock)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&vm->lock, flags);
	raw_spin_lock(&host.lock);
	return flags;
}

static void unlock_scopes(struct exit_stats_vm *vm, unsigned long flags)
	__releases(&host.lock) __releases(&vm->lock)
{
	raw_spin_unlock(&host.lock);
	raw_spin_unlock_irqrestore(&vm->lock, flags);
}

/* Both sequence counts odd: nobody reads what is being moved. */
static unsigned long move_begin(struct exit_stats_vm *vm)
	__acquires(&vm->lock) __acquires(&host.lock)
{
	unsigned long flags = lock_scopes(vm);

	write_seqcount_begin(&vm->seq);
	write_seqcount_begin(&host.seq);
	return flags;
}

static void move_end(struct exit_stats_vm *vm, unsigned long flags)
	__releases(&host.lock) __releases(&vm->lock)
{
	write_seqcount_end(&host.seq);
	write_seqcount_end(&vm->seq);
	unlock_scopes(vm, flags);
}

static void past_clear(struct exit_stats_past *past, u64 since)
{
	unsigned int i;

	for (i = 0; i < host.table->rows; i++) {
		if (!past->row[i].count)
			continue;
		memset(&past->row[i], 0, sizeof(past->row[i]));
		memset(&past->hist[i], 0, sizeof(past->hist[i]));
	}
	past->backwards = 0;
	past->count = 0;
	past->total = 0;
	past->since = since;
}

static void past_add_past(struct exit_stats_past *to, const struct exit_stats_past *from)
{
	unsigned int i;

	for (i = 0; i < host.table->rows; i++) {
		if (!from->row[i].count)
			continue;
		exit_stats_row_merge(&to->row[i], &from->row[i]);
		exit_stats_hist_merge(&to->hist[i], &from->hist[i]);
	}
	to->backwards += from->backwards;
	to->count += from->count;
	to->total += from->total;
}

static void past_add_record(struct exit_stats_past *to, const struct exit_stats_vcpu *v)
{
	struct exit_stats_hist hist;
	struct exit_stats_row row;
	unsigned int i;

	for (i = 0; i < host.table->rows; i++) {
		if (!local64_read(&v->brief[i].count))
			continue;
		exit_stats_record_row(v, i, &row, &hist);
		exit_stats_row_merge(&to->row[i], &row);
		exit_stats_hist_merge(&to->hist[i], &hist);
	}
	to->backwards += READ_ONCE(v->backwards);
	to->count += local64_read(&v->exits);
	to->total += local64_read(&v->cycles);
}

/* The VM's past leaves the VM, which clears or frees it: for the host if it counts there. */
static void retire_vm_past(const struct exit_stats_vm *vm)
{
	if (vm->past.since >= exit_stats_host_floor())
		past_add_past(&host.past, &vm->past);
}

/* The record's numbers leave the vCPU, for the innermost scope that has them. */
static void retire_record(struct exit_stats_vcpu *v)
{
	struct exit_stats_vm *vm = v->vm;

	if (v->since >= exit_stats_vm_floor(vm)) {
		if (vm->past.since < exit_stats_vm_floor(vm))
			past_clear(&vm->past, exit_stats_vm_floor(vm));
		past_add_record(&vm->past, v);
	} else if (v->since >= exit_stats_host_floor()) {
		past_add_record(&host.past, v);
	}
}

/**
 * exit_stats_settle - carry out the resets that a record is behind
 * @v: the record
 *
 * Context: the vCPU's thread, in a close, before it writes a row.
 */
void exit_stats_settle(struct exit_stats_vcpu *v)
{
	unsigned long flags;

	/* A reset puts its number down, then pokes: one that comes now pokes again. */
	smp_store_mb(v->poked, false);
	if (v->since >= exit_stats_vcpu_floor(v))
		return;
	flags = move_begin(v->vm);
	exit_stats_hand_in(v);
	retire_record(v);
	exit_stats_record_clear(v, host.table->rows);
	WRITE_ONCE(v->since, exit_stats_vcpu_floor(v));
	move_end(v->vm, flags);
}

/**
 * exit_stats_poke - have each vCPU of a VM look up at its next close
 * @vm: the VM's record
 *
 * Context: any. What there is to see was written before.
 */
void exit_stats_poke(struct exit_stats_vm *vm)
{
	struct exit_stats_vcpu *v;

	smp_wmb();	/* it, and then poked */
	rcu_read_lock();
	list_for_each_entry_rcu(v, &vm->vcpus, node)
		WRITE_ONCE(v->poked, true);
	rcu_read_unlock();
}

static void reset_vcpu(struct exit_stats_vcpu *v)
{
	unsigned long flags = lock_scopes(v->vm);

	WRITE_ONCE(v->scope.reset_at, ++host.event);
	smp_wmb();	/* it, and then poked: exit_stats_settle() */
	WRITE_ONCE(v->poked, true);
	unlock_scopes(v->vm, flags);
}

static void reset_vm(struct exit_stats_vm *vm)
{
	unsigned long flags = move_begin(vm);

	retire_vm_past(vm);
	WRITE_ONCE(vm->scope.reset_at, ++host.event);
	past_clear(&vm->past, exit_stats_vm_floor(vm));
	move_end(vm, flags);
	exit_stats_poke(vm);
}

static void reset_host(void)
{
	struct exit_stats_vm *vm;
	unsigned long flags;

	raw_spin_lock_irqsave(&host.lock, flags);
	write_seqcount_begin(&host.seq);
	WRITE_ONCE(host.scope.reset_at, ++host.event);
	past_clear(&host.past, host.scope.reset_at);
	write_seqcount_end(&host.seq);
	raw_spin_unlock_irqrestore(&host.lock, flags);

	/* A VM's past is older than the host's floor now and counts nowhere. */
	for (vm = exit_stats_next_vm(NULL); vm; vm = exit_stats_next_vm(vm))
		exit_stats_poke(vm);
}

/**
 * exit_stats_reset - empty a scope and all scopes inside it
 * @scope: the host's, a VM's or a vCPU's
 *
 * From the return on every snapshot shows the scope empty; the scopes around
 * it keep the numbers.
 *
 * Context: process; may sleep, and waits for a snapshot that must get done. The caller
 * keeps @scope alive.
 *
 * Return: 0, or -ENODEV where nothing is counted.
 */
int exit_stats_reset(struct exit_stats_scope *scope)
{
	if (!exit_stats_counts(scope))
		return -ENODEV;
	down_read(&exit_stats_movers);
	if (scope->kind == EXIT_STATS_SCOPE_VCPU)
		reset_vcpu(container_of(scope, struct exit_stats_vcpu, scope));
	else if (scope->kind == EXIT_STATS_SCOPE_VM)
		reset_vm(container_of(scope, struct exit_stats_vm, scope));
	else
		reset_host();
	up_read(&exit_stats_movers);
	return 0;
}

/* The last reference: the VM's past goes to the host. Done within a move. */
static bool drop_last(struct exit_stats_vm *vm)
{
	if (!refcount_dec_and_test(&vm->ref))
		return false;
	retire_vm_past(vm);
	list_del_rcu(&vm->node);
	host.nr_vms--;
	return true;
}

/**
 * exit_stats_put_vm - drop a reference of a VM
 * @vm: the VM's record
 *
 * The count reaches 0 within the move, not before: a walk over the VMs either
 * gets a reference, or finds the numbers in the host's past, or retries.
 *
 * Context: process.
 */
void exit_stats_put_vm(struct exit_stats_vm *vm)
{
	unsigned long flags;
	bool gone;

	if (refcount_dec_not_one(&vm->ref))
		return;
	flags = move_begin(vm);
	gone = drop_last(vm);
	move_end(vm, flags);
	if (gone) {
		kvfree_rcu(vm, rcu);
		wake_up(&no_vm_left);
	}
}

/**
 * exit_stats_next_vm - walk over the VMs, holding one at a time
 * @vm: the previous one, whose reference is dropped; NULL to begin
 *
 * Context: process. Who stops half way calls exit_stats_put_vm().
 *
 * Return: the next VM with a reference taken, NULL after the last.
 */
struct exit_stats_vm *exit_stats_next_vm(struct exit_stats_vm *vm)
{
	struct list_head *pos = vm ? &vm->node : &host.vms;
	struct exit_stats_vm *next = NULL, *v;

	rcu_read_lock();
	while ((pos = rcu_dereference(list_next_rcu(pos))) != &host.vms) {
		v = list_entry(pos, struct exit_stats_vm, node);
		if (refcount_inc_not_zero(&v->ref)) {
			next = v;
			break;
		}
	}
	rcu_read_unlock();
	if (vm)
		exit_stats_put_vm(vm);
	return next;
}

struct exit_stats_vcpu *exit_stats_vcpu_of(struct kvm_vcpu *vcpu)
{
	if (!host.table)
		return NULL;
	return *(struct exit_stats_vcpu **)((void *)vcpu + exit_stats_vcpu_offset);
}

struct exit_stats_vm *exit_stats_vm_of(struct kvm *kvm)
{
	return host.table ? *(struct exit_stats_vm **)((void *)kvm + host.vm_offset) : NULL;
}

/**
 * kvm_exit_stats_vm_create - a VM's record
 * @kvm: the VM; the vendor's structure around it gets the pointer
 *
 * Context: the vendor's vm_init, process.
 *
 * Return: 0 or -ENOMEM.
 */
int kvm_exit_stats_vm_create(struct kvm *kvm)
{
	struct exit_stats_vm *vm;
	size_t rows = host.table->rows;
	unsigned long flags;

	vm = __vmalloc(sizeof(*vm) + rows * (sizeof(*vm->past.row) + sizeof(*vm->past.hist) +
					     sizeof(*vm->kept)),
		       GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!vm)
		return -ENOMEM;
	vm->past.row = (void *)(vm + 1);
	vm->past.hist = (void *)(vm->past.row + rows);
	vm->kept = (void *)(vm->past.hist + rows);
	vm->scope.kind = EXIT_STATS_SCOPE_VM;
	refcount_set(&vm->ref, 1);
	raw_spin_lock_init(&vm->lock);
	raw_spin_lock_init(&vm->kept_lock);
	seqcount_raw_spinlock_init(&vm->seq, &vm->lock);
	INIT_LIST_HEAD(&vm->vcpus);

	raw_spin_lock_irqsave(&host.lock, flags);
	vm->scope.reset_at = ++host.event;
	vm->past.since = vm->scope.reset_at;
	list_add_tail_rcu(&vm->node, &host.vms);
	host.nr_vms++;
	raw_spin_unlock_irqrestore(&host.lock, flags);

	*(struct exit_stats_vm **)((void *)kvm + host.vm_offset) = vm;
	return 0;
}
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_exit_stats_vm_create);

/**
 * kvm_exit_stats_vm_destroy - the VM lets go of its record
 * @kvm: the VM
 *
 * Its vCPUs die later (kvm_arch_destroy_vm()) and hold it until then.
 *
 * Context: the vendor's vm_destroy, process; may sleep.
 */
void kvm_exit_stats_vm_destroy(struct kvm *kvm)
{
	struct exit_stats_vm *vm = exit_stats_vm_of(kvm);

	if (!vm)
		return;
	down_read(&exit_stats_movers);
	exit_stats_put_vm(vm);
	up_read(&exit_stats_movers);
}
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_exit_stats_vm_destroy);

/**
 * kvm_exit_stats_vcpu_create - a vCPU's record
 * @vcpu: the vCPU; the vendor's structure around it gets the pointer
 *
 * Context: the vendor's vcpu_create, process.
 *
 * Return: 0 or -ENOMEM.
 */
int kvm_exit_stats_vcpu_create(struct kvm_vcpu *vcpu)
{
	struct exit_stats_vm *vm = exit_stats_vm_of(vcpu->kvm);
	struct exit_stats_vcpu *v = exit_stats_record_alloc(host.table->rows);
	unsigned long flags;

	if (!v)
		return -ENOMEM;
	v->scope.kind = EXIT_STATS_SCOPE_VCPU;
	v->vm = vm;
	refcount_inc(&vm->ref);

	flags = lock_scopes(vm);
	v->scope.reset_at = ++host.event;
	v->since = v->scope.reset_at;
	list_add_tail_rcu(&v->node, &vm->vcpus);
	WRITE_ONCE(host.nr_vcpus, host.nr_vcpus + 1);
	unlock_scopes(vm, flags);

	exit_stats_first_batch(v);
	*(struct exit_stats_vcpu **)((void *)vcpu + exit_stats_vcpu_offset) = v;
	return 0;
}
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_exit_stats_vcpu_create);

/**
 * kvm_exit_stats_vcpu_free - fold a dying vCPU's numbers into its VM and host
 * @vcpu: the vCPU, which runs no more
 *
 * Context: the vendor's vcpu_free, process; may sleep.
 */
void kvm_exit_stats_vcpu_free(struct kvm_vcpu *vcpu)
{
	struct exit_stats_vcpu *v = exit_stats_vcpu_of(vcpu);
	struct exit_stats_vm *vm;
	unsigned long flags;

	if (!v)
		return;
	vm = v->vm;
	exit_stats_hand_in(v);

	down_read(&exit_stats_movers);
	flags = move_begin(vm);
	retire_record(v);
	list_del_rcu(&v->node);
	WRITE_ONCE(host.nr_vcpus, host.nr_vcpus - 1);
	move_end(vm, flags);

	kvfree_rcu(v, rcu);
	exit_stats_put_vm(vm);
	up_read(&exit_stats_movers);
}
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_exit_stats_vcpu_free);

/**
 * exit_stats_drop_latched - forget the exits that are latched now
 *
 * Not in mark, which is the vCPU's own and may be needed as undo just now. A poke
 * keeps the next close from the common way, on which it would not look at latched.
 *
 * Context: process, with kvm_exit_stats_latches off: nobody latches. A close
 * under way has what was latched already.
 */
void exit_stats_drop_latched(void)
{
	struct exit_stats_vcpu *v;
	struct exit_stats_vm *vm;

	for (vm = exit_stats_next_vm(NULL); vm; vm = exit_stats_next_vm(vm)) {
		rcu_read_lock();
		list_for_each_entry_rcu(v, &vm->vcpus, node) {
			WRITE_ONCE(v->poked, true);
			smp_wmb();	/* it, and then latched: exit_stats_close() */
			WRITE_ONCE(v->latched, EXIT_STATS_DROPPED);
		}
		rcu_read_unlock();
	}
}

static const struct exit_stats_table *const tables[] = {
	[EXIT_STATS_VENDOR_VMX] = &exit_stats_table_vmx,
	[EXIT_STATS_VENDOR_SVM] = &exit_stats_table_svm,
};

/* Which reasons have a handler? One without a row is a new kernel's: porting.md. */
static void note_enabled(void *const *handlers, unsigned int nr)
{
	unsigned int code, row;

	for (code = 0; code < nr; code++) {
		if (!handlers[code])
			continue;
		row = host.table->row_of(code);
		if (row == EXIT_STATS_ROW_OTHER)
			pr_warn("handler 0x%x has no row, its exits count as OTHER\n", code);
		else
			set_bit(row, host.enabled);
	}
}

/**
 * kvm_exit_stats_init - nothing is counted before a vendor module comes that is hooked
 *
 * The keys are built as on, which is how the hooks are laid out in the code.
 *
 * Context: kvm.ko's init.
 */
void __init kvm_exit_stats_init(void)
{
	exit_stats_set_vendor(false);
}

/**
 * kvm_exit_stats_register - a vendor module comes
 * @vendor: EXIT_STATS_VENDOR_VMX or EXIT_STATS_VENDOR_SVM
 * @vcpu_offset: where the vendor's vCPU structure has the record's pointer
 * @vm_offset: the same for the VM
 * @handlers: its exit handlers by reason, pointers to functions
 * @nr: how many
 *
 * Context: module init, after nested set-up, which edits the handlers, and before
 * kvm_init(): no VM exists.
 *
 * Return: 0, -ENOMEM, or -EINVAL for a vendor without a table.
 */
int kvm_exit_stats_register(unsigned int vendor, size_t vcpu_offset, size_t vm_offset,
			    const void *handlers, unsigned int nr)
{
	if (vendor >= ARRAY_SIZE(tables) || !tables[vendor])
		return -EINVAL;
	host.table = tables[vendor];
	host.enabled = bitmap_zalloc(host.table->rows, GFP_KERNEL);
	host.past.row = kvcalloc(host.table->rows, sizeof(*host.past.row), GFP_KERNEL);
	host.past.hist = kvcalloc(host.table->rows, sizeof(*host.past.hist), GFP_KERNEL);
	if (!host.enabled || !host.past.row || !host.past.hist) {
		kvm_exit_stats_unregister();
		return -ENOMEM;
	}
	exit_stats_vcpu_offset = vcpu_offset;
	host.vm_offset = vm_offset;
	note_enabled(handlers, nr);
	host.event = (u64)get_random_u32() + 1;	/* 0 is nobody's */
	host.scope.reset_at = host.event;
	get_random_bytes(&epoch_key, sizeof(epoch_key));
	past_clear(&host.past, host.event);
	exit_stats_dump_start();
	exit_stats_set_vendor(true);
	return 0;
}
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_exit_stats_register);

/**
 * kvm_exit_stats_start - KVM is up: the host's files
 *
 * Context: module init, after kvm_init(), which makes their folder.
 */
void kvm_exit_stats_start(void)
{
	exit_stats_host_debugfs();
}
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_exit_stats_start);

/**
 * kvm_exit_stats_unregister - the vendor module goes, and the numbers with it
 *
 * Context: module exit after kvm_exit(), or a failed init. Waits for readers
 * that still hold a VM's record.
 */
void kvm_exit_stats_unregister(void)
{
	wait_event(no_vm_left, !READ_ONCE(host.nr_vms));
	exit_stats_set_vendor(false);
	/* A parameter's setter may wake the workers: none of them runs now. */
	kernel_param_lock(THIS_MODULE);
	exit_stats_dump_stop();
	exit_stats_log_stop();
	kernel_param_unlock(THIS_MODULE);
	host.table = NULL;
	kvfree(host.past.row);
	host.past.row = NULL;
	kvfree(host.past.hist);
	host.past.hist = NULL;
	bitmap_free(host.enabled);
	host.enabled = NULL;
}
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_exit_stats_unregister);
