// SPDX-License-Identifier: GPL-2.0-only
/*
 * What cycles contain, on a processor of any speed: all that KVM waits for within an
 * exit (here a page that user space brings by userfaultfd), and nothing of the time
 * that user space has the vCPU. Both are held against the TSC.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <x86intrin.h>

#include "guest.h"
#include "stats.h"
#include "tap.h"
#include "truth.h"

#define TIMES	5
#define WAIT_US 20000
#define PAGE	0x1000ul

static struct vm vm;

static void read_vcpu(struct stats *s)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/vcpu0/exit_stats", vm.dir);
	if (stats_read(path, s))
		bail_out("%s", path);
}

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
	uint64_t all, longest; /* ticks that the guest's faults had to wait */
} pages;

/* Nothing is there any more: each access waits for bring_pages(). */
static void take_pages(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { (uintptr_t)vm.mem + GUEST_PAGES, TIMES * PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	pages.fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (pages.fd < 0 || ioctl(pages.fd, UFFDIO_API, &api))
		bail_out("userfaultfd");
	if (madvise(vm.mem + GUEST_PAGES, TIMES * PAGE, MADV_DONTNEED) ||
	    ioctl(pages.fd, UFFDIO_REGISTER, &range))
		bail_out("UFFDIO_REGISTER");
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
		zero.range.start = fault.arg.pagefault.address & -PAGE;
		if (ioctl(pages.fd, UFFDIO_ZEROPAGE, &zero))
			bail_out("UFFDIO_ZEROPAGE");
		pages.all += waited;
		if (waited > pages.longest)
			pages.longest = waited;
	}
	return unused;
}

static void check_within(void)
{
	const struct stats_row *row;
	static struct stats after;
	pthread_t thread;

	vm_create(&vm, 1);
	take_pages();
	pthread_create(&thread, NULL, bring_pages, NULL);
	vcpu_call(&vm, 0, truth_read_page, TIMES, GUEST_PAGES, 0);
	run_to_out(PORT_DONE);
	pthread_join(thread, NULL);
	read_vcpu(&after);
	row = stats_row(&after, EPT_VIOLATION);
	ok(row->total >= pages.all, "%d page faults have what they waited for pages: %lu >= %lu",
	   TIMES, row->total, pages.all);
	ok(row->max >= pages.longest, "so has the longest: %lu >= %lu", row->max, pages.longest);
	close(pages.fd);
	vm_destroy(&vm);
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
	read_vcpu(&after);
	ok(stats_row(&after, IO_INSTRUCTION)->count == TIMES && after.cycles <= elapsed - waited,
	   "%d OUTs that user space answers late have none of its time: %lu <= %lu - %lu", TIMES,
	   after.cycles, elapsed, waited);
	vm_destroy(&vm);
}

int main(void)
{
	check_within();
	check_between();
	return done_testing();
}
