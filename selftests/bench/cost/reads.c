// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cost of readers, by number of vCPUs: of the host's table and its histogram with
 * open, read and close, and of each leaf in a guest that reads it.
 *
 *	reads tables VCPUS...	prints FILE VCPUS USED UNUSED TICKS: a read, and the
 *				rows of all vCPUs with and without a count
 *	reads leaves VCPUS...	prints SCOPE LEAF VCPUS TICKS: a leaf, minus the same
 *				CPUID while the leaves are off
 *	reads beside LEAF	prints LEAF TICKS: an exit of a vCPU, while another vCPU,
 *				on a processor of its own, only reads this leaf
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <x86intrin.h>

#include "guest.h"
#include "stats.h"
#include "tap.h"
#include "exit_case.h"

#define ROUNDS	   8
#define ALL_ROWS   78 /* of VMX's table */
#define MSR_STAR   0xc0000081
#define REASON	   10 /* CPUID */
#define LEAF_READS 8
#define EXITS	   100

static struct vm vm;

/* The ticks of the fastest round, which nothing disturbed. */
static uint64_t least(int rounds, uint64_t (*measure)(const void *arg), const void *arg)
{
	uint64_t best = UINT64_MAX, took;

	while (rounds--) {
		took = measure(arg);
		if (took < best)
			best = took;
	}
	return best;
}

/* ---- the files */

static uint64_t read_whole(const void *path)
{
	static char buf[65536];
	uint64_t start = __rdtsc();
	int fd = open(path, O_RDONLY);

	while (read(fd, buf, sizeof(buf)) > 0)
		;
	close(fd);
	return __rdtsc() - start;
}

static int rows_in_use(void)
{
	static struct stats s;
	char path[128];
	int rows = 0;

	for (int n = 0; n < vm.nr_vcpus; n++) {
		snprintf(path, sizeof(path), "%s/vcpu%d/exit_stats", vm.dir, n);
		if (stats_read(path, &s))
			bail_out("%s", path);
		rows += s.rows;
	}
	return rows;
}

static void read_tables(void)
{
	static const char *const files[] = { HOST_STATS, HOST_STATS "_hist" };
	int used = rows_in_use();

	for (int i = 0; i < 2; i++)
		printf("%s\t%d\t%d\t%d\t%lu\n", i ? "hist" : "table", vm.nr_vcpus, used,
		       vm.nr_vcpus * ALL_ROWS - used, least(ROUNDS, read_whole, files[i]));
	fflush(stdout);
}

/* ---- the leaves */

struct reading {
	uint32_t leaf;
	int times;
};

static uint64_t read_leaf(const void *arg)
{
	const struct reading *r = arg;
	uint64_t start;

	vcpu_call(&vm, 0, guest_cpuid_loop, r->times, r->leaf, REASON);
	start = __rdtsc();
	vcpu_run(&vm, 0, 1);
	return __rdtsc() - start;
}

static double leaf_cost(uint32_t leaf)
{
	struct reading few = { leaf, LEAF_READS }, many = { leaf, 3 * LEAF_READS };

	return (double)(int64_t)(least(ROUNDS, read_leaf, &many) - least(ROUNDS, read_leaf, &few)) /
	       (2 * LEAF_READS);
}

static void read_leaves(const char *scope)
{
	double off, on;

	for (uint32_t leaf = EXIT_STATS_LEAF_AVG; leaf <= EXIT_STATS_LEAF_TOTAL; leaf++) {
		param_set("exit_stats_cpuid", "off");
		off = leaf_cost(leaf);
		param_set("exit_stats_cpuid", scope);
		on = leaf_cost(leaf);
		printf("%s\t0x%x\t%d\t%.1f\n", scope, leaf, vm.nr_vcpus, on - off);
	}
	param_set("exit_stats_cpuid", "vm");
	fflush(stdout);
}

/* ---- vCPUs that made a few exits each */

static void more_reasons(void)
{
	static const char *const routines[] = { exit_out, exit_wrmsr, exit_rdmsr, exit_wbinvd,
						exit_cr0 };

	for (int n = 0; n < vm.nr_vcpus; n++) {
		for (size_t i = 0; i < sizeof(routines) / sizeof(*routines); i++) {
			vcpu_call(&vm, n, routines[i], 2, MSR_STAR, 0);
			vcpu_run_to_done(&vm, n);
		}
	}
}

static void tables(void)
{
	read_tables();
	more_reasons();
	read_tables();
}

static void leaves(void)
{
	more_reasons();
	read_leaves("vm");
	read_leaves("host");
}

/* ---- exits beside a reader */

static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		bail_out("sched_setaffinity: %d", cpu);
}

static void *read_for_ever(void *leaf)
{
	run_on(1);
	for (;;)
		guest_cpuid(&vm, 1, 1000000, *(uint32_t *)leaf, REASON);
	return NULL;
}

/* It ends with the process. */
static void beside(uint32_t leaf)
{
	struct reading few = { 0, EXITS }, many = { 0, 2 * EXITS };
	pthread_t reader;

	vm_create(&vm, 2);
	run_on(0);
	if (pthread_create(&reader, NULL, read_for_ever, &leaf))
		bail_out("pthread_create");
	read_leaf(&few);
	printf("0x%x\t%.1f\n", leaf,
	       (double)(int64_t)(least(2 * ROUNDS, read_leaf, &many) -
				 least(2 * ROUNDS, read_leaf, &few)) /
		       EXITS);
}

/* ---- */

static void measure(void (*read_all)(void), int vcpus)
{
	vm_create(&vm, vcpus);
	for (int n = 0; n < vcpus; n++)
		guest_cpuid(&vm, n, 3, 0, 0);
	read_all();
	vm_destroy(&vm);
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";

	if (!strcmp(what, "beside")) {
		beside(strtoul(argv[2], NULL, 0));
		return 0;
	}
	if (strcmp(what, "tables") && strcmp(what, "leaves")) {
		fprintf(stderr, "usage: reads tables|leaves VCPUS... | reads beside LEAF\n");
		return 2;
	}
	param_set("exit_stats_dump_interval", "0");
	/* After this VM the host's table has all rows, and its numbers do not get longer. */
	measure(more_reasons, 64);
	for (int i = 2; i < argc; i++)
		measure(strcmp(what, "tables") ? leaves : tables, atoi(argv[i]));
	return 0;
}
