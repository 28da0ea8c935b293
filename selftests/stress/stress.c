// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records, scopes and snapshots on all real cores: writers make exits through
 * the hooks, readers take every kind of snapshot and hold it against rules.h,
 * while resets come and VMs come and go. A simulated processor shows no
 * reordered stores; this one does.
 *
 * A guest is a slot in a table. Whoever uses it holds a reference, as KVM's own
 * users do, and the last one to let go destroys it: VM first, then its vCPUs.
 * A vCPU is written by one thread only, and made by it when it comes to a new
 * guest. Signals stop threads anywhere for a while, but not under a spinlock.
 * The TSC passes 2^32 all the time, and exits may meet an earlier one.
 *
 *	stress [-n UPDATES] [-f UPDATES] [-s SEED]
 *
 *	-n	in each scenario
 *	-f	in the first, where one vCPU has to hold on against readers and resets
 *	-s	another course of events
 */
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "hooks.h"
#include "read.h"
#include "rules.h"
#include "tap.h"

#define MAX_WRITERS 4
#define MAX_GUESTS  2
#define BURST	    2000 /* exits before a writer looks whether its guest is still there */
#define AHEAD	    8	 /* exits that fit into a processor's store buffer */
#define VISIT	    6	 /* rounds of reads before a reader lets go of a guest */
#define INTERVAL    97	 /* exits between dumps */
#define HANG	    120	 /* seconds from a writer's last sign of life until all is killed */

#define host exit_stats_host

struct cpu {
	struct kvm_vcpu vcpu;
	struct exit_stats_vcpu *record; /* at vcpu_offset */
	bool exists;			/* under table_lock */
	u64 made;			/* closes that returned */
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
	bool reset_host;
	bool reset_inner; /* VMs and vCPUs */
	bool churn;	  /* guests come and go */
	bool flips;	  /* recording is switched off and on */
	bool backwards;	  /* some exits end at an earlier TSC */
};

static const struct scenario scenarios[] = {
	{ .name = "one writer, one resetter, readers",
	  .writers = 1,
	  .guests = 1,
	  .readers = 3,
	  .reset_host = true,
	  .reset_inner = true },
	{ .name = "guests come and go", .writers = 4, .guests = 2, .readers = 2, .churn = true },
	{ .name = "resets of VMs and vCPUs, which come and go",
	  .writers = 4,
	  .guests = 2,
	  .readers = 2,
	  .reset_inner = true,
	  .churn = true,
	  .backwards = true },
	{ .name = "all at once, recording switched off and on",
	  .writers = 4,
	  .guests = 2,
	  .readers = 2,
	  .reset_host = true,
	  .reset_inner = true,
	  .churn = true,
	  .flips = true },
};

struct thread {
	pthread_t id;
	unsigned int nr; /* of its kind */
	u64 random;
	struct shim_met met;
	u64 snapshots;
	u64 leaves;
	u64 turns; /* resets, new guests, flips, stops */
	/* A writer's: */
	u64 to_make;
	u64 made;
	struct exit_stats_row tally[MAX_ROWS];
	struct exit_stats_hist hist[MAX_ROWS];
};

/*
 * Reasons that writers make: few, so that readers meet the row being written. 35 has no
 * row but OTHER's, the first; 85 has the last. Where none goes backwards, not that one.
 */
static const u32 reasons[] = {
	10, 10, 10, 10, 10, 10, 10, 30, 30, 1, 48, 48, 12 | 1 << 26, 35, 85, BACKWARDS,
};

extern const struct shim_param shim_param_exit_stats;

static const struct scenario *now;
static struct guest *guests[MAX_GUESTS];
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned int finished; /* writers */
static bool stop;
static struct thread writers[MAX_WRITERS], others[16];
static unsigned int nr_others;
static u64 seed = 1;

/* ---- what the sources call in files that are not here */

void exit_stats_log_kick(void)
{
}

void exit_stats_log_stop(void)
{
}

void exit_stats_host_debugfs(void)
{
}

/* ---- */

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
	return reasons[random % (ARRAY_SIZE(reasons) - !now->backwards)];
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

static void put_guest(struct guest *g)
{
	bool last;

	pthread_mutex_lock(&table_lock);
	last = --g->refs == 0;
	pthread_mutex_unlock(&table_lock);
	if (!last)
		return;
	kvm_exit_stats_vm_destroy(&g->kvm);
	for (int i = 0; i < MAX_WRITERS; i++) {
		if (g->cpu[i].exists)
			kvm_exit_stats_vcpu_free(&g->cpu[i].vcpu);
	}
	free(g);
}

/* @exists: which vCPUs there are, as bits */
static struct guest *get_guest(unsigned int slot, unsigned int *exists)
{
	struct guest *g;

	pthread_mutex_lock(&table_lock);
	g = guests[slot];
	g->refs++;
	*exists = 0;
	for (int i = 0; i < MAX_WRITERS; i++)
		*exists |= g->cpu[i].exists << i;
	pthread_mutex_unlock(&table_lock);
	return g;
}

/* ---- writers */

static void make_exit(struct thread *t, struct cpu *c)
{
	u64 r = next_random(t);
	u32 reason = reason_of(r);
	/* One row is seldom far, so that its max shows what came before a reset. */
	bool far = (r >> 20 & (reason == 48 ? 511 : 1)) == 0, nested = (r >> 9 & 3) == 0;
	unsigned int row = row_of(reason);
	u64 cycles = cycles_of(row, far);
	struct exit_stats_row *tally = &t->tally[row];

	shim_tsc = (1ull << 32) - (1 << 23) + (r >> 40);
	c->vcpu.arch.hflags = nested ? HF_GUEST_MASK : 0;
	if (now->flips)
		rcu_read_lock(); /* interrupts are off */
	kvm_exit_stats_latch_vmx(&c->record, &c->vcpu, &reason);
	if (now->flips)
		rcu_read_unlock();
	shim_let_out_of(&c->record->mark); /* the close reads it plainly */
	if (now->flips && (r >> 32 & 1023) == 0)
		usleep(100); /* a handler that sleeps, perhaps until recording is off */
	if (reason == BACKWARDS)
		shim_tsc -= 1 + (r >> 44);
	else
		shim_tsc += cycles;
	if (r >> 16 & 1)
		kvm_exit_stats_close(&c->record, 1);
	kvm_exit_stats_close_fastpath(&c->vcpu);

	tally->min = tally->count ? min(tally->min, cycles) : cycles;
	tally->max = max(tally->max, cycles);
	tally->count++;
	tally->total += cycles;
	tally->nested_count += nested;
	tally->nested_total += nested ? cycles : 0;
	t->hist[row].bucket[ilog2(cycles | 1)]++;
	__atomic_store_n(&c->made, c->made + 1, __ATOMIC_RELAXED);
	__atomic_store_n(&t->made, t->made + 1, __ATOMIC_RELAXED);
}

/* A guest that reads its own numbers is a reader too. */
static void read_own(struct thread *t, struct guest *g)
{
	unsigned int row = row_of(reasons[0]);
	struct exit_stats_answer a = { .row = row };

	exit_stats_answer_vm(g->record, &a);
	check_leaf(row, &a.reason);
	exit_stats_answer_host(g->record, &a);
	check_leaf(row, &a.reason);
	t->leaves += 2;
}

static void come_to(struct cpu *c)
{
	if (c->exists)
		return;
	pthread_mutex_lock(&table_lock);
	if (kvm_exit_stats_vcpu_create(&c->vcpu))
		bail_out("no memory for a vCPU");
	c->exists = true;
	pthread_mutex_unlock(&table_lock);
}

static void *writer(void *arg)
{
	struct thread *t = arg;
	unsigned int slot = t->nr % now->guests, exists;

	while (t->made < t->to_make) {
		struct guest *g = get_guest(slot, &exists);

		come_to(&g->cpu[t->nr]);
		for (int i = 0; i < BURST; i++)
			make_exit(t, &g->cpu[t->nr]);
		read_own(t, g);
		put_guest(g);
		/* A reader in a list that was freed may go round for ever. */
		alarm(HANG);
	}
	t->met = shim_met;
	__atomic_fetch_add(&finished, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* ---- readers */

/* How many VMs and vCPUs does a snapshot tell of? Of the host's, where none come and go. */
static void check_alive(const struct exit_stats_snap *snap)
{
	bool of_host = snap->scope == EXIT_STATS_SCOPE_HOST;
	bool right;

	if (of_host && now->churn)
		return;
	right = snap->vms == (of_host ? now->guests : 1) && snap->vcpus <= now->writers;
	if (snap->scope == EXIT_STATS_SCOPE_VCPU)
		right &= snap->vcpus == 1;
	if (!right)
		broken(RULE_ALIVE, "scope %u: vms=%u vcpus=%u", snap->scope, snap->vms,
		       snap->vcpus);
}

/* What a snapshot says of a row and of all. */
struct moment {
	u64 epoch;
	struct exit_stats_row row, all;
};

static struct moment read_scope(struct thread *t, struct exit_stats_scope *scope, unsigned int row,
				struct seen *seen)
{
	struct exit_stats_snap *snap = exit_stats_snapshot(scope, next_random(t) & 1);
	struct moment moment;

	if (IS_ERR(snap))
		bail_out("no memory for a snapshot");
	check_snap(snap, seen);
	check_alive(snap);
	moment = (struct moment){
		.epoch = snap->epoch,
		.row = snap->row[row],
		.all = { .count = snap->exits, .total = snap->cycles },
	};
	kvfree(snap);
	t->snapshots++;
	return moment;
}

/* What a reader saw last of a VM, while it holds it. */
struct seen_guest {
	struct seen vm, host, vcpu, vm_leaf, host_leaf;
};

/*
 * A leaf, between two snapshots of its scope. Of the host's leaf only the share of the
 * reader's own VM is as it is now, so the lower bound is what that VM had. Where a move
 * spoilt a try, it may be the last good answer.
 */
static void read_leaf(struct thread *t, struct exit_stats_vm *vm, bool of_host, unsigned int row,
		      bool all, struct seen_guest *seen)
{
	struct exit_stats_scope *scope = of_host ? &host.scope : &vm->scope;
	struct seen *seen_leaf = of_host ? &seen->host_leaf : &seen->vm_leaf;
	enum rule down = of_host ? RULE_DOWN_HOST_LEAF : RULE_DOWN_VM_LEAF;
	u64 epoch = exit_stats_epoch(scope, exit_stats_floor(scope)), moved;
	struct exit_stats_answer a = { .row = row, .all = all };
	struct moment before, after;
	bool fresh;

	before = of_host && now->guests == 1 ? read_scope(t, scope, row, &seen->host)
					     : read_scope(t, &vm->scope, row, &seen->vm);
	moved = shim_met.moved;
	if (of_host)
		exit_stats_answer_host(vm, &a);
	else
		exit_stats_answer_vm(vm, &a);
	fresh = shim_met.moved == moved;
	after = read_scope(t, scope, row, of_host ? &seen->host : &seen->vm);
	t->leaves++;

	if (row != EXIT_STATS_ROW_ALL)
		check_leaf(row, &a.reason);
	if (all && !now->backwards)
		check_total_leaf(&a.total);
	/* One that meets a reset belongs to neither epoch. */
	if (after.epoch != epoch)
		return;
	if (row != EXIT_STATS_ROW_ALL) {
		check_leaf_since(down, epoch, row, &a.reason, seen_leaf);
		check_between(fresh ? &before.row : NULL, &a.reason, &after.row);
	}
	if (all) {
		check_leaf_since(down, epoch, EXIT_STATS_ROW_ALL, &a.total, seen_leaf);
		check_between(fresh ? &before.all : NULL, &a.total, &after.all);
	}
}

/* Some rounds of everything that can be read of a guest while it is held. */
static void visit(struct thread *t, struct guest *g, unsigned int exists)
{
	static __thread struct seen_guest seen;
	struct cpu *c = &g->cpu[next_random(t) % now->writers];
	unsigned int row;

	seen.vm.any = false;
	seen.vcpu.any = false;
	seen.vm_leaf.any = false;
	seen.host_leaf.any = false;
	for (int i = 0; i < VISIT; i++) {
		row = row_of(reason_of(next_random(t)));
		for (int asked = 1; asked < 4; asked++) {
			unsigned int asked_row = asked & 1 ? row : EXIT_STATS_ROW_ALL;

			read_leaf(t, g->record, false, asked_row, asked & 2, &seen);
			read_leaf(t, g->record, true, asked_row, asked & 2, &seen);
		}
		if (exists & 1 << (c - g->cpu))
			read_scope(t, &c->record->scope, row, &seen.vcpu);
	}
}

/* Every VM that has a record, also those whose vCPUs are dying. */
static void read_all_vms(struct thread *t)
{
	static __thread struct seen seen;
	struct exit_stats_vm *vm;

	for (vm = exit_stats_next_vm(NULL); vm; vm = exit_stats_next_vm(vm)) {
		seen.any = false;
		read_scope(t, &vm->scope, EXIT_STATS_ROW_ALL, &seen);
		read_scope(t, &vm->scope, EXIT_STATS_ROW_ALL, &seen);
	}
}

static void *reader(void *arg)
{
	static __thread struct seen whole;
	struct thread *t = arg;
	unsigned int exists;
	struct guest *g;

	while (!READ_ONCE(stop)) {
		g = get_guest(next_random(t) % now->guests, &exists);
		visit(t, g, exists);
		put_guest(g);
		read_scope(t, &host.scope, EXIT_STATS_ROW_ALL, &whole);
		read_all_vms(t);
		read_scope(t, &host.scope, EXIT_STATS_ROW_ALL, &whole);
	}
	t->met = shim_met;
	return NULL;
}

/* ---- resets */

static u64 made_in(struct exit_stats_scope *scope, struct guest *g, struct cpu *c)
{
	u64 made = 0;

	if (scope->kind == EXIT_STATS_SCOPE_VCPU)
		return READ_ONCE(c->made);
	for (unsigned int i = 0; i < now->writers; i++)
		made += scope->kind == EXIT_STATS_SCOPE_VM ? READ_ONCE(g->cpu[i].made)
							   : READ_ONCE(writers[i].made);
	return made;
}

/*
 * Nobody else resets meanwhile. A writer may be ahead of what it says it made:
 * by the exit that it is in, and by what its processor has not yet stored when
 * it sees the reset. What is switched off is made and not counted.
 */
static void reset(struct thread *t, struct exit_stats_scope *scope, struct guest *g, struct cpu *c)
{
	u64 slack = now->writers * AHEAD, before = made_in(scope, g, c), after, least, most;
	struct exit_stats_snap *snap;

	exit_stats_reset(scope);
	smp_mb(); /* what the reset stored is out before we look what writers did */
	after = made_in(scope, g, c);
	if (next_random(t) & 1)
		wait_at_most(t, 200);
	least = made_in(scope, g, c);
	snap = exit_stats_snapshot(scope, false);
	if (IS_ERR(snap))
		bail_out("no memory for a snapshot");
	most = made_in(scope, g, c);
	if (snap->exits > most + slack - before ||
	    (!now->flips && snap->exits + slack < least - after))
		broken(RULE_RESET, "scope %u: %llu exits, of %llu to %llu made since", scope->kind,
		       snap->exits, least - after, most - before);
	kvfree(snap);
	t->turns++;
	t->snapshots++;
}

static void *resetter(void *arg)
{
	struct thread *t = arg;
	unsigned int exists;
	struct guest *g;
	struct cpu *c;

	while (!READ_ONCE(stop)) {
		g = get_guest(next_random(t) % now->guests, &exists);
		c = &g->cpu[next_random(t) % now->writers];
		if (now->reset_host && next_random(t) % 3 == 0)
			reset(t, &host.scope, g, c);
		else if (next_random(t) & 1)
			reset(t, &g->record->scope, g, c);
		else if (exists & 1 << (c - g->cpu))
			reset(t, &c->record->scope, g, c);
		put_guest(g);
		wait_at_most(t, 300);
	}
	t->met = shim_met;
	return NULL;
}

/* ---- those that disturb */

static void *churner(void *arg)
{
	struct guest *new, *old;
	struct thread *t = arg;
	unsigned int slot;

	while (!READ_ONCE(stop)) {
		slot = next_random(t) % now->guests;
		new = make_guest();
		pthread_mutex_lock(&table_lock);
		old = guests[slot];
		guests[slot] = new;
		pthread_mutex_unlock(&table_lock);
		put_guest(old);
		t->turns++;
		wait_at_most(t, 20000);
	}
	t->met = shim_met;
	return NULL;
}

static void *flipper(void *arg)
{
	const struct shim_param *on = &shim_param_exit_stats;
	struct thread *t = arg;

	while (!READ_ONCE(stop)) {
		on->ops->set("N", &on->kp);
		wait_at_most(t, 1000); /* exits go on without a close */
		on->ops->set("Y", &on->kp);
		t->turns++;
		wait_at_most(t, 10000);
	}
	return NULL;
}

/* The worker: now and then there is no memory for its snapshot. */
static void *dumper(void *arg)
{
	struct thread *t = arg;

	while (!READ_ONCE(stop)) {
		shim_no_memory = next_random(t) % 8 == 0;
		if (shim_run_work())
			t->turns++;
		shim_no_memory = 0;
		wait_at_most(t, 200);
	}
	t->met = shim_met;
	return NULL;
}

static void stand_still(int sig)
{
	struct timespec time = { .tv_nsec = 100000 };
	int err = errno;

	if (!shim_irqs_off)
		nanosleep(&time, NULL);
	errno = err;
}

static void *stopper(void *arg)
{
	struct thread *t = arg;

	while (!READ_ONCE(stop)) {
		if (next_random(t) & 1)
			pthread_kill(writers[next_random(t) % now->writers].id, SIGUSR1);
		else
			pthread_kill(others[next_random(t) % (t - others)].id, SIGUSR1);
		t->turns++;
		wait_at_most(t, 100);
	}
	return NULL;
}

/*
 * ThreadSanitizer hands a signal on at the next system call only. It makes
 * threads so slow that the scheduler stops them half way often enough.
 */
static bool can_stop(void)
{
#ifdef __SANITIZE_THREAD__
	return false;
#else
	return true;
#endif
}

/* ---- a scenario */

static struct thread *start(struct thread *t, unsigned int nr, void *(*fn)(void *arg))
{
	memset(t, 0, sizeof(*t));
	t->nr = nr;
	t->random = (seed * 64 + (t - others + MAX_WRITERS) + 1) * 0x9e3779b97f4a7c15ull | 1;
	if (fn == writer)
		t->random = (seed * 64 + nr) * 0x9e3779b97f4a7c15ull | 1;
	return t;
}

static void run_thread(struct thread *t, void *(*fn)(void *arg))
{
	if (pthread_create(&t->id, NULL, fn, t))
		bail_out("pthread_create");
}

static void start_other(unsigned int nr, void *(*fn)(void *arg))
{
	struct thread *t = start(&others[nr_others], nr, fn);

	run_thread(t, fn);
	nr_others++;
}

static void check_sum(void)
{
	struct exit_stats_row expected[MAX_ROWS] = {};
	struct exit_stats_hist hist[MAX_ROWS] = {};
	struct exit_stats_snap *snap = exit_stats_snapshot(&host.scope, true);
	struct exit_stats_row *e;

	for (unsigned int i = 0; i < snap->rows; i++) {
		e = &expected[i];
		for (unsigned int n = 0; n < now->writers; n++) {
			exit_stats_row_merge(e, &writers[n].tally[i]);
			exit_stats_hist_merge(&hist[i], &writers[n].hist[i]);
		}
		if (memcmp(e, &snap->row[i], sizeof(*e)) ||
		    memcmp(&hist[i], &snap->hist[i], sizeof(hist[i])))
			broken(RULE_LOST, "row %u: %llu made, %llu counted", i, e->count,
			       snap->row[i].count);
	}
	if (snap->backwards != expected[row_of(BACKWARDS)].count)
		broken(RULE_BACKWARDS, "%llu of %llu", snap->backwards,
		       expected[row_of(BACKWARDS)].count);
	if (snap->vms || snap->vcpus)
		broken(RULE_ALIVE, "none is alive, vms=%u vcpus=%u", snap->vms, snap->vcpus);
	kvfree(snap);
}

/* Resets do not touch the count that dumps go by, nor do deaths. */
static void check_dumps(void)
{
	u64 made = 0, printed, merged;

	while (shim_run_work())
		;
	for (unsigned int n = 0; n < now->writers; n++)
		made += writers[n].made;
	exit_stats_dump_counts(&printed, &merged);
	if (printed + merged != made / INTERVAL)
		broken(RULE_DUMPS, "%llu printed, %llu merged of %llu exits", printed, merged,
		       made);
	diag("%llu dumps printed, %llu merged", printed, merged);
}

static void say_met(double seconds)
{
	struct thread sum = {};
	u64 made = 0;

	for (unsigned int i = 0; i < now->writers + nr_others; i++) {
		const struct thread *t = i < now->writers ? &writers[i] : &others[i - now->writers];

		made += t->made;
		sum.snapshots += t->snapshots;
		sum.leaves += t->leaves;
		sum.turns += t->turns;
		sum.met.relaxed += t->met.relaxed;
		sum.met.moved += t->met.moved;
		sum.met.undo += t->met.undo;
		sum.met.total_undo += t->met.total_undo;
	}
	diag("%llu updates in %.1f s, disturbed %llu times; %llu snapshots, %llu leaves", made,
	     seconds, sum.turns, sum.snapshots, sum.leaves);
	diag("readers met %llu updates, %llu moves, and used undo for %llu rows, %llu totals",
	     sum.met.relaxed, sum.met.moved, sum.met.undo, sum.met.total_undo);
	ok(sum.met.undo && sum.met.total_undo && sum.met.moved && sum.snapshots,
	   "%s: readers met writers half way, and moves", now->name);
}

/* Is @scope, which is part of no record (a TDX guest's), empty, and nothing to reset? */
static bool empty(struct exit_stats_scope *scope)
{
	struct exit_stats_snap *snap = exit_stats_snapshot(scope, true);
	bool none = !IS_ERR(snap) && !snap->rows && !snap->exits && snap->scope == scope->kind;

	if (!IS_ERR(snap))
		kvfree(snap);
	return none && exit_stats_reset(scope) == -ENODEV;
}

static void check_no_record(void)
{
	struct exit_stats_scope vm = { .kind = EXIT_STATS_SCOPE_VM };
	struct exit_stats_scope vcpu = { .kind = EXIT_STATS_SCOPE_VCPU };

	if (kvm_exit_stats_register(EXIT_STATS_VENDOR_VMX, 0, 0, NULL, 0))
		bail_out("register");
	ok(empty(&vm) && empty(&vcpu), "a VM and a vCPU without a record are empty");
	kvm_exit_stats_unregister();
}

static int register_vmx(void)
{
	return kvm_exit_stats_register(EXIT_STATS_VENDOR_VMX, offsetof(struct cpu, record),
				       offsetof(struct guest, record), NULL, 0);
}

/* One allocation after the other fails; what calls us undoes what it did, and goes on. */
static void check_no_memory(void)
{
	struct guest *g, *none = calloc(1, sizeof(*none));
	bool good = true;
	int nth;

	for (nth = 1; nth < 10; nth++) {
		shim_no_memory = nth;
		if (!register_vmx())
			break;
		good &= !host.table && !shim_in_use;
	}
	shim_no_memory = 0;
	ok(good && nth == 4,
	   "no memory: whichever of its %d is refused, a vendor module is told, and not there",
	   nth - 1);

	g = make_guest();
	shim_no_memory = 1;
	good = kvm_exit_stats_vm_create(&none->kvm) == -ENOMEM && !none->record;
	shim_no_memory = 1;
	good &= kvm_exit_stats_vcpu_create(&g->cpu[0].vcpu) == -ENOMEM && !g->cpu[0].record;
	shim_no_memory = 1;
	good &= PTR_ERR(exit_stats_snapshot(&host.scope, true)) == -ENOMEM;
	/* The vendor's way out frees what may not be there. */
	kvm_exit_stats_vcpu_free(&g->cpu[0].vcpu);
	kvm_exit_stats_vm_destroy(&none->kvm);
	ok(good && host.nr_vms == 1 && !host.nr_vcpus,
	   "no memory: so is KVM when it makes a VM or a vCPU, and who opens a file");
	free(none);
	put_guest(g);
	kvm_exit_stats_unregister();
	ok(!shim_in_use, "and nothing of them is left");
}

static void make_some(struct cpu *c, u32 reason, int times)
{
	for (int i = 0; i < times; i++) {
		shim_tsc = 1000;
		kvm_exit_stats_latch_vmx(&c->record, &c->vcpu, &reason);
		shim_let_out_of(&c->record->mark);
		shim_tsc += 100;
		kvm_exit_stats_close_fastpath(&c->vcpu);
	}
	shim_let_out();
}

/* The count of a row, and that of all. */
static bool answers(const struct guest *g, bool of_host, unsigned int row, u64 count, u64 all)
{
	struct exit_stats_answer a = { .row = row, .all = true };

	if (of_host)
		exit_stats_answer_host(g->record, &a);
	else
		exit_stats_answer_vm(g->record, &a);
	return a.reason.count == count && a.total.count == all && a.reason.total == count * 100 &&
	       a.total.total == all * 100;
}

/* A leaf's reader whose every try meets a move: nothing ends it while the count is odd. */
static void check_last_good(void)
{
	struct guest *g, *other;
	struct cpu *c;
	bool good;

	if (register_vmx())
		bail_out("register");
	g = make_guest();
	other = make_guest();
	c = &g->cpu[0];
	come_to(c);
	come_to(&other->cpu[0]);
	make_some(&other->cpu[0], 10, 5);
	make_some(c, 10, 7);
	good = answers(g, false, row_of(10), 7, 7) && answers(g, true, row_of(10), 12, 12);
	make_some(c, 10, 3);
	make_some(c, 30, 2);

	g->record->seq.sequence++;
	ok(good && answers(g, false, row_of(10), 7, 7),
	   "a leaf whose every try meets a move has the last good answer");
	ok(answers(g, false, row_of(30), 0, 7), "or 0 for what was not asked before");
	g->record->seq.sequence++;
	ok(answers(g, false, row_of(10), 10, 12), "then the VM's numbers again");

	host.seq.sequence++;
	ok(answers(g, true, row_of(10), 12, 12), "in host scope it has the last good answer there");
	make_some(c, 10, 20);
	ok(answers(g, true, row_of(10), 30, 32), "or what its own VM has, if that is more");
	host.seq.sequence++;
	ok(answers(g, true, row_of(10), 35, 37), "then the host's numbers again");
	put_guest(g);
	put_guest(other);
	kvm_exit_stats_unregister();
}

static void run(const struct scenario *s, u64 updates)
{
	u64 began = ktime_get_mono_fast_ns();
	u64 times;

	now = s;
	stop = false;
	finished = 0;
	nr_others = 0;
	if (register_vmx())
		bail_out("register");
	for (unsigned int i = 0; i < s->guests; i++)
		guests[i] = make_guest();
	for (unsigned int i = 0; i < s->writers; i++)
		start(&writers[i], i, writer)->to_make = updates / s->writers;
	for (unsigned int i = 0; i < s->writers; i++)
		run_thread(&writers[i], writer);
	for (unsigned int i = 0; i < s->readers; i++)
		start_other(i, reader);
	if (s->reset_host || s->reset_inner)
		start_other(0, resetter);
	if (s->churn)
		start_other(0, churner);
	if (s->flips)
		start_other(0, flipper);
	start_other(0, dumper);
	if (can_stop())
		start_other(0, stopper);

	while (__atomic_load_n(&finished, __ATOMIC_ACQUIRE) < s->writers)
		usleep(1000);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	/* The stopper, who sends signals to all others, is the last of them. */
	for (unsigned int i = nr_others; i-- > 0;)
		pthread_join(others[i].id, NULL);
	for (unsigned int i = 0; i < s->writers; i++)
		pthread_join(writers[i].id, NULL);
	for (unsigned int i = 0; i < s->guests; i++)
		put_guest(guests[i]);
	if (!s->reset_host && !s->flips)
		check_sum();
	if (!s->flips)
		check_dumps();
	kvm_exit_stats_unregister();
	if (shim_in_use)
		broken(RULE_FREED, "%ld allocations", shim_in_use);

	for (int i = 0; i < NR_RULES; i++) {
		if (i == RULE_LOST && (s->reset_host || s->flips))
			continue;
		if (i == RULE_DUMPS && s->flips)
			continue;
		if (i == RULE_RESET && !s->reset_host && !s->reset_inner)
			continue;
		if (i == RULE_ALL_ROWS && s->backwards)
			continue;
		times = times_broken(i);
		ok(!times, "%s: %s", s->name, rule_names[i]);
		if (times)
			diag("broken %llu times", times);
	}
	say_met((ktime_get_mono_fast_ns() - began) / 1e9);
}

int main(int argc, char **argv)
{
	struct sigaction still = { .sa_handler = stand_still, .sa_flags = SA_RESTART };
	u64 updates = 5000000, first = 0;
	int opt;

	while ((opt = getopt(argc, argv, "n:f:s:")) != -1) {
		if (opt == 'n')
			updates = strtoull(optarg, NULL, 0);
		else if (opt == 'f')
			first = strtoull(optarg, NULL, 0);
		else if (opt == 's')
			seed = strtoull(optarg, NULL, 0);
		else
			bail_out("usage: stress [-n UPDATES] [-f UPDATES] [-s SEED]");
	}
	if (!first)
		first = updates;
	if (sigaction(SIGUSR1, &still, NULL))
		bail_out("sigaction");
	exit_stats_dump_interval = INTERVAL;
	exit_stats_dump_per_min = 0;
	diag("seed %llu, %llu updates, and %llu in each other scenario", seed, first, updates);
	alarm(HANG);
	check_no_record();
	check_no_memory();
	check_last_good();
	for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++)
		run(&scenarios[i], i ? updates : first);
	return done_testing();
}
