// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest with one problem, until standard input ends: for the test of kvm-exit-stats explain.
 *
 *	slow_guest busy		none: it computes
 *	slow_guest port		it floods a port that user space answers after 1 ms
 *	slow_guest clock	it reads the ACPI PM timer
 *	slow_guest hpet		it reads the HPET
 *	slow_guest poll		it halts for 4 ms at a time
 *	slow_guest sleep	it halts for 20 ms at a time
 *	slow_guest pause	two vCPUs spin in PAUSE loops
 *	slow_guest swap		it writes to 2,000 KiB again and again, in a cgroup that has less
 *	slow_guest timer	it sets its timer again and again
 *	slow_guest cpuid	it executes CPUID again and again
 *	slow_guest waiting	it computes, and so does another process on its CPU
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <signal.h>
#include <unistd.h>

#include "apic.h"
#include "exit_case.h"
#include "guest.h"
#include "stats.h"
#include "tap.h"

#define PAGES	   500
#define PM_TIMER   0x608
#define DEBUG_PORT 0x402
#define HPET_COUNT 0xfed000f0ul
#define LONG_LOOP  (1ull << 40) /* does not end */

static struct vm vm;
static const char *kind;

static bool is(const char *wanted)
{
	return !strcmp(kind, wanted);
}

/* Runs to the end of a routine. What user space is asked for it answers at once, or slowly. */
static void run(int n)
{
	struct vcpu *vcpu = &vm.vcpu[n];

	for (;;) {
		if (ioctl(vcpu->fd, KVM_RUN, 0) && errno != EINTR)
			bail_out("KVM_RUN");
		if (vcpu->run->exit_reason == KVM_EXIT_HLT)
			return;
		if (vcpu->run->exit_reason == KVM_EXIT_IO && vcpu->run->io.port == PORT_DONE)
			return;
		if (vcpu->run->exit_reason == KVM_EXIT_IO && is("port"))
			usleep(1000);
	}
}

static void call(int n, const char *routine, uint64_t times, uint64_t rsi)
{
	vcpu_call(&vm, n, routine, times, rsi, 0);
	run(n);
}

static uint64_t tsc_khz(void)
{
	static struct stats s;

	if (ioctl(vm.vcpu[0].fd, KVM_GET_TSC_KHZ, 0) > 0)
		return ioctl(vm.vcpu[0].fd, KVM_GET_TSC_KHZ, 0);
	return stats_read("/sys/kernel/debug/kvm/exit_stats", &s) ? 1000000 : s.tsc_khz;
}

/* The timer's count: its divider is 2, and KVM's APIC bus has 1 GHz. */
static uint64_t ns_of_timer(uint64_t ns)
{
	return ns / 2;
}

static void work(int n)
{
	if (is("port"))
		vcpu_call(&vm, n, guest_out_loop, 100, DEBUG_PORT, 0), run(n);
	else if (is("clock"))
		call(n, exit_in_port, 1000, PM_TIMER);
	else if (is("hpet"))
		call(n, exit_read, 1000, HPET_COUNT);
	/* Not more often: QEMU's TCG loses the host's timer interrupts now and then. */
	else if (is("poll"))
		call(n, exit_ticks, 1000, ns_of_timer(4000000));
	else if (is("sleep"))
		call(n, exit_ticks, 100, ns_of_timer(20000000));
	else if (is("pause"))
		call(n, exit_pause, 1000000, 0);
	else if (is("swap"))
		vcpu_call(&vm, n, exit_sweep, 100, GUEST_PAGES, PAGES), run(n);
	else if (is("timer"))
		call(n, exit_deadline_moved, 1000, tsc_khz() * 1000);
	else if (is("cpuid"))
		call(n, exit_cpuid, 1000, 0);
	else
		call(n, exit_none, LONG_LOOP, 0);
}

static void *vcpu_thread(void *arg)
{
	int n = (struct vcpu *)arg - vm.vcpu;

	for (;;)
		work(n);
	return NULL;
}

/* Another process for the CPU; it ends with this one. */
static void compute_beside(void)
{
	if (fork())
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		;
}

int main(int argc, char **argv)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	pthread_t thread;
	int vcpus;

	if (argc != 2)
		bail_out("usage: slow_guest KIND");
	kind = argv[1];
	vcpus = is("pause") ? 2 : 1;
	if (is("poll") || is("sleep") || is("timer"))
		vm_create_irqchip(&vm, vcpus);
	else
		vm_create(&vm, vcpus);
	if (is("poll") || is("sleep")) {
		vm_set_gate(&vm, GUEST_VECTOR, exit_interrupt);
		vcpu_set_tables(&vm, 0);
		vcpu_start_x2apic(&vm, 0, LVTT_PERIODIC | GUEST_VECTOR);
	} else if (is("timer")) {
		vcpu_start_x2apic(&vm, 0, LVTT_DEADLINE | LVTT_MASKED | GUEST_VECTOR);
	} else if (is("waiting")) {
		compute_beside();
	}
	for (int n = 0; n < vcpus; n++) {
		if (pthread_create(&thread, NULL, vcpu_thread, &vm.vcpu[n]))
			bail_out("pthread_create");
	}
	puts("runs");
	fflush(stdout);
	poll(&input, 1, -1);
	return 0;
}
