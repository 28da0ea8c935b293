// SPDX-License-Identifier: GPL-2.0-only
/* The record: what an exit adds, readers during an update, and batches. */
#include "shim_vendor.h"

static struct vm vm;
static struct vcpu vcpu;
static struct exit_stats_vcpu *v;

/* Replaces the vCPU by a new one, with an empty record. */
static void start_afresh(void)
{
	kvm_exit_stats_vcpu_free(&vcpu.vcpu);
	create_vcpu(&vcpu, &vm);
	v = vcpu.stats;
}

static struct exit_stats_row row_of(u32 reason)
{
	struct exit_stats_row r;

	exit_stats_read_row(v, &v->row[row_of_exit(reason)], &r, true);
	return r;
}

static bool same(const struct exit_stats_row *a, const struct exit_stats_row *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static void check_end(void)
{
	static const struct {
		u64 cycles;
		int bucket;
	} cases[] = {
		/* clang-format off */
		{ 0, 0 }, { 1, 0 }, { 2, 1 }, { 3, 1 }, { 4, 2 }, { 1023, 9 }, { 1024, 10 },
		{ (1ull << 31) - 1, 30 }, { 1ull << 31, 31 }, { 1ull << 32, 31 },
		{ 1ull << 62, 31 }, { (1ull << 63) - 1, 31 },
		/* By the TSC's low half alone: 5 cycles, and 5 cycles backwards. */
		{ (1ull << 32) + 5, 31 }, { (1ull << 32) - 5, 31 },
		/* clang-format on */
	};
	struct exit_stats_row r, expect;
	bool good = true;

	for (size_t i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		u64 cycles = cases[i / 2].cycles;

		start_afresh();
		vcpu.vcpu.guest_mode = i % 2;
		shim_tsc = 7ull << 32 | 1000000;
		make_exit(&vcpu, CPUID, cycles);
		expect = (struct exit_stats_row){ cycles, cycles, 1, cycles };
		if (i % 2) {
			expect.nested_count = 1;
			expect.nested_total = cycles;
		}
		expect.bucket[cases[i / 2].bucket] = 1;
		r = row_of(CPUID);
		good &= same(&r, &expect) && v->exits == 1 && v->cycles == cycles && !v->backwards;
	}
	vcpu.vcpu.guest_mode = false;
	ok(good, "exits of 0 to 2^63 - 1 cycles, of L1 and L2: every word of the row is exact");

	start_afresh();
	expect = (struct exit_stats_row){ 0, 0, 2, 0, .bucket[0] = 2 };
	make_exit(&vcpu, HLT, -500);
	make_exit(&vcpu, HLT, 10 - (1ull << 32));
	r = row_of(HLT);
	ok(same(&r, &expect) && v->exits == 2 && !v->cycles && v->backwards == 2,
	   "an exit that ends at an earlier TSC counts 0 cycles, and counts as backwards");
	make_exit(&vcpu, HLT, 30);
	r = row_of(HLT);
	ok(r.count == 3 && r.total == 30 && r.min == 0 && r.max == 30 && v->backwards == 2,
	   "the next exit counts as usual");
}

static void check_sums(void)
{
	struct exit_stats_row sum = { .min = EXIT_STATS_NO_MIN }, r;
	bool good = true;
	u64 exits;

	start_afresh();
	for (u64 i = 0; i < 100; i++) {
		vcpu.vcpu.guest_mode = i & 1;
		make_exit(&vcpu, i % 7, i * i);
		r = row_of(i % 7);
		good &= v->exits == i + 1 && r.max == i * i;
	}
	vcpu.vcpu.guest_mode = false;
	ok(good, "100 exits of 7 reasons: each is in the sums, and max is exact");
	for (u32 row = 0; row < kvm_exit_stats_table_vmx.rows; row++) {
		exit_stats_read_row(v, &v->row[row], &r, true);
		exits = 0;
		exit_stats_add_row(&sum, &r, true);
		for (int k = 0; k < EXIT_STATS_BUCKETS; k++)
			exits += r.bucket[k];
		good &= exits == r.count;
	}
	ok((good && sum.count == 100 && sum.total == v->cycles && sum.total == 328350 &&
	    sum.nested_count == 50 && sum.nested_total == 166650 && !sum.min && sum.max == 99 * 99),
	   "the rows add up to exits and cycles, the buckets to count; nested and min are exact");
}

/* Calls each end hook again, at several later TSCs. */
static bool end_counts_nothing(void)
{
	u64 exits = v->exits;

	for (u64 i = 0; i < 3; i++) {
		shim_tsc += i << 31;
		end_exit(&vcpu);
		kvm_exit_stats_end_fastpath(&vcpu.vcpu);
	}
	return exits == v->exits;
}

static void check_start(void)
{
	bool good = true;

	start_afresh();
	ok(end_counts_nothing(), "a new record has no pending exit");
	for (u32 code = 0; code < 1 << 16; code++) {
		vcpu.vcpu.guest_mode = code & 8;
		make_exit(&vcpu, code, code % 3);
		good &= v->exits == code + 1 && end_counts_nothing();
	}
	ok(good, "an exit of any reason counts once, however often it is ended");
	good = true;
	for (int nested = 0; nested < 2; nested++) {
		vcpu.vcpu.guest_mode = nested;
		start_exit(&vcpu, CPUID);
		kvm_exit_stats_discard_starts();
		good &= end_counts_nothing();
	}
	vcpu.vcpu.guest_mode = false;
	ok(good, "a pending exit that is discarded does not count, of L1 or L2");
	make_exit(&vcpu, CPUID, 50);
	ok(v->exits == (1 << 16) + 1 && end_counts_nothing(), "the exit after it counts");
}

/* The record before the update, at its begin, at its end, and after it. */
static struct numbers {
	struct exit_stats_row row;
	u64 exits, cycles;
} before, began, ended, after;

static struct numbers numbers_now(void)
{
	return (struct numbers){ v->row[row_of_exit(CPUID)], v->exits, v->cycles };
}

static void watch_writer(enum shim_step step)
{
	*(step == SHIM_WRITE_BEGINS ? &began : &ended) = numbers_now();
}

static int waits, copies;
static struct exit_stats_row whole;

/* A reader waits for half an update. The writer finishes when the reader has waited three times. */
static void end_update(enum shim_step step)
{
	if (step == SHIM_READER_WAITS && ++waits == 3) {
		v->row[row_of_exit(CPUID)] = whole;
		v->seq.sequence++;
	}
	copies += step == SHIM_READER_HAS_COPIED;
}

/* An exit ends after the reader copied the row. */
static void make_exit_once(enum shim_step step)
{
	if (step == SHIM_READER_HAS_COPIED && ++copies == 1)
		make_exit(&vcpu, CPUID, 70);
}

static void check_readers(void)
{
	const unsigned int row = row_of_exit(CPUID);
	struct exit_stats_leaf_row leaf;
	struct exit_stats_row r;
	bool good = true;

	start_afresh();
	shim.on_step = watch_writer;
	for (int i = 0; i < 4; i++) {
		vcpu.vcpu.guest_mode = i & 1;
		before = numbers_now();
		make_exit(&vcpu, CPUID, i < 2 ? 20 : 1ull << 40);
		after = numbers_now();
		good &= !memcmp(&began, &before, sizeof(began)) &&
			!memcmp(&ended, &after, sizeof(ended)) && before.exits < after.exits;
	}
	vcpu.vcpu.guest_mode = false;
	ok(good && !shim.preempt && v->seq.sequence == 8,
	   "every store of an update is between the two increments, with preemption off");

	whole = v->row[row];
	v->seq.sequence++;
	v->row[row].count++;
	v->row[row].bucket[4]++;
	shim.on_step = end_update;
	r = row_of(CPUID);
	ok(same(&r, &whole) && waits == 3 && copies == 1,
	   "a reader waits until an update is complete");
	waits = 0;
	v->seq.sequence++;
	v->row[row].count++;
	exit_stats_read_leaf_row(v, row, &leaf);
	ok(leaf.row.count == 4 && waits == 3, "a leaf's reader waits until an update is complete");

	copies = 0;
	shim.on_step = make_exit_once;
	r = row_of(CPUID);
	ok(copies == 2 && same(&r, &v->row[row]) && r.count == 5,
	   "a reader copies the row again after an update");
	copies = 0;
	exit_stats_read_leaf_row(v, row, &leaf);
	ok((copies == 2 && leaf.row.count == 6 && leaf.exits == 6 && leaf.cycles == v->cycles &&
	    leaf.row.total == leaf.cycles && leaf.row.min == 20 && leaf.row.max == 1ull << 40),
	   "a leaf's reader copies the row again after an update");
	shim.on_step = NULL;
	memset(&r, 0x55, sizeof(r));
	exit_stats_read_row(v, &v->row[row], &r, false);
	ok(r.count == 6 && r.bucket[0] == 0x5555555555555555,
	   "a reader without a histogram leaves the buckets alone");
}

static u64 dues;

static void count_due(void)
{
	dues++;
}

static u64 sum(void)
{
	return atomic64_read(&kvm_exit_stats_sum);
}

/* Starts a batch by a new record, with a sum of 0. */
static void start_batch(unsigned int interval, unsigned int other_vcpus)
{
	kvm_exit_stats_vcpu_free(&vcpu.vcpu);
	atomic64_set(&kvm_exit_stats_sum, 0);
	dues = 0;
	kvm_exit_stats_interval = interval;
	kvm_exit_stats_nr_vcpus = other_vcpus;
	create_vcpu(&vcpu, &vm);
}

/* With one vCPU a dump is due at each multiple of @interval, and at no other exit. */
static bool due_at_multiples(unsigned int interval, u64 exits)
{
	start_batch(interval, 0);
	for (u64 i = 1; i <= exits; i++) {
		make_exit(&vcpu, CPUID, 100);
		if (dues != i / interval || (i % interval == 0 && sum() != i))
			return false;
	}
	return true;
}

static void check_batches(void)
{
	static const struct {
		unsigned int interval, vcpus, batch;
	} cases[] = {
		/* clang-format off */
		{ 500, 2, 250 }, { 500, 4, 125 }, { 500, 7, 71 }, { 500, 8, 64 }, { 500, 300, 64 },
		{ 1, 2, 64 }, { 8192, 2, 4096 }, { 100000, 2, 4096 }, { 4294967295u, 3, 4096 },
		{ 0, 1, 4096 }, { 0, 5, 4096 }, { 10000, 1, 4096 }, { 4096, 1, 4096 }, { 9, 1, 9 },
		/* clang-format on */
	};
	bool good = true;

	kvm_exit_stats_dump_due = count_due;
	ok((due_at_multiples(500, 2600) && due_at_multiples(1, 100) &&
	    due_at_multiples(10000, 31000) && due_at_multiples(97, 300)),
	   "one vCPU: a dump is due at each multiple of 500, 1, 10000 and 97, and at no other exit");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		start_batch(cases[i].interval, cases[i].vcpus - 1);
		for (u64 n = 0; n < 2 * cases[i].batch; n++) {
			good &= sum() == n / cases[i].batch * cases[i].batch;
			make_exit(&vcpu, CPUID, 100);
		}
		good &= cases[i].interval || !dues;
	}
	ok(good,
	   "with n vCPUs a batch is interval / n exits, 64 to 4096; without an interval 4096");

	start_batch(10, 1);
	for (int i = 0; i < 25; i++)
		make_exit(&vcpu, CPUID, 100);
	good = !sum() && !dues;
	kvm_exit_stats_vcpu_free(&vcpu.vcpu);
	ok(good && sum() == 25 && dues == 1 && kvm_exit_stats_nr_vcpus == 1,
	   "a vCPU's end adds its unfinished batch; the sum passes two multiples: a dump is due");
	create_vcpu(&vcpu, &vm);
	kvm_exit_stats_vcpu_free(&vcpu.vcpu);
	ok(sum() == 25 && dues == 1, "the end of a vCPU that never ran adds nothing");
}

int main(void)
{
	register_vendor();
	create_vm(&vm);
	check_end();
	check_sums();
	check_start();
	check_readers();
	check_batches();
	kvm_exit_stats_vm_destroy(&vm.kvm);
	kvm_exit_stats_unregister();
	return done_testing();
}
