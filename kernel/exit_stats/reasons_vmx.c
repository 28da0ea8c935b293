// SPDX-License-Identifier: GPL-2.0-only
/* VMX's exit reasons: a row for each that can reach KVM. */
#include <linux/build_bug.h>
#include <linux/nospec.h>
#include <linux/module.h>

#include "abi.h"
#include "compat.h"
#include "reasons.h"
#include "reasons_vmx.h"

enum {
	ROW_ALL = EXIT_STATS_ROW_ALL,
	ROW_OTHER = EXIT_STATS_ROW_OTHER,
#define ROW(code, name)		ROW_##name,
	VMX_REASONS(ROW)
	NR_ROWS
};

static const struct exit_stats_reason rows[NR_ROWS] = {
	[ROW_OTHER] = { 0, "OTHER" },
#define ROW_REASON(code, name)	[ROW_##name] = { code, #name },
	VMX_REASONS(ROW_REASON)
};

static const char *const names[EXIT_STATS_VMX_REASONS] = {
#define NAME(code, name)	[code] = #name,
	VMX_REASONS(NAME)
	VMX_SMM_REASONS(NAME)
};

/* Each number is in one of the lists: the hot path does not look for a hole. */
#define ONE(code, name)		+ 1

static_assert(0 VMX_REASONS(ONE) VMX_SMM_REASONS(ONE) VMX_NO_REASONS(ONE) ==
	      EXIT_STATS_VMX_REASONS);

const u16 exit_stats_vmx_slot[EXIT_STATS_VMX_REASONS] = {
#define CODE_OTHER(code, name)	[code] = EXIT_STATS_SLOT(ROW_OTHER),
	VMX_SMM_REASONS(CODE_OTHER)
	VMX_NO_REASONS(CODE_OTHER)
#define CODE_SLOT(code, name)	[code] = EXIT_STATS_SLOT(ROW_##name),
	VMX_REASONS(CODE_SLOT)
};
EXPORT_SYMBOL_FOR_KVM_INTERNAL(exit_stats_vmx_slot);

/* The code comes from a guest: no speculation past the tables. */
static const char *vmx_name(u32 code)
{
	if (code >= EXIT_STATS_VMX_REASONS)
		return NULL;
	return names[array_index_nospec(code, EXIT_STATS_VMX_REASONS)];
}

static unsigned int vmx_row_of(u32 code)
{
	if (code >= EXIT_STATS_VMX_REASONS)
		return EXIT_STATS_ROW_OTHER;
	code = array_index_nospec(code, EXIT_STATS_VMX_REASONS);
	return EXIT_STATS_ROW_OF(exit_stats_vmx_slot[code]);
}

const struct exit_stats_table exit_stats_table_vmx = {
	.vendor		= "vmx",
	.id		= EXIT_STATS_VENDOR_VMX,
	.rows		= NR_ROWS,
	.highest	= EXIT_STATS_VMX_REASONS - 1,
	.row		= rows,
	.name		= vmx_name,
	.row_of		= vmx_row_of,
};
