// SPDX-License-Identifier: GPL-2.0-only
/*
 * What cycles contain, on a processor of any speed, compared with the TSC: all time that KVM
 * waits within an exit (here for a page that user space brings by userfaultfd), and no time
 * of user space. Only an exit in which recording is switched off and on is dropped.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <x86intrin.h>

#include "guest.h"
#include "stats.h"
#include "tap.h"
#include "exit_case.h"
#include "witness.h"

#define TIMES	5
#define WAIT_US 20000
#define PAGE	0x1000ul

static struct vm vm;

static uint64_t wait_a_while(void)
{
	uint64_t start = __rdtsc();

	usleep(WAIT_US);
	return __rdtsc() - start;
}

static void run_to_out(uint16_t port)
{
	struct kvm_run *run = vm.vcpu[0].run;

	if (ioctl(vm.vcpu[0].fd, KVM_RUN, 0) || run->exit_reason != KVM_EXIT_IO ||
	    run->io.port != port)
		bail_out("KVM_RUN: exit reason %u", run->exit_reason);
}

/* ---- within an exit */

static struct {
	int fd;
	int flip; /* the fault in which recording is switched off and on, or -1 */
	/* Ticks that faults waited: all but the fault of the flip, the longest, and that one. */
	uint64_t all, longest, dropped;
} pages;

/* Takes the pages away: each access waits for bring_pages(). */
static void take_pages(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { (uintptr_t)vm.mem + GUEST_PAGES, TIMES * PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	memset(&pages, 0, sizeof(pages));
	pages.fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (pages.fd < 0 || ioctl(pages.fd, UFFDIO_API, &api))
		bail_out("userfaultfd");
	if (madvise(vm.mem + GUEST_PAGES, TIMES * PAGE, MADV_DONTNEED) ||
	    ioctl(pages.fd, UFFDIO_REGISTER, &range))
		bail_out("UFFDIO_REGISTER");
}

/* The fault began before this and ends after it. Returns the ticks in between. */
static uint64_t flip(void)
{
	uint64_t start = __rdtsc();

	param_set("exit_stats", "N");
	param_set("exit_stats", "Y");
	wait_a_while();
	return __rdtsc() - start;
}

static void *bring_pages(void *unused)
{
	for (int i = 0; i < TIMES; i++) {
		struct uffdio_zeropage zero = { .range.len = PAGE };
		struct uffd_msg fault;
		uint64_t waited;

		if (read(pages.fd, &fault, sizeof(fault)) != sizeof(fault))
			bail_out("userfaultfd");
		waited = wait_a_while();
		if (i == pages.flip)
			pages.dropped = waited + flip();
		zero.range.start = fault.arg.pagefault.address & -PAGE;
		if (ioctl(pages.fd, UFFDIO_ZEROPAGE, &zero))
			bail_out("UFFDIO_ZEROPAGE");
		if (i == pages.flip)
			continue;
		pages.all += waited;
		if (waited > pages.longest)
			pages.longest = waited;
	}
	return unused;
}

/* Returns the ticks around the run. */
static uint64_t run_with_faults(int flip_at)
{
	pthread_t thread;
	uint64_t start;

	take_pages();
	pages.flip = flip_at;
	pthread_create(&thread, NULL, bring_pages, NULL);
	vcpu_call(&vm, 0, exit_read_page, TIMES, GUEST_PAGES, 0);
	start = __rdtsc();
	run_to_out(PORT_DONE);
	start = __rdtsc() - start;
	pthread_join(thread, NULL);
	close(pages.fd);
	return start;
}

static void check_within(void)
{
	const struct stats_row *row;
	static struct stats after;

	vm_create(&vm, 1);
	run_with_faults(-1);
	read_vcpu_table(&after, &vm, 0);
	row = stats_row(&after, EPT_VIOLATION);
	ok(row->total >= pages.all,
	   "the cycles of %d page faults contain the wait for the pages: %lu >= %lu", TIMES,
	   row->total, pages.all);
	ok(row->max >= pages.longest, "the max contains the longest wait: %lu >= %lu", row->max,
	   pages.longest);
	vm_destroy(&vm);
}

/* ---- recording is switched off and on within an exit */

static void check_flip(void)
{
	static struct witness witness;
	static struct stats after;
	uint64_t elapsed;
	bool good = true;

	witness_open();
	vm_create(&vm, 1);
	elapsed = run_with_faults(TIMES / 2);
	witness_read(&witness);
	read_vcpu_table(&after, &vm, 0);
	for (int i = 0; i < WITNESS_REASONS; i++) {
		long reason = witness_reason(i);
		uint64_t want = witness.hits[0][i] - (reason == EPT_VIOLATION);

		if (stats_row(&after, reason)->count == want)
			continue;
		diag("reason %#lx: %lu, not %lu", reason, stats_row(&after, reason)->count, want);
		good = false;
	}
	ok(good, "recording off and on within a page fault drops that fault; %lu exits are counted",
	   after.exits);
	good = stats_row(&after, EPT_VIOLATION)->total >= pages.all;
	ok(good && after.cycles <= elapsed - pages.dropped,
	   "the dropped fault adds no cycles: %lu <= %lu - %lu", after.cycles, elapsed,
	   pages.dropped);
	vm_destroy(&vm);
	witness_close();
}

/* ---- between exits */

static void check_between(void)
{
	uint64_t start, waited = 0, elapsed;
	static struct stats after;

	vm_create(&vm, 1);
	vcpu_call(&vm, 0, guest_out_loop, TIMES, PORT_POST, 0);
	start = __rdtsc();
	for (int i = 0; i < TIMES; i++) {
		run_to_out(PORT_POST);
		waited += wait_a_while();
	}
	vcpu_run(&vm, 0, 1);
	elapsed = __rdtsc() - start;
	read_vcpu_table(&after, &vm, 0);
	ok(stats_row(&after, IO_INSTRUCTION)->count == TIMES && after.cycles <= elapsed - waited,
	   "the cycles of %d OUTs contain no time of user space: %lu <= %lu - %lu", TIMES,
	   after.cycles, elapsed, waited);
	vm_destroy(&vm);
}

int main(void)
{
	param_set("exit_stats_dump_interval", "0");
	check_within();
	check_flip();
	check_between();
	param_set("exit_stats_dump_interval", "500");
	return done_testing();
}
