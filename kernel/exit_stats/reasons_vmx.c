// SPDX-License-Identifier: GPL-2.0-only
/* The reason table of VMX: a row for each exit reason that can reach KVM. */
#include <linux/build_bug.h>
#include <linux/module.h>

#include "compat.h"
#include "reasons.h"
#include "reasons_vmx.h"

enum {
	ROW_OTHER = EXIT_STATS_ROW_OTHER,
#define ROW(code, name)		ROW_##name,
	VMX_REASONS(ROW)
	NR_ROWS
};

static const struct exit_stats_reason exit_stats_vmx_rows[NR_ROWS] = {
	[ROW_OTHER] = { 0, "OTHER" },
#define REASON(code, name)	[ROW_##name] = { code, #name },
	VMX_REASONS(REASON)
};

static_assert(EXIT_STATS_OFFSET(NR_ROWS) <= U16_MAX);
const u16 kvm_exit_stats_vmx_offsets[EXIT_STATS_VMX_REASONS] = {
#define OFFSET(code, name)	[code] = EXIT_STATS_OFFSET(ROW_##name),
	VMX_REASONS(OFFSET)
};
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_exit_stats_vmx_offsets);

const struct exit_stats_table kvm_exit_stats_table_vmx = {
	.vendor		= "vmx",
	.id		= EXIT_STATS_VENDOR_VMX,
	.highest	= EXIT_STATS_VMX_REASONS - 1,
	.row		= exit_stats_vmx_rows,
	.rows		= NR_ROWS,
	.offset		= kvm_exit_stats_vmx_offsets,
	.first		= 0,
	.nr		= EXIT_STATS_VMX_REASONS,
#define ROWLESS(code, name)	code,
	.rowless	= { VMX_SMM_REASONS(ROWLESS) },
};
