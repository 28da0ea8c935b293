// SPDX-License-Identifier: GPL-2.0-only
/*
 * What dumps cost the vCPU's own thread, and what the worker that prints them takes.
 *
 *	dumps INTERVAL PER_MIN
 *
 * Prints a line a size of batch: interval, dumps a minute, exits, ticks an exit more
 * in the thread than with the same number of exits and no dump, dumps that the
 * kernel log has when the batch ends, ticks of the worker and all else a dump.
 *
 * The thread's time is its CPU clock, read as ticks of the TSC. A batch begins right
 * after a tick of the host's timer, so that as many ticks fall into each. Of many
 * batches the one in which the thread took the least is told; where no limit holds
 * dumps back, of those with a dump.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "guest.h"
#include "stats.h"
#include "tap.h"

#define ROUNDS 6

struct cost {
	uint64_t thread, elapsed; /* ticks */
	unsigned int dumps;
};

static const int sizes[] = { 5000, 10000 };
static double ticks_per_ns;

static uint64_t ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* The clocks' nanosecond in ticks, as this kernel calibrated it. */
static void calibrate(void)
{
	uint64_t start = ns(CLOCK_THREAD_CPUTIME_ID), tick = __rdtsc();

	while (__rdtsc() - tick < 50000000)
		;
	ticks_per_ns = (double)(__rdtsc() - tick) / (ns(CLOCK_THREAD_CPUTIME_ID) - start);
}

static void await_tick(void)
{
	uint64_t now = ns(CLOCK_MONOTONIC_COARSE);

	while (ns(CLOCK_MONOTONIC_COARSE) == now)
		;
}

static unsigned int dumps_logged(void)
{
	unsigned int dumps = 0;
	const char *line;

	while ((line = log_line(0)))
		dumps += !strncmp(line, "dump ", 5);
	return dumps;
}

static struct cost batch(struct vm *vm, int exits)
{
	uint64_t thread, tick;
	struct cost cost;

	vcpu_call(vm, 0, guest_cpuid_loop, exits, 0, 0);
	log_open();
	await_tick();
	thread = ns(CLOCK_THREAD_CPUTIME_ID);
	tick = __rdtsc();
	vcpu_run(vm, 0, 1);
	cost.elapsed = __rdtsc() - tick;
	cost.thread = (ns(CLOCK_THREAD_CPUTIME_ID) - thread) * ticks_per_ns;
	cost.dumps = dumps_logged();
	/* The worker prints what is still due. */
	usleep(20000);
	return cost;
}

static struct cost cheapest(struct vm *vm, int exits, bool with_dumps)
{
	struct cost best = { .thread = UINT64_MAX }, cost;

	for (int i = 0; i < ROUNDS; i++) {
		cost = batch(vm, exits);
		if (cost.thread < best.thread && (cost.dumps || !with_dumps))
			best = cost;
	}
	if (best.thread == UINT64_MAX)
		bail_out("%d exits, and no dump in the log", exits);
	return best;
}

int main(int argc, char **argv)
{
	struct cost quiet, with;
	struct vm vm;

	if (argc != 3) {
		fprintf(stderr, "usage: dumps INTERVAL PER_MIN\n");
		return 2;
	}
	calibrate();
	vm_create(&vm, 1);
	param_set("exit_stats_dump_per_min", argv[2]);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		param_set("exit_stats_dump_interval", "0");
		batch(&vm, 5000); /* a batch that is under way ends */
		quiet = cheapest(&vm, sizes[i], false);
		param_set("exit_stats_dump_interval", argv[1]);
		batch(&vm, 5000);
		with = cheapest(&vm, sizes[i], atoi(argv[2]) == 0);
		printf("%s\t%s\t%d\t%.2f\t%u\t%.0f\n", argv[1], argv[2], sizes[i],
		       (double)(int64_t)(with.thread - quiet.thread) / sizes[i], with.dumps,
		       with.dumps ? (double)(with.elapsed - with.thread) / with.dumps : 0.0);
		fflush(stdout);
	}
	param_set("exit_stats_dump_interval", "0");
	param_set("exit_stats_dump_per_min", "10");
	vm_destroy(&vm);
	return 0;
}
