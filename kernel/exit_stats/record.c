// SPDX-License-Identifier: GPL-2.0-only
/*
 * A record's memory, the closes that are not the common case, and the readers of
 * one record. The model is in record.h, the hot path in hot.h.
 */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/processor.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "exit_stats.h"
#include "hot.h"

/* A try fails when the vCPU made an exit during it; a hundred in a row do not. */
#define BRIEF_TRIES	100

static size_t brief_size(unsigned int rows)
{
	return rows * sizeof(struct exit_stats_brief);
}

static size_t hist_size(unsigned int rows)
{
	return rows * EXIT_STATS_BUCKETS * sizeof(local64_t);
}

static size_t record_size(unsigned int rows)
{
	return sizeof(struct exit_stats_vcpu) + brief_size(rows) + hist_size(rows) +
	       rows * sizeof(struct exit_stats_nested);
}

static void clear_row(struct exit_stats_vcpu *v, unsigned int row)
{
	memset(&v->brief[row], 0, sizeof(v->brief[row]));
	memset(&v->hist[row * EXIT_STATS_BUCKETS], 0, hist_size(1));
	memset(&v->nested_row[row], 0, sizeof(v->nested_row[row]));
	v->brief[row].min = U64_MAX;
}

/**
 * exit_stats_record_alloc - make an empty record
 * @rows: rows of the vendor's table
 *
 * Whole pages, not a power of two: 24 KiB with VMX's rows, 52 with SVM's. Charged to
 * the memory cgroup of the caller, who may sleep. Freed with kvfree_rcu().
 *
 * Return: the record, or NULL.
 */
struct exit_stats_vcpu *exit_stats_record_alloc(unsigned int rows)
{
	struct exit_stats_vcpu *v = __vmalloc(record_size(rows), GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	unsigned int i;

	if (!v)
		return NULL;
	v->mark = EXIT_STATS_CLOSED;
	v->latched = EXIT_STATS_DROPPED;
	v->hist = (void *)v->brief + brief_size(rows);
	v->nested_row = (void *)v->hist + hist_size(rows);
	for (i = 0; i < rows; i++)
		v->brief[i].min = U64_MAX;
	return v;
}

/**
 * exit_stats_record_clear - empty all rows
 * @v: the record
 * @rows: rows of the vendor's table
 *
 * Context: the vCPU's thread, or nobody else knows @v. Readers must be kept
 * out by the caller (the VM's seqcount and lock), who has handed the exits in.
 */
void exit_stats_record_clear(struct exit_stats_vcpu *v, unsigned int rows)
{
	unsigned int i;

	for (i = 0; i < rows; i++) {
		if (local64_read(&v->brief[i].count))
			clear_row(v, i);
	}
	local64_set(&v->started, 0);
	local64_set(&v->exits, 0);
	local64_set(&v->cycles, 0);
	v->handed = 0;
	v->backwards = 0;
}

/**
 * exit_stats_record_close - close an exit that is not the common case
 * @v: the vCPU's record
 *
 * An exit of L2 or of SMM, one with a reset or the dump waiting, one during which the
 * TSC's high half changed, one that began on a CPU whose TSC is ahead. And a close
 * that finds nothing latched, or what was to be forgotten: it does nothing, and leaves
 * poked as it is.
 *
 * Context: the vCPU's thread, interrupts on or off, preemptible or not. Takes
 * no lock but when a reset or a hand-in to the dump is waiting.
 */
void exit_stats_record_close(struct exit_stats_vcpu *v)
{
	unsigned long first = READ_ONCE(v->latched), low, high;
	bool nested = v->mark & HF_GUEST_MASK;
	unsigned int bucket;
	u64 cycles;

	if (first == EXIT_STATS_DROPPED || v->mark & EXIT_STATS_CLOSED)
		return;
	exit_stats_tsc(&low, &high);
	cycles = ((u64)high << 32 | low) - ((u64)v->tsc_high << 32 | v->tsc_low);
	if (READ_ONCE(v->poked)) {
		exit_stats_settle(v);
		v->batch_left = 1;	/* to be handed in with this exit */
	}
	if ((s64)cycles < 0) {
		WRITE_ONCE(v->backwards, v->backwards + 1);
		cycles = 0;
	}
	bucket = min_t(unsigned int, __fls(cycles | 1), EXIT_STATS_BUCKETS - 1);
	exit_stats_count(v, first, cycles, bucket, nested);
}
EXPORT_SYMBOL_FOR_KVM_INTERNAL(exit_stats_record_close);

/* Where a reader stands. Read before a row and compared after it. */
struct position {
	u64 exits;
	u64 started;
};

static bool read_begin(const struct exit_stats_vcpu *v, struct position *p)
{
	p->exits = local64_read(&v->exits);
	smp_rmb();	/* an update that ends in between makes two: no position */
	p->started = local64_read(&v->started);
	smp_rmb();	/* both before the row and undo: pairs with the writer's */
	return p->started - p->exits <= 1;
}

static bool read_retry(const struct exit_stats_vcpu *v, const struct position *p)
{
	smp_rmb();	/* the row and undo before both: pairs with the writer's */
	return local64_read(&v->started) != p->started || local64_read(&v->exits) != p->exits;
}

/* Is the row that stands half written, so that undo has to be used? */
static bool half_written(const struct exit_stats_vcpu *v, const struct position *p,
			 unsigned int row)
{
	return p->started != p->exits && EXIT_STATS_ROW_OF(READ_ONCE(v->mark)) == row;
}

static void copy_brief(const struct exit_stats_vcpu *v, const struct position *p,
		       unsigned int row, struct exit_stats_row *out)
{
	const struct exit_stats_brief *b = &v->brief[row];

	if (half_written(v, p, row)) {
		out->count = READ_ONCE(v->undo_count);
		out->total = READ_ONCE(v->undo_total);
	} else {
		out->count = local64_read(&b->count);
		out->total = local64_read(&b->total);
	}
	out->min = READ_ONCE(b->min);
	out->max = READ_ONCE(b->max);
}

static void copy_nested(const struct exit_stats_vcpu *v, const struct position *p,
			unsigned int row, struct exit_stats_row *out)
{
	const struct exit_stats_nested *n = &v->nested_row[row];

	if (half_written(v, p, row) && READ_ONCE(v->mark) & EXIT_STATS_NESTED) {
		out->nested_count = READ_ONCE(v->undo_nested_count);
		out->nested_total = READ_ONCE(v->undo_nested_total);
	} else {
		out->nested_count = local64_read(&n->count);
		out->nested_total = local64_read(&n->total);
	}
}

static void copy_hist(const struct exit_stats_vcpu *v, const struct position *p,
		      unsigned int row, u64 count, struct exit_stats_hist *out)
{
	const local64_t *hist = &v->hist[row * EXIT_STATS_BUCKETS];
	u64 sum = 0;
	int i;

	for (i = 0; i < EXIT_STATS_BUCKETS; i++) {
		out->bucket[i] = local64_read(&hist[i]);
		sum += out->bucket[i];
	}
	/* The exit under way is in its bucket already, and not in count yet. */
	if (half_written(v, p, row) && sum != count)
		out->bucket[READ_ONCE(v->mark) % EXIT_STATS_BUCKETS]--;
}

static bool try_row(const struct exit_stats_vcpu *v, unsigned int row,
		    struct exit_stats_row *out, struct exit_stats_hist *hist)
{
	struct position p;

	if (!read_begin(v, &p))
		return false;
	copy_brief(v, &p, row, out);
	copy_nested(v, &p, row, out);
	if (hist)
		copy_hist(v, &p, row, out->count, hist);
	return !read_retry(v, &p);
}

/**
 * exit_stats_record_row - a consistent copy of a row
 * @v: the record
 * @row: which
 * @out: where to; all 0 if the row counts nothing
 * @hist: where its histogram goes, or NULL
 *
 * Context: any thread that keeps @v alive (RCU). Retries while the vCPU makes
 * exits, never waits for it.
 */
void exit_stats_record_row(const struct exit_stats_vcpu *v, unsigned int row,
			   struct exit_stats_row *out, struct exit_stats_hist *hist)
{
	while (!try_row(v, row, out, hist))
		cpu_relax();
	if (!out->count)
		memset(out, 0, sizeof(*out));
}

static bool try_brief(const struct exit_stats_vcpu *v, unsigned int row,
		      struct exit_stats_row *out)
{
	struct position p;

	if (!read_begin(v, &p))
		return false;
	copy_brief(v, &p, row, out);
	return !read_retry(v, &p);
}

/**
 * exit_stats_record_brief - a row's count, total, min and max, for a CPUID leaf
 * @v: the record
 * @row: which
 * @out: where to; the other fields are left alone
 *
 * Reads two cache lines of @v. After %BRIEF_TRIES it makes do with each number
 * for itself, total brought between min and max: wait-free at any price.
 *
 * Context: any, under RCU.
 */
void exit_stats_record_brief(const struct exit_stats_vcpu *v, unsigned int row,
			     struct exit_stats_row *out)
{
	const struct position settled = {};
	u64 most;
	int i;

	for (i = 0; i < BRIEF_TRIES; i++) {
		if (try_brief(v, row, out))
			goto out;
		cpu_relax();
	}
	copy_brief(v, &settled, row, out);
	if (check_mul_overflow(out->count, out->max, &most))
		most = U64_MAX;
	out->total = clamp(out->total, out->count * out->min, most);
out:
	if (!out->count)
		memset(out, 0, offsetof(struct exit_stats_row, nested_count));
}

static bool try_total(const struct exit_stats_vcpu *v, struct exit_stats_row *out)
{
	struct position p;

	if (!read_begin(v, &p))
		return false;
	out->count = p.exits;
	if (p.started == p.exits)
		out->total = local64_read(&v->cycles);
	else
		out->total = READ_ONCE(v->undo_cycles);
	return !read_retry(v, &p);
}

/**
 * exit_stats_record_total - exits and cycles of all rows, for a CPUID leaf
 * @v: the record
 * @out: count and total are set; min and max become 0
 *
 * Reads one cache line of @v. Context: any, under RCU.
 */
void exit_stats_record_total(const struct exit_stats_vcpu *v, struct exit_stats_row *out)
{
	int i;

	out->min = 0;
	out->max = 0;
	for (i = 0; i < BRIEF_TRIES; i++) {
		if (try_total(v, out))
			return;
		cpu_relax();
	}
	out->count = local64_read(&v->exits);
	out->total = local64_read(&v->cycles);
}
