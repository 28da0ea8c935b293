/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reason tables: the exit reasons that the architecture defines, their names, and the row of
 * a record that counts each. Row 0 is OTHER: it counts all reasons that have no row.
 */
#ifndef EXIT_STATS_REASONS_H
#define EXIT_STATS_REASONS_H

#include <linux/kernel.h>
#include <linux/nospec.h>

#include "record.h"

#define EXIT_STATS_ROW_OTHER	0
#define EXIT_STATS_VMX_REASONS	86	/* the SDM's last reason is 85 */
#define EXIT_STATS_SVM_CODES	0x405	/* -1, then the codes up to the APM's last, 0x403 */

struct exit_stats_reason {
	u32 code;
	const char *name;
};

/* A vendor's reason table. */
struct exit_stats_table {
	const char *vendor;
	unsigned int id;		/* EXIT_STATS_VENDOR_* */
	bool hex;			/* how codes are printed */
	u32 highest;			/* reason number */
	const struct exit_stats_reason *row;	/* indexed by row */
	unsigned int rows;
	const u16 *offset;		/* of a code's row in bytes, indexed by code - first */
	u32 first;
	unsigned int nr;
	u32 rowless[3];			/* defined codes that have no row */
};

extern const struct exit_stats_table kvm_exit_stats_table_vmx;
extern const struct exit_stats_table kvm_exit_stats_table_svm;

/* Row offsets in bytes, so that the hot path does not multiply. Codes without a row have 0. */
extern const u16 kvm_exit_stats_vmx_offsets[EXIT_STATS_VMX_REASONS];
extern const u16 kvm_exit_stats_svm_offsets[EXIT_STATS_SVM_CODES];

#define EXIT_STATS_OFFSET(row)	((row) * sizeof(struct exit_stats_row))

/* The row offset of a VMCS exit reason. Bits 31:16 are flags. */
static __always_inline unsigned int exit_stats_offset_vmx(u32 reason)
{
	u16 basic = reason;

	return likely(basic < EXIT_STATS_VMX_REASONS) ? kvm_exit_stats_vmx_offsets[basic] : 0;
}

/* The row offset of the low 32 bits of a VMCB exit code. -1 is a failed VMRUN. */
static __always_inline unsigned int exit_stats_offset_svm(u32 code)
{
	u32 index = code + 1;

	return likely(index < EXIT_STATS_SVM_CODES) ? kvm_exit_stats_svm_offsets[index] : 0;
}

/* The row of a code. A guest chooses it: keep speculation within the array. */
static inline unsigned int exit_stats_row_of(const struct exit_stats_table *table, u32 code)
{
	u32 index = code - table->first;

	if (index >= table->nr)
		return EXIT_STATS_ROW_OTHER;
	return table->offset[array_index_nospec(index, table->nr)] / EXIT_STATS_OFFSET(1);
}

/* Does the architecture define the code? */
static inline bool exit_stats_defined(const struct exit_stats_table *table, u32 code)
{
	return exit_stats_row_of(table, code) != EXIT_STATS_ROW_OTHER ||
	       code == table->rowless[0] || code == table->rowless[1] ||
	       code == table->rowless[2];
}

#endif
