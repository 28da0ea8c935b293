// SPDX-License-Identifier: GPL-2.0-only
/*
 * exit-stats-guest: what this virtual machine's VM exits are and what they
 * cost, read from inside the guest by CPUID. Needs no privilege and no module.
 *
 * Each CPUID is an exit itself: the numbers move while they are read.
 */
#include <argp.h>
#include <cpuid.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "abi.h"
#include "reasons_svm.h"
#include "reasons_vmx.h"

const char *argp_program_version = "exit-stats-guest 1";
static const char doc[] =
	"Print the VM exits of this guest, by reason.\n\n"
	"Works in a guest whose host runs KVM with kvm-exit-stats.\vEXAMPLES:\n"
	"  exit-stats-guest            reasons that occurred\n"
	"  exit-stats-guest -a         all that the architecture defines\n"
	"  exit-stats-guest -r 10      only reason 10, CPUID on Intel's processors\n"
	"  exit-stats-guest -r 0x72    only code 72h, CPUID on AMD's";

static struct env {
	bool all;
	long reason; /* -1: every one */
} env = {
	.reason = -1,
};

static const struct argp_option options[] = {
	{ "all", 'a', NULL, 0, "Print reasons without an exit too", 0 },
	{ "reason", 'r', "NUMBER", 0, "Print only this reason", 0 },
	{ 0 },
};

static error_t parse_arg(int key, char *arg, struct argp_state *state)
{
	char *end;

	switch (key) {
	case 'a':
		env.all = true;
		break;
	case 'r':
		env.reason = strtol(arg, &end, 0);
		if (end == arg || *end || env.reason < 0 || env.reason > UINT32_MAX)
			argp_error(state,
				   "'%s' is no exit reason: those are numbers from 0 to 0xffffffff",
				   arg);
		break;
	case ARGP_KEY_ARG:
		argp_usage(state);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

struct regs {
	uint32_t eax, ebx, ecx, edx;
};

/* clang-format off */
#define CASE(code, name) case code: return #name;

static const char *vmx_name(uint32_t reason)
{
	switch (reason) {
	VMX_REASONS(CASE)
	VMX_SMM_REASONS(CASE)
	}
	return "?";
}

static const char *svm_name(uint32_t code)
{
	switch (code) {
	SVM_REASONS(CASE)
	SVM_OTHER_REASONS(CASE)
	}
	return "?";
}

/* clang-format on */

/* How a vendor's reasons are named and printed, and which are above the highest. */
static const struct vendor {
	const char *name;
	const char *(*reason)(uint32_t reason);
	const char *format;
	uint32_t first_negative; /* 0: none is */
} vendors[] = {
	[EXIT_STATS_VENDOR_NONE] = { "?", vmx_name, "%" PRIu32, 0 },
	[EXIT_STATS_VENDOR_VMX] = { "vmx", vmx_name, "%" PRIu32, 0 },
	[EXIT_STATS_VENDOR_SVM] = { "svm", svm_name, "0x%" PRIx32, -4 },
	[EXIT_STATS_ID_FIELD_MASK] = { "?", vmx_name, "%" PRIu32, 0 },
};

static struct regs cpuid(uint32_t leaf, uint32_t reason)
{
	struct regs r;

	__cpuid_count(leaf, reason, r.eax, r.ebx, r.ecx, r.edx);
	return r;
}

static uint64_t count_of(const struct regs *r)
{
	return (uint64_t)r->edx << 32 | r->eax;
}

static uint64_t cycles_of(const struct regs *r, bool low_first)
{
	return low_first ? (uint64_t)r->ecx << 32 | r->ebx : (uint64_t)r->ebx << 32 | r->ecx;
}

static uint64_t read_cycles(uint32_t leaf, uint32_t reason, bool low_first)
{
	struct regs r = cpuid(leaf, reason);

	return cycles_of(&r, low_first);
}

static void print_reason(uint32_t reason, const struct vendor *vendor, bool low_first)
{
	struct regs r = cpuid(EXIT_STATS_LEAF_CYCLES, reason);
	char code[12];

	snprintf(code, sizeof(code), vendor->format, reason);
	if (r.edx == EXIT_STATS_NOT_DEFINED) {
		if (env.reason >= 0)
			printf("%8s not defined\n", code);
		return;
	}
	if (!count_of(&r) && !env.all && env.reason < 0)
		return;
	printf("%8s %-20s %12" PRIu64 " %16" PRIu64 " %12" PRIu64 " %12" PRIu64 " %12" PRIu64 "\n",
	       code, vendor->reason(reason), count_of(&r), cycles_of(&r, low_first),
	       read_cycles(EXIT_STATS_LEAF_MIN, reason, low_first),
	       read_cycles(EXIT_STATS_LEAF_MAX, reason, low_first),
	       read_cycles(EXIT_STATS_LEAF_AVG, reason, low_first));
}

static void print_reasons(uint32_t highest, const struct vendor *vendor, bool low_first)
{
	if (env.reason >= 0) {
		print_reason(env.reason, vendor, low_first);
		return;
	}
	for (uint32_t reason = 0; reason <= highest; reason++)
		print_reason(reason, vendor, low_first);
	for (uint32_t reason = vendor->first_negative; reason; reason++)
		print_reason(reason, vendor, low_first);
}

static bool have_kvm_exit_stats(const struct regs *id)
{
	return id->ebx == EXIT_STATS_SIG_EBX && id->ecx == EXIT_STATS_SIG_ECX &&
	       id->edx == EXIT_STATS_SIG_EDX;
}

static void print_table(const struct regs *id)
{
	static const char *const scopes[] = { "?", "vm", "host", "?" };
	struct regs info = cpuid(EXIT_STATS_LEAF_INFO, 0);
	struct regs total = cpuid(EXIT_STATS_LEAF_TOTAL, 0);
	const struct vendor *vendor =
		&vendors[id->eax >> EXIT_STATS_ID_VENDOR_SHIFT & EXIT_STATS_ID_FIELD_MASK];
	uint32_t scope = id->eax >> EXIT_STATS_ID_SCOPE_SHIFT & EXIT_STATS_ID_FIELD_MASK;
	bool low_first = id->eax & EXIT_STATS_ID_LOW_FIRST;

	printf("# guest exit_stats %u scope=%s vendor=%s tsc_khz=%u epoch=%u exits=%" PRIu64
	       " cycles=%" PRIu64 "\n",
	       id->eax & EXIT_STATS_ID_VERSION_MASK, scopes[scope], vendor->name, info.eax,
	       info.ecx, count_of(&total), cycles_of(&total, low_first));
	printf("%8s %-20s %12s %16s %12s %12s %12s\n", "# reason", "name", "count", "total", "min",
	       "max", "avg");
	print_reasons(info.ebx, vendor, low_first);
}

int main(int argc, char **argv)
{
	static const struct argp argp = { options, parse_arg, NULL, doc, NULL, NULL, NULL };
	struct regs id;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	id = cpuid(EXIT_STATS_LEAF_ID, 0);
	if (!have_kvm_exit_stats(&id)) {
		fprintf(stderr,
			"exit-stats-guest: no signature on CPUID leaf 0x%x: this host's KVM has no kvm-exit-stats, or hides the leaves (exit_stats_cpuid=off)\n",
			EXIT_STATS_LEAF_ID);
		return 1;
	}
	print_table(&id);
	return 0;
}
