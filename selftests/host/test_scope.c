// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest may know: with exit_stats_cpuid=vm its own VM's exits and never
 * another's, with host all of them, at most 1 ms old however often it reads.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"
#include "stats.h"
#include "tap.h"

/* More reads than fit into 1 ms of the emulated host. */
#define READS 1500

static struct vm reader, other;

static uint64_t read_outs(uint32_t leaf)
{
	struct cpuid_call call = { leaf, IO_INSTRUCTION };

	guest_cpuid_calls(&reader, 0, &call, 1);
	return (uint64_t)call.edx << 32 | call.eax;
}

/* Without a pause: what the last of many reads says. */
static uint64_t poll_outs(bool *went_down)
{
	static struct cpuid_call calls[READS];

	for (int i = 0; i < READS; i++)
		calls[i] = (struct cpuid_call){ EXIT_STATS_LEAF_COUNT, IO_INSTRUCTION };
	guest_cpuid_calls(&reader, 0, calls, READS);
	for (int i = 1; i < READS; i++)
		*went_down |= calls[i].eax < calls[i - 1].eax;
	return calls[READS - 1].eax;
}

static void set_priority(int priority)
{
	struct sched_param param = { .sched_priority = priority };

	if (sched_setscheduler(0, priority ? SCHED_FIFO : SCHED_OTHER, &param))
		bail_out("sched_setscheduler");
}

static atomic_bool stop;

/* On a host with one processor no worker runs while this does. */
static void *keep_busy(void *unused)
{
	set_priority(1);
	while (!stop)
		;
	return unused;
}

static uint64_t read_after_reset(void)
{
	pthread_t busy;
	uint64_t outs;

	set_priority(2);
	pthread_create(&busy, NULL, keep_busy, NULL);
	host_reset();
	outs = read_outs(EXIT_STATS_LEAF_COUNT);
	stop = true;
	pthread_join(busy, NULL);
	set_priority(0);
	return outs;
}

static struct cpuid_call total(void)
{
	struct cpuid_call call = { EXIT_STATS_LEAF_TOTAL };

	guest_cpuid_calls(&reader, 0, &call, 1);
	return call;
}

int main(void)
{
	static struct stats host;
	uint64_t before, after;
	bool went_down = false;

	param_set("exit_stats_dump_interval", "0");
	vm_create(&reader, 1);
	vm_create(&other, 1);
	guest_out(&reader, 0, 5);
	guest_out(&other, 0, 1000);
	ok(read_outs(EXIT_STATS_LEAF_COUNT) == 5, "vm: a guest sees its own 5 I/O exits");
	before = total().eax;
	guest_out(&other, 0, 1000);
	after = total().eax;
	ok(after - before < 100, "its total does not move with another VM's 1000 (%lu)",
	   after - before);

	param_set("exit_stats_cpuid", "host");
	stats_read(HOST_STATS, &host);
	before = stats_row(&host, IO_INSTRUCTION)->count;
	ok(read_outs(EXIT_STATS_LEAF_COUNT) == before, "host: it sees the host's %lu", before);

	before = host.exits;
	usleep(2000); /* an answer may be 1 ms old */
	after = total().eax;
	usleep(2000);
	stats_read(HOST_STATS, &host);
	ok(before < after && after < host.exits, "its total is the host's: %lu < %lu < %lu", before,
	   after, host.exits);

	ok(read_after_reset() == 0, "right after a host reset it sees 0, though no worker runs");
	/* Nothing to see at first is the case that must not stick. */
	ok(poll_outs(&went_down) == 0, "it goes on seeing 0");
	guest_out(&other, 0, 1);
	ok(poll_outs(&went_down) == 1, "a guest that reads all the time sees another VM's exit");
	guest_out(&other, 0, 1);
	guest_out(&reader, 0, 1);
	ok(poll_outs(&went_down) == 3, "and the next ones");
	ok(!went_down, "what it sees never goes down");
	read_outs(EXIT_STATS_LEAF_COUNT); /* what the next read may still answer with */
	guest_out(&other, 0, 1);
	usleep(1000);
	ok(read_outs(EXIT_STATS_LEAF_COUNT) == 4, "1 ms after another VM's exit it sees it");

	vm_destroy(&other);
	ok(poll_outs(&went_down) == 4 && !went_down, "nor when the other VM dies");
	param_set("exit_stats_cpuid", "vm");
	ok(read_outs(EXIT_STATS_LEAF_COUNT) == 1, "vm again: its own one");
	vm_destroy(&reader);
	param_set("exit_stats_dump_interval", "500");
	return done_testing();
}
