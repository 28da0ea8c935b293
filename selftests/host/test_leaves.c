// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules of the CPUID leaves beside their registers (test_layouts): the rate of the TSC,
 * reasons that KVM has no handler for, numbers that are no reasons, and entries that user
 * space sets.
 */
#include <sys/ioctl.h>
#include <time.h>
#include <x86intrin.h>

#include "guest.h"
#include "stats.h"
#include "tap.h"

static struct vm vm;

static struct cpuid_call cpuid(uint32_t leaf, uint32_t subleaf)
{
	return guest_cpuid_call(&vm, 0, leaf, subleaf);
}

/* Above the reasons that test_layouts tries, and with flag bits of the exit reason. */
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

		if (reason_defined(far[i]))
			good &= c.edx != EXIT_STATS_NOT_DEFINED;
		else
			good &= c.edx == EXIT_STATS_NOT_DEFINED && !c.eax && !c.ebx && !c.ecx;
	}
	ok(good, "large numbers and reasons with flag bits are not defined, except SVM's codes");
}

/* Ticks of the TSC in a millisecond of the clock. */
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
	   "0x4ffffff1 has the rate of the TSC: %.0f kHz, by the clock %.0f", khz, measured);
}

/* A failed entry is counted, though KVM has no handler for its reason. */
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
	   "a reason without a handler (%#x) that occurred answers like any other", reason);
}

/* User space decides what a leaf answers if it sets an entry for the leaf. */
static void check_entry_wins(void)
{
	struct cpuid_call c;

	vm_destroy(&vm);
	vm_create(&vm, 1);
	vcpu_set_cpuid(&vm, 0,
		       (struct kvm_cpuid_entry2){ .function = EXIT_STATS_LEAF_TOTAL,
						  .eax = 0x11,
						  .ebx = 0x22,
						  .ecx = 0x33,
						  .edx = 0x44 });
	c = cpuid(EXIT_STATS_LEAF_TOTAL, 0);
	ok(c.eax == 0x11 && c.ebx == 0x22 && c.ecx == 0x33 && c.edx == 0x44,
	   "an entry that user space sets for 0x4fffffff answers in place of ours");
	c = cpuid(EXIT_STATS_LEAF_ID, 0);
	ok(c.ebx == EXIT_STATS_SIG_EBX, "the other leaves still have our answers");
}

int main(void)
{
	vm_create(&vm, 1);
	check_khz();
	check_no_handler();
	check_far_reasons();
	check_entry_wins();
	vm_destroy(&vm);
	return done_testing();
}
