// SPDX-License-Identifier: GPL-2.0-only
/* Snapshots and resets: what each scope shows, from the creation of VMs to their end. */
#include "shim_vendor.h"

static struct vm vm, other_vm;
static struct vcpu vcpus[2], other;

/* Every snapshot: the sums are those of the rows, and the numbers of a row fit together. */
static bool is_sound(const struct exit_stats_snap *s)
{
	u64 exits = 0, cycles = 0, nested = 0;
	bool good = true;

	for (unsigned int i = 0; i < s->rows; i++) {
		const struct exit_stats_row *r = &s->row[i];
		u64 avg = kvm_exit_stats_avg(r), sum = 0;

		for (int k = 0; k < EXIT_STATS_BUCKETS; k++)
			sum += r->bucket[k];
		good &= sum == r->count && r->nested_count <= r->count &&
			r->nested_total <= r->total && r->min <= avg && avg <= r->max &&
			r->user_count <= r->count &&
			(r->count || (!r->total && !r->max && !r->user_total));
		exits += r->count;
		cycles += r->total;
		nested += r->nested_count;
	}
	return good && s->exits == exits && s->cycles == cycles && s->nested == nested;
}

/* The scope shows these numbers of CPUID, and no other row. */
static bool shows(struct exit_stats_scope *scope, u64 count, u64 total, u64 min_cycles,
		  u64 max_cycles)
{
	struct exit_stats_snap *s = snapshot(scope);
	const struct exit_stats_row *r = &s->row[row_of_exit(CPUID)];
	bool good = is_sound(s) && s->exits == count && r->count == count && r->total == total &&
		    r->min == min_cycles && r->max == max_cycles;

	if (!good)
		diag("exits %llu count %llu total %llu min %llu max %llu", s->exits, r->count,
		     r->total, r->min, r->max);
	kvfree(s);
	return good;
}

/* The VM's leaves show these numbers. */
static bool leaf_shows(struct exit_stats_vm *v, u64 count, u64 total, u64 min_cycles,
		       u64 max_cycles)
{
	struct exit_stats_leaf_row r;

	kvm_exit_stats_read_vm(v, row_of_exit(CPUID), &r);
	return r.exits == count && r.cycles == total && r.row.count == count &&
	       r.row.total == total && r.row.min == min_cycles && r.row.max == max_cycles;
}

#define HOST	 (&kvm_exit_stats_host.scope)
#define VM	 (&vm.stats->scope)
#define OTHER_VM (&other_vm.stats->scope)
#define VCPU(i)	 (&vcpus[i].stats->scope)

static void check_scopes(void)
{
	struct exit_stats_snap *s;

	make_exit(&vcpus[0], CPUID, 100);
	make_exit(&vcpus[0], CPUID, 300);
	vcpus[1].vcpu.guest_mode = true;
	make_exit(&vcpus[1], CPUID, 50);
	vcpus[1].vcpu.guest_mode = false;
	make_exit(&other, CPUID, -7);
	ok((shows(VCPU(0), 2, 400, 100, 300) && shows(VCPU(1), 1, 50, 50, 50) &&
	    shows(VM, 3, 450, 50, 300) && leaf_shows(vm.stats, 3, 450, 50, 300) &&
	    shows(HOST, 4, 450, 0, 300)),
	   "a vCPU, a VM in files and leaves, and the host show the sums of their records");
	s = snapshot(HOST);
	ok((s->vms == 2 && s->vcpus == 3 && s->nested == 1 && s->backwards == 1 &&
	    s->scope == EXIT_STATS_SCOPE_HOST && s->epoch && s->tsc_khz == 2600000),
	   "the header has the host's numbers");
	kvfree(s);
}

static void check_reset(void)
{
	u64 epoch[4] = { epoch_of(HOST), epoch_of(VM), epoch_of(VCPU(0)), epoch_of(VCPU(1)) };
	struct exit_stats_snap *s;

	ok((!kvm_exit_stats_reset(VM) && shows(VM, 0, 0, 0, 0) && shows(VCPU(0), 0, 0, 0, 0) &&
	    shows(VCPU(1), 0, 0, 0, 0) && leaf_shows(vm.stats, 0, 0, 0, 0)),
	   "after a VM's reset the VM, its vCPUs and its leaves are empty");
	ok(shows(HOST, 4, 450, 0, 112), "the host keeps its sums; its max is at least the average");
	ok((epoch_of(HOST) == epoch[0] && epoch_of(VM) != epoch[1] &&
	    epoch_of(VCPU(0)) != epoch[2] && epoch_of(VCPU(1)) != epoch[3]),
	   "the epochs of the VM and its vCPUs change; the host's stays");

	make_exit(&vcpus[0], CPUID, 1000);
	ok((shows(VCPU(0), 1, 1000, 1000, 1000) && shows(VM, 1, 1000, 1000, 1000) &&
	    leaf_shows(vm.stats, 1, 1000, 1000, 1000) && shows(HOST, 5, 1450, 0, 1000)),
	   "exits after the reset are exact, their histogram too");

	make_exit(&vcpus[1], CPUID, 10);
	ok((!kvm_exit_stats_reset(VCPU(0)) && shows(VCPU(0), 0, 0, 0, 0) &&
	    shows(VCPU(1), 1, 10, 10, 10) && shows(VM, 2, 1010, 10, 505) &&
	    leaf_shows(vm.stats, 2, 1010, 10, 505)),
	   "a vCPU's reset changes neither its VM's sums nor the other vCPU");
	make_exit(&vcpus[1], CPUID, 20);
	ok(!kvm_exit_stats_reset(VCPU(1)) && shows(VM, 3, 1030, 343, 343),
	   "without min and max both show the average");
	make_exit(&vcpus[1], CPUID, 5000);
	ok(shows(VM, 4, 6030, 1507, 5000) && leaf_shows(vm.stats, 4, 6030, 1507, 5000),
	   "min is at most the average");

	ok((!kvm_exit_stats_reset(HOST) && shows(HOST, 0, 0, 0, 0) && shows(VM, 0, 0, 0, 0) &&
	    shows(OTHER_VM, 0, 0, 0, 0) && shows(VCPU(1), 0, 0, 0, 0)),
	   "a reset of the host empties every scope");
	s = snapshot(HOST);
	ok(!s->backwards && !s->nested && s->vms == 2 && s->vcpus == 3,
	   "a reset of the host empties the header");
	kvfree(s);
}

static struct vm fresh_vm;
static pthread_t resetter;
static bool reset_began;

static void *reset_vm(void *arg)
{
	kvm_exit_stats_reset(&fresh_vm.stats->scope);
	return NULL;
}

/* Another thread resets the VM after the first copy. The VM has no baseline to free yet. */
static void reset_once(enum shim_step step)
{
	if (step != SHIM_READER_HAS_COPIED || reset_began)
		return;
	reset_began = true;
	if (pthread_create(&resetter, NULL, reset_vm, NULL) || pthread_join(resetter, NULL))
		bail_out("pthread");
}

static void check_retry(void)
{
	struct vcpu two[2] = {};

	create_vm(&fresh_vm);
	for (int i = 0; i < 2; i++) {
		create_vcpu(&two[i], &fresh_vm);
		make_exit(&two[i], CPUID, 64);
	}
	shim.on_step = reset_once;
	ok(leaf_shows(fresh_vm.stats, 0, 0, 0, 0),
	   "a leaf is read again after a reset during the read");
	shim.on_step = NULL;
	for (int i = 0; i < 2; i++)
		kvm_exit_stats_vcpu_free(&two[i].vcpu);
	kvm_exit_stats_vm_destroy(&fresh_vm.kvm);
	kvm_exit_stats_reset(HOST);
}

static void check_end(void)
{
	struct exit_stats_snap *s;

	make_exit(&vcpus[0], CPUID, 8);
	make_exit(&vcpus[1], CPUID, -1);
	make_exit(&other, CPUID, 2);
	kvm_exit_stats_vcpu_free(&vcpus[0].vcpu);
	ok(shows(HOST, 3, 10, 0, 8), "the host keeps the numbers of a destroyed vCPU");
	kvm_exit_stats_vm_destroy(&vm.kvm);
	s = snapshot(HOST);
	ok(s->vms == 2 && s->vcpus == 2, "a destroyed VM counts until its last vCPU is freed");
	kvfree(s);
	kvm_exit_stats_vcpu_free(&vcpus[1].vcpu);
	s = snapshot(HOST);
	ok(s->vms == 1 && s->vcpus == 1 && s->backwards == 1 && shows(HOST, 3, 10, 0, 8),
	   "after its last vCPU the VM is gone; the host keeps its numbers");
	kvfree(s);
	ok(!kvm_exit_stats_reset(HOST) && shows(HOST, 0, 0, 0, 0),
	   "a reset of the host empties the numbers of destroyed vCPUs too");
	make_exit(&other, CPUID, 500);
	kvm_exit_stats_vcpu_free(&other.vcpu);
	kvm_exit_stats_vm_destroy(&other_vm.kvm);
	ok(shows(HOST, 1, 500, 500, 500) && !kvm_exit_stats_nr_vcpus,
	   "the numbers of a vCPU destroyed after the reset are exact");
}

static bool has_no_record(struct exit_stats_scope *scope, unsigned int kind)
{
	struct exit_stats_snap *s = snapshot(scope);
	bool empty = !s->rows && !s->exits && !s->vms && !s->vcpus && s->scope == kind &&
		     s->dumps == kvm_exit_stats_host.dumps &&
		     s->merged == kvm_exit_stats_host.merged;

	kvfree(s);
	return empty && kvm_exit_stats_reset(scope) == -ENODEV;
}

int main(void)
{
	static struct exit_stats_scope no_vm = { .kind = EXIT_STATS_SCOPE_VM };
	static struct exit_stats_scope no_vcpu = { .kind = EXIT_STATS_SCOPE_VCPU };

	ok(kvm_exit_stats_reset(HOST) == -ENODEV,
	   "without a vendor module there is nothing to reset");
	register_vendor();
	create_vm(&vm);
	create_vcpu(&vcpus[0], &vm);
	create_vcpu(&vcpus[1], &vm);
	create_vm(&other_vm);
	create_vcpu(&other, &other_vm);
	check_scopes();
	check_reset();
	check_retry();
	check_end();
	kvm_exit_stats_host.dumps = 3;
	kvm_exit_stats_host.merged = 4;
	ok((has_no_record(&no_vm, EXIT_STATS_SCOPE_VM) &&
	    has_no_record(&no_vcpu, EXIT_STATS_SCOPE_VCPU)),
	   "a VM and a vCPU without a record (TDX) show only dumps, and have no reset");
	kvm_exit_stats_unregister();
	ok(has_no_record(HOST, EXIT_STATS_SCOPE_HOST),
	   "without a vendor module the host is empty, and has no reset");
	ok(!shim_in_use, "all memory is free again");
	return done_testing();
}
