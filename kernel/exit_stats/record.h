/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A record: the numbers of one vCPU, a row for each exit reason.
 *
 * A record only grows, and only its vCPU's thread writes it. An update is a few plain
 * stores between two increments of a sequence counter, with preemption off. A reader
 * copies one row at a time, and copies the row again if an update ran meanwhile. The
 * writer never waits. A reader waits for the end of a running update, and for the
 * interrupts that arrive during that update.
 *
 * An exit is pending between its start and its end (hot.h). Other threads store in two
 * cases, one word at a time with WRITE_ONCE(): a reset empties min and max (reset.c), and
 * switching recording off discards a pending exit, also user space's (scope.c).
 */
#ifndef EXIT_STATS_RECORD_H
#define EXIT_STATS_RECORD_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/preempt.h>
#include <linux/seqlock.h>
#include <linux/string.h>

#include "abi.h"

struct exit_stats_baseline;
struct exit_stats_vm;
struct kvm_vcpu;
struct kvm_vcpu_stat_generic;

/* The host, a VM or a vCPU. */
struct exit_stats_scope {
	unsigned int kind;	/* EXIT_STATS_SCOPE_* */
	u64 epoch;		/* until the first reset; 0: nothing is counted */
	/* Readers subtract the baseline (reset.c). NULL until the first reset. */
	struct exit_stats_baseline __rcu *baseline;
};

#define EXIT_STATS_NO_MIN	U64_MAX

struct exit_stats_row {
	u64 min;		/* cycles; EXIT_STATS_NO_MIN if empty */
	u64 max;		/* cycles; 0 if empty */
	/* The rest, EXIT_STATS_SUMS words, are sums. Readers subtract the baseline from them. */
	u64 count;
	u64 total;		/* cycles */
	u64 nested_count;	/* exits of L2, also in count */
	u64 nested_total;	/* their cycles, also in total */
	u64 user_count;		/* exits that user space had to finish (user.c) */
	u64 user_total;		/* cycles that it took for them */
	u64 bucket[EXIT_STATS_BUCKETS];
};

#define EXIT_STATS_SUMS(hist) \
	((((hist) ? sizeof(struct exit_stats_row) : offsetof(struct exit_stats_row, bucket)) - \
	  offsetof(struct exit_stats_row, count)) / sizeof(u64))

enum { EXIT_STATS_NOT_PENDING, EXIT_STATS_PENDING, EXIT_STATS_PENDING_NESTED };

#define EXIT_STATS_DISCARDED	U64_MAX	/* in user_exits: recording was off in this KVM_RUN */

struct exit_stats_vcpu {
	seqcount_t seq;
	u64 exits;		/* sum of all rows */
	u64 cycles;		/* sum of all rows */
	u64 backwards;		/* exits whose end has a lower TSC than their start */

	/* The latest exit: its row and its start; and whether it has not ended yet. */
	struct exit_stats_row *start_row;
	u64 start_tsc;
	u8 pending;
	bool user_first;	/* user_row's return was the first for its exit (user.c) */

	u32 batch;		/* length of the batch, in exits (dump.c) */
	u32 batch_left;		/* exits until the batch ends */

	/* user.c */
	struct exit_stats_row *user_row; /* of the exit that user space finishes now, or NULL */
	u64 user_tsc;		/* when KVM_RUN returned for it */
	u64 user_exits;		/* exits when KVM_RUN began, or after an end without a start */
	bool user_more;		/* KVM_RUN began with a callback: it may leave for a further part */

	struct kvm_vcpu_stat_generic *stat;	/* the vCPU's, KVM's own */
	struct exit_stats_vm *vm;
	struct list_head node;	/* vm->vcpus, RCU */
	struct exit_stats_scope scope;
	struct rcu_head rcu;

	struct exit_stats_row row[];
};

/* For a CPUID leaf: sums of all rows, and one row without nested_*, user_* and buckets. */
struct exit_stats_leaf_row {
	u64 epoch;
	u64 exits;
	u64 cycles;
	struct exit_stats_row row;
};

/* The host's sum of exits, and the call when it passes a multiple of the interval (dump.c). */
extern atomic64_t kvm_exit_stats_sum;
extern void (*kvm_exit_stats_dump_due)(void);

/* These set the length of a batch. Written under kvm_exit_stats_mutex. */
extern unsigned int kvm_exit_stats_interval;	/* exits between dumps; 0: no dumps */
extern unsigned int kvm_exit_stats_nr_vcpus;	/* on the host */

struct exit_stats_vcpu *kvm_exit_stats_record_alloc(unsigned int rows);
void kvm_exit_stats_end_nested(struct exit_stats_vcpu *v);
void kvm_exit_stats_end_odd(struct exit_stats_vcpu *v, u64 cycles, bool nested);
void kvm_exit_stats_batch_end(struct exit_stats_vcpu *v);

/* Count the exit that ends. @bucket is the histogram bucket of @cycles. Context: its end only. */
static __always_inline void exit_stats_count(struct exit_stats_vcpu *v, u64 cycles,
					     unsigned long bucket, bool nested)
{
	struct exit_stats_row *r = v->start_row;

	preempt_disable();
	write_seqcount_begin(&v->seq);
	if (cycles < r->min)
		WRITE_ONCE(r->min, cycles);
	if (cycles > r->max)
		WRITE_ONCE(r->max, cycles);
	r->count++;
	r->total += cycles;
	if (nested) {
		r->nested_count++;
		r->nested_total += cycles;
	}
	r->bucket[bucket]++;
	v->exits++;
	v->cycles += cycles;
	write_seqcount_end(&v->seq);
	preempt_enable();

	if (unlikely(--v->batch_left == 0))
		kvm_exit_stats_batch_end(v);
}

/* Copy row @r of @v, after a running update. kvm_exit_stats_mutex or RCU keeps @v alive. */
static __always_inline void exit_stats_read_row(const struct exit_stats_vcpu *v,
						const struct exit_stats_row *r,
						struct exit_stats_row *out, bool hist)
{
	unsigned int seq;

	do {
		seq = read_seqcount_begin(&v->seq);
		memcpy(out, r, hist ? sizeof(*out) : offsetof(typeof(*out), bucket));
	} while (read_seqcount_retry(&v->seq, seq));
}

/* Copy the sums and the part of a row that a leaf needs. The caller keeps @v alive as above. */
static __always_inline void exit_stats_read_leaf_row(const struct exit_stats_vcpu *v,
						     unsigned int row,
						     struct exit_stats_leaf_row *out)
{
	const struct exit_stats_row *r = &v->row[row];
	unsigned int seq;

	do {
		seq = read_seqcount_begin(&v->seq);
		out->exits = v->exits;
		out->cycles = v->cycles;
		out->row.min = r->min;
		out->row.max = r->max;
		out->row.count = r->count;
		out->row.total = r->total;
	} while (read_seqcount_retry(&v->seq, seq));
}

/* Add row @from to row @to. */
static __always_inline void exit_stats_add_row(struct exit_stats_row *to,
					       const struct exit_stats_row *from, bool hist)
{
	int k;

	to->min = min(to->min, from->min);
	to->max = max(to->max, from->max);
	to->count += from->count;
	to->total += from->total;
	to->nested_count += from->nested_count;
	to->nested_total += from->nested_total;
	to->user_count += from->user_count;
	to->user_total += from->user_total;
	if (!hist)
		return;
#pragma GCC unroll 32
	for (k = 0; k < EXIT_STATS_BUCKETS; k++)
		to->bucket[k] += from->bucket[k];
}

#endif
