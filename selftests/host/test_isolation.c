// SPDX-License-Identifier: GPL-2.0-only
/*
 * With exit_stats_cpuid=host a guest that reads leaves without end delays another VM no more
 * than a guest that makes any other exits, and no exit of the other VM is lost. test_layouts
 * checks that with exit_stats_cpuid=vm the guest sees none of the other VM's numbers.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"
#include "stats.h"
#include "tap.h"

#define EXITS  10000
#define ROUNDS 4
/*
 * How many times as long the other VM may take. The host's lock, RCU and the scheduler
 * influence the creation of a VM, but not its exits.
 */
#define MAX_CREATE 2
#define MAX_RUN	   1.3

/* How long another VM takes, in the fastest of some rounds. */
struct duration {
	double create_ms, run_ms;
	bool exact; /* all its exits were counted */
};

static double ms_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}

static struct duration measure(void)
{
	struct duration best = { 1e9, 1e9, true };
	double start, created, end;
	static struct stats s;
	struct vm vm;

	for (int i = 0; i < ROUNDS; i++) {
		start = ms_now();
		vm_create(&vm, 1);
		created = ms_now();
		guest_cpuid(&vm, 0, EXITS, 0, 0);
		end = ms_now();
		read_vm_table(&s, &vm);
		best.exact &= stats_row(&s, CPUID)->count == EXITS;
		vm_destroy(&vm);
		if (created - start < best.create_ms)
			best.create_ms = created - start;
		if (end - created < best.run_ms)
			best.run_ms = end - created;
	}
	return best;
}

/* The VM that reads leaves, in a thread of its own. */
static struct vm reader;
static struct cpuid_call calls[MAX_CPUID_CALLS];
static atomic_ulong reads;
static atomic_bool stop;

static void *read_leaves(void *unused)
{
	while (!stop) {
		guest_cpuid_calls(&reader, 0, calls, MAX_CPUID_CALLS);
		reads += MAX_CPUID_CALLS;
	}
	return unused;
}

/* Beside a guest that reads a leaf, with each reason in turn if the leaf takes one. */
static struct duration measure_beside(uint32_t leaf)
{
	uint32_t reasons = leaf == EXIT_STATS_LEAF_CYCLES ? HIGHEST_REASON + 1 : 1;
	struct duration d;
	pthread_t thread;

	for (int i = 0; i < MAX_CPUID_CALLS; i++)
		calls[i] = (struct cpuid_call){ leaf, i % reasons };
	stop = false;
	reads = 0;
	vm_create(&reader, 1);
	pthread_create(&thread, NULL, read_leaves, NULL);
	while (!reads)
		usleep(1000);
	d = measure();
	stop = true;
	pthread_join(thread, NULL);
	vm_destroy(&reader);
	diag("beside reads of leaf %#x: created in %.1f ms, %.0f exits a second", leaf, d.create_ms,
	     EXITS * 1e3 / d.run_ms);
	return d;
}

static void check_delay(void)
{
	static const uint32_t leaves[] = { EXIT_STATS_LEAF_TOTAL, EXIT_STATS_LEAF_CYCLES };
	struct duration plain, ours;
	double create, run;
	char text[120];

	param_set("exit_stats_cpuid", "host");
	plain = measure_beside(1);
	for (int i = 0; i < 2; i++) {
		ours = measure_beside(leaves[i]);
		ok(ours.exact && reads,
		   "host: all exits of another VM are counted beside %lu reads of %#x", reads,
		   leaves[i]);
		create = ours.create_ms / plain.create_ms;
		run = ours.run_ms / plain.run_ms;
		snprintf(text, sizeof(text),
			 "host: reads of %#x delay another VM as other exits do (%.2f, %.2f)",
			 leaves[i], create, run);
		/* Bochs (VMX) counts time in instructions. QEMU's TCG takes the machine's time. */
		if (on_svm())
			skip("in QEMU's TCG time depends on the machine below", "%s", text);
		else
			ok(create < MAX_CREATE && run < MAX_RUN, "%s", text);
	}
	param_set("exit_stats_cpuid", "vm");
}

int main(void)
{
	param_set("exit_stats_dump_interval", "0");
	check_delay();
	param_set("exit_stats_dump_interval", "500");
	return done_testing();
}
