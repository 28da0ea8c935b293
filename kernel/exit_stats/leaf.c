// SPDX-License-Identifier: GPL-2.0-only
/* Encodes CPUID leaves into registers. Documentation/abi.md explains the layouts. */

#include "exit_stats.h"

/* The count in EAX. EDX is the high half of the count in a wide leaf, otherwise 0. */
enum exit_stats_leaf_count { COUNT_NONE, COUNT_ALL, COUNT_REASON };

/* The number in EBX:ECX, for all reasons or for the reason in the guest's ECX. */
enum exit_stats_leaf_pair { PAIR_NONE, PAIR_ALL_CYCLES, PAIR_CYCLES, PAIR_MIN, PAIR_MAX, PAIR_AVG };

struct exit_stats_leaf_desc {
	enum exit_stats_leaf_count count;
	enum exit_stats_leaf_pair pair;
	bool wide;
};

/* 0x4ffffff9 to 0x4ffffffb, in every layout */
static const struct exit_stats_leaf_desc exit_stats_fixed[] = {
	{ COUNT_REASON,	PAIR_AVG,	true },
	{ COUNT_REASON,	PAIR_MAX,	true },
	{ COUNT_REASON,	PAIR_MIN,	true },
};

/* 0x4ffffffc to 0x4fffffff. A leaf without count and pair answers as in stock KVM. */
static const struct exit_stats_leaf_desc exit_stats_layouts[EXIT_STATS_NR_LAYOUTS][4] = {
	[EXIT_STATS_LAYOUT_DEFAULT] = {
		{ COUNT_REASON,	PAIR_CYCLES,		true },
		{ COUNT_REASON,	PAIR_NONE,		true },
		{ COUNT_REASON,	PAIR_ALL_CYCLES,	true },
		{ COUNT_ALL,	PAIR_ALL_CYCLES,	true },
	},
	[EXIT_STATS_LAYOUT_TWO_LEAF] = {
		{ COUNT_NONE,	PAIR_NONE },
		{ COUNT_NONE,	PAIR_NONE },
		{ COUNT_REASON,	PAIR_NONE },
		{ COUNT_ALL,	PAIR_ALL_CYCLES },
	},
	[EXIT_STATS_LAYOUT_FOUR_LEAF] = {
		{ COUNT_NONE,	PAIR_CYCLES },
		{ COUNT_REASON,	PAIR_NONE },
		{ COUNT_NONE,	PAIR_ALL_CYCLES },
		{ COUNT_ALL,	PAIR_NONE },
	},
	[EXIT_STATS_LAYOUT_FOUR_LEAF_REVERSED] = {
		{ COUNT_ALL,	PAIR_NONE },
		{ COUNT_NONE,	PAIR_ALL_CYCLES },
		{ COUNT_REASON,	PAIR_NONE },
		{ COUNT_NONE,	PAIR_CYCLES },
	},
	[EXIT_STATS_LAYOUT_BY_REASON] = {
		{ COUNT_NONE,	PAIR_NONE },
		{ COUNT_NONE,	PAIR_NONE },
		{ COUNT_NONE,	PAIR_CYCLES },
		{ COUNT_REASON,	PAIR_NONE },
	},
};

/* A guest chooses @leaf: array_index_nospec() keeps speculation within the arrays. */
static struct exit_stats_leaf_desc exit_stats_desc_of(u32 leaf, unsigned int layout)
{
	u32 fixed = leaf - EXIT_STATS_LEAF_AVG, i = leaf - EXIT_STATS_LEAF_CYCLES;

	if (fixed < 3)
		return exit_stats_fixed[array_index_nospec(fixed, 3)];
	if (i < 4)
		return exit_stats_layouts[layout][array_index_nospec(i, 4)];
	return (struct exit_stats_leaf_desc){};
}

/* Does the leaf answer with exits or cycles? */
bool kvm_exit_stats_leaf_has_numbers(u32 leaf, unsigned int layout)
{
	struct exit_stats_leaf_desc desc = exit_stats_desc_of(leaf, layout);

	return desc.count != COUNT_NONE || desc.pair != PAIR_NONE;
}

/* Does ECX select a reason in this leaf? */
bool kvm_exit_stats_leaf_has_reason(u32 leaf, unsigned int layout)
{
	struct exit_stats_leaf_desc desc = exit_stats_desc_of(leaf, layout);

	return desc.count == COUNT_REASON || desc.pair > PAIR_ALL_CYCLES;
}

/* Is the leaf ours? All others answer as in stock KVM. */
bool kvm_exit_stats_leaf_known(u32 leaf, unsigned int layout)
{
	return leaf == EXIT_STATS_LEAF_ID || leaf == EXIT_STATS_LEAF_INFO ||
	       kvm_exit_stats_leaf_has_numbers(leaf, layout);
}

static void exit_stats_encode_numbers(const struct exit_stats_leaf *in,
				      struct exit_stats_regs *out)
{
	const struct exit_stats_leaf_row *n = &in->numbers;
	const u64 counts[] = {
		[COUNT_ALL]		= n->exits,
		[COUNT_REASON]		= n->row.count,
	};
	const u64 pairs[] = {
		[PAIR_ALL_CYCLES]	= n->cycles,
		[PAIR_CYCLES]		= n->row.total,
		[PAIR_MIN]		= n->row.min,
		[PAIR_MAX]		= n->row.max,
		[PAIR_AVG]		= kvm_exit_stats_avg(&n->row),
	};
	struct exit_stats_leaf_desc desc = exit_stats_desc_of(in->leaf, in->layout);
	u64 count = counts[desc.count], pair = pairs[desc.pair];

	out->eax = lower_32_bits(count);
	out->edx = desc.wide ? upper_32_bits(count) : 0;
	out->ebx = upper_32_bits(pair);
	out->ecx = lower_32_bits(pair);
	if (in->low_first)
		swap(out->ebx, out->ecx);
	if (kvm_exit_stats_leaf_has_reason(in->leaf, in->layout) && !in->defined)
		out->edx = EXIT_STATS_NOT_DEFINED;
}

/*
 * Encode a leaf into registers. @in is one of our leaves with its numbers. If the reason is
 * not defined, the numbers of its row are 0. Sets all four registers of @out.
 */
void kvm_exit_stats_leaf_encode(const struct exit_stats_leaf *in, struct exit_stats_regs *out)
{
	if (in->leaf == EXIT_STATS_LEAF_ID)
		*out = (struct exit_stats_regs){
			.eax = EXIT_STATS_ABI_VERSION | in->scope << EXIT_STATS_ID_SCOPE_SHIFT |
			       in->vendor << EXIT_STATS_ID_VENDOR_SHIFT |
			       (in->low_first ? EXIT_STATS_ID_LOW_FIRST : 0) |
			       in->layout << EXIT_STATS_ID_LAYOUT_SHIFT,
			.ebx = EXIT_STATS_SIG_EBX,
			.ecx = EXIT_STATS_SIG_ECX,
			.edx = EXIT_STATS_SIG_EDX,
		};
	else if (in->leaf == EXIT_STATS_LEAF_INFO)
		*out = (struct exit_stats_regs){
			.eax = in->tsc_khz,
			.ebx = in->highest,
			.ecx = in->numbers.epoch,
		};
	else
		exit_stats_encode_numbers(in, out);
}
