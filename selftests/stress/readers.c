// SPDX-License-Identifier: GPL-2.0-only
/* Readers take every kind of snapshot and leaf, and check them against rules.h. */
#include "stress.h"

#define VISIT 8 /* rounds of reads before a reader puts a guest */

u64 resets;

struct exit_stats_leaf_row read_leaf(struct exit_stats_vm *vm, bool of_host, unsigned int row)
{
	struct exit_stats_leaf_row leaf;

	shim.guest = true;
	if (of_host)
		kvm_exit_stats_read_host(row, &leaf);
	else
		kvm_exit_stats_read_vm(vm, row, &leaf);
	shim.guest = false;
	/* No leaf shows these. */
	leaf.row.nested_count = 0;
	leaf.row.nested_total = 0;
	return leaf;
}

/* A snapshot counts the VMs and vCPUs of its scope. The host's change where guests churn. */
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

/* Returns what a leaf would show at this moment. */
static struct exit_stats_leaf_row read_scope(struct thread *t, struct exit_stats_scope *scope,
					     unsigned int row, struct seen *seen)
{
	struct exit_stats_snap *snap = take_snapshot(scope, next_random(t) & 1);
	struct exit_stats_leaf_row leaf = leaf_of(snap, row);

	check_snap(snap, seen);
	check_alive(snap);
	kvfree(snap);
	t->snapshots++;
	return leaf;
}

/* What a reader saw last: of a VM, while the reader holds it, and of the host. */
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
 * The shared snapshot is not older than 8 times what it took, which depends on the scheduler
 * here, unless the worker needed 10 ms to make a new one. unit_shared has the exact time.
 */
static void check_age(unsigned int row, const struct exit_stats_leaf_row *before,
		      const struct exit_stats_leaf_row *leaf, u64 asked, u64 answered)
{
	static __thread struct {
		u64 taken;
		struct exit_stats_leaf_row leaf;
	} old[MAX_ROWS];

	if (old[row].taken &&
	    asked - old[row].taken < max(NSEC_PER_SEC, 8 * READ_ONCE(shim_longest_work)))
		return;
	if (old[row].taken && answered - asked < 10 * NSEC_PER_MSEC)
		check_no_less(RULE_AGE, &old[row].leaf, leaf);
	old[row].taken = asked;
	old[row].leaf = *before;
}

static void read_host_leaf(struct thread *t, unsigned int row, struct seen_guest *seen)
{
	struct exit_stats_leaf_row before = read_scope(t, &host.scope, row, &seen->host), after;
	struct exit_stats_leaf_row leaf;
	u64 asked, answered;

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
	check_age(row, &before, &leaf, asked, answered);
}

/* Some rounds of everything that can be read of a guest. */
void read_turn(struct thread *t)
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
		read_vm_leaf(t, g->vm.stats, row, &seen);
		read_vm_leaf(t, g->vm.stats, EXIT_STATS_ROW_OTHER, &seen);
		/* Seldom: a read of the host's leaf waits for the worker. */
		if (next_random(t) % VISIT == 0)
			read_host_leaf(t, row, &seen);
		if (exists(c))
			read_scope(t, &c->vcpu.stats->scope, row, &seen.vcpu);
	}
	put_guest(g);
	read_scope(t, &host.scope, EXIT_STATS_ROW_OTHER, &seen.host);
}
