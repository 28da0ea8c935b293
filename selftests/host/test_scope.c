// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scope of the leaves. With exit_stats_cpuid=vm a guest sees the exits of its own VM,
 * with exit_stats_cpuid=host those of all VMs, as of at most 1 ms ago however often it reads (or
 * 8 times what a snapshot takes: the waits here are longer).
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

static uint64_t read_outs(void)
{
	struct cpuid_call c = guest_cpuid_call(&reader, 0, EXIT_STATS_LEAF_COUNT, IO_INSTRUCTION);

	return cpuid_exits(&c);
}

static uint64_t read_total(void)
{
	struct cpuid_call c = guest_cpuid_call(&reader, 0, EXIT_STATS_LEAF_TOTAL, 0);

	return cpuid_exits(&c);
}

/* Read many times without a pause. Returns the last answer. */
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

/*
 * Does the guest see another VM's next exit after 3 ms? Tries again, because a snapshot during
 * which the host was busy is fresh for longer. @outs: I/O exits so far.
 */
static bool sees_after_3_ms(uint64_t *outs)
{
	for (int tries = 0; tries < 10; tries++) {
		read_outs(); /* the next read may answer with the same snapshot */
		guest_out(&other, 0, 1);
		usleep(3000);
		if (read_outs() == ++*outs)
			return true;
	}
	return false;
}

/* On a host with one processor no worker runs beside this thread. */
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
	outs = read_outs();
	stop = true;
	pthread_join(busy, NULL);
	set_priority(0);
	return outs;
}

int main(void)
{
	static struct stats host;
	uint64_t before, after, outs;
	bool went_down = false;

	param_set("exit_stats_dump_interval", "0");
	vm_create(&reader, 1);
	vm_create(&other, 1);
	guest_out(&reader, 0, 5);
	guest_out(&other, 0, 1000);
	ok(read_outs() == 5, "vm: a guest sees its own 5 I/O exits");
	before = read_total();
	guest_out(&other, 0, 1000);
	after = read_total();
	ok(after - before < 100, "vm: another VM's 1000 exits are not in its total (%lu more)",
	   after - before);

	param_set("exit_stats_cpuid", "host");
	read_host_table(&host);
	before = stats_row(&host, IO_INSTRUCTION)->count;
	ok(read_outs() == before, "host: a guest sees the host's %lu I/O exits", before);

	before = host.exits;
	usleep(20000);
	after = read_total();
	usleep(20000);
	read_host_table(&host);
	ok(before < after && after < host.exits,
	   "host: a guest sees the host's total: %lu < %lu < %lu", before, after, host.exits);

	ok(read_after_reset() == 0,
	   "right after the host's reset a guest sees 0, though no worker can run");
	ok(poll_outs(&went_down) == 0, "a guest still sees 0 after %d reads", READS);
	guest_out(&other, 0, 1);
	ok(poll_outs(&went_down) == 1, "a guest that reads without a pause sees another VM's exit");
	guest_out(&other, 0, 1);
	guest_out(&reader, 0, 1);
	ok(poll_outs(&went_down) == 3, "a guest sees the next exits of both VMs");
	ok(!went_down, "no number that a guest sees goes down");
	outs = 3;
	ok(sees_after_3_ms(&outs), "a guest sees another VM's exit after 3 ms");

	vm_destroy(&other);
	ok(poll_outs(&went_down) == outs && !went_down,
	   "no number goes down when the other VM dies");
	param_set("exit_stats_cpuid", "vm");
	ok(read_outs() == 1, "vm again: a guest sees only its own I/O exit");
	vm_destroy(&reader);
	param_set("exit_stats_dump_interval", "500");
	return done_testing();
}
