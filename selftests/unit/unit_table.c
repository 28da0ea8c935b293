// SPDX-License-Identifier: GPL-2.0-only
/* The text of tables and histograms, to the byte. */
#include "exit_stats.h"
#include "tap.h"

static const struct exit_stats_reason rows[] = {
	{ 0, "OTHER" },
	{ 10, "CPUID" },
	{ 30, "IO_INSTRUCTION" },
	{ 0x403, "VMGEXIT" },
};

static struct exit_stats_table table = { .vendor = "vmx", .rows = 4, .row = rows };

static bool shows(bool hist, const char *expect, struct exit_stats_snap *snap)
{
	struct seq_file m;
	char *text;
	size_t len;
	bool same;

	m.out = open_memstream(&text, &len);
	snap->hist = hist;
	kvm_exit_stats_show(&m, snap);
	fclose(m.out);
	same = !strcmp(text, expect);
	if (!same)
		diag("got:\n%s", text);
	free(text);
	return same;
}

int main(void)
{
	struct exit_stats_snap *s = calloc(1, sizeof(*s) + 4 * sizeof(s->row[0]));

	s->table = &table;
	s->scope = EXIT_STATS_SCOPE_HOST;
	s->epoch = 7;
	s->vms = 1;
	s->vcpus = 2;
	s->tsc_khz = 2600000;
	s->tsc_stable = true;
	s->rows = 4;
	s->exits = 6;
	s->cycles = 1000;
	s->nested = 1;
	s->backwards = 5;
	s->dumps = 8;
	s->merged = 9;
	s->halt_poll_ns = 11;
	s->halt_wait_ns = 12;
	s->row[1] = (struct exit_stats_row){ 20, 50, 3, 100, 1, 30, 2, 77, { [4] = 2, [5] = 1 } };
	s->row[0] = (struct exit_stats_row){ 300, 300, 3, 900, 0, 0, 0, 0, { [8] = 3 } };

	ok(shows(false,
		 "# kvm exit_stats 1 scope=host vendor=vmx tsc_khz=2600000 tsc=stable epoch=7 vms=1 vcpus=2 exits=6 cycles=1000 nested=1 tsc_backwards=5 dumps=8 merged=9 halt_poll_ns=11 halt_wait_ns=12\n"
		 "# reason name                        count            total          min          max          avg  nested_count     nested_total   user_count       user_total\n"
		 "      10 CPUID                           3              100           20           50           33             1               30            2               77\n"
		 "       - OTHER                           3              900          300          300          300             0                0            0                0\n",
		 s),
	   "a table: the rows with a count in order of reason, then OTHER as -");
	ok(shows(true,
		 "# kvm exit_stats 1 scope=host vendor=vmx tsc_khz=2600000 tsc=stable epoch=7 vms=1 vcpus=2 exits=6 cycles=1000 nested=1 tsc_backwards=5 dumps=8 merged=9 halt_poll_ns=11 halt_wait_ns=12 buckets=32\n"
		 "# reason name                        count 2^0 2^1 2^2 2^3 2^4 2^5 2^6 2^7 2^8 2^9 2^10 2^11 2^12 2^13 2^14 2^15 2^16 2^17 2^18 2^19 2^20 2^21 2^22 2^23 2^24 2^25 2^26 2^27 2^28 2^29 2^30 2^31\n"
		 "      10 CPUID                           3 0 0 0 0 2 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
		 "       - OTHER                           3 0 0 0 0 0 0 0 0 3 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
		 s),
	   "a histogram: the same header with buckets=32, and 32 counts in each row");

	table.hex = true;
	table.vendor = "svm";
	s->tsc_stable = false;
	s->scope = EXIT_STATS_SCOPE_VCPU;
	s->row[3] = (struct exit_stats_row){ 1, U64_MAX, U64_MAX, U64_MAX };
	ok(shows(false,
		 "# kvm exit_stats 1 scope=vcpu vendor=svm tsc_khz=2600000 tsc=unstable epoch=7 vms=1 vcpus=2 exits=6 cycles=1000 nested=1 tsc_backwards=5 dumps=8 merged=9 halt_poll_ns=11 halt_wait_ns=12\n"
		 "# reason name                        count            total          min          max          avg  nested_count     nested_total   user_count       user_total\n"
		 "     0xa CPUID                           3              100           20           50           33             1               30            2               77\n"
		 "   0x403 VMGEXIT              18446744073709551615 18446744073709551615            1 18446744073709551615            1             0                0            0                0\n"
		 "       - OTHER                           3              900          300          300          300             0                0            0                0\n",
		 s),
	   "SVM: codes in hex; a blank separates numbers that are wider than their columns");

	s->table = NULL;
	s->rows = 0;
	s->scope = EXIT_STATS_SCOPE_VM;
	ok(shows(false,
		 "# kvm exit_stats 1 scope=vm vendor=none tsc_khz=2600000 tsc=unstable epoch=7 vms=1 vcpus=2 exits=6 cycles=1000 nested=1 tsc_backwards=5 dumps=8 merged=9 halt_poll_ns=11 halt_wait_ns=12\n"
		 "# reason name                        count            total          min          max          avg  nested_count     nested_total   user_count       user_total\n",
		 s),
	   "without a vendor module: the header only");
	free(s);
	return done_testing();
}
