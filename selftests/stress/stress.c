// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records, scopes and snapshots on all real cores: writers make exits through the hooks,
 * readers take every kind of snapshot and leaf and check them against rules.h, while resets
 * run and VMs and vCPUs come and go. An emulated processor runs its threads in turns; here
 * they run at the same time.
 *
 * This file has the scenarios, their threads and the verdict. Signals stop threads anywhere
 * for a while, as interrupts do. Many exits begin below a TSC of 2^32 and end above it, and
 * exits may end at an earlier TSC.
 *
 *	stress [-n EXITS] [-s SEED]
 *
 *	-n	exits in each scenario
 *	-s	changes the course of events
 */
#include <signal.h>

#include "stress.h"

static const struct scenario scenarios[] = {
	{ "one writer, readers and resets", 1, 1, 3, RESET_HOST | RESET_INNER },
	{ "guests come and go", 4, 2, 2, CHURN },
	{ "guests come and go, resets of VMs and vCPUs", 4, 2, 2, RESET_INNER | CHURN | GO_BACK },
	{ "everything at once, recording switched off and on", 4, 2, 2,
	  RESET_HOST | RESET_INNER | CHURN | FLIPS },
};

extern const struct shim_param shim_param_exit_stats;

const struct scenario *now;
struct thread threads[16];

static unsigned int nr_threads;
static unsigned int finished; /* writers */
static bool stop;
static u64 seed = 1;
static u64 dumps_begun, last_due; /* of the dump worker */

/*
 * ThreadSanitizer delivers a signal only at the next system call. It makes threads so slow
 * that the scheduler stops them in the middle of an update often enough.
 */
#ifdef __SANITIZE_THREAD__
#define CAN_STOP 0
#else
#define CAN_STOP 1
#endif

u64 next_random(struct thread *t)
{
	t->random ^= t->random << 13;
	t->random ^= t->random >> 7;
	t->random ^= t->random << 17;
	return t->random;
}

void wait_at_most(struct thread *t, unsigned int us)
{
	usleep(next_random(t) % us);
}

/* ---- disturbances and dumps */

static void flip_turn(struct thread *t)
{
	shim_set_param(&shim_param_exit_stats, "N");
	wait_at_most(t, 1000); /* vCPUs go on */
	shim_set_param(&shim_param_exit_stats, "Y");
	t->turns++;
	wait_at_most(t, 10000);
}

static void stand_still(int sig)
{
	struct timespec time = { .tv_nsec = 100000 };
	int err = errno;

	nanosleep(&time, NULL);
	errno = err;
}

static void stop_turn(struct thread *t)
{
	unsigned int among = next_random(t) & 1 ? now->writers : t - threads;

	pthread_kill(threads[next_random(t) % among].id, SIGUSR1);
	t->turns++;
	wait_at_most(t, 100);
}

/* A dump is due at a multiple, later than the last, and was taken when it was due. */
static void check_dump_line(const char *line)
{
	u64 nr, due, taken;

	if (sscanf(line, "<6>kvm_exit_stats: dump %llu: due at %llu, taken at %llu exits", &nr,
		   &due, &taken) != 3)
		return;
	if (nr != ++dumps_begun || due % INTERVAL || due <= last_due ||
	    (!(now->what & RESET_HOST) && taken < due))
		broken(RULE_DUMPS, "dump %llu, after one due at %llu: %s", dumps_begun, last_due,
		       line);
	last_due = due;
}

/* ---- a scenario */

static void *run_turns(void *arg)
{
	struct thread *t = arg;

	while (t->to_make ? t->made < t->to_make : !READ_ONCE(stop))
		t->turn(t);
	t->met = shim;
	if (t->to_make)
		__atomic_fetch_add(&finished, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void start(unsigned int n, void (*turn)(struct thread *t), u64 to_make)
{
	while (n--) {
		struct thread *t = &threads[nr_threads];

		*t = (struct thread){ .turn = turn, .nr = nr_threads++, .to_make = to_make };
		t->random = (seed * 64 + nr_threads) * 0x9e3779b97f4a7c15ull | 1;
		if (pthread_create(&t->id, NULL, run_turns, t))
			bail_out("pthread_create");
	}
}

/* All vCPUs are gone; without resets of the host it has all their exits. */
static void check_sum(void)
{
	struct exit_stats_snap *snap = take_snapshot(&host.scope, true);
	u64 backwards = 0;

	for (unsigned int i = 0; i < snap->rows; i++) {
		struct exit_stats_row expected = {}, *r = &snap->row[i];

		for (unsigned int n = 0; n < now->writers; n++)
			exit_stats_add_row(&expected, &threads[n].tally[i], true);
		/* min and max have a rule of their own. */
		expected.min = r->min;
		expected.max = r->max;
		if (memcmp(&expected, r, sizeof(expected)))
			broken(RULE_LOST, "row %u: %llu made, %llu counted", i, expected.count,
			       r->count);
		if (i == row_of(BACKWARDS))
			backwards = expected.count;
	}
	if (snap->backwards != backwards)
		broken(RULE_BACKWARDS, "%llu of %llu", snap->backwards, backwards);
	if (snap->vms || snap->vcpus)
		broken(RULE_ALIVE, "all are destroyed: vms=%u vcpus=%u", snap->vms, snap->vcpus);
	kvfree(snap);
}

/* Neither a reset nor the end of a vCPU changes the sum that decides when a dump is due. */
static void check_dumps(void)
{
	u64 made = 0, sum = atomic64_read(&kvm_exit_stats_sum);

	shim_drain_work();
	for (unsigned int n = 0; n < now->writers; n++)
		made += threads[n].made;
	if (host.dumps + host.merged != sum / INTERVAL || (!(now->what & FLIPS) && sum != made))
		broken(RULE_DUMPS, "%llu printed, %llu merged of %llu exits, %llu made", host.dumps,
		       host.merged, sum, made);
	diag("%llu dumps printed, %llu merged", host.dumps, host.merged);
}

static void say_met(double seconds)
{
	struct thread sum = {};

	for (const struct thread *t = threads; t < threads + nr_threads; t++) {
		sum.made += t->made;
		sum.snapshots += t->snapshots;
		sum.leaves += t->leaves;
		sum.turns += t->turns;
		sum.met.waits += t->met.waits;
		sum.met.retries += t->met.retries;
	}
	diag("%llu exits in %.1f s, %llu disturbances; %llu snapshots, %llu leaves", sum.made,
	     seconds, sum.turns, sum.snapshots, sum.leaves);
	diag("the worker took at most %.1f ms", shim_longest_work / 1e6);
	ok(sum.met.waits && sum.met.retries && sum.snapshots && sum.leaves,
	   "%s: readers waited for an update %llu times, and copied a row again %llu times",
	   now->name, sum.met.waits, sum.met.retries);
}

static bool applies(enum rule rule)
{
	switch (rule) {
	case RULE_LOST:
		return !(now->what & RESET_HOST) && !(now->what & FLIPS);
	case RULE_RESET:
	case RULE_EPOCH:
		return now->what & (RESET_HOST | RESET_INNER);
	case RULE_ALL_ROWS:
		return !(now->what & GO_BACK);
	default:
		return true;
	}
}

static void run_threads(u64 exits)
{
	unsigned int what = now->what;

	nr_threads = 0;
	finished = 0;
	stop = false;
	start(now->writers, write_turn, exits / now->writers);
	start(now->readers, read_turn, 0);
	start(!!(what & (RESET_HOST | RESET_INNER)), reset_turn, 0);
	start(!!(what & CHURN), churn_turn, 0);
	start(!!(what & CHURN), fail_turn, 0);
	start(!!(what & FLIPS), flip_turn, 0);
	start(CAN_STOP, stop_turn, 0);

	while (__atomic_load_n(&finished, __ATOMIC_ACQUIRE) < now->writers)
		usleep(1000);
	WRITE_ONCE(stop, true);
	/* The stopper first: it sends signals to all others. */
	for (unsigned int i = nr_threads; i-- > 0;)
		pthread_join(threads[i].id, NULL);
}

static void run(const struct scenario *s, u64 exits)
{
	u64 began = ktime_get_ns(), times;

	now = s;
	dumps_begun = 0;
	last_due = 0;
	rules_no_reset = !(s->what & (RESET_HOST | RESET_INNER));
	rules_backwards = s->what & GO_BACK;
	register_vendor();
	make_guests();
	run_threads(exits);
	put_guests();
	if (applies(RULE_LOST))
		check_sum();
	check_dumps();
	kvm_exit_stats_dump_kick(); /* the worker may run at the unregistration */
	kvm_exit_stats_unregister();
	if (shim_in_use)
		broken(RULE_FREED, "%ld allocations", shim_in_use);

	for (int i = 0; i < NR_RULES; i++) {
		if (!applies(i))
			continue;
		times = times_broken(i);
		ok(!times, "%s: %s", s->name, rule_names[i]);
		if (times)
			diag("broken %llu times", times);
	}
	say_met((ktime_get_ns() - began) / 1e9);
}

int main(int argc, char **argv)
{
	struct sigaction still = { .sa_handler = stand_still, .sa_flags = SA_RESTART };
	u64 exits = 5000000;
	int opt;

	while ((opt = getopt(argc, argv, "n:s:")) != -1) {
		if (opt == 'n')
			exits = strtoull(optarg, NULL, 0);
		else if (opt == 's')
			seed = strtoull(optarg, NULL, 0);
		else
			bail_out("usage: stress [-n EXITS] [-s SEED]");
	}
	if (sigaction(SIGUSR1, &still, NULL))
		bail_out("sigaction");
	diag("seed %llu, %llu exits in each scenario", seed, exits);
	alarm(HANG);
	kvm_exit_stats_per_min = 0;
	kvm_exit_stats_cpuid_mode = EXIT_STATS_CPUID_HOST;
	kvm_exit_stats_interval = INTERVAL;
	shim_works_without_memory = 8;
	shim_start_workers(2);
	shim_log = check_dump_line;
	for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++)
		run(&scenarios[i], exits);
	return done_testing();
}
