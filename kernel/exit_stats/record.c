// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hot path, and the readers of one record. The model is in record.h.
 *
 * The stores are plain: x86 keeps their order, so smp_wmb() only binds the
 * compiler. What readers may see half done is local64_t (one instruction, not
 * locked) or READ_ONCE()/WRITE_ONCE().
 */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/processor.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <asm/msr.h>

#include "exit_stats.h"

/* A try fails when the vCPU made an exit during it; a hundred in a row do not. */
#define BRIEF_TRIES	100

static size_t brief_size(unsigned int rows)
{
	return rows * sizeof(struct exit_stats_brief);
}

static size_t record_size(unsigned int rows)
{
	return sizeof(struct exit_stats_vcpu) + brief_size(rows) +
	       rows * sizeof(struct exit_stats_detail);
}

static void clear_row(struct exit_stats_vcpu *v, unsigned int row)
{
	memset(&v->brief[row], 0, sizeof(v->brief[row]));
	memset(&v->detail[row], 0, sizeof(v->detail[row]));
	v->brief[row].min = U64_MAX;
}

/**
 * exit_stats_record_alloc - make an empty record
 * @rows: rows of the vendor's table
 *
 * Whole pages, not a power of two: 24 KiB with VMX's rows. Charged to the
 * memory cgroup of the caller, who may sleep. Freed with kvfree_rcu().
 *
 * Return: the record, or NULL.
 */
struct exit_stats_vcpu *exit_stats_record_alloc(unsigned int rows)
{
	struct exit_stats_vcpu *v = __vmalloc(record_size(rows), GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	unsigned int i;

	if (!v)
		return NULL;
	v->detail = (void *)v->brief + brief_size(rows);
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
 * out by the caller (the VM's seqcount).
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
	v->backwards = 0;
}

static unsigned int bucket_of(u64 cycles)
{
	return min_t(unsigned int, ilog2(cycles | 1), EXIT_STATS_BUCKETS - 1);
}

/**
 * exit_stats_record_close - count the exit that was latched
 * @v: the vCPU's record
 * @tsc: when it was latched
 *
 * Context: the vCPU's thread, interrupts on or off, preemptible or not. Takes
 * no lock but when a reset or a hand-in to the dump is waiting.
 */
void exit_stats_record_close(struct exit_stats_vcpu *v, u64 tsc)
{
	u64 cycles = rdtsc() - tsc;
	struct exit_stats_detail *d;
	struct exit_stats_brief *b;

	WRITE_ONCE(v->tsc, 0);
	if (unlikely(READ_ONCE(v->poked)))
		exit_stats_settle(v);
	if (unlikely((s64)cycles < 0)) {
		/* The thread moved to a CPU whose TSC is behind. */
		WRITE_ONCE(v->backwards, v->backwards + 1);
		cycles = 0;
	}
	b = &v->brief[v->row];
	d = &v->detail[v->row];

	WRITE_ONCE(v->bucket, bucket_of(cycles));
	WRITE_ONCE(v->undo_count, local64_read(&b->count));
	WRITE_ONCE(v->undo_total, local64_read(&b->total));
	WRITE_ONCE(v->undo_cycles, local64_read(&v->cycles));
	if (v->nested) {
		WRITE_ONCE(v->undo_nested_count, local64_read(&d->nested_count));
		WRITE_ONCE(v->undo_nested_total, local64_read(&d->nested_total));
	}
	smp_wmb();	/* undo before started: read_begin() */
	local64_inc(&v->started);
	smp_wmb();	/* started before the row: read_retry() */

	/* min and max need no undo: wider than the counted exits is still true. */
	if (cycles < b->min)
		WRITE_ONCE(b->min, cycles);
	if (cycles > b->max)
		WRITE_ONCE(b->max, cycles);
	local64_inc(&b->count);
	local64_add(cycles, &b->total);
	local64_add(cycles, &v->cycles);
	local64_inc(&d->hist[v->bucket]);
	if (v->nested) {
		local64_inc(&d->nested_count);
		local64_add(cycles, &d->nested_total);
	}

	smp_wmb();	/* the row before exits: read_begin() */
	local64_inc(&v->exits);
	smp_wmb();	/* exits before the next latch and undo: read_retry() */

	if (unlikely(--v->batch_left == 0))
		exit_stats_hand_in(v);
}
EXPORT_SYMBOL_GPL(exit_stats_record_close);

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
	return p->started != p->exits && READ_ONCE(v->row) == row;
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
	const struct exit_stats_detail *d = &v->detail[row];

	if (half_written(v, p, row) && READ_ONCE(v->nested)) {
		out->nested_count = READ_ONCE(v->undo_nested_count);
		out->nested_total = READ_ONCE(v->undo_nested_total);
	} else {
		out->nested_count = local64_read(&d->nested_count);
		out->nested_total = local64_read(&d->nested_total);
	}
}

static void copy_hist(const struct exit_stats_vcpu *v, const struct position *p,
		      unsigned int row, struct exit_stats_row *out)
{
	const struct exit_stats_detail *d = &v->detail[row];
	u64 sum = 0;
	int i;

	for (i = 0; i < EXIT_STATS_BUCKETS; i++) {
		out->hist[i] = local64_read(&d->hist[i]);
		sum += out->hist[i];
	}
	/* The exit under way is in its bucket already, and not in count yet. */
	if (half_written(v, p, row) && sum != out->count)
		out->hist[READ_ONCE(v->bucket) % EXIT_STATS_BUCKETS]--;
}

static bool try_row(const struct exit_stats_vcpu *v, unsigned int row, bool hist,
		    struct exit_stats_row *out)
{
	struct position p;

	if (!read_begin(v, &p))
		return false;
	copy_brief(v, &p, row, out);
	copy_nested(v, &p, row, out);
	if (hist)
		copy_hist(v, &p, row, out);
	return !read_retry(v, &p);
}

/**
 * exit_stats_record_row - a consistent copy of a row
 * @v: the record
 * @row: which
 * @hist: the histogram too; otherwise it is left alone in @out
 * @out: where to; all 0 if the row counts nothing
 *
 * Context: any thread that keeps @v alive (RCU). Retries while the vCPU makes
 * exits, never waits for it.
 */
void exit_stats_record_row(const struct exit_stats_vcpu *v, unsigned int row, bool hist,
			   struct exit_stats_row *out)
{
	while (!try_row(v, row, hist, out))
		cpu_relax();
	if (!out->count)
		memset(out, 0, hist ? sizeof(*out) : offsetof(struct exit_stats_row, hist));
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
	int i;

	for (i = 0; i < BRIEF_TRIES; i++) {
		if (try_brief(v, row, out))
			goto out;
		cpu_relax();
	}
	copy_brief(v, &settled, row, out);
	out->total = clamp(out->total, out->count * out->min, out->count * out->max);
out:
	if (!out->count)
		memset(out, 0, offsetof(struct exit_stats_row, nested_count));
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
	struct position p;
	int i;

	for (i = 0; i < BRIEF_TRIES; i++) {
		if (read_begin(v, &p)) {
			out->total = p.started == p.exits ? local64_read(&v->cycles) :
							    READ_ONCE(v->undo_cycles);
			if (!read_retry(v, &p))
				break;
		}
		cpu_relax();
	}
	out->count = p.exits;
	out->min = 0;
	out->max = 0;
}

/**
 * exit_stats_row_merge - add one row to another
 * @to: what is added to; all 0 at first
 * @from: what is added
 * @hist: the histogram too
 *
 * Context: any; the caller keeps both from changing.
 */
void exit_stats_row_merge(struct exit_stats_row *to, const struct exit_stats_row *from, bool hist)
{
	int i;

	if (!from->count)
		return;
	if (!to->count || from->min < to->min)
		to->min = from->min;
	if (from->max > to->max)
		to->max = from->max;
	to->count += from->count;
	to->total += from->total;
	to->nested_count += from->nested_count;
	to->nested_total += from->nested_total;
	if (!hist)
		return;
	for (i = 0; i < EXIT_STATS_BUCKETS; i++)
		to->hist[i] += from->hist[i];
}
