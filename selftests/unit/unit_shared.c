// SPDX-License-Identifier: GPL-2.0-only
/* The snapshot that the host's leaves share: how old it may be, and what a read costs. */
#include "shim_vendor.h"

#define HOST (&kvm_exit_stats_host.scope)

static struct vm vm;
static struct vcpu vcpu;

/* A guest's read shows so many exits of CPUID. */
static bool shows(u64 count)
{
	struct exit_stats_leaf_row r;

	kvm_exit_stats_read_host(row_of_exit(CPUID), &r);
	if (r.exits != count || r.row.count != count)
		diag("exits %llu count %llu", r.exits, r.row.count);
	return r.exits == count && r.row.count == count;
}

/* Copying a row takes a millisecond. */
static void take_long(enum shim_step step)
{
	if (step == SHIM_READER_HAS_COPIED)
		shim_ns += NSEC_PER_MSEC;
}

static void check_age(void)
{
	make_exit(&vcpu, CPUID, 10);
	shim_ns += NSEC_PER_MSEC;
	ok(shows(0), "an answer may be 1 ms old");
	shim_ns++;
	ok(shows(1), "after that a read takes a new snapshot");
	make_exit(&vcpu, CPUID, 10);
	shim_ns += NSEC_PER_MSEC + 1;
	ok(shows(2) && shows(2), "a snapshot has nothing of the one before it");

	shim.on_step = take_long;
	shim_ns += NSEC_PER_MSEC + 1;
	ok(shows(2), "a snapshot that takes 1 ms");
	shim.on_step = NULL;
	make_exit(&vcpu, CPUID, 10);
	shim_ns += 7 * NSEC_PER_MSEC; /* and the one that it took */
	ok(shows(2), "it is fresh for 8 ms: no guest keeps the mutex busy");
	shim_ns++;
	ok(shows(3), "but no longer");
}

static void check_memory(void)
{
	make_exit(&vcpu, CPUID, 10);
	shim_ns += NSEC_PER_MSEC + 1;
	shim.fail_alloc = 1;
	ok(shows(4) && shim.fail_alloc == 1, "a guest's read allocates no memory");
	shim.fail_alloc = 0;
}

static void check_reset(void)
{
	ok(!kvm_exit_stats_reset(HOST) && shows(0), "right after the host's reset a guest sees 0");
	make_exit(&vcpu, CPUID, 10);
	shim_ns += NSEC_PER_MSEC + 1;
	ok(shows(1), "the next exit counts from there");
}

int main(void)
{
	shim_ns = 1000 * NSEC_PER_SEC;
	kvm_exit_stats_cpuid_mode = EXIT_STATS_CPUID_HOST;
	register_vendor();
	create_vm(&vm);
	create_vcpu(&vcpu, &vm);
	check_age();
	check_memory();
	check_reset();
	kvm_exit_stats_vcpu_free(&vcpu.vcpu);
	kvm_exit_stats_vm_destroy(&vm.kvm);
	kvm_exit_stats_unregister();
	ok(!shim_in_use, "all memory is free again");
	return done_testing();
}
