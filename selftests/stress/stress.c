// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records, scopes and snapshots on all real cores: writers make exits through the
 * hooks, readers take every kind of snapshot and leaf and hold it against rules.h,
 * while resets come and VMs and vCPUs come and go. An emulated processor runs its
 * threads in turns; here they run at the same time.
 *
 * A guest is a slot in a table. Whoever uses it holds a reference, as KVM's own users
 * do, and the last one to let go destroys it, in either of the orders that kernels have.
 * A vCPU is written by one thread only, which also creates it when it comes to a new
 * guest. Signals stop threads anywhere for a while, as interrupts do. The TSC passes 2^32
 * all the time, and exits may meet an earlier one.
 *
 *	stress [-n EXITS] [-f EXITS] [-s SEED]
 *
 *	-n	in each scenario
 *	-f	in the first, where one vCPU has to hold on against readers and resets
 *	-s	another course of events
 */
#include <signal.h>
#include <unistd.h>

#include "hooks.h"
#include "rules.h"
#include "tap.h"

#define MAX_WRITERS 4
#define MAX_GUESTS  2
#define BURST	    2000 /* exits before a writer looks whether its guest is still there */
#define AHEAD	    8	 /* exits that fit into a processor's store buffer */
#define VISIT	    8	 /* rounds of reads before a reader lets go of a guest */
#define INTERVAL    97	 /* exits between dumps */
#define HANG	    120	 /* seconds from a writer's last sign of life until all is killed */

#define host kvm_exit_stats_host

struct cpu {
	struct kvm_vcpu vcpu;
	struct exit_stats_vcpu *record; /* at vcpu_offset */
	bool exists;			/* and until its guest does not */
	u64 made;			/* exits that ended */
};

struct guest {
	struct kvm kvm;
	struct exit_stats_vm *record; /* at vm_offset */
	int refs;		      /* under table_lock */
	struct cpu cpu[MAX_WRITERS];
};

struct scenario {
	const char *name;
	unsigned int writers;
	unsigned int guests;
	unsigned int readers;
	unsigned int what;
};

#define RESET_HOST  1
#define RESET_INNER 2  /* VMs and vCPUs */
#define CHURN	    4  /* guests come and go, and some vCPUs' creation fails */
#define FLIPS	    8  /* recording is switched off and on */
#define GO_BACK	    16 /* some exits end at an earlier TSC */

static const struct scenario scenarios[] = {
	{ "one writer, one resetter, readers", 1, 1, 3, RESET_HOST | RESET_INNER },
	{ "guests come and go", 4, 2, 2, CHURN },
	{ "resets of VMs and vCPUs, which come and go", 4, 2, 2, RESET_INNER | CHURN | GO_BACK },
	{ "all at once, recording switched off and on", 4, 2, 2,
	  RESET_HOST | RESET_INNER | CHURN | FLIPS },
};

struct thread {
	pthread_t id;
	void (*turn)(struct thread *t);
	unsigned int nr;
	u64 random;
	struct shim_thread met;
	u64 snapshots;
	u64 leaves;
	u64 turns; /* resets, new guests, flips, stops */
	/* A writer's: */
	u64 to_make; /* else 0 */
	u64 made;
	struct exit_stats_row tally[MAX_ROWS];
};

/*
 * Reasons that writers make: few, so that readers meet the row being written. 35 has no
 * row but OTHER's, the first. Where none goes backwards, not the last one.
 */
static const u32 reasons[] = {
	10, 10, 10, 10, 10, 10, 10, 30, 30, 1, 48, 48, 12 | 1 << 26, 35, LAST, BACKWARDS,
};

extern const struct shim_param shim_param_exit_stats, shim_param_exit_stats_cpuid;

static const struct scenario *now;
static struct guest *guests[MAX_GUESTS];
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned int finished; /* writers */
static bool stop;
static u64 resets;		  /* begun and ended: odd while one runs */
static struct thread threads[16]; /* the first are the writers, the last the stopper */
static unsigned int nr_threads;
static u64 seed = 1;
static u64 dumps_begun, last_due; /* the dumper's */

/*
 * ThreadSanitizer hands a signal on at the next system call only. It makes threads so slow
 * that the scheduler stops them half way often enough.
 */
#ifdef __SANITIZE_THREAD__
#define CAN_STOP 0
#else
#define CAN_STOP 1
#endif

static u64 next_random(struct thread *t)
{
	t->random ^= t->random << 13;
	t->random ^= t->random >> 7;
	t->random ^= t->random << 17;
	return t->random;
}

static void wait_at_most(struct thread *t, unsigned int us)
{
	usleep(next_random(t) % us);
}

static u32 reason_of(u64 random)
{
	return reasons[random % (ARRAY_SIZE(reasons) - !(now->what & GO_BACK))];
}

static struct guest *make_guest(void)
{
	struct guest *g = calloc(1, sizeof(*g));

	if (!g || kvm_exit_stats_vm_create(&g->kvm))
		bail_out("no memory for a guest");
	g->refs = 1;
	for (int i = 0; i < MAX_WRITERS; i++)
		g->cpu[i].vcpu.kvm = &g->kvm;
	return g;
}

/* Kernels differ in the order. */
static void destroy_guest(struct guest *g, bool vm_first)
{
	if (vm_first)
		kvm_exit_stats_vm_destroy(&g->kvm);
	for (int i = 0; i < MAX_WRITERS; i++) {
		if (g->cpu[i].exists)
			kvm_exit_stats_vcpu_free(&g->cpu[i].vcpu);
	}
	if (!vm_first)
		kvm_exit_stats_vm_destroy(&g->kvm);
	free(g);
}

static void put_guest(struct guest *g)
{
	static unsigned int destroyed;
	bool last, vm_first;

	pthread_mutex_lock(&table_lock);
	last = --g->refs == 0;
	vm_first = last && destroyed++ % 2;
	pthread_mutex_unlock(&table_lock);
	if (last)
		destroy_guest(g, vm_first);
}

static struct guest *get_guest(unsigned int slot)
{
	struct guest *g;

	pthread_mutex_lock(&table_lock);
	g = guests[slot % now->guests];
	g->refs++;
	pthread_mutex_unlock(&table_lock);
	return g;
}

static bool exists(const struct cpu *c)
{
	return __atomic_load_n(&c->exists, __ATOMIC_ACQUIRE);
}

static void create_vcpu(struct cpu *c)
{
	if (kvm_exit_stats_vcpu_create(&c->vcpu))
		bail_out("no memory for a vCPU");
	__atomic_store_n(&c->exists, true, __ATOMIC_RELEASE);
}

/* ---- a guest's reads */

static struct exit_stats_leaf_row read_leaf(struct exit_stats_vm *vm, bool of_host,
					    unsigned int row)
{
	struct exit_stats_leaf_row leaf;

	shim.guest = true;
	if (of_host)
		kvm_exit_stats_read_host(row, &leaf);
	else
		kvm_exit_stats_read_vm(vm, row, &leaf);
	shim.guest = false;
	/* No leaf says these. */
	leaf.row.nested_count = 0;
	leaf.row.nested_total = 0;
	return leaf;
}

/* ---- writers */

static void handle(struct thread *t, u32 reason, u64 random, u64 cycles)
{
	if (now->what & FLIPS && (random >> 32 & 1023) == 0)
		usleep(100); /* perhaps until recording is off, or on again */
	if (reason == BACKWARDS)
		shim_tsc -= 1 + (random >> 44);
	else
		shim_tsc += cycles;
}

static void make_exit(struct thread *t, struct cpu *c)
{
	u64 r = next_random(t);
	u32 reason = reason_of(r);
	unsigned int row = row_of(reason);
	/* Some rows are seldom far or near: what came before a reset shows in max or min. */
	bool seldom = (r >> 20 & (reason == 48 || reason == LAST ? 511 : 1)) == 0;
	bool far = reason == LAST ? !seldom : seldom, nested = (r >> 9 & 3) == 0;
	u64 cycles = cycles_of(row, far);
	struct exit_stats_row exit = { 0, 0, 1, cycles, nested, nested ? cycles : 0 };

	shim_tsc = (1ull << 32) - (1 << 23) + (r >> 40);
	c->vcpu.nested = nested;
	if (now->what & FLIPS)
		rcu_read_lock(); /* interrupts are off */
	kvm_exit_stats_start_vmx(&c->record, &c->vcpu, &reason);
	if (now->what & FLIPS)
		rcu_read_unlock();
	handle(t, reason, r, cycles);
	if (r >> 16 & 1)
		kvm_exit_stats_end(&c->record, 1);
	kvm_exit_stats_end_fastpath(&c->vcpu);

	exit_stats_add_row(&t->tally[row], &exit, false);
	t->tally[row].bucket[bucket_of(cycles)]++;
	WRITE_ONCE(c->made, c->made + 1);
	WRITE_ONCE(t->made, t->made + 1);
}

static void write_turn(struct thread *t)
{
	struct guest *g = get_guest(t->nr);
	struct cpu *c = &g->cpu[t->nr];
	unsigned int row = row_of(reasons[0]);
	struct exit_stats_leaf_row leaf;

	if (!c->exists)
		create_vcpu(c);
	for (int i = 0; i < BURST; i++)
		make_exit(t, c);
	leaf = read_leaf(g->record, next_random(t) % 16 == 0, row);
	check_leaf(row, &leaf, false);
	t->leaves++;
	put_guest(g);
	/* A reader in a list that was freed may go round for ever. */
	alarm(HANG);
}

/* ---- readers */

/* How many VMs and vCPUs does a snapshot tell of? Of the host's, where none come and go. */
static void check_alive(const struct exit_stats_snap *snap)
{
	bool of_host = snap->scope == EXIT_STATS_SCOPE_HOST, right;

	if (of_host && now->what & CHURN)
		return;
	right = snap->vms == (of_host ? now->guests : 1);
	if (snap->scope == EXIT_STATS_SCOPE_VCPU)
		right &= snap->vcpus == 1;
	else
		right &= snap->vcpus <= now->writers + !!(now->what & CHURN);
	if (!right)
		broken(RULE_ALIVE, "scope %u: vms=%u vcpus=%u", snap->scope, snap->vms,
		       snap->vcpus);
}

static struct exit_stats_snap *take_snap(struct exit_stats_scope *scope, bool hist)
{
	struct exit_stats_snap *snap = kvm_exit_stats_snapshot(scope, hist);

	if (IS_ERR(snap))
		bail_out("no memory for a snapshot");
	return snap;
}

/* What a leaf would say at this moment. */
static struct exit_stats_leaf_row read_scope(struct thread *t, struct exit_stats_scope *scope,
					     unsigned int row, struct seen *seen)
{
	struct exit_stats_snap *snap = take_snap(scope, next_random(t) & 1);
	struct exit_stats_leaf_row leaf = leaf_of(snap, row);

	check_snap(snap, seen);
	check_alive(snap);
	kvfree(snap);
	t->snapshots++;
	return leaf;
}

/* What a reader saw last of a VM, while it holds it, and of the host. */
struct seen_guest {
	struct seen vm, vcpu, vm_leaf, host, host_leaf;
};

static void read_vm_leaf(struct thread *t, struct exit_stats_vm *vm, unsigned int row,
			 struct seen_guest *seen)
{
	struct exit_stats_leaf_row before = read_scope(t, &vm->scope, row, &seen->vm), after;
	u64 began = __atomic_load_n(&resets, __ATOMIC_SEQ_CST);
	struct exit_stats_leaf_row leaf = read_leaf(vm, false, row);
	bool quiet = began % 2 == 0 && __atomic_load_n(&resets, __ATOMIC_SEQ_CST) == began;

	after = read_scope(t, &vm->scope, row, &seen->vm);
	t->leaves++;
	check_leaf(row, &leaf, quiet);
	check_leaf_since(RULE_DOWN_VM_LEAF, row, &leaf, &seen->vm_leaf);
	check_no_less(RULE_BETWEEN, &before, &leaf);
	check_no_less(RULE_BETWEEN, &leaf, &after);
}

/*
 * The shared snapshot is at most 1 ms older than the read, unless the worker took 10 ms
 * to make another.
 */
static void read_host_leaf(struct thread *t, unsigned int row, struct seen_guest *seen)
{
	struct exit_stats_leaf_row before = read_scope(t, &host.scope, row, &seen->host), after;
	struct exit_stats_leaf_row leaf;
	u64 taken = ktime_get_ns(), asked, answered;

	if (next_random(t) & 1)
		usleep(1100);
	asked = ktime_get_ns();
	leaf = read_leaf(NULL, true, row);
	answered = ktime_get_ns();
	after = read_scope(t, &host.scope, row, &seen->host);
	t->leaves++;
	check_leaf(row, &leaf, true);
	check_leaf_since(RULE_DOWN_HOST_LEAF, row, &leaf, &seen->host_leaf);
	check_no_less(RULE_BETWEEN, &leaf, &after);
	if (asked - taken >= NSEC_PER_MSEC && answered - asked < 10 * NSEC_PER_MSEC)
		check_no_less(RULE_AGE, &before, &leaf);
}

/* Some rounds of everything that can be read of a guest while it is held. */
static void read_turn(struct thread *t)
{
	static __thread struct seen_guest seen;
	struct guest *g = get_guest(next_random(t));
	struct cpu *c = &g->cpu[next_random(t) % now->writers];
	unsigned int row;

	seen.vm.any = false;
	seen.vcpu.any = false;
	seen.vm_leaf.any = false;
	for (int i = 0; i < VISIT; i++) {
		row = row_of(reason_of(next_random(t)));
		read_vm_leaf(t, g->record, row, &seen);
		read_vm_leaf(t, g->record, EXIT_STATS_ROW_OTHER, &seen);
		/* Whoever reads that one waits for the worker. */
		if (next_random(t) % VISIT == 0)
			read_host_leaf(t, row, &seen);
		if (exists(c))
			read_scope(t, &c->record->scope, row, &seen.vcpu);
	}
	put_guest(g);
	read_scope(t, &host.scope, EXIT_STATS_ROW_OTHER, &seen.host);
}

/* ---- resets */

enum {
	HOST,
	VM,
	VCPU,
	NR_SCOPES
};

struct family {
	struct guest *g;
	struct cpu *c;
	struct exit_stats_scope *scope[NR_SCOPES]; /* each inside of that before it */
};

static u64 made_in(const struct family *f, int of)
{
	u64 made = 0;

	if (of == VCPU)
		return READ_ONCE(f->c->made);
	for (unsigned int i = 0; i < now->writers; i++)
		made += READ_ONCE(*(of == VM ? &f->g->cpu[i].made : &threads[i].made));
	return made;
}

/* What a scope was before a reset. */
struct state {
	u64 epoch;
	u64 before, after; /* exits made, before the reset and after it */
	u64 least;	   /* made since, at the least */
};

/*
 * After a reset of scope @of, scope @i has that epoch and these exits, exactly those made
 * since if it was reset. A writer's own count may lack the exit that is in progress and the
 * stores that its processor still holds. While recording is off no exit is counted.
 */
static void check_after(const struct family *f, int of, int i, const struct state *s,
			const char *what, u64 epoch, u64 exits)
{
	u64 slack = now->writers * AHEAD, most = made_in(f, i) + slack - s->before;

	if (i >= of ? epoch == s->epoch : epoch != s->epoch)
		broken(RULE_EPOCH, "%s of scope %d, reset of scope %d: %llu, then %llu", what, i,
		       of, s->epoch, epoch);
	if (i >= of && (exits > most || (!(now->what & FLIPS) && exits + slack < s->least)))
		broken(RULE_RESET, "%s of scope %d, reset of scope %d: %llu exits, of %llu to %llu",
		       what, i, of, exits, s->least, most);
}

static void check_leaf_after(const struct family *f, int of, int i, const struct state *s)
{
	struct exit_stats_leaf_row leaf = read_leaf(f->g->record, i == HOST, EXIT_STATS_ROW_OTHER);

	check_after(f, of, i, s, "leaf", leaf.epoch, leaf.exits);
}

/* Resets scope @of. Nobody else resets meanwhile. */
static void reset(struct thread *t, const struct family *f, int of)
{
	struct state s[NR_SCOPES] = {};
	struct exit_stats_snap *snap;
	int i;

	for (i = HOST; i < NR_SCOPES; i++) {
		snap = take_snap(f->scope[i], false);
		s[i].epoch = snap->epoch;
		s[i].before = made_in(f, i);
		kvfree(snap);
	}
	__atomic_fetch_add(&resets, 1, __ATOMIC_SEQ_CST);
	if (kvm_exit_stats_reset(f->scope[of]))
		bail_out("no memory to begin anew");
	__atomic_fetch_add(&resets, 1, __ATOMIC_SEQ_CST);
	if (of == HOST)
		check_leaf_after(f, of, HOST, &s[HOST]);
	for (i = HOST; i < NR_SCOPES; i++)
		s[i].after = made_in(f, i);
	if (next_random(t) & 1)
		wait_at_most(t, 200);
	for (i = HOST; i < NR_SCOPES; i++) {
		s[i].least = made_in(f, i) - s[i].after;
		if (i == VM)
			check_leaf_after(f, of, VM, &s[VM]);
		snap = take_snap(f->scope[i], next_random(t) & 1);
		check_after(f, of, i, &s[i], "snapshot", snap->epoch, snap->exits);
		kvfree(snap);
	}
	t->snapshots += 2 * NR_SCOPES;
	t->turns++;
}

static void reset_turn(struct thread *t)
{
	struct guest *g = get_guest(next_random(t));
	struct cpu *c = &g->cpu[next_random(t) % now->writers];

	if (exists(c)) {
		struct family f = { g, c, { &host.scope, &g->record->scope, &c->record->scope } };

		reset(t, &f, now->what & RESET_HOST ? next_random(t) % 3 : VM + next_random(t) % 2);
	}
	put_guest(g);
	wait_at_most(t, 300);
}

/* ---- those that disturb */

static void churn_turn(struct thread *t)
{
	unsigned int slot = next_random(t) % now->guests;
	struct guest *new = make_guest(), *old;

	pthread_mutex_lock(&table_lock);
	old = guests[slot];
	guests[slot] = new;
	pthread_mutex_unlock(&table_lock);
	put_guest(old);
	t->turns++;
	wait_at_most(t, 20000);
}

/* A vCPU whose id is taken: it has a record, and is no vCPU after all. */
static void fail_turn(struct thread *t)
{
	struct guest *g = get_guest(next_random(t));
	struct cpu c = { .vcpu.kvm = &g->kvm };

	if (kvm_exit_stats_vcpu_create(&c.vcpu))
		bail_out("no memory for a vCPU");
	if (next_random(t) & 1)
		sched_yield();
	kvm_exit_stats_vcpu_free(&c.vcpu);
	put_guest(g);
	t->turns++;
	wait_at_most(t, 200);
}

static void flip_turn(struct thread *t)
{
	shim_set_param(&shim_param_exit_stats, "N");
	wait_at_most(t, 1000); /* exits go on without an end */
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

/* A dump is due at multiples, each later than the last, and has what made it due. */
static void check_dump_line(const char *line)
{
	u64 nr, due, taken;

	if (sscanf(line, "dump %llu: due at %llu, taken at %llu exits", &nr, &due, &taken) != 3)
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
	struct exit_stats_snap *snap = take_snap(&host.scope, true);
	u64 backwards = 0;

	for (unsigned int i = 0; i < snap->rows; i++) {
		struct exit_stats_row expected = {}, *r = &snap->row[i];

		for (unsigned int n = 0; n < now->writers; n++)
			exit_stats_add_row(&expected, &threads[n].tally[i], true);
		/* These have rules of their own. */
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
		broken(RULE_ALIVE, "none is alive, vms=%u vcpus=%u", snap->vms, snap->vcpus);
	kvfree(snap);
}

/* Neither resets nor deaths touch the sum that dumps go by. */
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
	diag("%llu exits in %.1f s, disturbed %llu times; %llu snapshots, %llu leaves", sum.made,
	     seconds, sum.turns, sum.snapshots, sum.leaves);
	ok(sum.met.waits && sum.met.retries && sum.snapshots && sum.leaves,
	   "%s: readers waited for updates, %llu times, and copied again, %llu times", now->name,
	   sum.met.waits, sum.met.retries);
}

static int try_register(void)
{
	return kvm_exit_stats_register(EXIT_STATS_VENDOR_VMX, offsetof(struct cpu, record),
				       offsetof(struct guest, record), NULL, 0);
}

static void register_vmx(void)
{
	if (try_register())
		bail_out("register");
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
	/* From the stopper on, who sends signals to all others. */
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
	register_vmx();
	for (unsigned int i = 0; i < s->guests; i++)
		guests[i] = make_guest();
	run_threads(exits);
	for (unsigned int i = 0; i < s->guests; i++)
		put_guest(guests[i]);
	if (applies(RULE_LOST))
		check_sum();
	check_dumps();
	kvm_exit_stats_dump_kick(); /* the worker may run while the vendor module goes */
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

/* ---- one thread: what fails, and how */

/* Is @scope, which is part of no record (a TDX guest's), empty, and nothing to reset? */
static bool empty(struct exit_stats_scope *scope)
{
	struct exit_stats_snap *snap = take_snap(scope, true);
	bool none = !snap->rows && !snap->exits && snap->scope == scope->kind;

	kvfree(snap);
	return none && kvm_exit_stats_reset(scope) == -ENODEV;
}

static void check_no_record(void)
{
	struct exit_stats_scope vm = { .kind = EXIT_STATS_SCOPE_VM };
	struct exit_stats_scope vcpu = { .kind = EXIT_STATS_SCOPE_VCPU };

	register_vmx();
	ok(empty(&vm) && empty(&vcpu), "a VM and a vCPU without a record are empty");
	kvm_exit_stats_unregister();
	ok(empty(&host.scope), "so is the host without a vendor module");
}

static void make_some(struct cpu *c, u32 reason, int times)
{
	while (times--) {
		shim_tsc = 1000;
		kvm_exit_stats_start_vmx(&c->record, &c->vcpu, &reason);
		shim_tsc += 100;
		kvm_exit_stats_end_fastpath(&c->vcpu);
	}
}

/* With one vCPU the sum passes each multiple with the very exit that makes it. */
static void check_exact(unsigned int interval)
{
	struct guest *g;
	bool good = true;

	kvm_exit_stats_interval = interval;
	register_vmx();
	g = make_guest();
	create_vcpu(&g->cpu[0]);
	for (u64 made = 1; made <= 3 * interval; made++) {
		make_some(&g->cpu[0], 10, 1);
		good &= made / interval == atomic64_read(&kvm_exit_stats_sum) / interval;
	}
	put_guest(g);
	good &= atomic64_read(&kvm_exit_stats_sum) == 3 * interval;
	kvm_exit_stats_unregister();
	ok(good, "one vCPU: dumps are due at exactly the multiples of %u", interval);
}

/* There is no memory for one of the two dumps. */
static void check_dump_without_memory(void)
{
	struct guest *g;

	WRITE_ONCE(shim_works_without_memory, 2);
	register_vmx();
	g = make_guest();
	create_vcpu(&g->cpu[0]);
	for (int i = 0; i < 2; i++) {
		make_some(&g->cpu[0], 10, INTERVAL);
		shim_drain_work();
	}
	ok(host.dumps == 2 && !host.merged, "no memory: a dump stays due until there is");
	put_guest(g);
	kvm_exit_stats_unregister();
	WRITE_ONCE(shim_works_without_memory, 8);
}

/* Two guests with three vCPUs, each of which has made exits and was reset once. */
static void make_two(struct guest *two[2], struct exit_stats_scope *scopes[6])
{
	int n = 0;

	scopes[n++] = &host.scope;
	for (int i = 0; i < 2; i++) {
		two[i] = make_guest();
		scopes[n++] = &two[i]->record->scope;
		for (int j = 0; j <= i; j++) {
			create_vcpu(&two[i]->cpu[j]);
			scopes[n++] = &two[i]->cpu[j].record->scope;
			make_some(&two[i]->cpu[j], 10, 7);
		}
	}
	if (kvm_exit_stats_reset(&host.scope))
		bail_out("reset");
	for (int i = 0; i < 2; i++) {
		for (int j = 0; j <= i; j++)
			make_some(&two[i]->cpu[j], 30, 5);
	}
}

static bool as_it_was(struct exit_stats_scope *scope, const struct exit_stats_snap *was)
{
	struct exit_stats_snap *is = take_snap(scope, true);
	bool same = is->epoch == was->epoch &&
		    !memcmp(is->row, was->row, is->rows * sizeof(is->row[0]));

	kvfree(is);
	return same;
}

/* Each allocation of a reset of the host fails in turn, and nothing has changed. */
static void check_reset_without_memory(void)
{
	struct exit_stats_scope *scopes[6];
	struct exit_stats_snap *was[6];
	struct guest *two[2];
	int nth, expected = 4 + 6; /* to read into, and a baseline a scope */
	bool good = true;
	long in_use;

	make_two(two, scopes);
	for (int i = 0; i < 6; i++)
		was[i] = take_snap(scopes[i], true);
	in_use = shim_in_use;
	for (nth = 1; nth <= 2 * expected; nth++) {
		shim.fail_alloc = nth;
		if (kvm_exit_stats_reset(&host.scope) != -ENOMEM)
			break;
		good &= shim_in_use == in_use;
		for (int i = 0; i < 6; i++)
			good &= as_it_was(scopes[i], was[i]);
	}
	shim.fail_alloc = 0;
	ok(good && nth == expected + 1,
	   "no memory: whichever of its %d is refused, a reset is told, and changes nothing",
	   nth - 1);
	good = shim_in_use == in_use;
	for (int i = 0; i < 6; i++) {
		good &= !as_it_was(scopes[i], was[i]);
		kvfree(was[i]);
	}
	ok(good, "with it each scope is reset");
	put_guest(two[0]);
	put_guest(two[1]);
}

static void check_killed(void)
{
	struct guest *g = make_guest();
	bool good;

	shim.killed = true;
	good = kvm_exit_stats_reset(&g->record->scope) == -EINTR &&
	       PTR_ERR(kvm_exit_stats_snapshot(&host.scope, true)) == -EINTR;
	ok(good, "a killed task opens no file and resets nothing");
	shim.killed = false;
	put_guest(g);
}

/* One allocation after the other fails; what calls us undoes what it did, and goes on. */
static void check_no_memory(void)
{
	struct guest *g, *none = calloc(1, sizeof(*none));
	bool good = true;
	int nth;

	for (nth = 1; nth < 10; nth++) {
		shim.fail_alloc = nth;
		if (!try_register())
			break;
		good &= !host.table && !shim_in_use;
	}
	shim.fail_alloc = 0;
	ok(good && nth == 4,
	   "no memory: whichever of its %d is refused, a vendor module is told, and not there",
	   nth - 1);

	g = make_guest();
	shim.fail_alloc = 1;
	good = kvm_exit_stats_vm_create(&none->kvm) == -ENOMEM && !none->record;
	shim.fail_alloc = 1;
	good &= kvm_exit_stats_vcpu_create(&g->cpu[0].vcpu) == -ENOMEM && !g->cpu[0].record;
	shim.fail_alloc = 1;
	good &= PTR_ERR(kvm_exit_stats_snapshot(&host.scope, true)) == -ENOMEM;
	/* The vendor's way out frees what may not be there. */
	kvm_exit_stats_vcpu_free(&g->cpu[0].vcpu);
	kvm_exit_stats_vm_destroy(&none->kvm);
	good &= host.vms.next == &g->record->node && host.vms.prev == host.vms.next;
	ok(good && !kvm_exit_stats_nr_vcpus,
	   "no memory: so is KVM when it makes a VM or a vCPU, and who opens a file");
	kvm_exit_stats_cpuid_mode = EXIT_STATS_CPUID_VM;
	shim.fail_alloc = 1;
	good = shim_set_param(&shim_param_exit_stats_cpuid, "host") == -ENOMEM &&
	       kvm_exit_stats_cpuid_mode == EXIT_STATS_CPUID_VM;
	good &= !shim_set_param(&shim_param_exit_stats_cpuid, "host") &&
		kvm_exit_stats_cpuid_mode == EXIT_STATS_CPUID_HOST;
	ok(good, "no memory: so is who gives guests the host's numbers");
	free(none);
	put_guest(g);
	check_reset_without_memory();
	check_killed();
	kvm_exit_stats_unregister();
	ok(!shim_in_use, "and nothing of them is left");
}

int main(int argc, char **argv)
{
	struct sigaction still = { .sa_handler = stand_still, .sa_flags = SA_RESTART };
	u64 exits = 5000000, first = 0;
	int opt;

	while ((opt = getopt(argc, argv, "n:f:s:")) != -1) {
		if (opt == 'n')
			exits = strtoull(optarg, NULL, 0);
		else if (opt == 'f')
			first = strtoull(optarg, NULL, 0);
		else if (opt == 's')
			seed = strtoull(optarg, NULL, 0);
		else
			bail_out("usage: stress [-n EXITS] [-f EXITS] [-s SEED]");
	}
	if (!first)
		first = exits;
	if (sigaction(SIGUSR1, &still, NULL))
		bail_out("sigaction");
	diag("seed %llu, %llu exits, and %llu in each other scenario", seed, first, exits);
	alarm(HANG);
	kvm_exit_stats_per_min = 0;
	kvm_exit_stats_cpuid_mode = EXIT_STATS_CPUID_HOST;
	check_no_record();
	check_no_memory();
	check_exact(10000);
	check_exact(INTERVAL);
	shim_start_workers(2);
	check_dump_without_memory();
	shim_log = check_dump_line;
	for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++)
		run(&scenarios[i], i ? exits : first);
	return done_testing();
}
