// SPDX-License-Identifier: GPL-2.0-only
/*
 * The CPUID leaves' rules: which reasons the SDM or the APM defines, what the others
 * answer, who may override a leaf, and that all else answers as stock KVM does.
 */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <x86intrin.h>

#include "guest.h"
#include "stats.h"
#include "tap.h"

#define CPUID_80000001_EDX_LM (1u << 29)

static struct vm vm;

static struct cpuid_call cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid_call call = { leaf, subleaf };

	guest_cpuid_calls(&vm, 0, &call, 1);
	return call;
}

static bool same(const struct cpuid_call *a, const struct cpuid_call *b)
{
	return a->eax == b->eax && a->ebx == b->ebx && a->ecx == b->ecx && a->edx == b->edx;
}

/* 0x4ffffffe has the cycles of all reasons in EBX:ECX whatever ECX was. */
static bool answers_undefined(const struct cpuid_call *c)
{
	bool cycles = c->ebx || c->ecx;

	return !c->eax && c->edx == EXIT_STATS_NOT_DEFINED &&
	       cycles == (c->leaf == EXIT_STATS_LEAF_MIXED);
}

static bool answers_zero(const struct cpuid_call *c)
{
	return !c->eax && !c->ebx && !c->ecx && !c->edx;
}

static void check_reasons(uint32_t leaf)
{
	static struct cpuid_call calls[256];
	int wrong = -1, zero = 0, counted = 0;

	for (uint32_t r = 0; r < 256; r++)
		calls[r] = (struct cpuid_call){ leaf, r };
	guest_cpuid_calls(&vm, 0, calls, 256);
	for (int r = 255; r >= 0; r--) {
		if (reason_defined(r) == answers_undefined(&calls[r]))
			wrong = r;
		zero += answers_zero(&calls[r]);
		counted += reason_defined(r) && calls[r].eax;
	}
	ok(wrong < 0, "leaf %#x: EDX=0xffffffff exactly for reasons not defined, 0-255 (wrong: %d)",
	   leaf, wrong);
	if (leaf == EXIT_STATS_LEAF_MIXED)
		ok(counted >= 2, "leaf %#x: %d reasons counted", leaf, counted);
	else
		ok(zero + counted == BY_VENDOR(80, 167),
		   "leaf %#x: %d reasons counted, %d defined and all zero", leaf, counted, zero);
}

static void check_far_reasons(void)
{
	static const uint32_t far[] = {
		256,	     444,	  0x3ff,	0x400,	     0x403,	  0x404,
		4096,	     65536 + 10,  65536 + 0x72, 1u << 31,    0x8000000au, 0xf0000000u,
		0xfffffffbu, 0xfffffffcu, 0xfffffffeu,	0xffffffffu,
	};
	bool good = true;

	for (size_t i = 0; i < sizeof(far) / sizeof(*far); i++) {
		struct cpuid_call c = cpuid(EXIT_STATS_LEAF_COUNT, far[i]);

		good &= answers_undefined(&c) != reason_defined(far[i]);
	}
	ok(good, "so it is past 255; flag bits are no reason");
}

static void check_identity(void)
{
	struct cpuid_call c = cpuid(EXIT_STATS_LEAF_ID, 0);
	struct stats s;
	char path[128];

	ok((c.ebx == EXIT_STATS_SIG_EBX && c.ecx == EXIT_STATS_SIG_ECX &&
	    c.edx == EXIT_STATS_SIG_EDX),
	   "0x4ffffff0 carries the signature KVMEXITSTATS");
	ok(c.eax == (EXIT_STATS_ABI_VERSION | EXIT_STATS_SCOPE_VM << 8 |
		     BY_VENDOR(EXIT_STATS_VENDOR_VMX, EXIT_STATS_VENDOR_SVM) << 10),
	   "and version 2, scope VM, vendor %s, the default layout", BY_VENDOR("VMX", "SVM"));

	snprintf(path, sizeof(path), "%s/vm_exit_stats", vm.dir);
	if (stats_read(path, &s))
		bail_out("%s", path);
	c = cpuid(EXIT_STATS_LEAF_INFO, 0);
	ok((c.eax == s.tsc_khz && c.ebx == HIGHEST_REASON && c.ecx == (uint32_t)s.epoch && !c.edx),
	   "0x4ffffff1 has the TSC's kHz, the last reason %#x and the VM's epoch", c.ebx);
}

/* Ticks in a thousandth of the clock's second, over some of them. */
static double measured_khz(void)
{
	struct timespec start, now;
	uint64_t tick, ticks;
	double ms;

	clock_gettime(CLOCK_MONOTONIC, &start);
	tick = __rdtsc();
	do {
		clock_gettime(CLOCK_MONOTONIC, &now);
		ticks = __rdtsc() - tick;
		ms = (now.tv_sec - start.tv_sec) * 1e3 + (now.tv_nsec - start.tv_nsec) / 1e6;
	} while (ms < 500);
	return ticks / ms;
}

static void check_khz(void)
{
	double khz = cpuid(EXIT_STATS_LEAF_INFO, 0).eax, measured = measured_khz();

	ok(measured > khz * 0.98 && measured < khz * 1.02,
	   "the TSC has the rate that 0x4ffffff1 says: %.0f kHz, by the clock %.0f", khz, measured);
}

/* KVM has no handler for a failed entry, which occurs all the same. */
static void check_no_handler(void)
{
	uint32_t reason = BY_VENDOR(VMX_INVALID_STATE, SVM_ERR);
	struct cpuid_call calls[] = { { EXIT_STATS_LEAF_COUNT, reason },
				      { EXIT_STATS_LEAF_CYCLES, reason },
				      { EXIT_STATS_LEAF_MIN, reason },
				      { EXIT_STATS_LEAF_MAX, reason } };
	struct vm two;
	int failed = 0;

	vm_create(&two, 2);
	for (int i = 0; i < 3; i++) {
		vcpu_call(&two, 1, guest_hlt_loop, 1, 0, 0);
		vcpu_invalid_state(&two, 1);
		if (ioctl(two.vcpu[1].fd, KVM_RUN, 0))
			bail_out("KVM_RUN");
		failed += two.vcpu[1].run->exit_reason == KVM_EXIT_FAIL_ENTRY;
	}
	guest_cpuid_calls(&two, 0, calls, 4);
	vm_destroy(&two);
	ok((failed == 3 && calls[0].eax == 3 && calls[1].eax == 3 && calls[2].ecx &&
	    calls[2].ecx <= calls[3].ecx && calls[1].ecx >= calls[2].ecx * 3 &&
	    calls[1].ecx <= calls[3].ecx * 3),
	   "a reason without a handler that was counted (%#x) answers like any other", reason);
}

static void check_low_first(void)
{
	static const uint32_t leaves[] = { EXIT_STATS_LEAF_CYCLES, EXIT_STATS_LEAF_MIN,
					   EXIT_STATS_LEAF_MAX, EXIT_STATS_LEAF_AVG };
	struct cpuid_call a, b, c;
	bool swapped = true;

	for (size_t i = 0; i < sizeof(leaves) / sizeof(*leaves); i++) {
		param_set("exit_stats_low_first", "N");
		a = cpuid(leaves[i], IO_INSTRUCTION);
		param_set("exit_stats_low_first", "Y");
		b = cpuid(leaves[i], IO_INSTRUCTION);
		swapped &= a.ecx && a.ebx == b.ecx && a.ecx == b.ebx && a.eax == b.eax;
	}
	ok(swapped, "exit_stats_low_first=Y swaps EBX and ECX of the cycles leaves");
	b = cpuid(EXIT_STATS_LEAF_TOTAL, 0);
	c = cpuid(EXIT_STATS_LEAF_MIXED, CPUID);
	param_set("exit_stats_low_first", "N");
	a = cpuid(EXIT_STATS_LEAF_TOTAL, 0);
	/* The high half, which rises seldom. */
	ok(b.ebx && c.ebx && a.ebx - b.ecx <= 1 && a.ebx - c.ecx <= 1,
	   "of the total and the mixed leaf too");
	param_set("exit_stats_low_first", "Y");
	a = cpuid(EXIT_STATS_LEAF_COUNT, IO_INSTRUCTION);
	ok(a.eax && !a.ebx && !a.ecx, "and the count leaf keeps EBX = ECX = 0");
	a = cpuid(EXIT_STATS_LEAF_COUNT, BY_VENDOR(35, 0xa7));
	ok(answers_undefined(&a), "a reason not defined answers the same");
	a = cpuid(EXIT_STATS_LEAF_ID, 0);
	ok(a.eax & EXIT_STATS_ID_LOW_FIRST, "0x4ffffff0 tells of it in bit 12");
	param_set("exit_stats_low_first", "N");
}

/* With an entry for a leaf the VMM decides. */
static void check_entry_wins(void)
{
	struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entry[3];
	} cpuid2 = {
		.head.nent = 3,
		.entry = {
			{ .function = 0, .eax = 0x16 },
			/* Without it 7.2 lets no vCPU into 64-bit mode. */
			{ .function = 0x80000001, .edx = CPUID_80000001_EDX_LM },
			{ .function = EXIT_STATS_LEAF_TOTAL, .eax = 0x11, .ebx = 0x22,
			  .ecx = 0x33, .edx = 0x44 },
		},
	};
	struct cpuid_call c;
	struct vm other = vm;

	vm_create(&vm, 1);
	ok(!ioctl(vm.vcpu[0].fd, KVM_SET_CPUID2, &cpuid2), "user space sets 0x4fffffff itself");
	c = cpuid(EXIT_STATS_LEAF_TOTAL, 0);
	ok(c.eax == 0x11 && c.ebx == 0x22 && c.ecx == 0x33 && c.edx == 0x44,
	   "then its entry answers");
	c = cpuid(EXIT_STATS_LEAF_ID, 0);
	ok(c.ebx == EXIT_STATS_SIG_EBX, "and the other leaves stay ours");
	vm_destroy(&vm);
	vm = other;
}

static bool lists_a_leaf(int ioctl_nr)
{
	struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entry[256];
	} c = { .head.nent = 256 };
	bool found = false;
	FILE *f = fopen("/dev/kvm", "r+");

	if (!f || ioctl(fileno(f), ioctl_nr, &c))
		bail_out("supported CPUID");
	for (unsigned int i = 0; i < c.head.nent; i++)
		found |= (c.entry[i].function & ~0xfu) == (EXIT_STATS_LEAF_ID & ~0xfu);
	fclose(f);
	return found;
}

/* The leaves around ours, and ours when switched off. */
#define STOCK_LEAVES 48
static struct cpuid_call stock[STOCK_LEAVES];

static void read_leaves(struct cpuid_call *calls)
{
	for (uint32_t i = 0; i < STOCK_LEAVES; i++)
		calls[i] = (struct cpuid_call){ 0x4fffffe0u + i, CPUID };
	guest_cpuid_calls(&vm, 0, calls, STOCK_LEAVES);
}

static void check_stock(void)
{
	struct cpuid_call now[STOCK_LEAVES], basic;
	int like_basic = 0, ours = 0, others = 0;

	param_set("exit_stats_cpuid", "off");
	read_leaves(stock);
	basic = cpuid(stock[0].leaf, CPUID);
	for (int i = 0; i < STOCK_LEAVES; i++)
		like_basic += same(&stock[i], &basic);
	ok(like_basic == STOCK_LEAVES,
	   "exit_stats_cpuid=off: 0x4ffffff0-0x4fffffff answer like the leaves around them");
	ok(stock[16].ebx != EXIT_STATS_SIG_EBX, "and without the signature");

	param_set("exit_stats_cpuid", "vm");
	read_leaves(now);
	for (int i = 0; i < STOCK_LEAVES; i++) {
		uint32_t leaf = now[i].leaf;
		bool is_ours = leaf == 0x4ffffff0u || leaf == 0x4ffffff1u ||
			       (leaf >= 0x4ffffff9u && leaf <= 0x4fffffffu);

		if (is_ours)
			ours += !same(&now[i], &stock[i]);
		else
			others += same(&now[i], &stock[i]);
	}
	ok(ours == 9, "exit_stats_cpuid=vm: the nine leaves of the ABI are ours (%d)", ours);
	ok(others == STOCK_LEAVES - 9, "0x4ffffff2-8 and the leaves around answer as stock");
	ok(!lists_a_leaf(KVM_GET_SUPPORTED_CPUID) && !lists_a_leaf(KVM_GET_EMULATED_CPUID),
	   "they are in neither the supported nor the emulated list");
}

int main(void)
{
	static const uint32_t leaves[] = {
		EXIT_STATS_LEAF_MIXED, EXIT_STATS_LEAF_COUNT, EXIT_STATS_LEAF_CYCLES,
		EXIT_STATS_LEAF_MIN,   EXIT_STATS_LEAF_MAX,   EXIT_STATS_LEAF_AVG,
	};

	vm_create(&vm, 1);
	guest_out(&vm, 0, 20);
	check_identity();
	check_khz();
	check_no_handler();
	for (size_t i = 0; i < sizeof(leaves) / sizeof(*leaves); i++)
		check_reasons(leaves[i]);
	check_far_reasons();
	check_low_first();
	check_entry_wins();
	check_stock();
	vm_destroy(&vm);
	return done_testing();
}
