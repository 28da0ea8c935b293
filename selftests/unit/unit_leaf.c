// SPDX-License-Identifier: GPL-2.0-only
/* The leaves: what each register holds in each layout, and which leaves are ours. */
#include "shim_vendor.h"

/* clang-format off */
#define STOCK { 0xdead, 0xdead, 0xdead, 0xdead } /* the registers are unchanged */
/* clang-format on */

/* Numbers above 32 bits, all different: a register shows which number it holds. */
static const struct exit_stats_leaf_row numbers = {
	.epoch = 0xabc12345678ull,
	.exits = 0x900000010ull,
	.cycles = 0x7100000011000012ull,
	.row = {
		.count = 0x100000003ull,
		.total = 0x7000000020000004ull,
		.min = 0x500000006ull,
		.max = 0x700000008ull,
	},
};

/* 0x4ffffffc to 0x4fffffff */
static const struct {
	const char *name;
	/* For a reason that was counted, and for one that the architecture does not define. */
	struct exit_stats_regs counted[4], not_defined[4];
} layouts[] = {
	/* clang-format off */
	{
		"default",
		{ { 3, 0x70000000, 0x20000004, 1 }, { 3, 0, 0, 1 },
		  { 3, 0x71000000, 0x11000012, 1 }, { 0x10, 0x71000000, 0x11000012, 9 } },
		{ { 0, 0, 0, -1 }, { 0, 0, 0, -1 },
		  { 0, 0x71000000, 0x11000012, -1 }, { 0x10, 0x71000000, 0x11000012, 9 } },
	}, {
		"two-leaf",
		{ STOCK, STOCK, { 3, 0, 0, 0 }, { 0x10, 0x71000000, 0x11000012, 0 } },
		{ STOCK, STOCK, { 0, 0, 0, -1 }, { 0x10, 0x71000000, 0x11000012, 0 } },
	}, {
		"four-leaf",
		{ { 0, 0x70000000, 0x20000004, 0 }, { 3, 0, 0, 0 },
		  { 0, 0x71000000, 0x11000012, 0 }, { 0x10, 0, 0, 0 } },
		{ { 0, 0, 0, -1 }, { 0, 0, 0, -1 },
		  { 0, 0x71000000, 0x11000012, 0 }, { 0x10, 0, 0, 0 } },
	}, {
		"four-leaf-reversed",
		{ { 0x10, 0, 0, 0 }, { 0, 0x71000000, 0x11000012, 0 },
		  { 3, 0, 0, 0 }, { 0, 0x70000000, 0x20000004, 0 } },
		{ { 0x10, 0, 0, 0 }, { 0, 0x71000000, 0x11000012, 0 },
		  { 0, 0, 0, -1 }, { 0, 0, 0, -1 } },
	}, {
		"by-reason",
		{ STOCK, STOCK, { 0, 0x70000000, 0x20000004, 0 }, { 3, 0, 0, 0 } },
		{ STOCK, STOCK, { 0, 0, 0, -1 }, { 0, 0, 0, -1 } },
	},
	/* clang-format on */
};

static bool same(u32 leaf, struct exit_stats_regs got, struct exit_stats_regs expect)
{
	if (!memcmp(&got, &expect, sizeof(got)))
		return true;
	diag("%#x: got eax %#x ebx %#x ecx %#x edx %#x", leaf, got.eax, got.ebx, got.ecx, got.edx);
	return false;
}

static struct exit_stats_regs encode(struct exit_stats_leaf in)
{
	struct exit_stats_regs out = STOCK;

	if (kvm_exit_stats_leaf_known(in.leaf, in.layout))
		kvm_exit_stats_leaf_encode(&in, &out);
	return out;
}

enum what {
	COUNTED,
	NEVER_COUNTED,
	UNDEFINED
};

/* Checks all sixteen leaves for a reason. */
static bool answers(unsigned int layout, bool low_first, enum what reason)
{
	const struct exit_stats_regs *four = reason == COUNTED ? layouts[layout].counted
							       : layouts[layout].not_defined;
	const u32 none = reason == UNDEFINED ? -1 : 0;
	struct exit_stats_leaf in = {
		.layout = layout,
		.low_first = low_first,
		.defined = reason != UNDEFINED,
		.scope = EXIT_STATS_SCOPE_VM,
		.vendor = EXIT_STATS_VENDOR_VMX,
		.tsc_khz = 2600000,
		.highest = 85,
		.numbers = numbers,
	};
	struct exit_stats_regs expect[16] = {
		[0x0] = { 0x502 | low_first << 12 | layout << 13, 0x454d564b, 0x53544958,
			  0x53544154 },
		[0x1] = { 2600000, 85, 0x12345678, 0 },
		[0x9] = { 3, 0, 0x6ffffffe, 1 },
		[0xa] = { 3, 7, 8, 1 },
		[0xb] = { 3, 5, 6, 1 },
		[0xc] = four[0],
		four[1],
		four[2],
		four[3],
	};
	bool good = true;

	if (reason != COUNTED)
		in.numbers.row = (struct exit_stats_row){};
	for (u32 i = 0; i < 16; i++) {
		if (i >= 0x2 && i <= 0x8)
			expect[i] = (struct exit_stats_regs)STOCK;
		else if (i >= 0x9 && i <= 0xb && reason != COUNTED)
			expect[i] = (struct exit_stats_regs){ 0, 0, 0, none };
		else if (i >= 0xc && expect[i].edx == -1u)
			expect[i].edx = none;
		if (low_first && i > 1)
			swap(expect[i].ebx, expect[i].ecx);
		in.leaf = 0x4ffffff0 + i;
		good &= same(in.leaf, encode(in), expect[i]);
	}
	return good;
}

static void check_layouts(void)
{
	static const int leaves[] = { 9, 7, 9, 9, 7 };
	const struct exit_stats_leaf avg = {
		.leaf = EXIT_STATS_LEAF_AVG,
		.defined = true,
		.numbers.row = { .count = 3, .total = 0xf00000024ull },
	};

	for (unsigned int i = 0; i < EXIT_STATS_NR_LAYOUTS; i++) {
		const char *name = layouts[i].name;
		int known = 0;

		ok(answers(i, false, COUNTED), "%s: every register of 0x4ffffff0-ff", name);
		ok(answers(i, false, UNDEFINED), "%s: a reason that is not defined", name);
		ok(answers(i, false, NEVER_COUNTED), "%s: a reason that never occurred", name);
		ok((answers(i, true, COUNTED) && answers(i, true, UNDEFINED) &&
		    answers(i, true, NEVER_COUNTED)),
		   "%s: low_first swaps EBX and ECX of cycles; 0x4ffffff0 shows it", name);
		for (u64 leaf = 0x4fffff00; leaf < 0x50000100; leaf++)
			known += kvm_exit_stats_leaf_known(leaf, i);
		ok((known == leaves[i] && !kvm_exit_stats_leaf_known(0, i) &&
		    !kvm_exit_stats_leaf_known(0x40000000, i) && !kvm_exit_stats_leaf_known(-1, i)),
		   "%s: %d leaves from 0x4fffff00 to 0x500000ff are ours, and no others", name,
		   known);
	}
	ok(same(avg.leaf, encode(avg), (struct exit_stats_regs){ 3, 5, 12, 0 }),
	   "an average above 32 bits");
}

static struct vm vm;
static struct vcpu vcpu, second;

/* A guest executes CPUID. */
static bool says(u32 leaf, u32 reason, u32 eax, u32 ebx, u32 ecx, u32 edx)
{
	struct exit_stats_regs r = { leaf, 0xdead, reason, 0xdead };
	bool ours;

	shim.guest = true;
	ours = kvm_exit_stats_cpuid(&vcpu.vcpu, &r.eax, &r.ebx, &r.ecx, &r.edx);
	shim.guest = false;
	return ours && same(leaf, r, (struct exit_stats_regs){ eax, ebx, ecx, edx });
}

static bool is_stock(u32 leaf)
{
	struct exit_stats_regs r = { leaf, 1, 2, 3 };

	return !kvm_exit_stats_cpuid(&vcpu.vcpu, &r.eax, &r.ebx, &r.ecx, &r.edx) &&
	       same(leaf, r, (struct exit_stats_regs){ leaf, 1, 2, 3 });
}

/* The CPUID instruction: the answer depends on the VM, the row and the settings. */
static void check_cpuid(void)
{
	make_exit(&vcpu, CPUID, 100);
	make_exit(&second, CPUID, 300);
	make_exit(&second, GETSEC, 7);
	make_exit(&second, NOT_DEFINED, 1ull << 34);
	ok((says(0x4fffffff, 0, 4, 4, 407, 0) && says(0x4ffffffe, CPUID, 2, 4, 407, 0) &&
	    says(0x4ffffffc, CPUID, 2, 0, 400, 0) && says(0x4ffffffb, CPUID, 2, 0, 100, 0) &&
	    says(0x4ffffffa, CPUID, 2, 0, 300, 0) && says(0x4ffffff9, CPUID, 2, 0, 200, 0)),
	   "a guest reads the sums of its VM's vCPUs");
	ok((says(0x4ffffffc, NOT_DEFINED, 0, 0, 0, -1) && says(0x4ffffffe, -1, 0, 4, 407, -1) &&
	    says(0x4ffffffb, 86, 0, 0, 0, -1) && says(0x4fffffff, NOT_DEFINED, 4, 4, 407, 0)),
	   "a reason that is not defined shows no numbers, though OTHER has counted exits");
	ok((says(0x4ffffffc, 5, 0, 0, 0, 0) && says(0x4ffffffb, HLT, 0, 0, 0, 0) &&
	    says(0x4ffffffc, GETSEC, 1, 0, 7, 0)),
	   "a reason without a row shows 0; a reason without a handler shows what was counted");
	ok((says(0x4ffffff0, 0, 0x502, 0x454d564b, 0x53544958, 0x53544154) &&
	    says(0x4ffffff1, 0, 2600000, 85, epoch_of(&vm.stats->scope), 0)),
	   "signature, TSC, highest reason, and the VM's epoch");
	kvm_exit_stats_layout = EXIT_STATS_LAYOUT_BY_REASON;
	kvm_exit_stats_low_first = true;
	ok((says(0x4fffffff, GETSEC, 1, 0, 0, 0) && says(0x4ffffffe, GETSEC, 0, 7, 0, 0) &&
	    is_stock(0x4ffffffc)),
	   "exit_stats_leaf_layout and exit_stats_low_first apply at once");
	kvm_exit_stats_cpuid_mode = EXIT_STATS_CPUID_OFF;
	ok(is_stock(0x4fffffff) && is_stock(0x4ffffff0),
	   "exit_stats_cpuid=off: the leaves answer as in stock KVM");
	kvm_exit_stats_cpuid_mode = EXIT_STATS_CPUID_VM;
}

int main(void)
{
	register_vendor();
	create_vm(&vm);
	create_vcpu(&vcpu, &vm);
	create_vcpu(&second, &vm);
	check_layouts();
	check_cpuid();
	kvm_exit_stats_vcpu_free(&vcpu.vcpu);
	kvm_exit_stats_vcpu_free(&second.vcpu);
	kvm_exit_stats_vm_destroy(&vm.kvm);
	vm.stats = NULL;
	ok(is_stock(0x4fffffff), "a VM without a record (TDX): the leaves answer as in stock KVM");
	kvm_exit_stats_unregister();
	vm.stats = (void *)1;
	ok(is_stock(0x4fffffff), "no registered vendor module: the leaves answer as in stock KVM");
	return done_testing();
}
