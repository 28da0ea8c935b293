// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes of kernel memory:
 *
 *	memory CGROUP VCPUS	what the memory cgroup is charged for a VM with so many
 *				vCPUs; prints VCPUS, and the bytes of vmalloc, of slabs
 *				that can be reclaimed, and of the kernel in all
 *	memory CGROUP baselines	what the baselines of a host's reset take, with VMs of 8
 *				vCPUs and 15 reasons each; prints REASONS, the bytes of
 *				slab and vmalloc that the reset adds, and those that the
 *				memory cgroup of the writer is charged for
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#include "guest.h"
#include "stats.h"
#include "tap.h"
#include "exit_case.h"

/* A quarter of the 200 VMs that the goal is for, as the emulated host has 1 GiB. */
#define VMS		50
#define VCPUS		8
#define REASONS		15
#define MSR_APIC_BASE	0x1b
#define MSR_PAT		0x277
#define X86_CR4_UMIP	(1ul << 11)
#define X86_CR4_OSXSAVE (1ul << 18)

static const struct {
	const char *routine;
	uint64_t times, rsi;
} kinds[REASONS] = {
	{ exit_cpuid, 20 },
	{ exit_sgdt, 3 },
	{ exit_in, 5 },
	{ exit_rdmsr, 4, MSR_APIC_BASE },
	{ exit_wrmsr, 4, MSR_PAT },
	{ exit_wbinvd, 2 },
	{ exit_invd, 2 },
	{ exit_cr0, 4 },
	{ exit_dr, 4 },
	{ exit_monitor, 2, GUEST_DATA },
	{ exit_mwait, 2 },
	{ exit_vmcall, 3 },
	{ exit_read, 5, EXIT_CASE_MMIO },
	{ exit_xsetbv, 3 },
	{ exit_read_page, 4, GUEST_PAGES },
};

static struct vm vms[VMS];
static const char *cgroup;

/* The number behind @key in a file of "key number" lines. */
static long number(const char *path, const char *key)
{
	static char buf[16384];
	char *at;

	buf[0] = '\n'; /* every key follows a newline */
	if (read_file(path, buf + 1, sizeof(buf) - 1) < 0)
		bail_out("%s", path);
	at = strstr(buf, key);
	if (!at)
		bail_out("%s has no %s", path, key);
	return atol(at + strlen(key));
}

static long charged(const char *key)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/memory.stat", cgroup);
	return number(path, key);
}

static long in_use(void)
{
	return 1024 *
	       (number("/proc/meminfo", "\nSlab:") + number("/proc/meminfo", "\nVmallocUsed:"));
}

static void enter_cgroup(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	if (write_file(path, "0"))
		bail_out("%s", path);
}

static void one_vm(int vcpus)
{
	static const char *const keys[] = { "\nvmalloc ", "\nslab_reclaimable ", "\nkernel " };
	long before[3];

	enter_cgroup();
	for (int i = 0; i < 3; i++)
		before[i] = charged(keys[i]);
	vm_create(&vms[0], vcpus);
	printf("%d", vcpus);
	for (int i = 0; i < 3; i++)
		printf("\t%ld", charged(keys[i]) - before[i]);
	printf("\n");
	vm_destroy(&vms[0]);
}

/* Runs a vCPU to the end of its routine. Other exits to user space are ignored. */
static void run_to_done(struct vm *vm, int n)
{
	struct kvm_run *run = vm->vcpu[n].run;

	do {
		if (ioctl(vm->vcpu[n].fd, KVM_RUN, 0))
			bail_out("KVM_RUN");
	} while (run->exit_reason != KVM_EXIT_IO || run->io.port != PORT_DONE);
}

static void run_all_kinds(struct vm *vm, int n)
{
	struct kvm_sregs sregs;

	for (int i = 0; i < REASONS; i++) {
		vcpu_call(vm, n, kinds[i].routine, kinds[i].times, kinds[i].rsi, 0);
		vcpu_get_sregs(vm, n, &sregs);
		sregs.cr4 |= X86_CR4_OSXSAVE | X86_CR4_UMIP;
		vcpu_set_sregs(vm, n, &sregs);
		run_to_done(vm, n);
	}
}

static void baselines(void)
{
	/* File descriptors of the VMs and their vCPUs. */
	const struct rlimit files = { 2 * VMS * (VCPUS + 1), 2 * VMS * (VCPUS + 1) };
	static struct stats s;
	long before, kernel;
	char path[128];

	if (setrlimit(RLIMIT_NOFILE, &files))
		bail_out("setrlimit");
	for (int i = 0; i < VMS; i++) {
		vm_create(&vms[i], VCPUS);
		for (int n = 0; n < VCPUS; n++)
			run_all_kinds(&vms[i], n);
	}
	snprintf(path, sizeof(path), "%s/vcpu0/exit_stats", vms[VMS - 1].dir);
	if (stats_read(path, &s) || s.rows < REASONS)
		bail_out("%s has %d reasons", path, s.rows);
	enter_cgroup();
	kernel = charged("\nkernel ");
	before = in_use();
	host_reset();
	printf("%d\t%ld\t%ld\n", s.rows, in_use() - before, charged("\nkernel ") - kernel);
	for (int i = 0; i < VMS; i++)
		vm_destroy(&vms[i]);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: memory CGROUP VCPUS | memory CGROUP baselines\n");
		return 2;
	}
	cgroup = argv[1];
	if (strcmp(argv[2], "baselines"))
		one_vm(atoi(argv[2]));
	else
		baselines();
	return 0;
}
