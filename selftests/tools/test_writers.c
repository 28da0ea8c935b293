// SPDX-License-Identifier: GPL-2.0-only
/* Each format of output, read back by another reader: jansson, RFC 4180, our own parser. */
#include <jansson.h>
#include <libsmartcols.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "output.h"
#include "tap.h"

#define TABLE                                                                      \
	"# kvm exit_stats 1 scope=vm vendor=vmx tsc_khz=1000000 tsc=stable "       \
	"epoch=18446744073709551615 vms=1 vcpus=2 exits=30 cycles=30000 nested=3 " \
	"tsc_backwards=0 dumps=0 merged=0\n"                                       \
	"# reason name count total min max avg nested_count nested_total energy\n" \
	"10 CPUID 20 20000 500 4000 1000 3 60 7\n"                                 \
	"- OTHER 10 10000 5 90 1000 0 0 8\n"
#define HOSTILE "a\"b\\c\nd,e=é\x01"

static struct vm hostile = { .id = "1-2", .name = HOSTILE, .uuid = "u", .process = "q", .pid = 7 };
static struct vm web = { .id = "3-4", .name = "web", .process = "q", .pid = 8 };

static struct table t;
static struct item items[8];
static struct column_set set;
static char *text;

/* Writes the first @nr items as @times tables of a format, into @text. */
static const char *writes(const struct output_format *format, const struct heading *h, size_t nr,
			  int times, bool hist)
{
	struct output o = { .format = format, .columns = &set, .hist = hist };
	size_t size;

	free(text);
	o.f = open_memstream(&text, &size);
	output_begin(&o);
	while (times--)
		output_table(&o, h, items, nr);
	output_end(&o);
	fclose(o.f);
	return text;
}

/* The table, with a histogram of which each exit of CPUID took 512 to 1023 cycles. */
static void make_items(void)
{
	struct complaint why;

	table_parse(&t, TABLE, &why);
	t.lost = 3;
	t.hist = calloc(t.size, sizeof(*t.hist));
	t.hist[0][9] = 20;
	for (int i = 0; i < 6; i++)
		items[i] = (struct item){ .vm = i < 2	? &hostile
						: i < 4 ? &web
							: NULL,
					  .vcpu = NO_VCPU,
					  .t = &t,
					  .row = &t.row[i % 2],
					  .began = 1000 };
	columns_choose(&set, VIEW_REASONS, "vm,reason,name,exits,exits%,rate,time,avg,p50,user");
}

static const struct heading heading = {
	.view = VIEW_REASONS, .vm = &hostile, .vcpu = NO_VCPU, .t = &t, .time = 1.5
};

static const json_t *at(const json_t *array, size_t i, const char *key)
{
	return json_object_get(json_array_get(array, i), key);
}

static void test_json(void)
{
	json_error_t error;
	json_t *all, *rows;
	char line[512];
	bool good = true;
	FILE *f;

	writes(&format_json, &heading, 2, 2, true);
	all = json_loads(text, 0, &error);
	if (!ok(json_is_array(all) && json_array_size(all) == 2, "JSON: an array of two tables"))
		diag("%s", error.text);
	ok(!strcmp(json_string_value(at(all, 0, "vm")), HOSTILE), "a hostile name comes back");
	ok(!strcmp(json_string_value(at(all, 1, "epoch")), "18446744073709551615"),
	   "an epoch of 64 bits comes back, as text");
	ok(json_integer_value(at(all, 0, "total_exits")) == 30 &&
		   json_integer_value(at(all, 0, "lost")) == 3,
	   "so do the table's sums, and what was lost");
	rows = json_object_get(json_array_get(all, 0), "rows");
	ok(json_array_size(rows) == 2 && json_integer_value(at(rows, 0, "exits")) == 20 &&
		   json_real_value(at(rows, 0, "time_ns")) == 20000 &&
		   fabs(json_real_value(at(rows, 0, "exits_percent")) - 66.667) < 0.001,
	   "numbers have their units in their keys: ns, percent");
	ok(json_is_null(at(rows, 0, "rate_per_second")) && json_is_null(at(rows, 0, "user")) &&
		   json_is_null(at(rows, 1, "p50_ns")),
	   "what is not there is null: a rate, a column, a percentile of no exits");
	ok(json_integer_value(at(rows, 1, "energy")) == 8, "unknown columns have their names");
	ok(json_array_size(at(rows, 0, "buckets")) == EXIT_STATS_BUCKETS &&
		   json_integer_value(json_array_get(at(rows, 0, "buckets"), 9)) == 20,
	   "histograms have all buckets");
	json_decref(all);
	writes(&format_json, &heading, 0, 0, false);
	all = json_loads(text, 0, NULL);
	ok(json_is_array(all) && !json_array_size(all), "no table: an empty array");
	json_decref(all);

	writes(&format_json_lines, &heading, 6, 2, true);
	f = fmemopen(text, strlen(text), "r");
	for (size_t n = 0; n < 12; n++) {
		all = fgets(line, sizeof(line), f) ? json_loads(line, 0, NULL) : NULL;
		good &= all && json_object_get(all, "exits");
		json_decref(all);
	}
	ok(good && !fgets(line, sizeof(line), f), "JSON Lines: an object in each of 12 lines");
	fclose(f);
}

/* Each byte from 1 on, alone and behind others, through the writer and jansson. */
static void test_json_strings(void)
{
	struct json j = {};
	int bad = 0, changed = 0;

	for (int a = 1; a < 256; a++) {
		for (int b = 1; b < 256; b++) {
			char in[] = { a, b, 'x', '\0' };
			size_t size;
			char *out;
			json_t *back;

			j.f = open_memstream(&out, &size);
			j.comma = false;
			json_put_string(&j, NULL, in);
			fclose(j.f);
			back = json_loads(out, JSON_DECODE_ANY, NULL);
			bad += !json_is_string(back);
			changed += a < 0x80 && b < 0x80 && back &&
				   strcmp(json_string_value(back), in);
			json_decref(back);
			free(out);
		}
	}
	ok(!bad, "any bytes are JSON that parses (%d do not)", bad);
	ok(!changed, "ASCII comes back as it was");
}

/* The next field of a CSV text, without quotes; *end is the byte behind it. */
static const char *csv_field(const char **p, char *end)
{
	static char field[256];
	bool quotes = **p == '"';
	size_t n = 0;

	*p += quotes;
	for (; **p && n < sizeof(field) - 1; (*p)++) {
		if (quotes && **p == '"' && *++*p != '"')
			break;
		if (!quotes && strchr(",\r", **p))
			break;
		field[n++] = **p;
	}
	field[n] = '\0';
	*end = **p;
	*p += *end == '\r' ? 2 : 1;
	return field;
}

static void test_csv(void)
{
	const char *p = writes(&format_csv, &heading, 2, 2, false);
	char end;

	ok(strstr(p,
		  "time,seconds,vm,reason,name,exits,exits_percent,rate_per_second,time_ns,avg_ns,"
		  "p50_ns,user\r\n") == p,
	   "CSV: the first line has the keys that JSON has");
	ok(!strstr(p + 1, "\ntime,"), "it stands there once, whatever the number of tables");
	p = strchr(p, '\n') + 1;
	ok(!strcmp(csv_field(&p, &end), "1.500") && !strcmp(csv_field(&p, &end), "0.000") &&
		   !strcmp(csv_field(&p, &end), HOSTILE) && end == ',',
	   "a hostile name comes back by RFC 4180");
	for (int i = 0; i < 4; i++)
		csv_field(&p, &end);
	ok(!*csv_field(&p, &end) && end == ',', "a rate that is not there is an empty field");
	for (int i = 0; i < 4; i++)
		csv_field(&p, &end);
	ok(end == '\r' && p[-1] == '\n', "a line has as many fields as the first one");
}

/* How many lines of the text begin so. */
static int lines(const char *begin)
{
	int n = 0;

	for (const char *line = text; *line; line = strchr(line, '\n') + 1)
		n += !strncmp(line, begin, strlen(begin));
	return n;
}

/* Do all samples of a family stand together, behind its one HELP and TYPE? */
static bool grouped(void)
{
	char family[104] = "", seen[4000] = "", name[100];

	for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
		if (sscanf(line, "# HELP %99s", name) == 1) {
			snprintf(family, sizeof(family), " %s ", name);
			if (strstr(seen, family))
				return false;
			strcat(seen, family);
		}
		name[0] = '\0';
		if (*line != '#' && (sscanf(line, "%99[a-z_]", name) != 1 ||
				     strncmp(name, family + 1, strlen(family) - 2)))
			return false;
	}
	return true;
}

#define LABEL "{vm=\"a\\\"b\\\\c\\nd,e=é\x01\",reason=\"CPUID\""

static void test_metrics(void)
{
	unsigned long long n, last = 0;
	bool rising = true;
	const char *p;

	writes(&format_prometheus, &heading, 6, 1, true);
	ok(grouped(), "Prometheus: samples of a metric stand together, under one HELP and TYPE");
	ok(lines("# TYPE kvm_exits_total counter\n") == 1 &&
		   lines("kvm_exits_total" LABEL "} 20\n") == 1,
	   "a counter has its end in its TYPE; labels are escaped");
	ok(lines("kvm_exit_handling_seconds_total{vm=\"web\",reason=\"CPUID\"} 0.000020000\n") == 1,
	   "times are in seconds");
	ok(lines("kvm_exits_total") == 4 &&
		   lines("kvm_host_exits_total{reason=\"OTHER\"} 10\n") == 1,
	   "the host's are another metric, so that a sum counts nothing twice");
	ok(lines("kvm_exit_duration_seconds_bucket" LABEL) == EXIT_STATS_BUCKETS &&
		   lines("kvm_exit_duration_seconds_bucket" LABEL ",le=\"1.024e-06\"} 20\n") &&
		   lines("kvm_exit_duration_seconds_bucket" LABEL ",le=\"5.12e-07\"} 0\n"),
	   "a bucket's le is its upper bound");
	for (p = text; (p = strstr(p, "_bucket" LABEL)); p++) {
		rising &= sscanf(strstr(p, "} "), "} %llu", &n) == 1 && n >= last;
		last = n;
	}
	ok(rising && lines("kvm_exit_duration_seconds_bucket" LABEL ",le=\"+Inf\"} 20\n") &&
		   lines("kvm_exit_duration_seconds_count" LABEL "} 20\n") &&
		   lines("kvm_exit_duration_seconds_sum" LABEL "} 0.000020000\n"),
	   "buckets add up to +Inf, which is count; sum is in seconds");
	ok(lines("kvm_vm_info{vm=\"web\",uuid=\"\",pid=\"8\"} 1\n") == 1 &&
		   lines("kvm_vm_info{") == 2,
	   "each VM has one line of who it is");
	ok(!lines("kvm_user"), "a metric of which the table has no column is left out");
	ok(!lines("# EOF"), "this format knows no # EOF");
	ok(!strstr(text, "lost"), "our modules lose no exits");
	t.measured = MEASURED_ENTRY_BPF;
	writes(&format_prometheus, &heading, 6, 1, true);
	ok(grouped() && lines("kvm_host_exits_lost_total 3\n") == 1,
	   "what BPF lost is of the host");
	ok(lines("# HELP kvm_exit_to_entry_seconds_total Time from VM exits to the next") == 1,
	   "time up to the next entry has a name and a text of its own");
	t.measured = MEASURED_HANDLER;

	writes(&format_openmetrics, &heading, 6, 1, true);
	ok(grouped() && lines("# TYPE kvm_exits counter\n") == 1 &&
		   lines("kvm_exits_total{") == 4 && lines("# TYPE kvm_vm info\n") == 1,
	   "OpenMetrics: a family's name has neither _total nor _info");
	ok(lines("# EOF\n") == 1 && !strcmp(text + strlen(text) - 6, "# EOF\n"),
	   "# EOF is the end");

	t.tsc_khz = 0;
	writes(&format_prometheus, &heading, 2, 1, true);
	ok(lines("kvm_exits_total") == 2 && !strstr(text, "seconds_total") && !strstr(text, "le="),
	   "where the TSC's frequency is not known there are no times");
	t.tsc_khz = 1000000;
	writes(&format_openmetrics, &heading, 0, 1, true);
	ok(!strcmp(text, "# EOF\n"), "without VMs the document is empty");
	ok(!strstr(text, "kvm_halt_poll_seconds") && !strstr(text, "kvm_vmm_seconds"),
	   "times that are not known have no metrics");
	t.halt_poll_ns = 1500000000;
	t.has_vmm = true;
	t.vmm_ns = 250000000;
	writes(&format_prometheus, &heading, 2, 1, false);
	ok(strstr(text, "# TYPE kvm_halt_poll_seconds_total counter") &&
		   strstr(text, "} 1.500000000\n") &&
		   strstr(text, "# TYPE kvm_vmm_seconds_total counter") &&
		   strstr(text, "} 0.250000000\n"),
	   "how long vCPUs were halted, and in user space, not for an exit, is in seconds");
	t.halt_poll_ns = 0;
	t.has_vmm = false;
}

static void test_table(void)
{
	struct complaint why;
	struct table back;
	bool good;

	writes(&format_table, &heading, 2, 1, false);
	good = !table_parse(&back, text, &why);
	ok(good && back.epoch == t.epoch && back.exits == 30 && back.scope == SCOPE_VM &&
		   back.vcpus == 2 && back.tsc_stable && back.nr == 2 &&
		   !memcmp(back.row[0].n, t.row[0].n, sizeof(back.row[0].n)) &&
		   back.row[1].reason == REASON_OTHER,
	   "the kernel's form reads back");
	table_free(&back);
}

static void test_text(void)
{
	writes(&format_text, &heading, 2, 1, false);
	ok(strstr(text, "30 exits") && strstr(text, "CPUID") && strstr(text, "66.7"),
	   "text: heading and rows are there");
	ok(lines("no exits") == 0, "a table with rows has no word of none");
	writes(&format_text, &heading, 0, 1, false);
	ok(strstr(text, "no exits yet"), "without rows it says so");
	writes(&format_text, &(struct heading){ .view = VIEW_VMS, .seconds = 1 }, 0, 1, false);
	ok(strstr(text, "no VM runs"), "without VMs a list of them says that none runs");
	writes(&format_text, &(struct heading){ .view = VIEW_TIME, .seconds = 1 }, 0, 1, false);
	ok(strstr(text, "no VM runs"), "so does a table of where their time goes");
}

static void test_columns(void)
{
	struct column_set chosen = {};
	char buf[64];
	const char *bad;

	ok(!columns_choose(&chosen, VIEW_REASONS, "name,exits,max") && chosen.nr == 3 &&
		   !strcmp(chosen.column[2]->name, "max"),
	   "columns stand in the order that is asked for");
	ok(!columns_choose(&chosen, VIEW_REASONS, "-exits,+p99") && chosen.nr == 3 &&
		   !strcmp(chosen.column[2]->name, "p99"),
	   "others are added and taken away");
	bad = columns_choose(&chosen, VIEW_REASONS, "name,exit");
	ok(bad && !strcmp(bad, "exit"), "a word that is none is told");
	ok(columns_choose(&chosen, VIEW_VMS, "p99"), "so is one of another view");
	ok(!strcmp(value_text(column_find(VIEW_REASONS, "time"), &(struct value){ .real = 999949 },
			      &(struct style){ .tsc_khz = 1000000 }, buf, sizeof(buf)),
		   "1.0 ms") &&
		   !strcmp(value_text(column_find(VIEW_REASONS, "time"),
				      &(struct value){ .real = 1234567 },
				      &(struct style){ .cycles = true }, buf, sizeof(buf)),
			   "1234567"),
	   "times are rounded within their units; cycles are whole");
	items_sort(items, 6, column_find(VIEW_REASONS, "vm"), false);
	ok(items[0].vm == &hostile && !items[2].vm && items[4].vm == &web,
	   "names are sorted from a to z");
	items_sort(items, 6, column_find(VIEW_REASONS, "exits"), true);
	ok(items[0].row == &t.row[1] && items[5].row == &t.row[0], "reversed: the least first");
	items_sort(items, 6, column_find(VIEW_REASONS, "p50"), true);
	ok(items[5].row == &t.row[1], "lines without a value are last, reversed too");
}

int main(void)
{
	setlocale(LC_CTYPE, "");
	make_items();
	test_json();
	test_json_strings();
	test_csv();
	test_metrics();
	test_table();
	test_text();
	test_columns();
	table_free(&t);
	free(text);
	return done_testing();
}
