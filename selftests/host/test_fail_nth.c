// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory runs out. The kernel's fault injection fails each allocation of a system call in
 * turn. The call returns ENOMEM or works without the memory, and works when it is repeated
 * with memory. In the end no VM is left, and the exits of a new VM are counted.
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

static int fail_nth, dev_kvm, vm_fd;
static char vm_dir[64];

/* ---- fault injection */

/* Let any allocation fail: also one that can wait, one of one page, one in high memory. */
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
	/* Page faults of the test would allocate memory too. */
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		bail_out("mlockall");
	dev_kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (dev_kvm < 0)
		bail_out("/dev/kvm");
}

/* The n-th allocation of this thread from now on fails; none if n is 0. */
static void arm(int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", n);

	if (pwrite(fail_nth, text, len, 0) != len)
		bail_out(FAIL_NTH);
}

/* True if the allocation failed: then 0 is left of n. */
static bool fired(void)
{
	char text[16];
	ssize_t len = pread(fail_nth, text, sizeof(text), 0);

	if (len <= 0)
		bail_out(FAIL_NTH);
	return text[0] == '0';
}

/* ---- the calls */

static const struct call {
	const char *name;
	enum {
		CREATE_VM,
		CREATE_VCPU,
		OPEN,
		READ,
		RESET,
	} what;
	const char *path; /* of a file; a relative path is in the VM's folder */
} calls[] = {
	{ "KVM_CREATE_VM", CREATE_VM },
	{ "KVM_CREATE_VCPU", CREATE_VCPU },
	{ "the host's table", OPEN, HOST_STATS },
	{ "the host's histogram", OPEN, HOST_STATS "_hist" },
	/* The first read makes the text. */
	{ "the host's table, read", READ, HOST_STATS },
	{ "a VM's table", OPEN, "vm_exit_stats" },
	{ "a vCPU's table", OPEN, "vcpu0/exit_stats" },
	{ "a vCPU's reset", RESET, "vcpu0/exit_stats_reset" },
	{ "a VM's reset", RESET, "vm_exit_stats_reset" },
	{ "the host's reset", RESET, "/sys/module/kvm/parameters/exit_stats_reset" },
};

/* Returns a new file descriptor, 0 if the call makes none, or -1 with errno. */
static int do_call(const struct call *call)
{
	char path[PATH_SIZE], text[512];
	ssize_t len;
	int fd, err;

	if (call->what == CREATE_VM)
		return ioctl(dev_kvm, KVM_CREATE_VM, 0);
	if (call->what == CREATE_VCPU)
		return ioctl(vm_fd, KVM_CREATE_VCPU, 0);
	snprintf(path, sizeof(path), "%s/%s", *call->path == '/' ? "" : vm_dir, call->path);
	fd = open(path, (call->what == RESET ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
	if (fd < 0 || call->what == OPEN)
		return fd;
	len = call->what == RESET ? write(fd, "1", 1) : read(fd, text, sizeof(text));
	err = errno;
	close(fd);
	errno = err;
	return len > 0 ? 0 : -1;
}

/* ---- each allocation in turn */

static void create_vm(void)
{
	vm_fd = ioctl(dev_kvm, KVM_CREATE_VM, 0);
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
};

static bool try_once(int n, const struct call *call, struct result *result)
{
	/* A vCPU's id can be taken once, so each try has a VM of its own. */
	bool own_vm = call->what == CREATE_VCPU;
	bool injected;
	int fd, err;

	if (own_vm)
		create_vm();
	arm(n);
	fd = do_call(call);
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
		fd = do_call(call);
		if (fd < 0)
			result->retry_errno = errno;
	}
	close_fd(&fd);
	if (own_vm)
		close_fd(&vm_fd);
	return injected;
}

static void check_call(const struct call *call)
{
	struct result result = {};
	const char *name = call->name;
	int n = 1;

	/* Without a fault first: some memory is allocated only once. */
	try_once(0, call, &(struct result){});
	while (n <= MOST && try_once(n, call, &result))
		n++;
	diag("%s: %d allocations; %d times ENOMEM, %d times it worked without", name, n - 1,
	     result.failed, result.did_without);
	ok(n <= MOST, "%s: each of its allocations failed once", name);
	ok(!result.other_errno, "%s: fails with ENOMEM and nothing else (%s)", name,
	   strerror(result.other_errno));
	ok(!result.retry_errno, "%s: works when there is memory again (%s)", name,
	   strerror(result.retry_errno));
	ok(result.failed, "%s: fails without some of its memory", name);
}

static void check_end(void)
{
	static struct stats before, after;
	struct vm vm;

	read_host_table(&before);
	ok(!before.vms && !before.vcpus, "no VM is left over (%lu) and no vCPU (%lu)", before.vms,
	   before.vcpus);
	vm_create(&vm, 2);
	guest_cpuid(&vm, 1, EXITS, 0, 0);
	read_host_table(&after);
	ok(stats_row(&after, CPUID)->count - stats_row(&before, CPUID)->count == EXITS,
	   "a VM works and each of its exits is counted");
	vm_destroy(&vm);
}

int main(void)
{
	int vcpu_fd;

	fail_nth = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	if (fail_nth < 0 || access(DEBUGFS "failslab", F_OK)) {
		printf("1..0 # SKIP this kernel has no fault injection\n");
		return 0;
	}
	set_up();
	check_call(&calls[0]);
	check_call(&calls[1]);
	create_vm();
	vcpu_fd = ioctl(vm_fd, KVM_CREATE_VCPU, 0);
	if (vcpu_fd < 0)
		bail_out("KVM_CREATE_VCPU");
	for (size_t i = 2; i < sizeof(calls) / sizeof(*calls); i++)
		check_call(&calls[i]);
	close_fd(&vcpu_fd);
	close_fd(&vm_fd);
	check_end();
	return done_testing();
}
