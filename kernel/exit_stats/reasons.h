/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exit reasons as data: which the architecture defines, what they are called,
 * and which row of a record counts them. Row 0 counts nothing; asked for, it
 * stands for the total of all. Row 1 is OTHER: reasons without a row of their own.
 */
#ifndef EXIT_STATS_REASONS_H
#define EXIT_STATS_REASONS_H

#include <linux/kernel.h>
#include <linux/types.h>

#include "abi.h"
#include "record.h"

#define EXIT_STATS_ROW_ALL	0
#define EXIT_STATS_ROW_OTHER	1
#define EXIT_STATS_VMX_REASONS	86	/* the SDM's last reason is 85 */
#define EXIT_STATS_SVM_SLOTS	0x405	/* -1, then the codes up to the APM's last, 0x403 */

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
	const struct exit_stats_reason *row;	/* by row, from OTHER on */
	/* Name of a reason, or NULL if the architecture does not define it. */
	const char *(*name)(u32 code);
	unsigned int (*row_of)(u32 code);
};

extern const struct exit_stats_table exit_stats_table_vmx;
extern const struct exit_stats_table exit_stats_table_svm;
extern const u16 exit_stats_vmx_slot[EXIT_STATS_VMX_REASONS];
extern const u16 exit_stats_svm_slot[EXIT_STATS_SVM_SLOTS];

/**
 * exit_stats_slot_vmx - where the histogram of a VMX exit's row begins
 * @reason: exit reason of the VMCS; bits 31:16 are flags
 *
 * Return: the row's first slot, OTHER's for a reason that has no row.
 */
static __always_inline u32 exit_stats_slot_vmx(const u32 *reason)
{
	u16 basic = *(const u16 *)reason;

	if (unlikely(basic >= EXIT_STATS_VMX_REASONS))
		return EXIT_STATS_SLOT(EXIT_STATS_ROW_OTHER);
	return exit_stats_vmx_slot[basic];
}

/**
 * exit_stats_slot_svm - where the histogram of an SVM exit's row begins
 * @code: exit code of the VMCB, the low 32 bits; -1 is a failed VMRUN
 *
 * The table has the codes behind one another from -1 on, as distances from OTHER's
 * slot: a gap has 0.
 *
 * Return: the row's first slot, OTHER's for a code that has no row.
 */
static __always_inline u32 exit_stats_slot_svm(u32 code)
{
	u32 index = code + 1, slot = EXIT_STATS_SLOT(EXIT_STATS_ROW_OTHER);

	if (likely(index < EXIT_STATS_SVM_SLOTS))
		slot += exit_stats_svm_slot[index];
	return slot;
}

#endif
