// SPDX-License-Identifier: GPL-2.0-only
/* The parser of tables, histograms and dumps: Documentation/abi.md's grammar and its errors. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dump.h"
#include "table.h"
#include "tap.h"

#define HEADER                                                                              \
	"# kvm exit_stats 1 scope=vm vendor=vmx tsc_khz=2400000 tsc=stable epoch=77 vms=1 " \
	"vcpus=4 exits=30 cycles=600 nested=3 tsc_backwards=1 dumps=8 merged=2\n"
#define HEADS "# reason name count total min max avg nested_count nested_total\n"
#define CPUID "      10 CPUID 20 400 5 90 20 3 60\n"
#define OTHER "       - OTHER 10 200 5 90 20 0 0\n"

static struct complaint why;

static bool parses(struct table *t, const char *text)
{
	memset(&why, 0, sizeof(why));
	return !table_parse(t, text, &why);
}

/* Is this text refused, with these words, and the table left empty? */
static void is_error(const char *text, const char *words, const char *what)
{
	struct table t;
	bool empty;

	memset(&t, 0xff, sizeof(t));
	empty = !parses(&t, text) && !t.row && !t.hist && !t.nr;
	if (!ok(empty && strstr(why.text, words), "%s is refused, with '%s'", what, words))
		diag("complaint: '%s'", why.text);
}

static void test_grammar(void)
{
	const struct row *row;
	char buf[128];
	struct table t;

	ok(parses(&t, HEADER HEADS CPUID OTHER), "a table of the kernel parses");
	ok(t.version == 1 && t.scope == SCOPE_VM && !strcmp(t.vendor, "vmx") && t.tsc_stable,
	   "version, scope, vendor and TSC are those of the header");
	ok(t.tsc_khz == 2400000 && t.epoch == 77 && t.vms == 1 && t.vcpus == 4 && t.exits == 30 &&
		   t.cycles == 600 && t.nested == 3 && t.tsc_backwards == 1 && t.dumps == 8 &&
		   t.merged == 2,
	   "each number of the header is in its place");
	row = table_row(&t, 10);
	ok(t.nr == 2 && row && !strcmp(row->name, "CPUID") && !strcmp(row->id, "10") &&
		   row->n[COUNT] == 20 && row->n[TOTAL] == 400 && row->n[MIN] == 5 &&
		   row->n[MAX] == 90 && row->n[AVG] == 20 && row->n[NESTED_COUNT] == 3 &&
		   row->n[NESTED_TOTAL] == 60,
	   "each number of a row is in its place");
	ok(table_row(&t, REASON_OTHER) == &t.row[1], "the row OTHER has no number");
	ok(!table_row(&t, 11), "a reason that the file has not is not there");
	ok(!table_notes(&t, buf, sizeof(buf)),
	   "there is nothing to say of a table of this version");
	ok(!(t.has & 1u << USER_COUNT), "a column that the file has not is not claimed");
	table_free(&t);

	ok(parses(&t, HEADER CPUID) && t.row[0].n[NESTED_TOTAL] == 60 &&
		   t.has == (1u << USER_COUNT) - 1,
	   "without heads the columns are the seven of version 1");
	table_free(&t);
	ok(parses(&t, "# kvm exit_stats 1 scope=host vendor=svm epoch=0 exits=0\n") && !t.nr,
	   "a table without rows parses");
	table_free(&t);
	ok(parses(&t, HEADER HEADS "0xfffffffe X 1 1 1 1 1 0 0\n") && t.row[0].reason == 0xfffffffe,
	   "SVM's reasons are hexadecimal, of 32 bits");
	table_free(&t);
	ok(parses(&t, "# kvm exit_stats 1 scope=vm\r\n# reason name count\r\n10 CPUID 7\r\n") &&
		   t.row[0].n[COUNT] == 7,
	   "lines that end in CR LF parse");
	table_free(&t);
	ok(parses(&t, HEADER HEADS "10 CPUID 18446744073709551615 1 1 1 1 0 0") &&
		   t.row[0].n[COUNT] == UINT64_MAX,
	   "64 bits fit; the last line needs no end");
	table_free(&t);
	ok(parses(&t, HEADER HEADS "# made by tar\n\n" CPUID) && t.nr == 1,
	   "comments and empty lines are passed over");
	table_free(&t);
}

static void test_newer(void)
{
	char buf[256], small[8];
	struct table t;

	ok(parses(&t, "# kvm exit_stats 9 scope=vm colour=red exits=1\n"
		      "# reason name count total min max avg nested_count nested_total user_count "
		      "user_total energy\n10 CPUID 1 2 3 4 5 6 7 8 9 10\n"),
	   "a table of a newer version parses");
	ok(t.row[0].n[USER_COUNT] == 8 && t.row[0].n[USER_TOTAL] == 9 && t.has & 1u << USER_TOTAL,
	   "known columns behind the seven are read");
	ok(t.nr_extra == 1 && !strcmp(t.extra[0], "energy") && t.row[0].extra[0] == 10,
	   "an unknown column is kept by its name");
	ok(table_notes(&t, buf, sizeof(buf)) && strstr(buf, "version 9") && strstr(buf, "energy"),
	   "both are said to the user: '%s'", buf);
	ok(table_notes(&t, small, sizeof(small)) && strlen(small) < sizeof(small),
	   "a note that is too long is cut");
	table_free(&t);

	ok(parses(&t, HEADER "#reason name total nested_count count\n10 CPUID 400 3 20\n") &&
		   t.row[0].n[TOTAL] == 400 && t.row[0].n[COUNT] == 20 &&
		   t.row[0].n[NESTED_COUNT] == 3 && !(t.has & 1u << MIN),
	   "columns may stand in another order: the heads tell");
	table_free(&t);
	ok(parses(&t, HEADER "# reason name a b c d e f count\n10 CPUID 1 2 3 4 5 6 7\n") &&
		   t.nr_extra == MAX_EXTRA && t.row[0].n[COUNT] == 7,
	   "of too many unknown columns the first %d are kept, and the known ones", MAX_EXTRA);
	table_free(&t);
}

static void test_errors(void)
{
	char *text = NULL;
	struct table t;
	size_t len;
	FILE *f;

	is_error("", "line 1", "an empty file");
	is_error("\n" HEADER, "line 1", "a table whose first line is empty");
	is_error("# kvm exit_stats\n", "line 1", "a header without a version");
	is_error("# kvm exit_stats x scope=vm\n", "line 1", "a version that is no number");
	is_error("<html>\n<body>\n", "line 1", "another file");
	is_error(HEADER HEADS CPUID "11\n", "line 4", "a row without a name");
	is_error(HEADER HEADS "11 GETSEC\n", "line 3", "a row without numbers");
	is_error(HEADER HEADS "10 CPUID 20 400 5\n", "line 3", "a row that was cut");
	is_error(HEADER HEADS "10 CPUID 20 4x0 5 90 20 3 60\n", "line 3, field 4: '4x0'",
		 "a number with a letter in it");
	is_error(HEADER HEADS "10 CPUID -20 400 5 90 20 3 60\n", "line 3, field 3",
		 "a negative number");
	is_error(HEADER HEADS "10 CPUID 18446744073709551616 400 5 90 20 3 60\n", "line 3, field 3",
		 "a number of more than 64 bits");
	is_error(HEADER HEADS "4294967296 CPUID 1 1 1 1 1 1 1\n", "line 3",
		 "a reason of more than 32 bits");
	is_error(HEADER HEADS "CPUID 10 1 1 1 1 1 1 1\n", "line 3", "a reason that is no number");
	is_error(HEADER HEADS "10 CPUID \033[2J 1 1 1 1 1 1\n", "'?[2J'",
		 "a control character, which is not repeated,");

	f = open_memstream(&text, &len);
	fputs(HEADER HEADS, f);
	for (int i = 0; i < 5000; i++)
		fprintf(f, "%d R%d 1 1 1 1 1 0 0\n", i, i);
	fclose(f);
	is_error(text, "line 4099", "more rows than any processor has reasons");
	*strstr(text, "4096 R4096") = '\0';
	ok(parses(&t, text) && t.nr == 4096, "4096 rows parse");
	table_free(&t);
	free(text);

	ok(parses(&t, HEADER HEADS "10 \033]0;x\a\xff 1 1 1 1 1 0 0\n") &&
		   !strcmp(t.row[0].name, "?]0;x??"),
	   "names of reasons are printable");
	table_free(&t);
}

/* A histogram's text: rows "10 CPUID count" with a count in one bucket each. */
static char *hist_text(const char *rows[][2], int bucket, int buckets)
{
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	fputs("# kvm exit_stats 1 scope=vm epoch=78 exits=99 buckets=32\n# reason name count\n", f);
	for (int i = 0; rows[i][0]; i++) {
		fprintf(f, "%s %s", rows[i][0], rows[i][1]);
		for (int k = 0; k < buckets; k++)
			fprintf(f, " %s", k == bucket ? rows[i][1] : "0");
		fputc('\n', f);
	}
	fclose(f);
	return text;
}

static void test_hist(void)
{
	const char *rows[][2] = { { "10 CPUID", "21" }, { "12 HLT", "4" }, { 0 } };
	char *text = hist_text(rows, 9, 32), *cut = hist_text(rows, 9, 31);
	struct table t, copy;

	parses(&t, HEADER HEADS CPUID OTHER);
	ok(!table_hist(&t, &t.row[0]), "a table has no histogram by itself");
	ok(!table_parse_hist(&t, text, &why), "a histogram is added to its table");
	ok(t.epoch == 77 && t.exits == 30, "its header does not replace the table's");
	ok(t.row[0].n[COUNT] == 20 && table_hist(&t, &t.row[0])[9] == 21 &&
		   !table_hist(&t, &t.row[0])[8],
	   "counts are in their buckets, though the histogram is a moment younger");
	ok(t.nr == 3 && table_row(&t, 12) && !table_row(&t, 12)->n[COUNT] &&
		   table_hist(&t, table_row(&t, 12))[9] == 4,
	   "a row that only the histogram has is added without numbers");
	ok(!table_hist(&t, table_row(&t, REASON_OTHER))[9],
	   "a row that the histogram has not has an empty one");
	table_copy(&copy, &t);
	ok(copy.row != t.row && table_hist(&copy, &copy.row[0])[9] == 21, "a copy has its own");
	table_free(&copy);
	ok(table_parse_hist(&t, cut, &why) && strstr(why.text, "line 3") && !t.row && !t.hist,
	   "a histogram with 31 buckets is refused, and the table freed: '%s'", why.text);

	parses(&t, "# kvm exit_stats 1 scope=vm\n");
	ok(!table_parse_hist(&t, text, &why) && t.nr == 2 && table_hist(&t, &t.row[1])[9] == 4,
	   "a histogram is added to a table without rows");
	table_free(&t);
	parses(&t, HEADER HEADS CPUID);
	ok(table_parse_hist(&t, "x\n", &why) && strstr(why.text, "line 1"),
	   "a file that is no histogram is refused");
	free(text);
	free(cut);
}

#define DUMP(n, rows)                                                                         \
	"kvm_exit_stats: dump " n ": due at 4000, taken at 4128 exits, 8732500 cycles, " rows \
	" reasons"
#define ROW(n, reason, total)                                                   \
	"kvm_exit_stats: " n ": exit reason " reason ": count 914 total " total \
	" min 110 max 14740 avg 5766"

static void test_dump(void)
{
	struct dump d = {};

	ok(!dump_line(&d, "usb 1-1: new device"), "other lines of the log are passed over");
	ok(!dump_line(&d, ROW("8", "10 CPUID", "1")),
	   "rows without their first line are passed over");
	ok(!dump_line(&d, "6,901,1234,-;" DUMP("8", "2") " (3 merged)"), "a dump begins");
	ok(!dump_line(&d, "[ 12.5] " ROW("8", "10 CPUID", "3461478")),
	   "it waits for all of its rows");
	ok(!dump_line(&d, ROW("7", "30 X", "1")) && d.t.nr == 1,
	   "a row of another dump is passed over");
	ok(dump_line(&d, ROW("8", "- OTHER", "5271022")), "its last row completes it");
	ok(d.number == 8 && d.due == 4000 && d.taken == 4128 && d.cycles == 8732500 &&
		   d.merged == 3 && d.t.nr == 2 && d.t.row[0].n[TOTAL] == 3461478 &&
		   d.t.row[1].reason == REASON_OTHER && d.t.row[1].n[MAX] == 14740,
	   "all of its numbers are there");
	table_free(&d.t);
	dump_line(&d, DUMP("9", "2"));
	dump_line(&d, ROW("9", "10 CPUID", "1"));
	dump_line(&d, DUMP("10", "1"));
	ok(dump_line(&d, ROW("10", "0x72 CPUID", "5")) && d.number == 10 && d.t.nr == 1 &&
		   d.t.row[0].reason == 0x72,
	   "a dump that lost a line is dropped when the next begins");
	table_free(&d.t);
	ok(dump_line(&d, DUMP("11", "0")), "a dump without rows is whole at once");
	table_free(&d.t);
	dump_line(&d, DUMP("12", "1"));
	ok(!dump_line(&d, ROW("12", "ten CPUID", "5")), "a reason that is no number is no row");
	table_free(&d.t);
}

int main(void)
{
	test_grammar();
	test_newer();
	test_errors();
	test_hist();
	test_dump();
	return done_testing();
}
