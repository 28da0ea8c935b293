/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The record: one vCPU's numbers by exit reason, and how they are read.
 *
 * Only the vCPU's own thread writes it, with plain stores to its own memory.
 * A reader on another CPU takes one row at a time:
 *
 *	writer				reader
 *	undo = old values		exits, then started
 *	started++			row (undo, if an update of it is under way)
 *	row = new values		started and exits unchanged, or once more
 *	exits++
 *
 * An update is under way while started is one ahead of exits. What the row
 * held before stands in undo until then, so a reader never waits for a writer
 * that is scheduled out half way, and the writer for nobody.
 *
 * Is an exit latched? That says mark, which the vCPU alone writes: at the latch what
 * the guest was, at the close the slot of the histogram that is counted. Readers need
 * the slot for undo, and no slot can be mistaken for flags:
 *
 *	latch	mark = flags	the next close counts this exit; 0 is one of L1
 *	close	mark = slot	EXIT_STATS_CLOSED is set: the next close does nothing
 *
 * A row is in three arrays, so that what a CPUID leaf reads shares one cache
 * line. All numbers are 64 bits wide and aligned. Row 0 counts nothing.
 */
#ifndef EXIT_STATS_RECORD_H
#define EXIT_STATS_RECORD_H

#include <linux/cache.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/types.h>
#include <asm/local64.h>

#include "abi.h"

struct exit_stats_vm;

/*
 * Slots are numbered from here, in the tables of reasons too: as a mark each is closed.
 * What an exit of L2 leaves in mark has the other bit as well.
 */
#define EXIT_STATS_CLOSED	0x8000
#define EXIT_STATS_NESTED	0x4000

/* A row's first slot, and the row of a slot. */
#define EXIT_STATS_SLOT(row)	(EXIT_STATS_CLOSED + (row) * EXIT_STATS_BUCKETS)
#define EXIT_STATS_ROW_OF(slot)	(((slot) & (EXIT_STATS_NESTED - 1)) / EXIT_STATS_BUCKETS)

/*
 * What is latched of an exit to be forgotten: row 0's slot. Should a close count it all the
 * same, it writes inside the record.
 */
#define EXIT_STATS_DROPPED	EXIT_STATS_SLOT(0)

/* What a file in debugfs is about. Part of each object that has files. */
struct exit_stats_scope {
	unsigned int kind;		/* EXIT_STATS_SCOPE_* */
	u64 reset_at;			/* event number of the latest reset, or of creation;
					 * 0: part of no record, nothing is counted
					 */
};

struct exit_stats_brief {
	local64_t count;
	local64_t total;		/* cycles */
	u64 min;			/* U64_MAX while count is 0 */
	u64 max;
} __aligned(32);

struct exit_stats_nested {
	local64_t count;
	local64_t total;
};

/* One row as readers pass it on: a copy that no longer changes. */
struct exit_stats_row {
	u64 count;
	u64 total;
	u64 min;			/* 0 while count is 0 */
	u64 max;
	u64 nested_count;
	u64 nested_total;
};

/* Its histogram. Apart, as most readers do without. */
struct exit_stats_hist {
	u64 bucket[EXIT_STATS_BUCKETS];
};

struct exit_stats_vcpu {
	/* First line: the vCPU writes it at each exit, readers look at it. */
	local64_t started;		/* updates begun */
	local64_t exits;		/* updates finished: exits in the rows */
	local64_t cycles;		/* of all rows */
	u64 since;			/* event number from which on the rows count */
	struct exit_stats_vm *vm;
	struct list_head node;		/* vm->vcpus */

	/* Second line: the vCPU's own; a reader looks where one half way is met. */
	u32 tsc_low ____cacheline_aligned;	/* latched */
	u32 batch_left;			/* exits until the next hand-in */
	union {
		struct {
			u32 tsc_high;	/* latched */
			u16 mark;	/* flags: latched, or slot: closed */
			u8 poked;	/* a reset or the dump waits for the next close */
		};
		/* The TSC's high half at a common close, of an exit of L1, not poked. */
		u64 common_high;
	};
	u32 latched;			/* the row's first slot, or EXIT_STATS_DROPPED */
	local64_t *hist;		/* EXIT_STATS_BUCKETS slots a row */
	struct exit_stats_nested *nested_row;
	u64 undo_count;
	u64 undo_total;
	u64 undo_cycles;

	/* Seldom written. */
	u64 undo_nested_count ____cacheline_aligned;
	u64 undo_nested_total;
	u64 backwards;			/* closes at an earlier TSC than the latch */
	u64 handed;			/* of exits, how many the dump knows (its lock) */
	struct exit_stats_scope scope;
	struct rcu_head rcu;

	struct exit_stats_brief brief[] ____cacheline_aligned;
};

struct exit_stats_vcpu *exit_stats_record_alloc(unsigned int rows);
void exit_stats_record_clear(struct exit_stats_vcpu *v, unsigned int rows);
void exit_stats_record_close(struct exit_stats_vcpu *v);
void exit_stats_record_row(const struct exit_stats_vcpu *v, unsigned int row,
			   struct exit_stats_row *out, struct exit_stats_hist *hist);
void exit_stats_record_brief(const struct exit_stats_vcpu *v, unsigned int row,
			     struct exit_stats_row *out);
void exit_stats_record_total(const struct exit_stats_vcpu *v, struct exit_stats_row *out);

#endif
