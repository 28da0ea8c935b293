// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory runs out: in turn each allocation of a system call fails, by the kernel's fault
 * injection. The call returns ENOMEM or does without the memory; the next one, with
 * memory, works; and in the end no VM is left over and a new one is counted.
 *
 * Wants a kernel with failslab and fail_page_alloc (make check-debug).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest.h"
#include "stats.h"
#include "tap.h"

#define DEBUGFS	  "/sys/kernel/debug/"
#define FAIL_NTH  "/proc/thread-self/fail-nth"
#define MOST	  5000 /* allocations of one call */
#define EXITS	  100  /* of the VM in the end */
#define PATH_SIZE 128

static int fail_nth, dev_kvm, vm_fd, vcpu_fd;
static char vm_dir[64];

/* ---- fault injection */

/* Each allocation may fail: also one that can wait, of one page, in high memory. */
static const struct {
	const char *file, *value;
} settings[] = {
	{ "failslab/ignore-gfp-wait", "N" },	    { "failslab/verbose", "0" },
	{ "fail_page_alloc/ignore-gfp-wait", "N" }, { "fail_page_alloc/ignore-gfp-highmem", "N" },
	{ "fail_page_alloc/min-order", "0" },	    { "fail_page_alloc/verbose", "0" },
};

static void set_up(void)
{
	char path[PATH_SIZE];

	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		snprintf(path, sizeof(path), DEBUGFS "%s", settings[i].file);
		if (write_file(path, settings[i].value))
			bail_out("%s", path);
	}
	/* A page fault of ours is no allocation of the call. */
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		bail_out("mlockall");
	dev_kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (dev_kvm < 0)
		bail_out("/dev/kvm");
}

/* From now on the n-th allocation of this thread fails. 0: none. */
static void arm(int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", n);

	if (pwrite(fail_nth, text, len, 0) != len)
		bail_out(FAIL_NTH);
}

/* Did it fail? Then what is left of n is 0. */
static bool fired(void)
{
	char text[16];
	ssize_t len = pread(fail_nth, text, sizeof(text), 0);

	if (len <= 0)
		bail_out(FAIL_NTH);
	return text[0] == '0';
}

/* ---- the calls: a new file descriptor, or 0 where there is none, or -1 */

static int create_vm(void)
{
	return ioctl(dev_kvm, KVM_CREATE_VM, 0);
}

static int create_vcpu(void)
{
	return ioctl(vm_fd, KVM_CREATE_VCPU, 0);
}

static int open_in(const char *dir, const char *name, int flags)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return open(path, flags | O_CLOEXEC);
}

static int open_host(void)
{
	return open(HOST_STATS, O_RDONLY | O_CLOEXEC);
}

static int open_host_hist(void)
{
	return open(HOST_STATS "_hist", O_RDONLY | O_CLOEXEC);
}

static int open_vm(void)
{
	return open_in(vm_dir, "vm_exit_stats", O_RDONLY);
}

static int open_vcpu(void)
{
	return open_in(vm_dir, "vcpu0/exit_stats", O_RDONLY);
}

/* Returns 0, or -1 with errno, as a call does. */
static int write_1(int fd)
{
	int result, err;

	if (fd < 0)
		return -1;
	result = write(fd, "1", 1) == 1 ? 0 : -1;
	err = errno;
	close(fd);
	errno = err;
	return result;
}

static int reset_vm(void)
{
	return write_1(open_in(vm_dir, "vm_exit_stats_reset", O_WRONLY));
}

static int reset_vcpu(void)
{
	return write_1(open_in(vm_dir, "vcpu0/exit_stats_reset", O_WRONLY));
}

static int reset_host(void)
{
	return write_1(open("/sys/module/kvm/parameters/exit_stats_reset", O_WRONLY | O_CLOEXEC));
}

/* The table in text is made at the first read. */
static int read_host(void)
{
	int fd = open_host(), err;
	char text[512];
	ssize_t len;

	if (fd < 0)
		return -1;
	len = read(fd, text, sizeof(text));
	err = errno;
	close(fd);
	errno = err;
	return len > 0 ? 0 : -1;
}

/* ---- each allocation in turn */

/* A vCPU has a number of its own, so each try has a VM of its own. */
static void fresh_vm(void)
{
	vm_fd = create_vm();
	if (vm_fd < 0)
		bail_out("KVM_CREATE_VM");
	snprintf(vm_dir, sizeof(vm_dir), "/sys/kernel/debug/kvm/%d-%d", gettid(), vm_fd);
}

static void close_fd(int *fd)
{
	if (*fd > 0)
		close(*fd);
	*fd = -1;
}

struct result {
	int failed, did_without, other_errno, retry_errno;
	bool through; /* n is beyond the call's last allocation */
};

static bool try_once(int n, int (*call)(void), bool own_vm, struct result *result)
{
	bool injected;
	int fd, err;

	if (own_vm)
		fresh_vm();
	arm(n);
	fd = call();
	err = errno;
	injected = fired();
	arm(0);
	if (fd >= 0 && injected)
		result->did_without++;
	else if (fd < 0 && err == ENOMEM && injected)
		result->failed++;
	else if (fd < 0)
		result->other_errno = err;
	if (fd < 0) {
		fd = call();
		if (fd < 0)
			result->retry_errno = errno;
	}
	close_fd(&fd);
	if (own_vm)
		close_fd(&vm_fd);
	return injected;
}

static void check_call(const char *name, int (*call)(void), bool own_vm)
{
	struct result result = {};
	int n = 1;

	/* What is allocated but once is not the call's. */
	try_once(0, call, own_vm, &(struct result){});
	while (n <= MOST && try_once(n, call, own_vm, &result))
		n++;
	diag("%s: %d allocations; %d times ENOMEM, %d times it did without", name, n - 1,
	     result.failed, result.did_without);
	ok(n <= MOST, "%s: each allocation failed once, then none", name);
	ok(!result.other_errno, "%s: fails with ENOMEM and nothing else (%s)", name,
	   strerror(result.other_errno));
	ok(!result.retry_errno, "%s: works when there is memory again (%s)", name,
	   strerror(result.retry_errno));
	ok(result.failed, "%s: one of its allocations it cannot do without", name);
}

static void check_reads(void)
{
	fresh_vm();
	vcpu_fd = create_vcpu();
	if (vcpu_fd < 0)
		bail_out("KVM_CREATE_VCPU");
	check_call("the host's table", open_host, false);
	check_call("the host's histogram", open_host_hist, false);
	check_call("the host's table, read", read_host, false);
	check_call("a VM's table", open_vm, false);
	check_call("a vCPU's table", open_vcpu, false);
	check_call("a vCPU's reset", reset_vcpu, false);
	check_call("a VM's reset", reset_vm, false);
	check_call("the host's reset", reset_host, false);
	close_fd(&vcpu_fd);
	close_fd(&vm_fd);
}

static void check_end(void)
{
	static struct stats before, after;
	struct vm vm;

	if (stats_read(HOST_STATS, &before))
		bail_out(HOST_STATS);
	ok(!before.vms && !before.vcpus, "no VM is left over (%lu) and no vCPU (%lu)", before.vms,
	   before.vcpus);
	vm_create(&vm, 2);
	guest_cpuid(&vm, 1, EXITS, 0, 0);
	if (stats_read(HOST_STATS, &after))
		bail_out(HOST_STATS);
	ok(stats_row(&after, CPUID)->count - stats_row(&before, CPUID)->count == EXITS,
	   "a VM works and each of its exits is counted");
	vm_destroy(&vm);
}

int main(void)
{
	fail_nth = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	if (fail_nth < 0 || access(DEBUGFS "failslab", F_OK)) {
		printf("1..0 # SKIP this kernel has no fault injection\n");
		return 0;
	}
	set_up();
	check_call("KVM_CREATE_VM", create_vm, false);
	check_call("KVM_CREATE_VCPU", create_vcpu, true);
	check_reads();
	check_end();
	return done_testing();
}
