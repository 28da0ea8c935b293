// SPDX-License-Identifier: GPL-2.0-only
/*
 * What dumps cost the vCPU's own thread, and what the worker that prints them takes.
 *
 *	dumps LOAD EXITS...
 *
 * Prints a line a setting and size of batch: load, interval, dumps a minute, exits,
 * ticks an exit more in the thread than with the same number of exits and no dump,
 * dumps that the kernel log has when the batch ends, ticks of the worker and all else
 * a dump, ticks of the host's timer in the batch.
 *
 * The thread's time is its CPU clock, read as ticks of the TSC. A batch begins right
 * after a tick of the host's timer, and counts only if as many ticks fall into it as
 * into one without dumps; where no limit holds dumps back, if there is a dump in the
 * log, and where one does, if there is none. Of such batches the one in which the
 * thread took the least is told. The settings take turns until no minimum falls any
 * more, but not for ever: what disturbs the host for a while disturbs all of them.
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
 * The clocks' nanosecond in ticks, as this kernel calibrated it. Some 1.5 s after boot
 * it knows the TSC better, and all its clocks change their rate: by 0.2 % here.
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

/* Time that moves at a tick of the host's timer only; returns what it is then. */
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

/* After so many ticks of the host's timer, in which the worker prints what is due. */
static struct cost batch(int exits, int after)
{
	uint64_t thread, tick, coarse;
	struct cost cost;

	load_begin(load, &vm, exits);
	/* Also RCU does meanwhile what it has to: no callback is left for the batch. */
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

/* Is it one of those that the setting stands for? */
static bool counts(unsigned int setting, const struct cost *cost)
{
	bool free = setting && !strcmp(settings[setting].per_min, "0");

	return as_many_ticks(setting, cost) && !!cost->dumps == free;
}

static void set(unsigned int setting)
{
	param_set("exit_stats_dump_interval", settings[setting].interval);
	/* This one calls the worker, which then sees both. */
	param_set("exit_stats_dump_per_min", settings[setting].per_min);
	batch(SETTLE, 5);
}

/* Each setting's turn; true if none became cheaper. */
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
		/* Where none counted there is no figure, and its goal is missed. */
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
