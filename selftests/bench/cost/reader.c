// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an exit of one vCPU costs while another, on a processor of its own, does
 * nothing but CPUID of one leaf:
 *
 *	reader LEAF
 *
 * Prints the ticks an exit, in the batch that took the least.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <x86intrin.h>

#include "guest.h"
#include "measure.h"
#include "tap.h"

#define ROUNDS 15
#define EXITS  100
#define REASON 10 /* CPUID */

static struct vm vm;

static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		bail_out("sched_setaffinity: %d", cpu);
}

static void *read_for_ever(void *arg)
{
	run_on(1);
	for (;;)
		guest_cpuid(&vm, 1, 1000000, *(uint32_t *)arg, REASON);
	return NULL;
}

static uint64_t batch(const void *exits)
{
	uint64_t start;

	vcpu_call(&vm, 0, guest_cpuid_loop, *(const uint64_t *)exits, 0, 0);
	start = __rdtsc();
	vcpu_run(&vm, 0, 1);
	return __rdtsc() - start;
}

int main(int argc, char **argv)
{
	const uint64_t few = EXITS, many = 2 * EXITS;
	pthread_t reader;
	uint32_t leaf;

	if (argc != 2) {
		fprintf(stderr, "usage: reader LEAF\n");
		return 2;
	}
	leaf = strtoul(argv[1], NULL, 0);
	vm_create(&vm, 2);
	run_on(0);
	if (pthread_create(&reader, NULL, read_for_ever, &leaf))
		bail_out("pthread_create");
	batch(&few);
	printf("%.1f\n",
	       (double)(int64_t)(least(ROUNDS, batch, &many) - least(ROUNDS, batch, &few)) / EXITS);
	return 0;
}
