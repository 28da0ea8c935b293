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

/*
 * Which leaf has what the host's exit_stats_leaf_layout decides; 0: none has. Count, min,
 * max and average of a reason are in leaves of their own in every layout.
 */
static const struct layout {
	const char *name;
	uint32_t exits, cycles; /* of all reasons */
	uint32_t total;		/* cycles of one */
} layouts[] = {
	[EXIT_STATS_LAYOUT_DEFAULT] = { "default", 0x4fffffff, 0x4fffffff, 0x4ffffffc },
	[EXIT_STATS_LAYOUT_TWO_LEAF] = { "two-leaf", 0x4fffffff, 0x4fffffff, 0 },
	[EXIT_STATS_LAYOUT_FOUR_LEAF] = { "four-leaf", 0x4fffffff, 0x4ffffffe, 0x4ffffffc },
	[EXIT_STATS_LAYOUT_FOUR_LEAF_REVERSED] = { "four-leaf-reversed", 0x4ffffffc, 0x4ffffffd,
						   0x4fffffff },
	[EXIT_STATS_LAYOUT_BY_REASON] = { "by-reason", 0, 0, 0x4ffffffe },
};

/* What leaf 0x4ffffff0 says of the others. */
static struct leaves {
	unsigned int version;
	const char *scope;
	const struct vendor *vendor;
	const struct layout *layout;
	bool low_first;
} leaves;

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

/* A number of cycles, or "-" where no leaf has it. */
static const char *cycles_text(uint32_t leaf, uint32_t reason)
{
	static char text[21];
	struct regs r;

	if (!leaf)
		return "-";
	r = cpuid(leaf, reason);
	snprintf(text, sizeof(text), "%" PRIu64, cycles_of(&r, leaves.low_first));
	return text;
}

/* The average is read first: what min and max become later is on either side of it. */
static void print_reason(uint32_t reason)
{
	struct regs r = cpuid(EXIT_STATS_LEAF_AVG, reason);
	uint64_t avg = cycles_of(&r, leaves.low_first);
	char code[12];

	snprintf(code, sizeof(code), leaves.vendor->format, reason);
	if (r.edx == EXIT_STATS_NOT_DEFINED) {
		if (env.reason >= 0)
			printf("%8s not defined\n", code);
		return;
	}
	if (!count_of(&r) && !env.all && env.reason < 0)
		return;
	printf("%8s %-20s %12" PRIu64, code, leaves.vendor->reason(reason), count_of(&r));
	printf(" %16s", cycles_text(leaves.layout->total, reason));
	printf(" %12s", cycles_text(EXIT_STATS_LEAF_MIN, reason));
	printf(" %12s %12" PRIu64 "\n", cycles_text(EXIT_STATS_LEAF_MAX, reason), avg);
}

static void print_reasons(uint32_t highest)
{
	if (env.reason >= 0) {
		print_reason(env.reason);
		return;
	}
	for (uint32_t reason = 0; reason <= highest; reason++)
		print_reason(reason);
	for (uint32_t reason = leaves.vendor->first_negative; reason; reason++)
		print_reason(reason);
}

static void print_table(void)
{
	struct regs info = cpuid(EXIT_STATS_LEAF_INFO, 0), total;

	printf("# guest exit_stats %u scope=%s vendor=%s layout=%s tsc_khz=%u epoch=%u",
	       leaves.version, leaves.scope, leaves.vendor->name, leaves.layout->name, info.eax,
	       info.ecx);
	if (leaves.layout->exits) {
		total = cpuid(leaves.layout->exits, 0);
		printf(" exits=%" PRIu64, count_of(&total));
	} else {
		printf(" exits=-");
	}
	printf(" cycles=%s\n", cycles_text(leaves.layout->cycles, 0));
	printf("%8s %-20s %12s %16s %12s %12s %12s\n", "# reason", "name", "count", "total", "min",
	       "max", "avg");
	print_reasons(info.ebx);
}

/* Prints why if it fails. */
static bool read_leaves(void)
{
	static const char *const scopes[] = { "?", "vm", "host", "?" };
	struct regs id = cpuid(EXIT_STATS_LEAF_ID, 0);
	uint32_t layout = id.eax >> EXIT_STATS_ID_LAYOUT_SHIFT & EXIT_STATS_ID_LAYOUT_MASK;

	if (id.ebx != EXIT_STATS_SIG_EBX || id.ecx != EXIT_STATS_SIG_ECX ||
	    id.edx != EXIT_STATS_SIG_EDX) {
		fprintf(stderr,
			"exit-stats-guest: no signature on CPUID leaf 0x%x: this host's KVM has no kvm-exit-stats, or hides the leaves (exit_stats_cpuid=off)\n",
			EXIT_STATS_LEAF_ID);
		return false;
	}
	leaves.version = id.eax & EXIT_STATS_ID_VERSION_MASK;
	if (!leaves.version || leaves.version > EXIT_STATS_ABI_VERSION ||
	    layout >= EXIT_STATS_NR_LAYOUTS) {
		fprintf(stderr,
			"exit-stats-guest: this host's CPUID leaves have version %u and layout %u; this program knows versions 1 to %u and layouts 0 to %u: it is older than the host's kvm-exit-stats\n",
			leaves.version, layout, EXIT_STATS_ABI_VERSION, EXIT_STATS_NR_LAYOUTS - 1);
		return false;
	}
	leaves.scope = scopes[id.eax >> EXIT_STATS_ID_SCOPE_SHIFT & EXIT_STATS_ID_FIELD_MASK];
	leaves.vendor = &vendors[id.eax >> EXIT_STATS_ID_VENDOR_SHIFT & EXIT_STATS_ID_FIELD_MASK];
	leaves.layout = &layouts[layout];
	leaves.low_first = id.eax & EXIT_STATS_ID_LOW_FIRST;
	return true;
}

int main(int argc, char **argv)
{
	static const struct argp argp = { options, parse_arg, NULL, doc, NULL, NULL, NULL };

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	if (!read_leaves())
		return 1;
	print_table();
	return 0;
}
