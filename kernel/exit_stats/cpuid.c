// SPDX-License-Identifier: GPL-2.0-only
/*
 * Answers a guest's CPUID leaves, where KVM finds no entry for the leaf.
 *
 * A guest can trigger this code at any rate. So the functions here take no mutex, allocate
 * nothing, and set all four registers.
 */
#include <linux/kvm_host.h>
#include <asm/tsc.h>

#include "exit_stats.h"
#include "hooks.h"
#include "trace.h"

unsigned int kvm_exit_stats_cpuid_mode = EXIT_STATS_CPUID_VM;
unsigned int kvm_exit_stats_layout = EXIT_STATS_LAYOUT_DEFAULT;
bool kvm_exit_stats_low_first;
bool kvm_exit_stats_log_reads;

/* exit_stats_log_reads: limited per minute like dumps, but with a token bucket of its own. */
static DEFINE_SPINLOCK(exit_stats_log_lock);
static struct exit_stats_limit exit_stats_log_limit;
static atomic64_t exit_stats_not_logged;

/* False: the read is not logged. Never waits for the lock, so no guest waits for another. */
static bool exit_stats_may_log(void)
{
	u64 wait;

	if (!spin_trylock(&exit_stats_log_lock))
		return false;
	wait = kvm_exit_stats_limit_take(&exit_stats_log_limit, ktime_get_ns(),
					 READ_ONCE(kvm_exit_stats_per_min));
	spin_unlock(&exit_stats_log_lock);
	return !wait;
}

static void exit_stats_log_read(const struct exit_stats_leaf *leaf, u32 code)
{
	const struct exit_stats_table *table = kvm_exit_stats_host.table;
	unsigned int row = exit_stats_row_of(table, code);
	char reason[12], answer[80] = "", tail[40] = "";
	u64 not_logged;

	if (!exit_stats_may_log()) {
		atomic64_inc(&exit_stats_not_logged);
		return;
	}
	not_logged = atomic64_xchg(&exit_stats_not_logged, 0);
	if (not_logged)
		snprintf(tail, sizeof(tail), " (%llu not logged)", not_logged);

	snprintf(reason, sizeof(reason), table->hex ? "0x%x" : "%u", code);
	if (kvm_exit_stats_leaf_has_reason(leaf->leaf, leaf->layout)) {
		if (!leaf->defined)
			snprintf(answer, sizeof(answer), " reason %s: not defined", reason);
		else if (!test_bit(row, kvm_exit_stats_host.enabled) && !leaf->numbers.row.count)
			snprintf(answer, sizeof(answer), " reason %s: defined, not enabled",
				 reason);
		else
			snprintf(answer, sizeof(answer), " reason %s %s: count %llu", reason,
				 table->row[row].name, leaf->numbers.row.count);
	} else if (kvm_exit_stats_leaf_has_numbers(leaf->leaf, leaf->layout)) {
		snprintf(answer, sizeof(answer), ": count %llu", leaf->numbers.exits);
	}
	pr_info("guest read 0x%x%s%s\n", leaf->leaf, answer, tail);
}

/*
 * Answer a leaf for which KVM has no entry. On entry @eax is the leaf and @ecx the reason; on
 * return the four registers are the answer. Context: kvm_cpuid() in the vCPU's thread; may sleep
 * in host scope. Return: false if the leaf answers as in stock KVM; the registers are unchanged.
 */
bool kvm_exit_stats_cpuid(struct kvm_vcpu *vcpu, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx)
{
	unsigned int mode = READ_ONCE(kvm_exit_stats_cpuid_mode);
	bool of_host = mode == EXIT_STATS_CPUID_HOST;
	struct exit_stats_leaf leaf = {
		.leaf = *eax,
		.layout = READ_ONCE(kvm_exit_stats_layout),
		.low_first = READ_ONCE(kvm_exit_stats_low_first),
		.scope = of_host ? EXIT_STATS_SCOPE_HOST : EXIT_STATS_SCOPE_VM,
		.tsc_khz = tsc_khz,
	};
	const struct exit_stats_table *table;
	struct exit_stats_regs out;
	struct exit_stats_vm *vm;
	u32 code = *ecx;
	unsigned int row;

	if (mode == EXIT_STATS_CPUID_OFF || !kvm_exit_stats_leaf_known(leaf.leaf, leaf.layout))
		return false;
	vm = kvm_exit_stats_vm_of(vcpu->kvm);
	if (!vm)
		return false;

	table = kvm_exit_stats_host.table;
	leaf.vendor = table->id;
	leaf.highest = table->highest;
	leaf.defined = exit_stats_defined(table, code);
	row = exit_stats_row_of(table, code);
	if (of_host && leaf.leaf != EXIT_STATS_LEAF_ID)
		kvm_exit_stats_read_host(row, &leaf.numbers);
	else if (leaf.leaf != EXIT_STATS_LEAF_ID)
		kvm_exit_stats_read_vm(vm, row, &leaf.numbers);
	/* No leaf answers for OTHER. */
	if (row == EXIT_STATS_ROW_OTHER)
		leaf.numbers.row = (struct exit_stats_row){};
	kvm_exit_stats_leaf_encode(&leaf, &out);
	if (READ_ONCE(kvm_exit_stats_log_reads))
		exit_stats_log_read(&leaf, code);

	*eax = out.eax;
	*ebx = out.ebx;
	*ecx = out.ecx;
	*edx = out.edx;
	trace_kvm_cpuid(leaf.leaf, code, *eax, *ebx, *ecx, *edx, false, false);
	return true;
}
