// SPDX-License-Identifier: GPL-2.0-only
/*
 * Creation and destruction of VMs and vCPUs.
 *
 * A VM has a list of its vCPUs' records and no numbers of its own. When a vCPU is destroyed,
 * its numbers are added to the host's retired numbers. A VM stays in the host's list until both
 * vm_destroy and the last vcpu_free have run: kernels differ in their order.
 *
 * Leaves walk a VM's vCPUs under RCU. If KVM_CREATE_VCPU fails after it created the record, the
 * record is freed while other vCPUs of the VM run. So records are freed with kvfree_rcu().
 */
#include <linux/kvm_host.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "exit_stats.h"
#include "hooks.h"

size_t kvm_exit_stats_vcpu_offset __read_mostly;	/* the fast path reads it */

/* A new epoch, never 0. It is random, so that a guest learns nothing about other resets. */
u64 kvm_exit_stats_new_epoch(void)
{
	return get_random_u64() ?: 1;
}

/* Our pointers in the vendor's vCPU and VM structures. */
static struct exit_stats_vcpu **exit_stats_vcpu_slot(struct kvm_vcpu *vcpu)
{
	return (void *)vcpu + kvm_exit_stats_vcpu_offset;
}

static struct exit_stats_vm **exit_stats_vm_slot(struct kvm *kvm)
{
	return (void *)kvm + kvm_exit_stats_host.vm_offset;
}

/*
 * The vCPU's record. NULL if no vendor module is registered, and for a TDX guest. Needs no lock,
 * because table does not change while a VM exists.
 */
struct exit_stats_vcpu *kvm_exit_stats_vcpu_of(struct kvm_vcpu *vcpu)
{
	return kvm_exit_stats_host.table ? *exit_stats_vcpu_slot(vcpu) : NULL;
}

/* The VM's scope. NULL in the same cases. */
struct exit_stats_vm *kvm_exit_stats_vm_of(struct kvm *kvm)
{
	return kvm_exit_stats_host.table ? *exit_stats_vm_slot(kvm) : NULL;
}

/* Free it at once: leaves read only a VM's, and only while the VM has a vCPU. */
static void exit_stats_free_baseline(struct exit_stats_scope *scope)
{
	kvfree(rcu_dereference_protected(scope->baseline, lockdep_is_held(&kvm_exit_stats_mutex)));
}

static void exit_stats_put_vm(struct exit_stats_vm *vm)
{
	lockdep_assert_held(&kvm_exit_stats_mutex);
	if (--vm->users)
		return;
	list_del(&vm->node);
	exit_stats_free_baseline(&vm->scope);
	kfree(vm);
}

/*
 * Create a VM's scope and store its pointer in the vendor's VM structure. Context: the vendor's
 * vm_init; takes kvm_exit_stats_mutex. Return: 0 or -ENOMEM.
 */
int kvm_exit_stats_vm_create(struct kvm *kvm)
{
	struct exit_stats_vm *vm = kzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);

	if (!vm)
		return -ENOMEM;
	vm->scope.kind = EXIT_STATS_SCOPE_VM;
	vm->scope.epoch = kvm_exit_stats_new_epoch();
	vm->users = 1;
	INIT_LIST_HEAD(&vm->vcpus);

	mutex_lock(&kvm_exit_stats_mutex);
	list_add_tail(&vm->node, &kvm_exit_stats_host.vms);
	mutex_unlock(&kvm_exit_stats_mutex);

	*exit_stats_vm_slot(kvm) = vm;
	return 0;
}
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_exit_stats_vm_create);

/*
 * Drop the VM's reference to its scope. Context: the vendor's vm_destroy, before or after the
 * VM's vCPUs are freed; takes kvm_exit_stats_mutex.
 */
void kvm_exit_stats_vm_destroy(struct kvm *kvm)
{
	struct exit_stats_vm *vm = kvm_exit_stats_vm_of(kvm);

	if (!vm)
		return;
	mutex_lock(&kvm_exit_stats_mutex);
	exit_stats_put_vm(vm);
	mutex_unlock(&kvm_exit_stats_mutex);
}
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_exit_stats_vm_destroy);

/*
 * Create a vCPU's record and store its pointer in the vendor's vCPU structure. Context: the
 * vendor's vcpu_create; takes kvm_exit_stats_mutex. Return: 0 or -ENOMEM.
 */
int kvm_exit_stats_vcpu_create(struct kvm_vcpu *vcpu)
{
	struct exit_stats_vm *vm = kvm_exit_stats_vm_of(vcpu->kvm);
	struct exit_stats_vcpu *v;

	v = kvm_exit_stats_record_alloc(kvm_exit_stats_host.table->rows);
	if (!v)
		return -ENOMEM;
	v->scope.kind = EXIT_STATS_SCOPE_VCPU;
	v->scope.epoch = kvm_exit_stats_new_epoch();
	v->stat = &vcpu->stat.generic;
	v->vm = vm;

	mutex_lock(&kvm_exit_stats_mutex);
	vm->users++;
	list_add_tail_rcu(&v->node, &vm->vcpus);
	WRITE_ONCE(kvm_exit_stats_nr_vcpus, kvm_exit_stats_nr_vcpus + 1);
	kvm_exit_stats_batch_end(v);
	mutex_unlock(&kvm_exit_stats_mutex);

	*exit_stats_vcpu_slot(vcpu) = v;
	return 0;
}
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_exit_stats_vcpu_create);

/*
 * Retire a vCPU's numbers and free its record. Context: the vendor's vcpu_free, or a vcpu_create
 * that fails; the vCPU does not run. Takes kvm_exit_stats_mutex.
 */
void kvm_exit_stats_vcpu_free(struct kvm_vcpu *vcpu)
{
	struct exit_stats_vcpu *v = kvm_exit_stats_vcpu_of(vcpu);

	if (!v)
		return;
	mutex_lock(&kvm_exit_stats_mutex);
	v->batch -= v->batch_left;
	kvm_exit_stats_batch_end(v);
	WRITE_ONCE(kvm_exit_stats_nr_vcpus, kvm_exit_stats_nr_vcpus - 1);
	kvm_exit_stats_snap_add_vcpu(kvm_exit_stats_host.retired, v);
	list_del_rcu(&v->node);
	exit_stats_put_vm(v->vm);
	exit_stats_free_baseline(&v->scope);
	mutex_unlock(&kvm_exit_stats_mutex);
	kvfree_rcu(v, rcu);
}
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_exit_stats_vcpu_free);

/*
 * Discard all pending exits, also those that user space finishes, but not start_row: an end may be
 * using it. Context: process; starts are off, none is running. Takes kvm_exit_stats_mutex.
 */
void kvm_exit_stats_discard_starts(void)
{
	struct exit_stats_vcpu *v;
	struct exit_stats_vm *vm;

	mutex_lock(&kvm_exit_stats_mutex);
	list_for_each_entry(vm, &kvm_exit_stats_host.vms, node) {
		list_for_each_entry(v, &vm->vcpus, node) {
			WRITE_ONCE(v->pending, EXIT_STATS_NOT_PENDING);
			WRITE_ONCE(v->user_row, NULL);
			WRITE_ONCE(v->user_exits, EXIT_STATS_DISCARDED);
			WRITE_ONCE(v->user_more, false);
		}
	}
	mutex_unlock(&kvm_exit_stats_mutex);
}
