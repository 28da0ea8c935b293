// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two VMs beside each other. With exit_stats_cpuid=vm a guest sees none of the other VM's
 * exits and cycles. With exit_stats_cpuid=host a guest that reads leaves without end
 * delays the other VM no more than a guest that makes any other exits.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"
#include "stats.h"
#include "tap.h"

/* A VM whose guest makes exits in a thread of its own until it is stopped. */
struct busy_vm {
	struct vm vm;
	pthread_t thread;
	atomic_bool stop;
	struct cpuid_call calls[MAX_CPUID_CALLS];
	int nr_calls; /* 0: OUT and HLT instead */
	atomic_ulong exits;
};

static void *run_busy_vm(void *arg)
{
	struct busy_vm *b = arg;

	while (!b->stop) {
		if (b->nr_calls) {
			guest_cpuid_calls(&b->vm, 0, b->calls, b->nr_calls);
			b->exits += b->nr_calls;
		} else {
			guest_out(&b->vm, 0, 200);
			guest_hlt(&b->vm, 0, 50);
			b->exits += 200;
		}
	}
	return NULL;
}

static void start_busy_vm(struct busy_vm *b)
{
	b->stop = false;
	b->exits = 0;
	vm_create(&b->vm, 1);
	pthread_create(&b->thread, NULL, run_busy_vm, b);
	while (!b->exits)
		usleep(1000);
}

static void stop_busy_vm(struct busy_vm *b)
{
	b->stop = true;
	pthread_join(b->thread, NULL);
	vm_destroy(&b->vm);
}

/* ---- no number of the other VM */

/* The reader's exits: CPUID, the HLT that ends a list, and what any VM may have. */
static bool may_have(uint32_t reason)
{
	return reason == CPUID || reason == HLT || reason == EPT_VIOLATION ||
	       reason == EXTERNAL_INTERRUPT || reason == EXCEPTION_NMI ||
	       reason == PREEMPTION_TIMER;
}

/* Each leaf that takes a reason, with each reason. */
static int list_all(struct cpuid_call *calls)
{
	static const uint32_t leaves[] = {
		EXIT_STATS_LEAF_MIXED, EXIT_STATS_LEAF_COUNT, EXIT_STATS_LEAF_CYCLES,
		EXIT_STATS_LEAF_MIN,   EXIT_STATS_LEAF_MAX,   EXIT_STATS_LEAF_AVG,
	};
	int nr = 0;

	for (size_t i = 0; i < sizeof(leaves) / sizeof(*leaves); i++) {
		for (uint32_t reason = 0; reason <= HIGHEST_REASON; reason++) {
			if (reason_defined(reason))
				calls[nr++] = (struct cpuid_call){ leaves[i], reason };
		}
	}
	return nr;
}

/* True for a reason that the VM cannot have, or more cycles than the VM has. */
static bool is_foreign(const struct cpuid_call *c, uint64_t cycles)
{
	if (c->eax && !may_have(c->subleaf))
		return true;
	if (c->leaf == EXIT_STATS_LEAF_MIXED)
		return !cpuid_cycles(c) || cpuid_cycles(c) > cycles;
	return !c->eax && cpuid_cycles(c);
}

static void check_numbers(void)
{
	static struct cpuid_call calls[MAX_CPUID_CALLS];
	struct cpuid_call last[] = { { EXIT_STATS_LEAF_TOTAL },
				     { EXIT_STATS_LEAF_COUNT, EXTERNAL_INTERRUPT } };
	uint64_t foreign = 0, hlts = 0, asked = 0, rounds = 0, other;
	static struct busy_vm busy;
	static struct stats s;
	struct vm vm;
	int nr;

	start_busy_vm(&busy);
	vm_create(&vm, 1);
	for (; rounds < 10 || busy.exits < 2000; rounds++) {
		nr = list_all(calls);
		guest_cpuid_calls(&vm, 0, calls, nr);
		asked += nr;
		read_vm_table(&s, &vm);
		for (int i = 0; i < nr; i++) {
			foreign += is_foreign(&calls[i], s.cycles);
			if (calls[i].leaf == EXIT_STATS_LEAF_COUNT && calls[i].subleaf == HLT)
				hlts = calls[i].eax;
		}
	}
	guest_cpuid_calls(&vm, 0, last, 2);
	read_vm_table(&s, &vm);
	other = busy.exits;
	stop_busy_vm(&busy);
	vm_destroy(&vm);
	ok(!foreign, "vm: a guest sees none of another VM's %lu I/O exits, nor their cycles",
	   other);
	ok(hlts == rounds - 1, "vm: it sees its own %lu HLT exits (%lu), not the other VM's",
	   rounds - 1, hlts);
	/* Beside the reads: an HLT a round, page faults of the start, interrupts. */
	ok(last[0].eax >= asked && last[0].eax < asked + rounds + 100 + last[1].eax,
	   "vm: its total is its own %lu exits and few more: %u (%u interrupts)", asked,
	   last[0].eax, last[1].eax);
	ok(cpuid_cycles(&last[0]) && cpuid_cycles(&last[0]) <= s.cycles,
	   "vm: its %lu cycles are at most the %lu of its table", cpuid_cycles(&last[0]), s.cycles);
}

/* ---- no delay of the other VM */

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

/* Beside a guest that reads a leaf, with each reason in turn if the leaf takes one. */
static struct duration measure_beside(uint32_t leaf, uint64_t *reads)
{
	uint32_t reasons = leaf == EXIT_STATS_LEAF_CYCLES ? HIGHEST_REASON + 1 : 1;
	static struct busy_vm busy;
	struct duration d;

	busy.nr_calls = MAX_CPUID_CALLS;
	for (int i = 0; i < MAX_CPUID_CALLS; i++)
		busy.calls[i] = (struct cpuid_call){ leaf, i % reasons };
	start_busy_vm(&busy);
	d = measure();
	*reads = busy.exits;
	stop_busy_vm(&busy);
	diag("beside reads of leaf %#x: created in %.1f ms, %.0f exits a second", leaf, d.create_ms,
	     EXITS * 1e3 / d.run_ms);
	return d;
}

static void check_delay(void)
{
	static const uint32_t leaves[] = { EXIT_STATS_LEAF_TOTAL, EXIT_STATS_LEAF_CYCLES };
	struct duration plain, ours;
	double create, run;
	uint64_t reads;
	char text[120];

	param_set("exit_stats_cpuid", "host");
	plain = measure_beside(1, &reads);
	for (int i = 0; i < 2; i++) {
		ours = measure_beside(leaves[i], &reads);
		ok(ours.exact && reads,
		   "host: all exits of another VM are counted beside %lu reads of %#x", reads,
		   leaves[i]);
		create = ours.create_ms / plain.create_ms;
		run = ours.run_ms / plain.run_ms;
		snprintf(
			text, sizeof(text),
			"host: reads of %#x delay another VM as other exits do (%.2f, %.2f times as long)",
			leaves[i], create, run);
		/* In Bochs (VMX) time is instructions. In QEMU's TCG it is the machine's. */
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
	check_numbers();
	check_delay();
	param_set("exit_stats_dump_interval", "500");
	return done_testing();
}
