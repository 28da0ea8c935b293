// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reason tables: which reasons are defined, which have rows, and what VMX's flag bits do.
 * The kernel's headers for user space confirm the numbers and names.
 */
#include "vendor.h"

static const struct exit_stats_reason uapi_vmx[] = {
#include "uapi_vmx.h"
}, uapi_svm[] = {
#include "uapi_svm.h"
};

static unsigned int row_of_code(u32 code)
{
	return exit_stats_offset_svm(code) / EXIT_STATS_OFFSET(1);
}

/* NULL: the reason has no row. */
static const char *name_of(const struct exit_stats_table *t, u32 code)
{
	unsigned int row = exit_stats_row_of(t, code);

	return row == EXIT_STATS_ROW_OTHER ? NULL : t->row[row].name;
}

/* Each row counts its code, on the hot path (@row_of) and for readers. */
static bool rows_in_order(const struct exit_stats_table *t, unsigned int (*row_of)(u32 code))
{
	bool good = true;

	for (unsigned int row = EXIT_STATS_ROW_OTHER + 1; row < t->rows; row++) {
		u32 code = t->row[row].code;

		good &= exit_stats_row_of(t, code) == row && row_of(code) == row;
		good &= exit_stats_defined(t, code);
		good &= row == EXIT_STATS_ROW_OTHER + 1 || code > t->row[row - 1].code;
	}
	return good;
}

/* Names of a range's ends, and of what a guest's software requests (SEV-ES). */
static bool no_reason(const char *uapi)
{
	return !strcmp(uapi, "EXCP_BASE") || !strcmp(uapi, "LAST_EXCP") || !strcmp(uapi, "SW");
}

static void check_names(const struct exit_stats_table *t, const struct exit_stats_reason *uapi,
			size_t nr)
{
	bool good = true;

	for (size_t i = 0; i < nr; i++) {
		const char *name = name_of(t, uapi[i].code);

		if (no_reason(uapi[i].name) || (name && !strcmp(name, uapi[i].name)))
			continue;
		diag("%#x is %s in the kernel's header, %s here", uapi[i].code, uapi[i].name,
		     name ? name : "nothing");
		good = false;
	}
	ok(good && nr > 60, "%s: names and numbers are the same as in the kernel's header (%zu)",
	   t->vendor, nr);
}

static void check_svm(void)
{
	const struct exit_stats_table *t = &kvm_exit_stats_table_svm;
	static const u32 gaps[] = { 0xa7,   0xff,     0x3ff,	  0x404,     0x10072,
				    0xdead, 1u << 31, 0xf0000000, 0xfffffffb };
	static const u32 without_row[] = { 0xfffffffc, 0xfffffffd, 0xfffffffe };
	int defined = 0;
	bool good = true;

	for (u32 code = 0; code < 65536; code++)
		defined += exit_stats_defined(t, code) + exit_stats_defined(t, -1 - code);
	ok(defined == 0xa7 + 4 + 4, "the APM defines 175 codes (%d)", defined);
	for (size_t i = 0; i < ARRAY_SIZE(gaps); i++)
		good &= !exit_stats_defined(t, gaps[i]) &&
			row_of_code(gaps[i]) == EXIT_STATS_ROW_OTHER;
	ok(good, "codes in the gaps are not defined, and count as OTHER");

	good = rows_in_order(t, row_of_code);
	ok(good && t->rows == 173, "each of 172 rows counts its code; the rows are in order");
	good = true;
	for (u32 code = 0; code < 65536; code++)
		good &= row_of_code(code) == exit_stats_row_of(t, code) &&
			(row_of_code(code) == EXIT_STATS_ROW_OTHER ||
			 t->row[row_of_code(code)].code == code);
	ok(good, "no row counts two codes");
	good = true;
	for (size_t i = 0; i < ARRAY_SIZE(without_row); i++)
		good &= exit_stats_defined(t, without_row[i]) &&
			row_of_code(without_row[i]) == EXIT_STATS_ROW_OTHER;
	ok(good, "a code that only an SNP guest's VMRUN returns is defined and has no row");
	ok((!strcmp(name_of(t, 0x6e), "RDTSC") && !strcmp(name_of(t, 0x72), "CPUID") &&
	    !strcmp(name_of(t, 0x7b), "IOIO") && !strcmp(name_of(t, 0x400), "NPF") &&
	    !strcmp(name_of(t, 0x403), "VMGEXIT") && !strcmp(name_of(t, -1), "ERR") &&
	    row_of_code(-1) == t->rows - 1 && t->highest == 0x403),
	   "some names; a failed VMRUN has the last row");
	check_names(t, uapi_svm, ARRAY_SIZE(uapi_svm));
}

int main(void)
{
	const struct exit_stats_table *t = &kvm_exit_stats_table_vmx;
	static const u32 gaps[] = { 35, 38, 42, 71, 82, 83, 86, 255, 0xdead, 0x8000000a };
	static const u32 without_row[] = { 5, 6, 17 };
	int defined = 0;
	bool good = true;

	for (u32 code = 0; code < 65536; code++)
		defined += exit_stats_defined(t, code);
	ok(defined == 80, "the SDM defines 80 reasons (%d)", defined);
	for (size_t i = 0; i < ARRAY_SIZE(gaps); i++)
		good &= !exit_stats_defined(t, gaps[i]);
	ok(good, "a number in a gap, above 85 or with a flag bit is not defined");

	good = rows_in_order(t, row_of_exit);
	ok(good, "each row counts its reason; the rows are in order");
	good = true;
	for (u32 code = 0; code < 256; code++)
		good &= row_of_exit(code) == exit_stats_row_of(t, code) &&
			(row_of_exit(code) == EXIT_STATS_ROW_OTHER ||
			 t->row[row_of_exit(code)].code == code);
	ok(good && t->rows == 78, "no row counts two reasons; there are 77, and OTHER (%u)",
	   t->rows);

	good = true;
	for (size_t i = 0; i < ARRAY_SIZE(without_row); i++)
		good &= exit_stats_defined(t, without_row[i]) &&
			exit_stats_row_of(t, without_row[i]) == EXIT_STATS_ROW_OTHER;
	ok(good, "a reason that only an SMM monitor sees is defined and has no row");

	ok((row_of_exit(0xdead) == EXIT_STATS_ROW_OTHER &&
	    row_of_exit(35) == EXIT_STATS_ROW_OTHER && row_of_exit(0xffff) == EXIT_STATS_ROW_OTHER),
	   "a reason without a row counts as OTHER");
	ok(row_of_exit(0x80000021) == row_of_exit(33), "a failed entry counts as its basic reason");
	ok((row_of_exit(1u << 26 | 10) == row_of_exit(10) &&
	    row_of_exit(1u << 27 | 10) == row_of_exit(10)),
	   "the bus lock and SGX bits are masked");
	ok((!strcmp(name_of(t, 10), "CPUID") && !strcmp(name_of(t, 30), "IO_INSTRUCTION") &&
	    !strcmp(name_of(t, 85), "MSR_WRITE_IMM") && t->highest == 85),
	   "some names, and the last reason");
	check_names(t, uapi_vmx, ARRAY_SIZE(uapi_vmx));
	check_svm();
	return done_testing();
}
