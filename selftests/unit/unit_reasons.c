// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reason tables: which reasons are defined, which have rows, and what VMX's flag bits do.
 * The kernel's headers for user space confirm the numbers and names.
 */
#include "shim_vendor.h"

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

/* What the manual defines, and which of it has rows. 0 ends the lists. */
struct expected {
	const struct exit_stats_table *table;
	unsigned int (*row_of)(u32 code); /* on the hot path */
	unsigned int defined, rows;
	u32 gaps[12];
	const char *who_sees; /* the reasons without rows */
	u32 without_row[4];
	const struct exit_stats_reason *uapi;
	size_t nr_uapi;
};

static bool rows_in_order(const struct expected *e)
{
	const struct exit_stats_table *t = e->table;
	bool good = true;

	for (unsigned int row = EXIT_STATS_ROW_OTHER + 1; row < t->rows; row++) {
		u32 code = t->row[row].code;

		good &= exit_stats_row_of(t, code) == row && e->row_of(code) == row;
		good &= exit_stats_defined(t, code);
		good &= row == EXIT_STATS_ROW_OTHER + 1 || code > t->row[row - 1].code;
	}
	return good && t->rows == e->rows + 1;
}

static bool rows_count_one_code(const struct expected *e)
{
	const struct exit_stats_table *t = e->table;
	bool good = true;

	for (u32 code = 0; code < 65536; code++) {
		unsigned int row = e->row_of(code);

		good &= row == exit_stats_row_of(t, code) &&
			(row == EXIT_STATS_ROW_OTHER || t->row[row].code == code);
	}
	return good;
}

/* Names that are no exit codes: ends of ranges, and requests of a guest's software (SEV-ES). */
static bool no_reason(const char *uapi)
{
	return !strcmp(uapi, "EXCP_BASE") || !strcmp(uapi, "LAST_EXCP") || !strcmp(uapi, "SW");
}

static bool names_match(const struct expected *e)
{
	bool good = e->nr_uapi > 60;

	for (size_t i = 0; i < e->nr_uapi; i++) {
		const char *uapi = e->uapi[i].name, *name = name_of(e->table, e->uapi[i].code);

		if (no_reason(uapi) || (name && !strcmp(name, uapi)))
			continue;
		diag("%#x is %s in the kernel's header, %s here", e->uapi[i].code, uapi,
		     name ? name : "nothing");
		good = false;
	}
	return good;
}

static void check_table(const struct expected *e)
{
	const struct exit_stats_table *t = e->table;
	unsigned int defined = 0;
	bool good = true;

	for (u32 code = 0; code < 65536; code++)
		defined += exit_stats_defined(t, code) + exit_stats_defined(t, -1 - code);
	ok(defined == e->defined, "%s: the manual defines %u reasons (%u)", t->vendor, e->defined,
	   defined);
	for (const u32 *gap = e->gaps; *gap; gap++)
		good &= !exit_stats_defined(t, *gap) && e->row_of(*gap) == EXIT_STATS_ROW_OTHER;
	ok(good, "%s: a code in a gap is not defined, and counts as OTHER", t->vendor);
	ok(rows_in_order(e), "%s: %u rows count a reason each, in order", t->vendor, e->rows);
	ok(rows_count_one_code(e), "%s: no row counts two reasons", t->vendor);
	good = true;
	for (const u32 *code = e->without_row; *code; code++)
		good &= exit_stats_defined(t, *code) && e->row_of(*code) == EXIT_STATS_ROW_OTHER;
	ok(good, "%s: a reason that only %s is defined and has no row", t->vendor, e->who_sees);
	ok(names_match(e), "%s: names and numbers are those of the kernel's header (%zu)",
	   t->vendor, e->nr_uapi);
}

static const struct expected vmx = {
	&kvm_exit_stats_table_vmx, row_of_exit, 80, 77,
	{ 35, 38, 42, 71, 82, 83, 86, 255, 0xdead, 0xffff },
	"an SMM monitor sees", { 5, 6, 17 },
	uapi_vmx, ARRAY_SIZE(uapi_vmx),
}, svm = {
	&kvm_exit_stats_table_svm, row_of_code, 0xa7 + 4 + 4, 172,
	{ 0xa7, 0xff, 0x3ff, 0x404, 0x10072, 0xdead, 1u << 31, 0xf0000000, 0xfffffffb },
	"an SNP guest's VMRUN returns", { 0xfffffffc, 0xfffffffd, 0xfffffffe },
	uapi_svm, ARRAY_SIZE(uapi_svm),
};

int main(void)
{
	const struct exit_stats_table *t = &kvm_exit_stats_table_vmx;

	check_table(&vmx);
	ok(!exit_stats_defined(t, 0x8000000a) && row_of_exit(0x80000021) == row_of_exit(33),
	   "a failed entry counts as its basic reason; with its flag bit it is no reason");
	ok((row_of_exit(1u << 26 | 10) == row_of_exit(10) &&
	    row_of_exit(1u << 27 | 10) == row_of_exit(10)),
	   "the bus lock and SGX bits are masked");
	ok((!strcmp(name_of(t, 10), "CPUID") && !strcmp(name_of(t, 30), "IO_INSTRUCTION") &&
	    !strcmp(name_of(t, 85), "MSR_WRITE_IMM") && t->highest == 85),
	   "some names, and the last reason");
	t = &kvm_exit_stats_table_svm;
	check_table(&svm);
	ok((!strcmp(name_of(t, 0x6e), "RDTSC") && !strcmp(name_of(t, 0x72), "CPUID") &&
	    !strcmp(name_of(t, 0x7b), "IOIO") && !strcmp(name_of(t, 0x400), "NPF") &&
	    !strcmp(name_of(t, 0x403), "VMGEXIT") && !strcmp(name_of(t, -1), "ERR") &&
	    row_of_code(-1) == t->rows - 1 && t->highest == 0x403),
	   "some names; a failed VMRUN has the last row");
	return done_testing();
}
