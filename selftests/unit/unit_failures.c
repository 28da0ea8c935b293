// SPDX-License-Identifier: GPL-2.0-only
/*
 * Without memory, or when the caller is killed: the error is returned, and nothing changes.
 * Each allocation fails in turn.
 */
#include "shim_vendor.h"

#define HOST (&kvm_exit_stats_host.scope)

/* Two VMs with one and two vCPUs, and all their scopes. */
static struct vm vms[2];
static struct vcpu vcpus[3];
static struct exit_stats_scope *scopes[6];
static struct exit_stats_snap *before[6];

static void make_scopes(void)
{
	create_vm(&vms[0]);
	create_vm(&vms[1]);
	scopes[0] = HOST;
	scopes[1] = &vms[0].stats->scope;
	scopes[2] = &vms[1].stats->scope;
	for (int i = 0; i < 3; i++) {
		create_vcpu(&vcpus[i], &vms[i > 0]);
		scopes[3 + i] = &vcpus[i].stats->scope;
		for (int n = 0; n < 7; n++)
			make_exit(&vcpus[i], CPUID, 100);
	}
	/* Every scope has a baseline, and counted since. */
	if (kvm_exit_stats_reset(HOST))
		bail_out("reset");
	for (int i = 0; i < 3; i++)
		make_exit(&vcpus[i], HLT, 100 << i);
}

static void free_scopes(void)
{
	for (int i = 0; i < 3; i++)
		kvm_exit_stats_vcpu_free(&vcpus[i].vcpu);
	for (int i = 0; i < 2; i++)
		kvm_exit_stats_vm_destroy(&vms[i].kvm);
}

static void remember_scopes(void)
{
	for (int i = 0; i < 6; i++) {
		kvfree(before[i]);
		before[i] = snapshot(scopes[i]);
	}
}

/* How many scopes have another epoch or other numbers than remembered? */
static int scopes_changed(void)
{
	int changed = 0;

	for (int i = 0; i < 6; i++) {
		struct exit_stats_snap *s = snapshot(scopes[i]);

		changed += s->epoch != before[i]->epoch ||
			   memcmp(s->row, before[i]->row, s->rows * sizeof(s->row[0]));
		kvfree(s);
	}
	return changed;
}

static void check_register(void)
{
	bool good = true;
	int nth = 1;

	for (;; nth++) {
		shim.fail_alloc = nth;
		if (try_register() != -ENOMEM)
			break;
		good &= !kvm_exit_stats_host.table && !kvm_exit_stats_starts.on &&
			!kvm_exit_stats_ends.on && !shim_in_use;
	}
	shim.fail_alloc = 0;
	ok(good && kvm_exit_stats_host.table && nth == 3,
	   "a vendor module registers with all of its 2 allocations, or not at all (%d)", nth - 1);
	kvm_exit_stats_unregister();

	kvm_exit_stats_cpuid_mode = EXIT_STATS_CPUID_HOST;
	good = true;
	for (nth = 3; nth < 5; nth++) {
		shim.fail_alloc = nth;
		good &= try_register() == -ENOMEM && !kvm_exit_stats_host.table && !shim_in_use;
	}
	ok(good, "with cpuid=host a vendor module needs two more, for the shared snapshot");
	shim.fail_alloc = 0;
	kvm_exit_stats_cpuid_mode = EXIT_STATS_CPUID_VM;
}

static void check_create(void)
{
	static struct vm no_vm;
	static struct vcpu no_vcpu;
	struct list_head *list = &kvm_exit_stats_host.vms;

	no_vcpu.vcpu.kvm = &vms[0].kvm;
	shim.fail_alloc = 1;
	ok((kvm_exit_stats_vm_create(&no_vm.kvm) == -ENOMEM && !no_vm.stats &&
	    list->next->next == list->prev),
	   "without memory no VM is created");
	shim.fail_alloc = 1;
	ok((kvm_exit_stats_vcpu_create(&no_vcpu.vcpu) == -ENOMEM && !no_vcpu.stats &&
	    kvm_exit_stats_nr_vcpus == 3),
	   "without memory no vCPU is created, and none is counted");
	kvm_exit_stats_vcpu_free(&no_vcpu.vcpu);
	kvm_exit_stats_vm_destroy(&no_vm.kvm);
	ok(kvm_exit_stats_nr_vcpus == 3 && list->next->next == list->prev,
	   "KVM may free a vCPU and a VM that were not created");
	shim.fail_alloc = 1;
	ok(PTR_ERR(kvm_exit_stats_snapshot(HOST, true)) == -ENOMEM,
	   "without memory there is no snapshot");
}

static void check_reset(void)
{
	long in_use;
	bool good = true;
	int nth = 1;

	remember_scopes();
	in_use = shim_in_use;
	for (;; nth++) {
		shim.fail_alloc = nth;
		if (kvm_exit_stats_reset(HOST) != -ENOMEM)
			break;
		good &= shim_in_use == in_use && !scopes_changed();
	}
	shim.fail_alloc = 0;
	ok(good && nth == 10,
	   "a reset without memory changes nothing, whichever of 9 allocations fails (%d)",
	   nth - 1);
	ok(scopes_changed() == 6, "a reset with memory resets each scope");
}

static void check_killed(void)
{
	remember_scopes();
	shim.killed = true;
	ok((kvm_exit_stats_reset(scopes[1]) == -EINTR &&
	    PTR_ERR(kvm_exit_stats_snapshot(scopes[1], true)) == -EINTR),
	   "a killed task gets -EINTR for a reset and a snapshot");
	shim.killed = false;
	ok(!scopes_changed(), "a killed task resets nothing");
}

int main(void)
{
	check_register();
	register_vendor();
	make_scopes();
	check_create();
	check_reset();
	check_killed();
	free_scopes();
	for (int i = 0; i < 6; i++)
		kvfree(before[i]);
	kvm_exit_stats_unregister();
	ok(!shim_in_use, "all memory is free again");
	return done_testing();
}
