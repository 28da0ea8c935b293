// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's view: CPUID leaves, answered where KVM found no entry for them.
 *
 * Untrusted code runs this at will: it takes no lock that another VM needs,
 * allocates nothing, prints nothing, and sets all four registers.
 */
#include <linux/kvm_host.h>
#include <asm/tsc.h>

#include "exit_stats.h"
#include "hooks.h"
#include "trace.h"

#define host exit_stats_host

static void read_leaf(struct exit_stats_vm *vm, struct exit_stats_leaf *leaf, u32 code)
{
	const struct exit_stats_table *table = host.table;
	bool of_host = leaf->scope == EXIT_STATS_SCOPE_HOST;
	struct exit_stats_scope *scope = of_host ? &host.scope : &vm->scope;
	struct exit_stats_answer *answer = &leaf->answer;
	unsigned int row;

	leaf->vendor = table->id;
	leaf->tsc_khz = tsc_khz;
	leaf->highest = table->highest;
	if (leaf->leaf == EXIT_STATS_LEAF_INFO)
		leaf->epoch = exit_stats_epoch(scope, exit_stats_floor(scope));
	if (exit_stats_leaf_has_reason(leaf->leaf)) {
		leaf->defined = table->name(code);
		row = table->row_of(code);
		if (row != EXIT_STATS_ROW_OTHER)
			answer->row = row;
	}
	answer->all = exit_stats_leaf_has_total(leaf->leaf);
	if (answer->row == EXIT_STATS_ROW_ALL && !answer->all)
		return;
	if (of_host)
		exit_stats_answer_host(vm, answer);
	else
		exit_stats_answer_vm(vm, answer);
}

/**
 * kvm_exit_stats_cpuid - answer a leaf for which KVM has no entry
 * @vcpu: the vCPU that executes CPUID
 * @eax: the leaf, and the answer
 * @ebx: the answer
 * @ecx: the reason, and the answer
 * @edx: the answer
 *
 * Context: kvm_cpuid() in the vCPU's thread. Cycles are host TSC ticks.
 *
 * Return: false if the leaf is none of ours, and the registers are as before.
 */
bool kvm_exit_stats_cpuid(struct kvm_vcpu *vcpu, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx)
{
	unsigned int mode = READ_ONCE(exit_stats_cpuid_mode);
	struct exit_stats_leaf leaf = { .leaf = *eax };
	struct exit_stats_vcpu *v;
	struct exit_stats_regs out;
	u32 code = *ecx;

	if (!exit_stats_leaf_known(*eax) || mode == EXIT_STATS_CPUID_OFF)
		return false;
	v = exit_stats_vcpu_of(vcpu);
	if (!v)
		return false;

	leaf.scope = mode == EXIT_STATS_CPUID_HOST ? EXIT_STATS_SCOPE_HOST : EXIT_STATS_SCOPE_VM;
	leaf.low_first = READ_ONCE(exit_stats_low_first);
	read_leaf(v->vm, &leaf, code);
	exit_stats_leaf_encode(&leaf, &out);
	if (READ_ONCE(exit_stats_log_reads))
		exit_stats_log_read(&leaf, code);

	*eax = out.eax;
	*ebx = out.ebx;
	*ecx = out.ecx;
	*edx = out.edx;
	trace_kvm_cpuid(leaf.leaf, code, *eax, *ebx, *ecx, *edx, false, false);
	return true;
}
