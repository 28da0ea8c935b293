// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests come and go, and their vCPUs make exits.
 *
 * A guest is a slot in a table. A thread that uses a guest holds a reference, as KVM's own
 * users do. The thread that puts the last reference destroys the guest. Only one thread
 * writes a vCPU. That thread also creates the vCPU when it first uses a new guest.
 */
#include "stress.h"

/*
 * The reasons that writers make. They are few, so that readers meet the row being written.
 * 35 has no row but OTHER's, the first. The last reason is only for GO_BACK.
 */
static const u32 reasons[] = {
	10, 10, 10, 10, 10, 10, 10, 30, 30, 1, 48, 48, 12 | 1 << 26, 35, LAST, BACKWARDS,
};

static struct guest *guests[MAX_GUESTS];
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER; /* also of the references */

u32 reason_of(u64 random)
{
	return reasons[random % (ARRAY_SIZE(reasons) - !(now->what & GO_BACK))];
}

static struct guest *make_guest(void)
{
	struct guest *g = calloc(1, sizeof(*g));

	if (!g)
		bail_out("no memory for a guest");
	create_vm(&g->vm);
	g->refs = 1;
	return g;
}

/* The order of vcpu_free and vm_destroy differs between kernels. */
static void destroy_guest(struct guest *g, bool vm_first)
{
	if (vm_first)
		kvm_exit_stats_vm_destroy(&g->vm.kvm);
	for (int i = 0; i < MAX_WRITERS; i++) {
		if (g->cpu[i].exists)
			kvm_exit_stats_vcpu_free(&g->cpu[i].vcpu.vcpu);
	}
	if (!vm_first)
		kvm_exit_stats_vm_destroy(&g->vm.kvm);
	free(g);
}

void put_guest(struct guest *g)
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

struct guest *get_guest(unsigned int slot)
{
	struct guest *g;

	pthread_mutex_lock(&table_lock);
	g = guests[slot % now->guests];
	g->refs++;
	pthread_mutex_unlock(&table_lock);
	return g;
}

void make_guests(void)
{
	for (unsigned int i = 0; i < now->guests; i++)
		guests[i] = make_guest();
}

void put_guests(void)
{
	for (unsigned int i = 0; i < now->guests; i++)
		put_guest(guests[i]);
}

bool exists(const struct cpu *c)
{
	return __atomic_load_n(&c->exists, __ATOMIC_ACQUIRE);
}

/* ---- exits */

static void handle(u32 reason, u64 random, u64 cycles)
{
	if (now->what & FLIPS && (random >> 32 & 1023) == 0)
		usleep(100); /* perhaps until recording is off, or on again */
	if (reason == BACKWARDS)
		shim_tsc -= 1 + (random >> 44);
	else
		shim_tsc += cycles;
}

static void make_random_exit(struct thread *t, struct cpu *c)
{
	u64 r = next_random(t);
	u32 reason = reason_of(r);
	unsigned int row = row_of(reason);
	/* Two rows seldom get their min or max: if one survives a reset, a reader sees it. */
	bool seldom = (r >> 20 & (reason == 48 || reason == LAST ? 511 : 1)) == 0;
	bool far = reason == LAST ? !seldom : seldom, nested = (r >> 9 & 3) == 0;
	u64 cycles = cycles_of(row, far);
	struct exit_stats_row exit = { 0, 0, 1, cycles, nested, nested ? cycles : 0 };

	shim_tsc = (1ull << 32) - (1 << 23) + (r >> 40);
	c->vcpu.vcpu.guest_mode = nested;
	if (now->what & FLIPS)
		rcu_read_lock(); /* interrupts are off */
	start_exit(&c->vcpu, reason);
	if (now->what & FLIPS)
		rcu_read_unlock();
	handle(reason, r, cycles);
	if (r >> 16 & 1)
		end_exit(&c->vcpu);
	kvm_exit_stats_end_fastpath(&c->vcpu.vcpu);

	exit_stats_add_row(&t->tally[row], &exit, false);
	t->tally[row].bucket[bucket_of(cycles)]++;
	WRITE_ONCE(c->made, c->made + 1);
	WRITE_ONCE(t->made, t->made + 1);
}

void write_turn(struct thread *t)
{
	struct guest *g = get_guest(t->nr);
	struct cpu *c = &g->cpu[t->nr];
	unsigned int row = row_of(reasons[0]);
	struct exit_stats_leaf_row leaf;

	if (!c->exists) {
		create_vcpu(&c->vcpu, &g->vm);
		__atomic_store_n(&c->exists, true, __ATOMIC_RELEASE);
	}
	for (int i = 0; i < BURST; i++)
		make_random_exit(t, c);
	leaf = read_leaf(g->vm.stats, next_random(t) % 16 == 0, row);
	check_leaf(row, &leaf, false);
	t->leaves++;
	put_guest(g);
	/* A reader in a list that was freed may never leave it. */
	alarm(HANG);
}

/* ---- changes */

void churn_turn(struct thread *t)
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

/* A vCPU whose id is taken: its record exists, and its creation fails after that. */
void fail_turn(struct thread *t)
{
	struct guest *g = get_guest(next_random(t));
	struct vcpu c;

	create_vcpu(&c, &g->vm);
	if (next_random(t) & 1)
		sched_yield();
	kvm_exit_stats_vcpu_free(&c.vcpu);
	put_guest(g);
	t->turns++;
	wait_at_most(t, 200);
}
