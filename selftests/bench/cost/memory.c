// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a VM with so many vCPUs is charged for, by its memory cgroup:
 *
 *	memory CGROUP VCPUS
 *
 * Prints the vCPUs, bytes of vmalloc, of slabs that can be reclaimed, and of all
 * kernel memory.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"
#include "stats.h"
#include "tap.h"

static unsigned long charged(const char *cgroup, const char *what)
{
	static char buf[8192];
	char path[128], *line;

	snprintf(path, sizeof(path), "%s/memory.stat", cgroup);
	if (read_file(path, buf, sizeof(buf)) < 0)
		bail_out("%s", path);
	for (line = strtok(buf, "\n"); line; line = strtok(NULL, "\n")) {
		if (!strncmp(line, what, strlen(what)))
			return strtoul(line + strlen(what), NULL, 10);
	}
	bail_out("%s has no %s", path, what);
}

int main(int argc, char **argv)
{
	static const char *const kinds[] = { "vmalloc ", "slab_reclaimable ", "kernel " };
	unsigned long before[3];
	char path[128];
	struct vm vm;

	if (argc != 3) {
		fprintf(stderr, "usage: memory CGROUP VCPUS\n");
		return 2;
	}
	snprintf(path, sizeof(path), "%s/cgroup.procs", argv[1]);
	if (write_file(path, "0"))
		bail_out("%s", path);
	for (int i = 0; i < 3; i++)
		before[i] = charged(argv[1], kinds[i]);
	vm_create(&vm, atoi(argv[2]));
	printf("%s", argv[2]);
	for (int i = 0; i < 3; i++)
		printf("\t%ld", charged(argv[1], kinds[i]) - before[i]);
	printf("\n");
	vm_destroy(&vm);
	return 0;
}
