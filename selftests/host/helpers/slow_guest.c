// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest with one problem, until standard input ends: for the tests of kvm-exit-stats explain and
 * of where a vCPU's time goes.
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
 *	slow_guest mixed	it computes for 6 ms, then user space takes 2 ms
 *	slow_guest signals	it computes; signals end KVM_RUN, and user space computes for 6 ms
 *
 * For each line of input it prints what it knows of its time, in ns since its start: the time,
 * what the guest's own clock says that the guest ran, how long user space had a vCPU for an exit
 * and not for an exit, the CPU time of the vCPU's thread and of the other process.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <signal.h>
#include <time.h>
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
#define MS	   1000000ul

static struct vm vm;
static const char *kind;
static uint64_t tsc_khz = 1000000;
static pthread_t threads[2];
static pid_t other;			     /* process */
static _Atomic uint64_t for_exits, for_none; /* ns that user space had a vCPU */

static bool is(const char *wanted)
{
	return !strcmp(kind, wanted);
}

static uint64_t ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ul + t.tv_nsec;
}

static void compute(uint64_t how_long)
{
	uint64_t end = ns(CLOCK_MONOTONIC) + how_long;

	while (ns(CLOCK_MONOTONIC) < end)
		;
}

/* KVM_RUN, and how long user space has had the vCPU since the last one. */
static void run_kvm(struct vcpu *vcpu)
{
	static __thread uint64_t left;
	static __thread bool by_signal;

	if (left)
		*(by_signal ? &for_none : &for_exits) += ns(CLOCK_MONOTONIC) - left;
	by_signal = ioctl(vcpu->fd, KVM_RUN, 0);
	left = ns(CLOCK_MONOTONIC);
	if (by_signal && errno != EINTR)
		bail_out("KVM_RUN");
	if (by_signal && is("signals"))
		compute(6 * MS);
}

/* Runs to the end of a routine. What user space is asked for it answers at once, or slowly. */
static void run(int n)
{
	struct vcpu *vcpu = &vm.vcpu[n];

	for (;;) {
		run_kvm(vcpu);
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

/* Before a vCPU runs: the ioctl waits until it does not. */
static void find_tsc_khz(void)
{
	static struct stats s;
	int khz = ioctl(vm.vcpu[0].fd, KVM_GET_TSC_KHZ, 0);

	if (khz > 0)
		tsc_khz = khz;
	else if (!stats_read("/sys/kernel/debug/kvm/exit_stats", &s))
		tsc_khz = s.tsc_khz;
}

/* The timer's count: its divider is 2, and KVM's APIC bus has 1 GHz. */
static uint64_t ns_of_timer(uint64_t ns)
{
	return ns / 2;
}

static void compute_by_own_clock(int n, uint64_t how_long)
{
	/* A step of 20 us has an exit in it. */
	vcpu_call(&vm, n, exit_own_clock, tsc_khz * how_long / MS, tsc_khz / 50, GUEST_DATA);
	run(n);
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
		call(n, exit_deadline_moved, 1000, tsc_khz * 1000);
	else if (is("cpuid"))
		call(n, exit_cpuid, 1000, 0);
	else if (is("mixed"))
		compute_by_own_clock(n, 6 * MS), usleep(2000);
	else if (is("signals"))
		compute_by_own_clock(n, 100 * MS);
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
	other = fork();
	if (other)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		;
}

static void on_signal(int signal)
{
	(void)signal;
}

/* Each 15 ms: user space has the vCPU for 6 ms of them. */
static void *send_signals(void *arg)
{
	for (;;) {
		usleep(15000);
		pthread_kill(threads[0], SIGUSR1);
	}
	return arg;
}

static void tell(uint64_t start)
{
	uint64_t guest = *(uint64_t *)(vm.mem + GUEST_DATA);
	clockid_t clock;
	uint64_t cpu, beside = 0;

	pthread_getcpuclockid(threads[0], &clock);
	cpu = ns(clock);
	if (other && !clock_getcpuclockid(other, &clock))
		beside = ns(clock);
	printf("%lu %lu %lu %lu %lu %lu\n", ns(CLOCK_MONOTONIC) - start, guest * MS / tsc_khz,
	       for_exits, for_none, cpu, beside);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	uint64_t start = ns(CLOCK_MONOTONIC);
	pthread_t sender;
	char line[16];
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
	find_tsc_khz();
	for (int n = 0; n < vcpus; n++) {
		if (pthread_create(&threads[n], NULL, vcpu_thread, &vm.vcpu[n]))
			bail_out("pthread_create");
	}
	signal(SIGUSR1, on_signal);
	if (is("signals") && pthread_create(&sender, NULL, send_signals, NULL))
		bail_out("pthread_create");
	puts("runs");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin))
		tell(start);
	return 0;
}
