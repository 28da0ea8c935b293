/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exit reasons as data: which the architecture defines, what they are called,
 * and which row of a record counts them. Row 0 is OTHER: every reason that has
 * no row of its own.
 */
#ifndef EXIT_STATS_REASONS_H
#define EXIT_STATS_REASONS_H

#include <linux/kernel.h>
#include <linux/types.h>

#define EXIT_STATS_ROW_OTHER	0
#define EXIT_STATS_VMX_REASONS	86	/* the SDM's last reason is 85 */

struct exit_stats_reason {
	u32 code;
	const char *name;
};

/* A vendor's table. The next vendor adds one of these and nothing else. */
struct exit_stats_table {
	const char *vendor;
	unsigned int id;			/* EXIT_STATS_VENDOR_* */
	bool hex;				/* how codes are printed */
	unsigned int rows;
	u32 highest;				/* reason number */
	const struct exit_stats_reason *row;	/* by row; row[0] is OTHER */
	/* Name of a reason, or NULL if the architecture does not define it. */
	const char *(*name)(u32 code);
	unsigned int (*row_of)(u32 code);
};

extern const struct exit_stats_table exit_stats_table_vmx;
extern const u8 exit_stats_vmx_row[EXIT_STATS_VMX_REASONS];

/**
 * exit_stats_row_vmx - the row that counts a VMX exit
 * @reason: exit reason of the VMCS; bits 31:16 are flags
 *
 * Return: the row, EXIT_STATS_ROW_OTHER for a reason that has none.
 */
static __always_inline unsigned int exit_stats_row_vmx(u32 reason)
{
	u16 basic = reason;

	return basic < EXIT_STATS_VMX_REASONS ? exit_stats_vmx_row[basic] : EXIT_STATS_ROW_OTHER;
}

#endif
