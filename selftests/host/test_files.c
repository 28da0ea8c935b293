// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files in debugfs: their modes and their grammar. They are removed with their VM, and
 * an open file stays safe to read and keeps no VM alive.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest.h"
#include "stats.h"
#include "tap.h"

static unsigned int mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : st.st_mode & 07777;
}

static void check_modes(const char *stem)
{
	char path[160];

	snprintf(path, sizeof(path), "%s_hist", stem);
	ok(mode_of(stem) == 0444 && mode_of(path) == 0444, "%s and _hist have mode 0444", stem);
	snprintf(path, sizeof(path), "%s_reset", stem);
	if (!strcmp(stem, HOST_STATS))
		ok(access(path, F_OK), "there is no %s: a parameter resets the host", path);
	else
		ok(mode_of(path) == 0200, "%s has mode 0200", path);
}

static void check_grammar(const char *path)
{
	char text[16384], *line, *save;
	int cols = 11, rows = 0;
	bool good = true;

	if (read_file(path, text, sizeof(text)) < 0)
		bail_out("%s", path);
	ok(!strncmp(text, "# kvm exit_stats 1 scope=", 25),
	   "the first line names format and version");
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		int n = 0;

		if (*line == '#')
			continue;
		for (char *p = line; *p; p++)
			n += *p != ' ' && (p == line || p[-1] == ' ');
		good &= n == cols;
		rows++;
	}
	ok(good && rows, "each of %d rows has %d fields", rows, cols);
}

/* kvm_stat reads, in each VM's folder, the file of each name in the top folder. */
static void check_kvm_stat(struct vm *vm)
{
	static const char *const top[] = { "exit_stats", "exit_stats_hist" };
	char path[160];
	bool clash = false;

	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", vm->dir, top[i]);
		clash |= !access(path, F_OK);
	}
	ok(!clash, "no file of the top folder has the name of a file in a VM's folder");
}

static int open_stats(const char *dir, const char *file)
{
	char path[160];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		bail_out("%s", path);
	return fd;
}

static void check_after_death(struct vm *vm)
{
	static const char *const names[] = { "vm_exit_stats", "vm_exit_stats_hist",
					     "vcpu0/exit_stats", "vcpu0/exit_stats_hist" };
	static struct stats s;
	char path[160], text[16384];
	int fd[4], half, n;
	bool safe = true;

	for (int i = 0; i < 4; i++)
		fd[i] = open_stats(vm->dir, names[i]);
	half = open_stats(vm->dir, "vm_exit_stats");
	n = read(half, text, 40);
	ok(n == 40, "a file can be read in part");

	vm_destroy(vm);
	snprintf(path, sizeof(path), "%s/vm_exit_stats", vm->dir);
	ok(access(vm->dir, F_OK) && access(path, F_OK),
	   "the files of a VM are removed with the VM");
	read_host_table(&s);
	ok(s.vms == 0 && s.vcpus == 0, "open files keep no VM and no vCPU alive");

	for (int i = 0; i < 4; i++) {
		n = read(fd[i], text, sizeof(text) - 1);
		if (n > 0)
			text[n] = '\0';
		safe &= n > 0 ? !(stats_parse(text, &s) || (s.buckets != 0) != (i & 1))
			      : n == -1 && errno == EIO;
		close(fd[i]);
	}
	ok(safe, "a read of an open file gives the copy or EIO");
	n = read(half, text, sizeof(text));
	ok(n > 0 || (n == -1 && errno == EIO),
	   "a read of the rest of an open file gives the copy or EIO");
	close(half);
}

int main(void)
{
	char stem[160];
	struct vm vm;

	vm_create(&vm, 1);
	guest_cpuid(&vm, 0, 10, 0, 0);
	check_modes(HOST_STATS);
	snprintf(stem, sizeof(stem), "%s/vm_exit_stats", vm.dir);
	check_modes(stem);
	check_grammar(stem);
	snprintf(stem, sizeof(stem), "%s/vcpu0/exit_stats", vm.dir);
	check_modes(stem);
	check_grammar(HOST_STATS);
	check_kvm_stat(&vm);
	check_after_death(&vm);
	return done_testing();
}
