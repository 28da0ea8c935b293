// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_CREATE_VCPU fails after the vCPU got its record, while another vCPU of the VM reads
 * leaves without a pause: the record is freed, and all numbers stay right.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#include "guest.h"
#include "stats.h"
#include "tap.h"

#define ROUNDS 300
#define READS  200

static struct vm vm;
static atomic_bool stop;
static atomic_long reads, faults;

/* Each read is one CPUID exit, so each answer is one higher than the last. */
static void *read_leaves(void *unused)
{
	static struct cpuid_call calls[READS];
	uint32_t last = 0;

	while (!stop) {
		for (int i = 0; i < READS; i++)
			calls[i] = (struct cpuid_call){ EXIT_STATS_LEAF_COUNT, CPUID };
		guest_cpuid_calls(&vm, 0, calls, READS);
		for (int i = 0; i < READS; i++) {
			faults += last && calls[i].eax != last + 1;
			last = calls[i].eax;
		}
		reads += READS;
	}
	return unused;
}

static bool fails_with(int err)
{
	return ioctl(vm.fd, KVM_CREATE_VCPU, err == EEXIST ? 0 : 1) < 0 && errno == err;
}

int main(void)
{
	struct rlimit files, none;
	int taken = 0, no_fd = 0;
	static struct stats s;
	pthread_t reader;

	vm_create(&vm, 1);
	if (getrlimit(RLIMIT_NOFILE, &files))
		bail_out("getrlimit");
	none = files;
	none.rlim_cur = 0;
	pthread_create(&reader, NULL, read_leaves, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		taken += fails_with(EEXIST);
		setrlimit(RLIMIT_NOFILE, &none);
		no_fd += fails_with(EMFILE);
		setrlimit(RLIMIT_NOFILE, &files);
	}
	while (reads < 2 * READS)
		;
	stop = true;
	pthread_join(reader, NULL);
	ok(taken == ROUNDS, "a vCPU whose id is taken fails with EEXIST, %d times", taken);
	ok(no_fd == ROUNDS, "a vCPU without a file descriptor fails with EMFILE, %d times", no_fd);
	ok(!faults, "each of %ld reads of a leaf meanwhile is exact (%ld are not)", reads, faults);
	read_vm_table(&s, &vm);
	ok(s.vcpus == 1, "the VM has the one vCPU that was created: vcpus=%lu", s.vcpus);
	vm_destroy(&vm);
	read_host_table(&s);
	ok(!s.vms && !s.vcpus, "the host has no VM and no vCPU when the VM is gone");
	return done_testing();
}
