// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocation of records, exits that are counted out of line, and batches. record.h explains
 * records, dump.c explains batches and the host's sum.
 */
#include <linux/atomic.h>
#include <linux/math64.h>
#include <linux/overflow.h>
#include <linux/vmalloc.h>
#include <asm/tsc.h>

#include "exit_stats.h"

#define MIN_BATCH	64u	/* with several vCPUs, even if the interval is shorter */
#define MAX_BATCH	4096u

unsigned int kvm_exit_stats_interval __read_mostly = EXIT_STATS_DUMP_INTERVAL;
unsigned int kvm_exit_stats_nr_vcpus __read_mostly;
atomic64_t kvm_exit_stats_sum ____cacheline_aligned_in_smp;
void (*kvm_exit_stats_dump_due)(void);

/*
 * Allocate an empty record: 28 KiB with VMX's rows, 56 KiB with SVM's, charged to the memory
 * cgroup of the caller. Context: process, may sleep. Return: the record, or NULL.
 */
struct exit_stats_vcpu *kvm_exit_stats_record_alloc(unsigned int rows)
{
	struct exit_stats_vcpu *v;
	unsigned int i;

	v = __vmalloc(struct_size(v, row, rows), GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!v)
		return NULL;
	seqcount_init(&v->seq);
	for (i = 0; i < rows; i++)
		v->row[i].min = EXIT_STATS_NO_MIN;
	return v;
}

/*
 * Count an exit out of line. @cycles is the difference of two TSC values. It is negative
 * if the vCPU moved to a CPU whose TSC is behind. Context: exit_stats_end().
 */
void kvm_exit_stats_end_odd(struct exit_stats_vcpu *v, u64 cycles, bool nested)
{
	if ((s64)cycles < 0) {
		WRITE_ONCE(v->backwards, v->backwards + 1);
		cycles = 0;
	}
	exit_stats_count(v, cycles, min(__fls(cycles | 1), EXIT_STATS_BUCKETS - 1ul), nested);
}
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_exit_stats_end_odd);

/* Count the pending exit of L2. If none is pending, note that. Context: exit_stats_end(). */
void kvm_exit_stats_end_nested(struct exit_stats_vcpu *v)
{
	if (READ_ONCE(v->pending) != EXIT_STATS_PENDING_NESTED) {
		/* No start was noted: a return to user space is for no exit until the next ends. */
		WRITE_ONCE(v->user_exits, v->exits);
		WRITE_ONCE(v->user_more, false);
		return;
	}
	WRITE_ONCE(v->pending, EXIT_STATS_NOT_PENDING);
	kvm_exit_stats_end_odd(v, rdtsc() - v->start_tsc, true);
}
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_exit_stats_end_nested);

/* The length of a vCPU's next batch, in exits. */
static u32 exit_stats_next_batch(u64 sum, unsigned int interval)
{
	unsigned int vcpus = READ_ONCE(kvm_exit_stats_nr_vcpus);
	u32 past;

	if (!interval)
		return MAX_BATCH;
	if (vcpus > 1)
		return clamp(interval / vcpus, MIN_BATCH, MAX_BATCH);
	/* With one vCPU the batch ends at the multiple: a dump is due exactly there. */
	div_u64_rem(sum, interval, &past);
	return min(interval - past, MAX_BATCH);
}

/*
 * Add a vCPU's batch to the host's sum, and begin the next batch with the present interval and
 * number of vCPUs. A new record has a batch of 0 exits. Context: the vCPU's thread, interrupts
 * on or off; or the vCPU does not run.
 */
void kvm_exit_stats_batch_end(struct exit_stats_vcpu *v)
{
	unsigned int interval = READ_ONCE(kvm_exit_stats_interval);
	u64 sum = atomic64_add_return(v->batch, &kvm_exit_stats_sum);
	u64 before = sum - v->batch;

	v->batch = exit_stats_next_batch(sum, interval);
	v->batch_left = v->batch;
	if (interval && div_u64(sum, interval) != div_u64(before, interval))
		kvm_exit_stats_dump_due();
}
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_exit_stats_batch_end);
