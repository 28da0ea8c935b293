// SPDX-License-Identifier: GPL-2.0-only
/* SVM's exit codes: a row for each that can reach KVM. */
#include <linux/nospec.h>
#include <linux/module.h>

#include "abi.h"
#include "compat.h"
#include "reasons.h"
#include "reasons_svm.h"

enum {
	ROW_ALL = EXIT_STATS_ROW_ALL,
	ROW_OTHER = EXIT_STATS_ROW_OTHER,
#define ROW(code, name)		ROW_##name,
	SVM_REASONS(ROW)
	NR_ROWS
};

static const struct exit_stats_reason rows[NR_ROWS] = {
	[ROW_OTHER] = { 0, "OTHER" },
#define ROW_REASON(code, name)	[ROW_##name] = { code, #name },
	SVM_REASONS(ROW_REASON)
};

/* The gaps, which are most of it, have 0 and are OTHER: exit_stats_slot_svm(). */
const u16 exit_stats_svm_slot[EXIT_STATS_SVM_SLOTS] = {
#define CODE_SLOT(code, name)	[(u32)((code) + 1)] = (ROW_##name - ROW_OTHER) * EXIT_STATS_BUCKETS,
	SVM_REASONS(CODE_SLOT)
};
EXPORT_SYMBOL_FOR_KVM_INTERNAL(exit_stats_svm_slot);

/* The codes are too far apart for the compiler to make a table of this. */
static const char *svm_name(u32 code)
{
	switch (code) {
#define NAME(code, name)	case code: return #name;
	SVM_REASONS(NAME)
	SVM_OTHER_REASONS(NAME)
	}
	return NULL;
}

/* The code comes from a guest: no speculation past the table. */
static unsigned int svm_row_of(u32 code)
{
	u32 index = code + 1;

	if (index >= EXIT_STATS_SVM_SLOTS)
		return EXIT_STATS_ROW_OTHER;
	return EXIT_STATS_ROW_OTHER +
	       exit_stats_svm_slot[array_index_nospec(index, EXIT_STATS_SVM_SLOTS)] /
	       EXIT_STATS_BUCKETS;
}

const struct exit_stats_table exit_stats_table_svm = {
	.vendor		= "svm",
	.id		= EXIT_STATS_VENDOR_SVM,
	.hex		= true,
	.rows		= NR_ROWS,
	.highest	= EXIT_STATS_SVM_SLOTS - 2,
	.row		= rows,
	.name		= svm_name,
	.row_of		= svm_row_of,
};
