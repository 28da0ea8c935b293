// SPDX-License-Identifier: GPL-2.0-only
/* VMX's exit reasons: a row for each that can reach KVM. */
#include <linux/nospec.h>
#include <linux/module.h>

#include "abi.h"
#include "reasons.h"
#include "reasons_vmx.h"

enum {
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

const u8 exit_stats_vmx_row[EXIT_STATS_VMX_REASONS] = {
#define CODE_ROW(code, name)	[code] = ROW_##name,
	VMX_REASONS(CODE_ROW)
};
EXPORT_SYMBOL_GPL(exit_stats_vmx_row);

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
	return exit_stats_vmx_row[array_index_nospec(code, EXIT_STATS_VMX_REASONS)];
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
