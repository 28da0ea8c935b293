// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMs that die while three threads read their files: each read gives a whole table, EIO or
 * ENOENT, an open file keeps no VM alive, and all memory is freed.
 *
 *	test_dying_vm [-l]
 *
 *	-l	the long form: 400 VMs, not 40
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"
#include "memory.h"
#include "stats.h"
#include "tap.h"

#define VMS	 40
#define VMS_LONG 400
#define READERS	 3
#define KVM_DIR	 "/sys/kernel/debug/kvm"

static atomic_bool stop;
static atomic_long opened, gone, bad;

/* Read a part, wait, read the rest: the VM may die in between. */
static void read_in_parts(const char *path)
{
	static __thread char text[64 * 1024];
	static __thread struct stats s;
	int fd = open(path, O_RDONLY | O_CLOEXEC), n, len;

	if (fd < 0) {
		gone++;
		bad += errno != ENOENT && errno != EIO;
		return;
	}
	opened++;
	len = read(fd, text, 100);
	usleep(opened % 5 * 1000);
	for (n = len; n > 0; len += n)
		n = read(fd, text + len, sizeof(text) - 1 - len);
	if (n < 0) {
		gone++;
		bad += errno != EIO;
	} else {
		text[len] = '\0';
		bad += stats_parse(text, &s) || stats_fault(&s);
	}
	close(fd);
}

static void *read_files(void *unused)
{
	static const char *const names[] = { "vm_exit_stats", "vcpu0/exit_stats",
					     "vcpu1/exit_stats" };
	struct dirent *entry;
	char path[400];
	DIR *dir;

	while (!stop) {
		dir = opendir(KVM_DIR);
		while (dir && (entry = readdir(dir))) {
			if (!strchr(entry->d_name, '-'))
				continue;
			for (int i = 0; i < 3; i++) {
				snprintf(path, sizeof(path), KVM_DIR "/%s/%s", entry->d_name,
					 names[i]);
				read_in_parts(path);
			}
		}
		if (dir)
			closedir(dir);
		usleep(1000); /* let the VMs run */
	}
	return unused;
}

/* Create and destroy @vms VMs, or more until the readers have opened enough files. */
static void live_and_die(int vms)
{
	struct vm vm;

	for (; vms > 0 || (opened <= VMS && vms > -1000); vms--) {
		if (vms % 10 == 0)
			diag("%ld files were opened, %ld were gone", opened, gone);
		vm_create(&vm, 2);
		guest_cpuid(&vm, 0, 20, 0, 0);
		guest_out(&vm, 1, 20);
		vm_destroy(&vm);
	}
}

static void read_while_dying(int vms)
{
	pthread_t reader[READERS];

	stop = false;
	for (int i = 0; i < READERS; i++)
		pthread_create(&reader[i], NULL, read_files, NULL);
	live_and_die(vms);
	stop = true;
	for (int i = 0; i < READERS; i++)
		pthread_join(reader[i], NULL);
}

int main(int argc, char **argv)
{
	bool long_form = argc > 1 && !strcmp(argv[1], "-l");
	static struct stats after;
	struct memory before;

	param_set("exit_stats_dump_interval", "0");
	/* The kernel's caches of files, threads and CPUs fill in the first round. */
	read_while_dying(VMS / 2);
	usleep(2 * FREED_MS * 1000);
	before = memory_now();
	read_while_dying(long_form ? VMS_LONG : VMS);
	read_host_table(&after);
	ok(opened > VMS && !bad,
	   "files of dying VMs give whole tables, EIO or ENOENT: %ld opened, %ld gone", opened,
	   gone);
	ok(!after.vms && !after.vcpus, "no VM and no vCPU is left: open files keep none alive");
	check_memory("after the VMs' deaths", before);
	param_set("exit_stats_dump_interval", "500");
	return done_testing();
}
