// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resets of a vCPU, its VM or the host, while all other threads go on. After a reset the
 * scope and the scopes inside it have a new epoch and only the exits made since. Outer scopes
 * keep their epoch.
 */
#include "stress.h"

#define AHEAD 8 /* exits that fit into a processor's store buffer */

enum {
	HOST,
	VM,
	VCPU,
	NR_SCOPES
};

struct family {
	struct guest *g;
	struct cpu *c;
	struct exit_stats_scope *scope[NR_SCOPES]; /* each is inside the one before it */
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

/* What is known of a scope at a reset. */
struct state {
	u64 epoch;	   /* before the reset */
	u64 before, after; /* exits made, before the reset and after it */
	u64 least;	   /* exits that were made since, at least */
};

/*
 * Scope @of was reset. Now scope @i shows @epoch and @exits: if the reset reached it, a new
 * epoch and exactly the exits made since. A writer's own count may lack the exit in progress
 * and the stores that its processor still holds. While recording is off no exit is counted.
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
	struct exit_stats_leaf_row leaf;

	leaf = read_leaf(f->g->vm.stats, i == HOST, EXIT_STATS_ROW_OTHER);
	check_after(f, of, i, s, "leaf", leaf.epoch, leaf.exits);
}

/* Resets scope @of. No other thread resets. */
static void reset(struct thread *t, const struct family *f, int of)
{
	struct state s[NR_SCOPES] = {};
	struct exit_stats_snap *snap;
	u64 began;
	int i;

	for (i = HOST; i < NR_SCOPES; i++) {
		snap = take_snapshot(f->scope[i], false);
		s[i].epoch = snap->epoch;
		s[i].before = made_in(f, i);
		kvfree(snap);
	}
	__atomic_fetch_add(&resets, 1, __ATOMIC_SEQ_CST);
	began = ktime_get_ns();
	if (kvm_exit_stats_reset(f->scope[of]))
		bail_out("no memory");
	shim_worked_since(began); /* the host's reset takes a snapshot too */
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
		snap = take_snapshot(f->scope[i], next_random(t) & 1);
		check_after(f, of, i, &s[i], "snapshot", snap->epoch, snap->exits);
		kvfree(snap);
	}
	t->snapshots += 2 * NR_SCOPES;
	t->turns++;
}

void reset_turn(struct thread *t)
{
	struct guest *g = get_guest(next_random(t));
	struct cpu *c = &g->cpu[next_random(t) % now->writers];

	if (exists(c)) {
		struct family f = { g, c };

		f.scope[HOST] = &host.scope;
		f.scope[VM] = &g->vm.stats->scope;
		f.scope[VCPU] = &c->vcpu.stats->scope;
		reset(t, &f, now->what & RESET_HOST ? next_random(t) % 3 : VM + next_random(t) % 2);
	}
	put_guest(g);
	wait_at_most(t, 300);
}
