/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What must hold of numbers that are read while they change.
 *
 * An exit takes the near or the far number of cycles of its row, both 11 more than a
 * multiple of 1009. So a total and a count tell exactly how many exits were far, and a
 * total and a count of different exits have no answer. Exits of BACKWARDS end at an
 * earlier TSC than they started: 0 cycles.
 */
#ifndef RULES_H
#define RULES_H

#include "exit_stats.h"

#define MAX_ROWS  128
#define BACKWARDS 2  /* the exit reason */
#define LAST	  85 /* the exit reason with the last row; far it takes 2^31 and more */

/* clang-format off */
#define RULES(X) \
	X(EMPTY, "a row without a count is all 0") \
	X(TOTAL, "total and count are of the same exits") \
	X(ORDER, "min <= avg <= max") \
	X(MIN_MAX, "min and max are those of exits that are counted") \
	X(NESTED, "nested exits are some of all") \
	X(HIST, "a histogram has each exit in its bucket") \
	X(SUM, "exits, cycles and nested are the sums of the rows") \
	X(BACKWARDS, "exits at an earlier TSC are counted once more, as such") \
	X(ALIVE, "as many VMs and vCPUs are told of as are alive") \
	X(ALL_ROWS, "the leaf for all rows has cycles and exits that belong together") \
	X(DOWN_SNAPSHOT, "no number of a snapshot goes down but by a reset") \
	X(DOWN_VM_LEAF, "no number of a VM's leaf goes down but by a reset") \
	X(DOWN_HOST_LEAF, "no number of the host's leaf goes down but by a reset") \
	X(BETWEEN, "a leaf says no less than the snapshot before it, no more than the next") \
	X(AGE, "the host's leaf says no less than a snapshot of 1 ms before") \
	X(RESET, "after a reset exactly the exits made since are there") \
	X(EPOCH, "an epoch changes with a reset of its scope or one around, and no other") \
	X(LOST, "in the end each exit made is counted once") \
	X(DUMPS, "each multiple of the interval was one dump, printed or merged") \
	X(FREED, "in the end all memory is free again")
/* clang-format on */

enum rule {
#define RULE_ENUM(rule, name) RULE_##rule,
	RULES(RULE_ENUM) NR_RULES
};

extern const char *const rule_names[NR_RULES];

/* No reset runs in this scenario: min and max are those of all exits. */
extern bool rules_no_reset;
/* Some exits go backwards. */
extern bool rules_backwards;

/* What a reader saw last of a scope, or of its leaves. */
struct seen {
	bool any;
	u64 epoch;
	u64 backwards;
	u64 exits, cycles; /* of all rows, by a leaf */
	struct exit_stats_row row[MAX_ROWS];
};

/* Which row counts an exit reason, with its flag bits? */
unsigned int row_of(u32 reason);

u64 cycles_of(unsigned int row, bool far);
unsigned int bucket_of(u64 cycles);

/* The rule is broken: count it, and print the first few in @fmt's words. */
void broken(enum rule rule, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Reads how often a rule was broken, and forgets it. */
u64 times_broken(enum rule rule);

void check_snap(const struct exit_stats_snap *snap, struct seen *seen);

/* What a leaf for @row would say at the moment of @snap. */
struct exit_stats_leaf_row leaf_of(const struct exit_stats_snap *snap, unsigned int row);

/* @quiet: no reset ran while the leaf was read */
void check_leaf(unsigned int row, const struct exit_stats_leaf_row *leaf, bool quiet);

/* @down: which rule it is that a leaf's numbers do not go down */
void check_leaf_since(enum rule down, unsigned int row, const struct exit_stats_leaf_row *leaf,
		      struct seen *seen);

/* Does @later, in the same epoch, say no less than @sooner? Otherwise @rule is broken. */
void check_no_less(enum rule rule, const struct exit_stats_leaf_row *sooner,
		   const struct exit_stats_leaf_row *later);

#endif
