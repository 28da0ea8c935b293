/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rules for numbers that are read while they change.
 *
 * An exit takes the near or the far number of cycles of its row. Both are 11 more than a
 * multiple of 1009, so a total and a count of the same exits determine how many exits were
 * far, and a total and a count of different exits do not fit together. Exits of BACKWARDS
 * end at an earlier TSC than they started, and count 0 cycles.
 */
#ifndef RULES_H
#define RULES_H

#include "exit_stats.h"

#define MAX_ROWS  128
#define BACKWARDS 2  /* the exit reason */
#define LAST	  85 /* the exit reason with the last row; far exits take 2^31 cycles or more */

/* clang-format off */
#define RULES(X) \
	X(EMPTY, "a row with count 0 is all 0") \
	X(TOTAL, "total and count are of the same exits") \
	X(ORDER, "min <= avg <= max") \
	X(MIN_MAX, "min and max belong to counted exits") \
	X(NESTED, "nested exits are part of all exits") \
	X(HIST, "each exit is in its bucket of the histogram") \
	X(SUM, "exits, cycles and nested are the sums of the rows") \
	X(BACKWARDS, "tsc_backwards counts the exits that end at an earlier TSC") \
	X(ALIVE, "a snapshot shows how many VMs and vCPUs are alive") \
	X(ALL_ROWS, "cycles and exits of the leaf for all rows are of the same exits") \
	X(DOWN_SNAPSHOT, "only a reset lowers a number of a snapshot") \
	X(DOWN_VM_LEAF, "only a reset lowers a number of a VM's leaf") \
	X(DOWN_HOST_LEAF, "only a reset lowers a number of the host's leaf") \
	X(BETWEEN, "a leaf shows at least the snapshot before it, and at most the next") \
	X(AGE, "the host's leaf shows at least what a snapshot showed 1 s before") \
	X(RESET, "after a reset a scope shows exactly the exits made since") \
	X(EPOCH, "an epoch changes only by a reset of its scope or of an outer scope") \
	X(LOST, "at the end each exit is counted once") \
	X(DUMPS, "each multiple of the interval is one dump, printed or merged") \
	X(FREED, "at the end all memory is free again")
/* clang-format on */

enum rule {
#define RULE_ENUM(rule, name) RULE_##rule,
	RULES(RULE_ENUM) NR_RULES
};

extern const char *const rule_names[NR_RULES];

/* No reset runs in this scenario, so min and max are exact. */
extern bool rules_no_reset;
/* Some exits end at an earlier TSC. */
extern bool rules_backwards;

/* The latest numbers that a reader saw of a scope, or of its leaves. */
struct seen {
	bool any;
	u64 epoch;
	u64 backwards;
	u64 exits, cycles; /* of all rows, by a leaf */
	struct exit_stats_row row[MAX_ROWS];
};

/* The row that counts an exit reason, which may have flag bits. */
unsigned int row_of(u32 reason);

u64 cycles_of(unsigned int row, bool far);
unsigned int bucket_of(u64 cycles);

/* Counts that a rule was broken, and prints the first few times. */
void broken(enum rule rule, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Returns how often a rule was broken, and sets that to 0. */
u64 times_broken(enum rule rule);

void check_snap(const struct exit_stats_snap *snap, struct seen *seen);

/* What a leaf for @row would show at the moment of @snap. */
struct exit_stats_leaf_row leaf_of(const struct exit_stats_snap *snap, unsigned int row);

/* @quiet: no reset ran during the read. */
void check_leaf(unsigned int row, const struct exit_stats_leaf_row *leaf, bool quiet);

/* @down: the rule that a leaf's numbers do not go down */
void check_leaf_since(enum rule down, unsigned int row, const struct exit_stats_leaf_row *leaf,
		      struct seen *seen);

/* In the same epoch @later shows at least what @sooner shows; otherwise @rule is broken. */
void check_no_less(enum rule rule, const struct exit_stats_leaf_row *sooner,
		   const struct exit_stats_leaf_row *later);

#endif
