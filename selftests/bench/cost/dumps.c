// SPDX-License-Identifier: GPL-2.0-only
/*
 * What dumps cost the vCPU's own thread, and what the worker that prints them takes.
 *
 *	dumps LOAD EXITS...
 *
 * Prints one line for each setting and batch size: load, interval, dumps per minute, exits,
 * additional ticks per exit in the thread compared with the same exits without dumps,
 * dumps in the kernel log when the batch ends, ticks per dump of the worker and all else,
 * ticks of the host's timer in the batch.
 *
 * The thread's time is its CPU clock, read as ticks of the TSC. A batch begins right
 * after a tick of the host's timer. It counts only if as many ticks fall into it as into
 * a batch without dumps. The log must have a dump then if dumps are not limited, and no
 * dump if they are held back. The batch with the smallest time of the thread is printed.
 * The settings take turns, so that a disturbance of the host affects all of them, until
 * no minimum falls any more, or MAX_SWEEPS times.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "loads.h"
#include "stats.h"

#define ROUNDS	    3 /* of a setting, in its turn */
#define MIN_SWEEPS  2
#define MAX_SWEEPS  8
#define STABLE	    0.1	 /* ticks an exit */
#define SETTLE	    4200 /* exits after which a new interval is seen */
#define HOST_TICK   4000 /* us */
#define SAME_CLOCK  3	 /* s after boot */
#define NR_SETTINGS (sizeof(settings) / sizeof(*settings))

struct cost {
	uint64_t thread, elapsed; /* ticks */
	unsigned int dumps, host_ticks;
};

static const struct {
	const char *interval, *per_min;
} settings[] = { { "0", "0" }, { "500", "0" }, { "500", "1" }, { "1", "0" }, { "1", "1" } };

static struct cost best[NR_SETTINGS];
static const struct load *load;
static struct vm vm;
static double ticks_per_ns;

static uint64_t ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/*
 * Ticks per nanosecond of the kernel's clocks. About 1.5 s after boot the kernel refines
 * its calibration of the TSC, which changes the rate of all clocks: here by 0.2 %.
 */
static void calibrate(void)
{
	const struct timespec same_clock = { .tv_sec = SAME_CLOCK };
	uint64_t start, tick;

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &same_clock, NULL);
	start = ns(CLOCK_THREAD_CPUTIME_ID);
	tick = __rdtsc();
	while (__rdtsc() - tick < 50000000)
		;
	ticks_per_ns = (double)(__rdtsc() - tick) / (ns(CLOCK_THREAD_CPUTIME_ID) - start);
}

/* Waits for a tick of the host's timer. Returns the coarse clock, which changes only then. */
static uint64_t await_tick(void)
{
	uint64_t before = ns(CLOCK_MONOTONIC_COARSE), now;

	while ((now = ns(CLOCK_MONOTONIC_COARSE)) == before)
		;
	return now;
}

static unsigned int dumps_logged(void)
{
	unsigned int dumps = 0;
	const char *line;

	while ((line = log_line(0)))
		dumps += !strncmp(line, "dump ", 5);
	return dumps;
}

/* Waits @after ticks of the host's timer, while the worker prints due dumps. */
static struct cost batch(int exits, int after)
{
	uint64_t thread, tick, coarse;
	struct cost cost;

	load_begin(load, &vm, exits);
	/* RCU runs its callbacks in this time, so none is left for the batch. */
	usleep(after * HOST_TICK);
	dumps_logged();
	coarse = await_tick();
	thread = ns(CLOCK_THREAD_CPUTIME_ID);
	tick = __rdtsc();
	vcpu_run_to_done(&vm, 0);
	cost.elapsed = __rdtsc() - tick;
	cost.thread = (ns(CLOCK_THREAD_CPUTIME_ID) - thread) * ticks_per_ns;
	coarse = ns(CLOCK_MONOTONIC_COARSE) - coarse;
	cost.host_ticks = (coarse / 1000 + HOST_TICK / 2) / HOST_TICK;
	cost.dumps = dumps_logged();
	return cost;
}

static bool as_many_ticks(unsigned int setting, const struct cost *cost)
{
	return !setting || cost->host_ticks == best[0].host_ticks;
}

/* Does the batch have the ticks and dumps that the setting is meant to have? */
static bool counts(unsigned int setting, const struct cost *cost)
{
	bool free = setting && !strcmp(settings[setting].per_min, "0");

	return as_many_ticks(setting, cost) && !!cost->dumps == free;
}

static void set(unsigned int setting)
{
	param_set("exit_stats_dump_interval", settings[setting].interval);
	/* This parameter wakes the worker, which then reads both. */
	param_set("exit_stats_dump_per_min", settings[setting].per_min);
	batch(SETTLE, 5);
}

/* Measures each setting in turn. Returns true if none became cheaper. */
static bool sweep(int exits)
{
	bool stable = true;
	struct cost cost;

	for (unsigned int s = 0; s < NR_SETTINGS; s++) {
		set(s);
		for (int i = 0; i < ROUNDS; i++) {
			cost = batch(exits, 5 + i);
			if (!counts(s, &cost) || cost.thread >= best[s].thread)
				continue;
			stable &= best[s].thread - cost.thread <= STABLE * exits;
			best[s] = cost;
		}
	}
	return stable;
}

static void measure(int exits)
{
	bool stable = false;

	for (unsigned int s = 0; s < NR_SETTINGS; s++)
		best[s].thread = UINT64_MAX;
	for (int i = 0; i < MIN_SWEEPS || (i < MAX_SWEEPS && !stable); i++)
		stable = sweep(exits);
	for (unsigned int s = 1; s < NR_SETTINGS; s++) {
		/* If no batch counted, there is no figure, and its goal is missed. */
		if (best[s].thread == UINT64_MAX || !as_many_ticks(s, &best[s]))
			continue;
		printf("%s\t%s\t%s\t%d\t%.2f\t%u\t%.0f\t%u\n", load->name, settings[s].interval,
		       settings[s].per_min, exits,
		       (double)(int64_t)(best[s].thread - best[0].thread) / exits, best[s].dumps,
		       best[s].dumps ? (double)(best[s].elapsed - best[s].thread) / best[s].dumps
				     : 0.0,
		       best[s].host_ticks);
	}
	fflush(stdout);
}

int main(int argc, char **argv)
{
	load = argc > 2 ? load_find(argv[1]) : NULL;
	if (!load) {
		fprintf(stderr, "usage: dumps LOAD EXITS...\n");
		return 2;
	}
	calibrate();
	log_open();
	load_create(load, &vm);
	for (int i = 2; i < argc; i++)
		measure(atoi(argv[i]));
	param_set("exit_stats_dump_interval", "0");
	param_set("exit_stats_dump_per_min", "10");
	vm_destroy(&vm);
	return 0;
}
