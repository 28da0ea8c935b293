// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registration of the vendor module, and switching recording on and off.
 *
 * Recording is on while exit_stats=Y and a vendor module with hooks is registered.
 * Debian's own kvm-intel.ko and kvm-amd.ko load on our kvm.ko too. They have no records,
 * so the hooks in kvm.ko must not look for one, and nothing is counted.
 */
#include <linux/jump_label.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/module.h>

#include "exit_stats.h"
#include "hooks.h"

bool kvm_exit_stats_on = true;

DEFINE_STATIC_KEY_FALSE(kvm_exit_stats_starts);
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_exit_stats_starts);
DEFINE_STATIC_KEY_FALSE(kvm_exit_stats_ends);
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_exit_stats_ends);

/*
 * Switch recording on or off. Starts and ends have a static key each, so that no end uses the
 * start of an earlier exit. To switch on, enable ends before starts. To switch off, disable
 * starts, wait for running starts (they have interrupts off) with synchronize_rcu(), discard
 * pending exits, and disable ends.
 * Context: under kernel_param_lock(), may sleep; takes kvm_exit_stats_mutex.
 */
void kvm_exit_stats_set_keys(void)
{
	if (kvm_exit_stats_on && kvm_exit_stats_host.table) {
		static_branch_enable(&kvm_exit_stats_ends);
		static_branch_enable(&kvm_exit_stats_starts);
	} else {
		static_branch_disable(&kvm_exit_stats_starts);
		synchronize_rcu();
		kvm_exit_stats_discard_starts();
		static_branch_disable(&kvm_exit_stats_ends);
	}
}

/* Note which reasons have a handler. porting.md says what to do if a handler has no row. */
static void exit_stats_note_enabled(void *const *handlers, unsigned int nr)
{
	unsigned int code, row;

	for (code = 0; code < nr; code++) {
		if (!handlers[code])
			continue;
		row = exit_stats_row_of(kvm_exit_stats_host.table, code);
		if (row == EXIT_STATS_ROW_OTHER)
			pr_warn("handler 0x%x has no row, its exits count as OTHER\n", code);
		else
			__set_bit(row, kvm_exit_stats_host.enabled);
	}
}

/*
 * Set or clear the vendor's reason table, and begin a new host scope. Later holders of the mutex
 * see the change.
 */
static void exit_stats_set_table(const struct exit_stats_table *table)
{
	mutex_lock(&kvm_exit_stats_mutex);
	WRITE_ONCE(kvm_exit_stats_host.table, table);
	kvm_exit_stats_host.scope.epoch = kvm_exit_stats_new_epoch();
	/* Free it at once: no leaf reads the host's. */
	kvfree(rcu_replace_pointer(kvm_exit_stats_host.scope.baseline, NULL,
				   lockdep_is_held(&kvm_exit_stats_mutex)));
	kvm_exit_stats_dump_start();
	mutex_unlock(&kvm_exit_stats_mutex);
}

/*
 * Register a vendor module. @vendor is EXIT_STATS_VENDOR_*. The offsets are those of our pointers
 * in the vendor's vCPU and VM structures. @handlers are its @nr exit handlers, by reason.
 * Context: module init, before kvm_init(), so no VM exists; after nested set-up, because that
 * changes the handlers. Takes kernel_param_lock() and kvm_exit_stats_mutex.
 * Return: 0 or -ENOMEM. After an error the caller calls kvm_exit_stats_unregister().
 */
int kvm_exit_stats_register(unsigned int vendor, size_t vcpu_offset, size_t vm_offset,
			    const void *handlers, unsigned int nr)
{
	const struct exit_stats_table *table = vendor == EXIT_STATS_VENDOR_VMX ?
					       &kvm_exit_stats_table_vmx :
					       &kvm_exit_stats_table_svm;
	int err = -ENOMEM;

	kernel_param_lock(THIS_MODULE);
	kvm_exit_stats_host.enabled = bitmap_zalloc(table->rows, GFP_KERNEL);
	kvm_exit_stats_host.retired = kvm_exit_stats_snap_alloc(table, true);
	if (!kvm_exit_stats_host.enabled || !kvm_exit_stats_host.retired)
		goto out;
	kvm_exit_stats_vcpu_offset = vcpu_offset;
	kvm_exit_stats_host.vm_offset = vm_offset;
	exit_stats_set_table(table);
	exit_stats_note_enabled(handlers, nr);
	err = 0;
	if (kvm_exit_stats_cpuid_mode == EXIT_STATS_CPUID_HOST)
		err = kvm_exit_stats_share();
	if (!err)
		kvm_exit_stats_set_keys();
out:
	kernel_param_unlock(THIS_MODULE);
	return err;
}
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_exit_stats_register);

/*
 * Unregister the vendor module and drop all numbers. May be called twice. Context: module exit
 * after kvm_exit(), or a failed init: no VM exists. Takes kernel_param_lock(), so that no setter
 * queues a worker, and kvm_exit_stats_mutex; waits for a grace period and for both workers.
 */
void kvm_exit_stats_unregister(void)
{
	struct exit_stats_host *host = &kvm_exit_stats_host;

	kernel_param_lock(THIS_MODULE);
	exit_stats_set_table(NULL);
	kvm_exit_stats_set_keys();
	kvm_exit_stats_dump_stop();
	kvm_exit_stats_unshare();
	kvfree(host->retired);
	host->retired = NULL;
	bitmap_free(host->enabled);
	host->enabled = NULL;
	kernel_param_unlock(THIS_MODULE);
}
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_exit_stats_unregister);
