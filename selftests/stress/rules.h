/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What must hold of numbers that are read while they change.
 *
 * Exits last so that a torn row shows: near(row) or far(row) cycles, both 11
 * more than a multiple of 1009. Of a total and a count follows exactly how many
 * were far, and a count and a total that do not belong together have no answer.
 * But for the row of BACKWARDS, whose exits all meet an earlier TSC: 0 cycles.
 */
#ifndef RULES_H
#define RULES_H

#include "exit_stats.h"

#define MAX_ROWS  128
#define BACKWARDS 2 /* the exit reason */

enum rule {
	RULE_EMPTY,
	RULE_NO_ROW,
	RULE_TOTAL,
	RULE_ORDER,
	RULE_MIN_MAX,
	RULE_NESTED,
	RULE_HIST,
	RULE_SUM,
	RULE_BACKWARDS,
	RULE_ALIVE,
	RULE_ALL_ROWS,
	RULE_DOWN_SNAPSHOT,
	RULE_DOWN_VM_LEAF,
	RULE_DOWN_HOST_LEAF,
	RULE_BETWEEN,
	RULE_RESET,
	RULE_LOST,
	RULE_DUMPS,
	RULE_FREED,
	NR_RULES
};

extern const char *const rule_names[NR_RULES];

/* What a reader saw last of a scope, or of a leaf. */
struct seen {
	bool any;
	u64 epoch;
	u64 backwards;
	struct exit_stats_row total; /* of all rows: count and total */
	struct exit_stats_row row[MAX_ROWS];
};

/* Which row counts a reason? */
unsigned int row_of(u32 reason);

u64 cycles_of(unsigned int row, bool far);

/* The rule is broken: count it, and print the first few in @fmt's words. */
void broken(enum rule rule, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Reads how often a rule was broken, and forgets it. */
u64 times_broken(enum rule rule);

void check_snap(const struct exit_stats_snap *snap, struct seen *seen);
void check_leaf(unsigned int row, const struct exit_stats_row *r);
void check_total_leaf(const struct exit_stats_row *r);

/* A leaf that was read between two snapshots; the first may lack. */
void check_between(const struct exit_stats_row *before, const struct exit_stats_row *leaf,
		   const struct exit_stats_row *after);

/* @down: which rule it is that a leaf's numbers do not go down. */
void check_leaf_since(enum rule down, u64 epoch, unsigned int row, const struct exit_stats_row *r,
		      struct seen *seen);

#endif
