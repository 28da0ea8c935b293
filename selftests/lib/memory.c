// SPDX-License-Identifier: GPL-2.0-only
/* Memory in use, from /proc/meminfo and /proc/zoneinfo. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"
#include "stats.h"
#include "tap.h"

#define MAX_GROWTH 1024 /* KiB */
/* KASAN keeps freed memory for a while. Its kernel has kmemleak, which finds what leaked. */
#define MAX_GROWTH_KASAN (8 * 1024)

static char text[64 * 1024];

static void read_proc(const char *path)
{
	if (read_file(path, text, sizeof(text)) < 0)
		bail_out("%s", path);
}

/* A line of /proc/meminfo. */
static long kib_of(const char *name)
{
	char key[40];
	const char *at;

	read_proc("/proc/meminfo");
	snprintf(key, sizeof(key), "\n%s:", name);
	at = strstr(text, key);
	return at ? atol(at + strlen(key)) : 0;
}

/* Free pages in the per-CPU lists. MemAvailable leaves them out. */
static long per_cpu_free_kib(void)
{
	const char *at = text;
	long pages = 0;

	read_proc("/proc/zoneinfo");
	while ((at = strstr(at, " count: "))) {
		at += strlen(" count: ");
		pages += atol(at);
	}
	return pages * (getpagesize() / 1024);
}

struct memory memory_now(void)
{
	usleep(1000000); /* a grace period of RCU */
	return (struct memory){ kib_of("MemAvailable") + per_cpu_free_kib(), kib_of("Slab"),
				kib_of("VmallocUsed") };
}

void check_memory(const char *what, struct memory before)
{
	uint64_t end = now_ms() + 10 * FREED_MS;
	long used, slab, vmalloc, most = MAX_GROWTH;
	struct memory now;
	bool little;

	if (!access("/sys/kernel/debug/kmemleak", F_OK))
		most = MAX_GROWTH_KASAN;
	do {
		now = memory_now();
		used = before.available - now.available;
		slab = now.slab - before.slab;
		vmalloc = now.vmalloc - before.vmalloc;
		diag("memory in use: %+ld KiB, slab %+ld, vmalloc %+ld", used, slab, vmalloc);
		little = used < most && slab < most && vmalloc < most;
	} while (!little && now_ms() < end);
	ok(little, "%s: memory in use has grown by less than %ld KiB", what, most);
}
