// SPDX-License-Identifier: GPL-2.0-only
/*
 * The CPUID leaves as registers. Pure: numbers in, registers out.
 * Documentation/abi.md has the table.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "exit_stats.h"

/* What EBX:ECX of a leaf holds. */
enum pair { PAIR_NONE, PAIR_ALL_CYCLES, PAIR_CYCLES, PAIR_MIN, PAIR_MAX, PAIR_AVG };

struct leaf_desc {
	bool has_numbers;
	bool has_reason;		/* ECX selects one; its count is in EDX:EAX */
	enum pair pair;
};

#define LEAF(name, reason, pair) \
	[EXIT_STATS_LEAF_##name - EXIT_STATS_LEAF_ID] = { true, reason, pair }

static const struct leaf_desc descs[] = {
	LEAF(TOTAL,	false,	PAIR_ALL_CYCLES),
	LEAF(MIXED,	true,	PAIR_ALL_CYCLES),
	LEAF(COUNT,	true,	PAIR_NONE),
	LEAF(CYCLES,	true,	PAIR_CYCLES),
	LEAF(MIN,	true,	PAIR_MIN),
	LEAF(MAX,	true,	PAIR_MAX),
	LEAF(AVG,	true,	PAIR_AVG),
};

static const struct leaf_desc *desc_of(u32 leaf)
{
	u32 i = leaf - EXIT_STATS_LEAF_ID;

	return i < ARRAY_SIZE(descs) && descs[i].has_numbers ? &descs[i] : NULL;
}

/**
 * exit_stats_leaf_known - is this one of the leaves that answer with numbers?
 * @leaf: EAX of the CPUID instruction
 *
 * Return: true for the leaves of Documentation/abi.md.
 */
bool exit_stats_leaf_known(u32 leaf)
{
	return leaf == EXIT_STATS_LEAF_ID || leaf == EXIT_STATS_LEAF_INFO || desc_of(leaf);
}

/* Does ECX of the leaf select a reason? */
bool exit_stats_leaf_has_reason(u32 leaf)
{
	const struct leaf_desc *desc = desc_of(leaf);

	return desc && desc->has_reason;
}

/* Does the leaf answer with the cycles of all reasons? */
bool exit_stats_leaf_has_total(u32 leaf)
{
	const struct leaf_desc *desc = desc_of(leaf);

	return desc && desc->pair == PAIR_ALL_CYCLES;
}

static u64 pair_of(const struct exit_stats_leaf *in, enum pair pair)
{
	switch (pair) {
	case PAIR_ALL_CYCLES:
		return in->answer.total.total;
	case PAIR_CYCLES:
		return in->answer.reason.total;
	case PAIR_MIN:
		return in->answer.reason.min;
	case PAIR_MAX:
		return in->answer.reason.max;
	case PAIR_AVG:
		return exit_stats_avg(&in->answer.reason);
	default:
		return 0;
	}
}

static void encode_id(const struct exit_stats_leaf *in, struct exit_stats_regs *out)
{
	out->eax = EXIT_STATS_ABI_VERSION | in->scope << EXIT_STATS_ID_SCOPE_SHIFT |
		   in->vendor << EXIT_STATS_ID_VENDOR_SHIFT |
		   (in->low_first ? EXIT_STATS_ID_LOW_FIRST : 0);
	out->ebx = EXIT_STATS_SIG_EBX;
	out->ecx = EXIT_STATS_SIG_ECX;
	out->edx = EXIT_STATS_SIG_EDX;
}

static void encode_info(const struct exit_stats_leaf *in, struct exit_stats_regs *out)
{
	out->eax = in->tsc_khz;
	out->ebx = in->highest;
	out->ecx = in->epoch;
	out->edx = 0;
}

static void encode_numbers(const struct exit_stats_leaf *in, const struct leaf_desc *desc,
			   struct exit_stats_regs *out)
{
	u64 count = desc->has_reason ? in->answer.reason.count : in->answer.total.count;
	u64 pair = pair_of(in, desc->pair);

	out->eax = lower_32_bits(count);
	out->edx = upper_32_bits(count);
	out->ebx = upper_32_bits(pair);
	out->ecx = lower_32_bits(pair);
	if (in->low_first)
		swap(out->ebx, out->ecx);
}

/**
 * exit_stats_leaf_encode - what a leaf puts into the registers
 * @in: a leaf that is known, and its numbers
 * @out: all four registers are set
 */
void exit_stats_leaf_encode(const struct exit_stats_leaf *in, struct exit_stats_regs *out)
{
	const struct leaf_desc *desc = desc_of(in->leaf);

	if (!desc)
		(in->leaf == EXIT_STATS_LEAF_ID ? encode_id : encode_info)(in, out);
	else if (desc->has_reason && !in->defined)
		*out = (struct exit_stats_regs){ .edx = EXIT_STATS_NOT_DEFINED };
	else
		encode_numbers(in, desc, out);
}
