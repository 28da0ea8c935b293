// SPDX-License-Identifier: GPL-2.0-only
/* Leaf encoding: which register has what, for numbers past 32 bits too. */
#include "neighbours.h"
#include "tap.h"

static const struct exit_stats_row reason = {
	.count = 0x100000003ull,
	.total = 0x7000000020000004ull,
	.min = 0x500000006ull,
	.max = 0x700000008ull,
};

static const struct exit_stats_row total = {
	.count = 0x900000010ull,
	.total = 0x7100000011000012ull,
};

static struct exit_stats_regs encode(u32 leaf, bool low_first, bool defined)
{
	struct exit_stats_leaf in = {
		.leaf = leaf,
		.low_first = low_first,
		.defined = defined,
		.scope = EXIT_STATS_SCOPE_VM,
		.vendor = EXIT_STATS_VENDOR_VMX,
		.tsc_khz = 2600000,
		.highest = 85,
		.epoch = 0x12345678,
		.answer = { .reason = reason, .total = total },
	};
	struct exit_stats_regs out = { 1, 2, 3, 4 };

	exit_stats_leaf_encode(&in, &out);
	return out;
}

static bool is(struct exit_stats_regs r, u32 eax, u32 ebx, u32 ecx, u32 edx)
{
	if (r.eax == eax && r.ebx == ebx && r.ecx == ecx && r.edx == edx)
		return true;
	diag("got eax %#x ebx %#x ecx %#x edx %#x", r.eax, r.ebx, r.ecx, r.edx);
	return false;
}

int main(void)
{
	static const u32 per_reason[] = { 0x4ffffffe, 0x4ffffffd, 0x4ffffffc,
					  0x4ffffffb, 0x4ffffffa, 0x4ffffff9 };
	u64 avg = reason.total / reason.count;
	bool undefined = true, zero = true;
	int known = 0;

	ok(is(encode(0x4fffffff, false, true), 0x10, 0x71000000, 0x11000012, 9),
	   "0x4fffffff: exits in EDX:EAX, cycles in EBX:ECX");
	ok(is(encode(0x4ffffffe, false, true), 3, 0x71000000, 0x11000012, 1),
	   "0x4ffffffe: the reason's exits, the cycles of all");
	ok(is(encode(0x4ffffffd, false, true), 3, 0, 0, 1), "0x4ffffffd: exits, EBX = ECX = 0");
	ok(is(encode(0x4ffffffc, false, true), 3, 0x70000000, 0x20000004, 1),
	   "0x4ffffffc: the reason's exits and cycles");
	ok(is(encode(0x4ffffffb, false, true), 3, 5, 6, 1), "0x4ffffffb: min");
	ok(is(encode(0x4ffffffa, false, true), 3, 7, 8, 1), "0x4ffffffa: max");
	ok(is(encode(0x4ffffff9, false, true), 3, avg >> 32, avg, 1), "0x4ffffff9: avg");
	ok(is(encode(0x4ffffff1, false, true), 2600000, 85, 0x12345678, 0),
	   "0x4ffffff1: kHz, last reason, epoch");
	ok(is(encode(0x4ffffff0, false, true), 0x501, 0x454d564b, 0x53544958, 0x53544154),
	   "0x4ffffff0: version, scope, vendor, signature");

	ok(is(encode(0x4fffffff, true, true), 0x10, 0x11000012, 0x71000000, 9),
	   "low first: 0x4fffffff swaps EBX and ECX");
	ok(is(encode(0x4ffffffe, true, true), 3, 0x11000012, 0x71000000, 1), "so does 0x4ffffffe");
	ok(is(encode(0x4ffffffb, true, true), 3, 6, 5, 1), "and 0x4ffffffb");
	ok(is(encode(0x4ffffff1, true, true), 2600000, 85, 0x12345678, 0), "0x4ffffff1 does not");
	ok(is(encode(0x4ffffff0, true, true), 0x1501, 0x454d564b, 0x53544958, 0x53544154),
	   "0x4ffffff0 says so in bit 12");

	for (size_t i = 0; i < ARRAY_SIZE(per_reason); i++) {
		undefined &= is(encode(per_reason[i], false, false), 0, 0, 0, 0xffffffff);
		undefined &= is(encode(per_reason[i], true, false), 0, 0, 0, 0xffffffff);
	}
	ok(undefined, "a reason not defined: EDX = 0xffffffff, the rest 0, on all six leaves");
	for (size_t i = 0; i < ARRAY_SIZE(per_reason); i++) {
		struct exit_stats_leaf in = { .leaf = per_reason[i], .defined = true };
		struct exit_stats_regs out = { 1, 2, 3, 4 };

		exit_stats_leaf_encode(&in, &out);
		zero &= is(out, 0, 0, 0, 0);
	}
	ok(zero, "a reason that never occurred: all four 0");

	for (u64 leaf = 0x4fffff00; leaf < 0x50000100; leaf++)
		known += exit_stats_leaf_known(leaf);
	ok(known == 9, "of 0x4fffff00-0x500000ff nine are ours (%d)", known);
	ok((!exit_stats_leaf_known(0x4ffffff2) && !exit_stats_leaf_known(0x4ffffff8) &&
	    !exit_stats_leaf_known(0x40000000) && !exit_stats_leaf_known(0)),
	   "no others");
	(void)neighbours_used;
	return done_testing();
}
