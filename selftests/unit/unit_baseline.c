// SPDX-License-Identifier: GPL-2.0-only
/* Snapshots and resets: what each scope shows, from the creation of VMs to their end. */
#include "vendor.h"

static struct vm vm, other_vm;
static struct vcpu vcpus[2], other;

/* What holds in every snapshot: the sums are those of the rows, a row is sound. */
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
			(r->count || (!r->total && !r->max));
		exits += r->count;
		cycles += r->total;
		nested += r->nested_count;
	}
	return good && s->exits == exits && s->cycles == cycles && s->nested == nested;
}

/* The scope's only row is that of CPUID, and says this. */
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
	free(s);
	return good;
}

/* The same by the VM's leaves. */
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
	   "the header's numbers are the host's");
	free(s);
}

static void check_reset(void)
{
	u64 epoch[4] = { epoch_of(HOST), epoch_of(VM), epoch_of(VCPU(0)), epoch_of(VCPU(1)) };
	struct exit_stats_snap *s;

	ok((!kvm_exit_stats_reset(VM) && shows(VM, 0, 0, 0, 0) && shows(VCPU(0), 0, 0, 0, 0) &&
	    shows(VCPU(1), 0, 0, 0, 0) && leaf_shows(vm.stats, 0, 0, 0, 0)),
	   "a VM that was reset shows nothing, nor do its vCPUs and leaves");
	ok(shows(HOST, 4, 450, 0, 112), "the host keeps its sums; max is not below the average");
	ok((epoch_of(HOST) == epoch[0] && epoch_of(VM) != epoch[1] &&
	    epoch_of(VCPU(0)) != epoch[2] && epoch_of(VCPU(1)) != epoch[3]),
	   "the epochs of the VM and its vCPUs change, not the host's");

	make_exit(&vcpus[0], CPUID, 1000);
	ok((shows(VCPU(0), 1, 1000, 1000, 1000) && shows(VM, 1, 1000, 1000, 1000) &&
	    leaf_shows(vm.stats, 1, 1000, 1000, 1000) && shows(HOST, 5, 1450, 0, 1000)),
	   "what ends from then on is exact, its histogram too");

	make_exit(&vcpus[1], CPUID, 10);
	ok((!kvm_exit_stats_reset(VCPU(0)) && shows(VCPU(0), 0, 0, 0, 0) &&
	    shows(VCPU(1), 1, 10, 10, 10) && shows(VM, 2, 1010, 10, 505) &&
	    leaf_shows(vm.stats, 2, 1010, 10, 505)),
	   "a vCPU's reset leaves its VM's sums and the other vCPU alone");
	make_exit(&vcpus[1], CPUID, 20);
	ok(!kvm_exit_stats_reset(VCPU(1)) && shows(VM, 3, 1030, 343, 343),
	   "with no min and max left they are the average");
	make_exit(&vcpus[1], CPUID, 5000);
	ok(shows(VM, 4, 6030, 1507, 5000) && leaf_shows(vm.stats, 4, 6030, 1507, 5000),
	   "min is not above the average");

	ok((!kvm_exit_stats_reset(HOST) && shows(HOST, 0, 0, 0, 0) && shows(VM, 0, 0, 0, 0) &&
	    shows(OTHER_VM, 0, 0, 0, 0) && shows(VCPU(1), 0, 0, 0, 0)),
	   "the host's reset empties every scope");
	s = snapshot(HOST);
	ok(!s->backwards && !s->nested && s->vms == 2 && s->vcpus == 3,
	   "the host's reset empties the header");
	free(s);
}

static bool reset_in_reader;

static void reset_once(enum shim_step step)
{
	if (step != SHIM_READER_HAS_COPIED || !reset_in_reader)
		return;
	reset_in_reader = false;
	kvm_exit_stats_reset(VM);
}

static void check_retry(void)
{
	make_exit(&vcpus[0], CPUID, 64);
	make_exit(&vcpus[1], CPUID, 64);
	shim_on_step = reset_once;
	reset_in_reader = true;
	ok(leaf_shows(vm.stats, 0, 0, 0, 0), "a leaf that a reset runs beside begins again");
	shim_on_step = NULL;
}

/* A reset at which an allocation fails, whichever, changes nothing. */
static void check_no_memory(void)
{
	u64 epoch[3] = { epoch_of(HOST), epoch_of(VM), epoch_of(VCPU(1)) };
	bool good = true;
	int n = 0;

	make_exit(&vcpus[0], CPUID, 32);
	make_exit(&other, CPUID, 16);
	for (;; n++) {
		shim_allocs_left = n;
		if (kvm_exit_stats_reset(HOST) != -ENOMEM)
			break;
		good &= shows(HOST, 4, 176, 16, 44) && shows(VM, 1, 32, 32, 32) &&
			shows(OTHER_VM, 1, 16, 16, 16) && epoch_of(HOST) == epoch[0] &&
			epoch_of(VM) == epoch[1] && epoch_of(VCPU(1)) == epoch[2];
	}
	shim_allocs_left = -1;
	ok(good && n == 10, "a reset without memory changes nothing, whichever of %d it lacks", n);
	ok(shows(HOST, 0, 0, 0, 0) && shows(VM, 0, 0, 0, 0),
	   "a reset with memory empties both scopes");
	shim_killed = true;
	ok((kvm_exit_stats_reset(VM) == -EINTR &&
	    (long)kvm_exit_stats_snapshot(VM, true) == -EINTR),
	   "who is killed gets -EINTR");
	shim_killed = false;
	shim_allocs_left = 0;
	ok((long)kvm_exit_stats_snapshot(VM, true) == -ENOMEM,
	   "without memory there is no snapshot");
	shim_allocs_left = 0;
	ok(kvm_exit_stats_vcpu_create(&vcpus[0].vcpu) == -ENOMEM && kvm_exit_stats_nr_vcpus == 3,
	   "without memory there is no vCPU, and none is counted");
}

static void check_end(void)
{
	struct exit_stats_snap *s;

	make_exit(&vcpus[0], CPUID, 8);
	make_exit(&vcpus[1], CPUID, -1);
	make_exit(&other, CPUID, 2);
	kvm_exit_stats_vcpu_free(&vcpus[0].vcpu);
	ok(shows(HOST, 3, 10, 0, 8), "a vCPU dies, its numbers stay with the host");
	kvm_exit_stats_vm_destroy(&vm.kvm);
	s = snapshot(HOST);
	ok(s->vms == 2 && s->vcpus == 2, "the VM stays until its last vCPU is gone");
	free(s);
	kvm_exit_stats_vcpu_free(&vcpus[1].vcpu);
	s = snapshot(HOST);
	ok(s->vms == 1 && s->vcpus == 1 && s->backwards == 1 && shows(HOST, 3, 10, 0, 8),
	   "a VM whose last vCPU is gone is gone; its numbers stay");
	free(s);
	ok(!kvm_exit_stats_reset(HOST) && shows(HOST, 0, 0, 0, 0),
	   "the host's reset empties the numbers of the dead too");
	make_exit(&other, CPUID, 500);
	kvm_exit_stats_vcpu_free(&other.vcpu);
	kvm_exit_stats_vm_destroy(&other_vm.kvm);
	ok(shows(HOST, 1, 500, 500, 500) && !kvm_exit_stats_nr_vcpus,
	   "what dies after it is exact");
}

int main(void)
{
	static struct exit_stats_scope no_vcpu = { .kind = EXIT_STATS_SCOPE_VCPU };
	struct exit_stats_snap *s;

	ok(kvm_exit_stats_reset(HOST) == -ENODEV,
	   "without a vendor module there is nothing to reset");
	if (register_vendor())
		bail_out("register");
	create_vm(&vm);
	create_vcpu(&vcpus[0], &vm);
	create_vcpu(&vcpus[1], &vm);
	create_vm(&other_vm);
	create_vcpu(&other, &other_vm);
	check_scopes();
	check_reset();
	check_retry();
	check_no_memory();
	check_end();
	s = snapshot(&no_vcpu);
	ok(!s->rows && kvm_exit_stats_reset(&no_vcpu) == -ENODEV,
	   "a scope without a record (TDX) has no rows, and no reset");
	free(s);
	kvm_exit_stats_unregister();
	s = snapshot(HOST);
	ok(!s->rows && !s->table && !s->vms, "without a vendor module: no rows");
	free(s);
	return done_testing();
}
