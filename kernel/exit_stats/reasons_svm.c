// SPDX-License-Identifier: GPL-2.0-only
/* The reason table of SVM: a row for each exit code that can reach KVM. */
#include <linux/build_bug.h>
#include <linux/module.h>

#include "compat.h"
#include "reasons.h"
#include "reasons_svm.h"

enum {
	ROW_OTHER = EXIT_STATS_ROW_OTHER,
#define ROW(code, name)		ROW_##name,
	SVM_REASONS(ROW)
	NR_ROWS
};

static const struct exit_stats_reason exit_stats_svm_rows[NR_ROWS] = {
	[ROW_OTHER] = { 0, "OTHER" },
#define REASON(code, name)	[ROW_##name] = { code, #name },
	SVM_REASONS(REASON)
};

static_assert(EXIT_STATS_OFFSET(NR_ROWS) <= U16_MAX);
const u16 kvm_exit_stats_svm_offsets[EXIT_STATS_SVM_CODES] = {
#define OFFSET(code, name)	[(u32)((code) + 1)] = EXIT_STATS_OFFSET(ROW_##name),
	SVM_REASONS(OFFSET)
};
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_exit_stats_svm_offsets);

const struct exit_stats_table kvm_exit_stats_table_svm = {
	.vendor		= "svm",
	.id		= EXIT_STATS_VENDOR_SVM,
	.hex		= true,
	.highest	= EXIT_STATS_SVM_CODES - 2,
	.row		= exit_stats_svm_rows,
	.rows		= NR_ROWS,
	.offset		= kvm_exit_stats_svm_offsets,
	.first		= -1,
	.nr		= EXIT_STATS_SVM_CODES,
#define ROWLESS(code, name)	code,
	.rowless	= { SVM_OTHER_REASONS(ROWLESS) },
};
