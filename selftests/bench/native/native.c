// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measures the hot path on this machine's own processor. 1 to 64 threads make exits through
 * the hooks, each thread in its own vCPU's record. With one thread, another core also reads
 * a leaf of that VM all the time. For comparison, the threads count in four counters that
 * all of them share, with atomic additions.
 *
 * An exit is a start, a handler that does some arithmetic, and an end, with an LFENCE around
 * each. Time is the threads' CPU time, so a thread that waits for a core costs nothing. The
 * median of a thread's chunks counts, because interrupts fall into some chunks. A run counts
 * only if the threads ran at the same time: otherwise they do not contend.
 *
 * Prints: clock, mode, threads, runs that counted, ns per exit in the best and in the median
 * run, and the median difference to the run without the hooks that was next to each run.
 * Whatever slows the machine for a while slows both runs, so the difference is steadier.
 */
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "shim_vendor.h"

#define MAX_THREADS 64
#define MAX_RUNS    1000
#define MAX_CHUNKS  1000
#define MIN_CHUNKS  10	 /* per thread */
#define CHUNK	    2000 /* exits */
#define NR_REASONS  64
#define ENOUGH	    0.9 /* of the CPU time that all cores had */

struct thread {
	pthread_t id;
	struct vcpu vcpu;
	u64 began, ended; /* wall clock, ns */
	double used;	  /* CPU time, ns */
	double chunk[MAX_CHUNKS];
} __aligned(4096);

struct mode {
	const char *name;
	void (*run)(struct thread *t);
	unsigned int dump_interval;
	bool reader; /* one more thread reads a leaf */
	bool seldom; /* only each fourth run: no goal depends on it */
};

struct result {
	const struct mode *mode;
	unsigned int threads;
	const struct result *none; /* without the hooks, with as many threads */
	double cost[MAX_RUNS];	   /* NAN: the run does not count */
};

static struct thread threads[MAX_THREADS];
static struct vm vm;
static pthread_barrier_t start_line;
static const struct mode *now;
static unsigned int chunks; /* per thread */
static unsigned int runs = 80, cores;
static u32 reasons[NR_REASONS];
static u64 made; /* exits through the hooks */
static bool read_enough;
static u64 reader_used; /* CPU time */

/* The shared counters: a count and a total for each reason, and the sums. */
static u64 shared_count[EXIT_STATS_VMX_REASONS], shared_total[EXIT_STATS_VMX_REASONS];
static u64 shared_exits __aligned(64), shared_cycles;

static u64 ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
}

/* Around each hook, so that the processor does not overlap it with other work. */
static __always_inline void serialize(void)
{
	asm volatile("lfence" ::: "memory");
}

/* Takes three cycles for each time. */
static __always_inline void multiply(int times)
{
	u64 x = 3;

	for (int i = 0; i < times; i++)
		asm volatile("imulq %0, %0" : "+r"(x));
}

/* About a hundred cycles: no exit is handled faster. */
static __always_inline void handle(void)
{
	serialize();
	multiply(32);
	serialize();
#ifndef SHIM_RDTSC
	shim_tsc += 1000;
#endif
}

static void run_none(struct thread *t)
{
	for (unsigned int i = 0; i < CHUNK; i++) {
		serialize();
		(void)READ_ONCE(reasons[i % NR_REASONS]);
		handle();
	}
}

static void run_ours(struct thread *t)
{
	for (unsigned int i = 0; i < CHUNK; i++) {
		serialize();
		kvm_exit_stats_start_vmx(&t->vcpu.stats, &t->vcpu.vcpu, &reasons[i % NR_REASONS]);
		handle();
		kvm_exit_stats_end(&t->vcpu.stats, 1);
	}
}

static void run_atomics(struct thread *t)
{
	for (unsigned int i = 0; i < CHUNK; i++) {
		u32 reason;
		u64 cycles;

		serialize();
		reason = READ_ONCE(reasons[i % NR_REASONS]);
		cycles = rdtsc();
		handle();
		cycles = rdtsc() - cycles;
		__atomic_fetch_add(&shared_count[reason], 1, __ATOMIC_SEQ_CST);
		__atomic_fetch_add(&shared_total[reason], cycles, __ATOMIC_SEQ_CST);
		__atomic_fetch_add(&shared_exits, 1, __ATOMIC_SEQ_CST);
		__atomic_fetch_add(&shared_cycles, cycles, __ATOMIC_SEQ_CST);
	}
}

static const struct mode modes[] = {
	{ "none", run_none, 0 },
	{ "ours", run_ours, 0 },
	{ "ours-dump", run_ours, EXIT_STATS_DUMP_INTERVAL, .seldom = true },
	{ "atomics", run_atomics, 0, .seldom = true },
	{ "ours-read", run_ours, 0, .reader = true, .seldom = true },
};

/* Reads what 0x4FFFFFFE shows, as often as a guest can: each read is an exit of 1000 cycles. */
static void *read_leaf(void *arg)
{
	unsigned int row = exit_stats_row_of(kvm_exit_stats_host.table, reasons[0]);

	while (!READ_ONCE(read_enough)) {
		struct exit_stats_leaf_row leaf;

		kvm_exit_stats_read_vm(vm.stats, row, &leaf);
		multiply(333);
	}
	reader_used = ns(CLOCK_THREAD_CPUTIME_ID);
	return NULL;
}

static void *work(void *arg)
{
	struct thread *t = arg;
	u64 before, after;

	t->used = 0;
	pthread_barrier_wait(&start_line);
	t->began = ns(CLOCK_MONOTONIC);
	before = ns(CLOCK_THREAD_CPUTIME_ID);
	for (unsigned int i = 0; i < chunks; i++) {
		now->run(t);
		after = ns(CLOCK_THREAD_CPUTIME_ID);
		t->chunk[i] = after - before;
		t->used += t->chunk[i];
		before = after;
	}
	t->ended = ns(CLOCK_MONOTONIC);
	return NULL;
}

static void make_vcpus(unsigned int n)
{
	create_vm(&vm);
	for (unsigned int i = 0; i < n; i++)
		create_vcpu(&threads[i].vcpu, &vm);
}

/* Every exit must be counted: otherwise the measured code is not the kernel's. */
static void check_and_free(unsigned int n)
{
	struct exit_stats_snap *snap;

	for (unsigned int i = 0; i < n; i++)
		kvm_exit_stats_vcpu_free(&threads[i].vcpu.vcpu);
	snap = take_snapshot(&kvm_exit_stats_host.scope, false);
	made += now->run == run_ours ? (u64)chunks * CHUNK * n : 0;
	if (snap->exits != made) {
		fprintf(stderr, "native: %llu exits of %llu are counted\n", snap->exits, made);
		exit(1);
	}
	kvfree(snap);
	kvm_exit_stats_vm_destroy(&vm.kvm);
}

static int by_value(const void *a, const void *b)
{
	double d = *(const double *)a - *(const double *)b;

	return (d > 0) - (d < 0);
}

static double median(double *values, unsigned int n)
{
	qsort(values, n, sizeof(*values), by_value);
	return values[n / 2];
}

/* Starts a thread, at a real-time priority where that is allowed. */
static void start(pthread_t *id, void *(*fn)(void *), void *arg)
{
	struct sched_param param = { .sched_priority = 1 };
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, SCHED_FIFO);
	pthread_attr_setschedparam(&attr, &param);
	if (pthread_create(id, &attr, fn, arg) && pthread_create(id, NULL, fn, arg))
		abort();
	pthread_attr_destroy(&attr);
}

/* Sets @cost to ns per exit. Returns whether the threads ran at the same time. */
static bool run_once(unsigned int n, double *cost)
{
	u64 began = -1ull, ended = 0;
	double used = 0;
	pthread_t reader;

	*cost = 0;
	read_enough = false;
	make_vcpus(n);
	pthread_barrier_init(&start_line, NULL, n);
	if (now->reader)
		start(&reader, read_leaf, NULL);
	for (unsigned int i = 0; i < n; i++)
		start(&threads[i].id, work, &threads[i]);
	for (unsigned int i = 0; i < n; i++) {
		pthread_join(threads[i].id, NULL);
		began = min(began, threads[i].began);
		ended = max(ended, threads[i].ended);
		used += threads[i].used;
		*cost += median(threads[i].chunk, chunks) / CHUNK / n;
	}
	WRITE_ONCE(read_enough, true);
	if (now->reader)
		pthread_join(reader, NULL);
	pthread_barrier_destroy(&start_line);
	check_and_free(n);
	if (now->reader && reader_used < ENOUGH * (ended - began))
		return false;
	return used >= ENOUGH * min(n, cores) * (ended - began);
}

static void measure(struct result *r, double *cost, unsigned int all_chunks)
{
	now = r->mode;
	chunks = max(all_chunks / r->threads, (unsigned int)MIN_CHUNKS);
	kvm_exit_stats_interval = now->dump_interval;
	if (!run_once(r->threads, cost))
		*cost = NAN;
	usleep(2000); /* other programs wait while threads run at a real-time priority */
}

static void print(const struct result *r)
{
	double cost[MAX_RUNS], more[MAX_RUNS];
	unsigned int good = 0, pairs = 0;

	for (unsigned int i = 0; i < runs; i++) {
		if (!isnan(r->cost[i]))
			cost[good++] = r->cost[i];
		if (!isnan(r->cost[i] - r->none->cost[i]))
			more[pairs++] = r->cost[i] - r->none->cost[i];
	}
#ifdef SHIM_RDTSC
	printf("rdtsc");
#else
	printf("made-up");
#endif
	printf(" %s %u %u ", r->mode->name, r->threads, pairs);
	if (pairs) {
		double middle = median(cost, good);

		printf("%.3f %.3f %.3f\n", cost[0], middle, median(more, pairs));
	} else {
		printf("- - -\n");
	}
}

int main(int argc, char **argv)
{
	static const u32 mix[] = { 30, 30, 30, 32, 10, 1, 48, 52 };
	static struct result results[64];
	unsigned int all_chunks = 400;
	int nr_results = 0;
	int opt;

	while ((opt = getopt(argc, argv, "n:r:")) != -1) {
		if (opt == 'n')
			all_chunks = min(strtoul(optarg, NULL, 0), (unsigned long)MAX_CHUNKS);
		else if (opt == 'r')
			runs = min(strtoul(optarg, NULL, 0), (unsigned long)MAX_RUNS);
		else
			runs = 0;
	}
	if (!runs || !all_chunks) {
		fprintf(stderr, "usage: native [-r RUNS] [-n CHUNKS], numbers from 1\n");
		return 2;
	}
	cores = sysconf(_SC_NPROCESSORS_ONLN);
	for (int i = 0; i < NR_REASONS; i++)
		reasons[i] = mix[(i * 5 + i / 8) % ARRAY_SIZE(mix)];
	register_vendor();
	for (unsigned int n = 1; n <= MAX_THREADS; n *= 2) {
		const struct result *none = &results[nr_results];

		for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
			/* A reader needs a core of its own, and never gives it up. */
			if (!modes[i].reader || (n == 1 && cores > 1))
				results[nr_results++] = (struct result){ &modes[i], n, none };
	}
	/* Round after round: a short disturbance then falls into one run of each mode. */
	for (unsigned int i = 0; i < runs; i++) {
		for (int j = 0; j < nr_results; j++) {
			results[j].cost[i] = NAN;
			if (!results[j].mode->seldom || i % 4 == 0)
				measure(&results[j], &results[j].cost[i], all_chunks);
		}
		fprintf(stderr, "round %u of %u\n", i + 1, runs);
	}
	for (int j = 0; j < nr_results; j++)
		print(&results[j]);
	kvm_exit_stats_unregister();
	return 0;
}
