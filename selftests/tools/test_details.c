// SPDX-License-Identifier: GPL-2.0-only
/* Reasons by name and number; and what details of their exits are called. */
#include <stdio.h>
#include <string.h>

#include "detail.h"
#include "reasons.h"
#include "tap.h"

static bool finds(bool svm, const char *text, int64_t wanted)
{
	char alike[64];
	int64_t reason;

	return reason_find(svm, text, &reason, alike, sizeof(alike)) && reason == wanted;
}

static bool lacks(bool svm, const char *text, const char *wanted)
{
	char alike[64];
	int64_t reason;

	return !reason_find(svm, text, &reason, alike, sizeof(alike)) && !strcmp(alike, wanted);
}

static void test_reasons(void)
{
	ok(finds(false, "CPUID", 10) && finds(false, "cpuid", 10) && finds(false, "10", 10) &&
		   finds(false, "0xa", 10),
	   "a reason of VMX is found by name, in any case, and by number");
	ok(finds(true, "NPF", 0x400) && finds(true, "0x400", 0x400) && finds(true, "IOIO", 0x7b),
	   "and one of SVM");
	ok(lacks(false, "violation", "EPT_VIOLATION"),
	   "a part of a name is not enough: it is told");
	ok(!finds(false, "", 0), "an empty name is none");
	ok(lacks(false, "10x", "") && lacks(false, "86", "") && lacks(false, "-2", "") &&
		   lacks(true, "4294967410", ""),
	   "numbers that are no reason, and numbers with more behind");
}

/* A detail's row is "ID|NAME". */
static bool is(bool svm, int64_t reason, uint64_t value, uint64_t how, int slot, const char *wanted)
{
	struct drill_key key = { .value = value, .how = how };
	struct row row = {};
	char text[128];

	detail_text(&row, svm, reason, &key, slot);
	snprintf(text, sizeof(text), "%s|%s", row.id, row.name);
	if (!strcmp(text, wanted))
		return true;
	diag("'%s', and not '%s'", text, wanted);
	return false;
}

static void test_texts(void)
{
	ok(is(false, 30, 0x608, DRILL_READ | 4, -1, "0x608|read 4 B, ACPI PM timer") &&
		   is(true, 0x7b, 0x1234, DRILL_WRITE | DRILL_STRING | 1, -1,
		      "0x1234|write string 1 B"),
	   "a port: direction, size, string, and what is there");
	ok(is(false, 31, 0x6e0, 0, -1, "0x6e0|IA32_TSC_DEADLINE") &&
		   is(false, 32, 0x12345678, 0, -1, "0x12345678|-") &&
		   is(true, 0x7c, 0xc0000080, DRILL_WRITE, -1, "0xc0000080|write, EFER") &&
		   is(false, 32, 0x831, 0, -1, "0x831|x2APIC"),
	   "an MSR: its name; SVM's reason has both directions");
	ok(is(false, 49, 0xfed000f0, DRILL_READ | DRILL_MMIO, -1, "0xfed000f0|read MMIO, HPET") &&
		   is(false, 48, 0x7000, DRILL_WRITE, 2, "0x7000|write memory, slot 2") &&
		   is(true, 0x400, 0x7000, DRILL_FETCH, -1, "0x7000|fetch, no memory slot"),
	   "an address: MMIO, memory with its slot, or nothing");
	ok(is(false, 0, 14, 0, -1, "14|#PF page fault") &&
		   is(false, 1, 236, 0, -1, "236|interrupt of the host") &&
		   is(false, 18, 5, 0, -1, "5|KICK_CPU") &&
		   is(true, 0x72, 7, 0, -1, "0x7|features"),
	   "a vector, a hypercall, a leaf");
	ok(is(false, 28, 0x13, 0, -1, "0x3|MOV from CR3") &&
		   is(false, 44, 0x1080, 0, -1, "0x80|write APIC register") &&
		   is(false, 14, 0x5000, 0, -1, "0x5000|guest-virtual address"),
	   "an exit qualification by its reason");
	ok(is(false, 12, 0xffffffff81000000, 0, -1, "0xffffffff81000000|at this instruction") &&
		   is(false, 16, 0x1000, 0, -1, "0x1000|before this instruction"),
	   "a guest's instruction, as long as an address can be");
	ok(is(false, 30, 5, DRILL_UNKNOWN, -1, "-|not read by KVM"), "what KVM did not read");
}

/* A mask keeps what the text shows, and nothing that only splits rows. */
static void test_masks(void)
{
	ok(detail_mask(28) == 0x3f && detail_mask(44) == 0x3fff && detail_mask(84) == ~0ull,
	   "bits of an exit qualification that say nothing are left out");
	ok(detail_instruction(false, 12) == 1 && detail_instruction(false, 40) == 2 &&
		   detail_instruction(true, 0x78) == 0,
	   "HLT and PAUSE have a length, with VMX");
}

int main(void)
{
	test_reasons();
	test_texts();
	test_masks();
	return done_testing();
}
