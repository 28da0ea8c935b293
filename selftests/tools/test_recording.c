// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recordings: both parsers say the same of a sample, a file that was cut anywhere reads, sums
 * and bins lose nothing, and hostile names stay text in a page.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"
#include "recording.h"
#include "report.h"
#include "tap.h"

#define NR_VMS	  3
#define NR_ROWS	  3
#define HOSTILE	  "<script>alert(1)</script>&\"'\342\200\256"
#define LOST	  3
#define EXITS(vm) (100 + 10 * (vm)) /* of a reason and sample; vm 0: the host */

static struct vm vms[NR_VMS] = {
	{ .id = "1-1", .name = "web", .process = "qemu", .pid = 1 },
	{ .id = "2-1", .name = HOSTILE, .process = "qemu", .uuid = "u-2", .pid = 2 },
	{ .id = "3-1", .name = "web", .process = "qemu", .uuid = "u-3", .pid = 3 },
};

/* A row of each reason; OTHER last. */
static void fill(struct table *t, uint64_t count, bool hist)
{
	static const struct row like[NR_ROWS] = {
		{ .reason = 10, .id = "10", .name = "CPUID" },
		{ .reason = 48, .id = "48", .name = "EPT_VIOLATION" },
		{ .reason = REASON_OTHER, .id = "-", .name = "OTHER" },
	};

	memset(t, 0, sizeof(*t));
	snprintf(t->vendor, sizeof(t->vendor), "vmx");
	t->tsc_khz = 1000000;
	t->tsc_stable = true;
	t->has = (1u << NR_NUMBERS) - 1;
	t->epoch = 18446744073709551615ull;
	t->vcpus = 2;
	t->halt_poll_ns = 20000000;
	t->halt_wait_ns = 300000000;
	if (hist)
		t->hist = xcalloc(1, sizeof(*t->hist));
	for (int i = 0; i < NR_ROWS; i++) {
		struct row *row = table_add_row(t, &like[i]);

		row->n[COUNT] = count;
		row->n[TOTAL] = count * (1000 << i);
		row->n[USER_COUNT] = i ? 0 : count;
		row->n[USER_TOTAL] = i ? 0 : count * 10000;
		row->n[MIN] = 500;
		row->n[MAX] = 9000;
		t->exits += row->n[COUNT];
		t->cycles += row->n[TOTAL];
		if (hist)
			t->hist[i][10 + i] = count;
	}
}

/* The numbers of the host and the VMs from @first to @last; exits as @count says of each. */
static void make(struct sample *a, int first, int last, uint64_t times, bool hist)
{
	memset(a, 0, sizeof(*a));
	a->scope = xcalloc(NR_VMS + 1, sizeof(*a->scope));
	for (int i = 0; i <= NR_VMS; i++) {
		if (i && (i - 1 < first || i - 1 > last))
			continue;
		a->scope[a->nr].vm = i ? &vms[i - 1] : NULL;
		fill(&a->scope[a->nr].t, times * EXITS(i), hist);
		/* Of the first it is not known how long it waited. */
		a->scope[a->nr].has_wait = i > 1;
		a->scope[a->nr].waited = 1000000;
		a->scope[a->nr].has_split = i;
		a->nr++;
	}
}

/*
 * 6 samples of half a second. The third VM comes with the third sample, the first ends before
 * the fifth; the second is reset in the fourth. Totals at the beginning, in the middle, at the
 * end. The caller frees it.
 */
static char *make_recording(size_t *size)
{
	struct recorder r;
	struct table host;
	struct sample a;
	char *text;
	FILE *f = open_memstream(&text, size);

	fill(&host, 0, false);
	recorder_begin(&r, f, &host, 1000, 0.5);
	make(&a, 0, 1, 7, true);
	recorder_totals(&r, &a);
	sample_free(&a);
	for (int n = 1; n <= 6; n++) {
		make(&a, n < 5 ? 0 : 1, n < 3 ? 1 : 2, 1, false);
		a.time = 1000 + n / 2.0;
		if (n == 4)
			a.scope[2].anew = true;
		if (n == 3)
			a.scope[3].has_split = false;
		/* The totals behind it have it too. */
		if (n == 2)
			a.scope[0].t.lost = LOST;
		recorder_sample(&r, &a, 0.5);
		sample_free(&a);
		if (n == 3) {
			make(&a, 0, 2, 7 + n, true);
			a.scope[0].t.lost = LOST;
			/* The third has counted since it began. */
			table_free(&a.scope[3].t);
			fill(&a.scope[3].t, EXITS(3), true);
			recorder_totals(&r, &a);
			sample_free(&a);
		}
	}
	make(&a, 1, 2, 7 + 6, true);
	a.scope[0].t.lost = LOST;
	table_free(&a.scope[1].t);
	fill(&a.scope[1].t, 3 * EXITS(2), true);
	a.scope[1].t.epoch = 5;
	table_free(&a.scope[2].t);
	fill(&a.scope[2].t, 4 * EXITS(3), true);
	recorder_totals(&r, &a);
	sample_free(&a);
	recorder_free(&r);
	fclose(f);
	table_free(&host);
	return text;
}

/* ---- both parsers */

static void tell(FILE *f, const char *what, const struct sample *a, double seconds)
{
	fprintf(f, "%s %.17g %.17g\n", what, a->time, seconds);
	for (size_t i = 0; i < a->nr; i++) {
		const struct scope_numbers *s = &a->scope[i];
		const struct table *t = &s->t;

		fprintf(f, "scope %s %d %d %d %s %llu %llu %llu %llu %u %g %g %d\n",
			s->vm ? s->vm->id : "host", s->vcpu, s->anew, t->scope, t->vendor,
			(unsigned long long)t->tsc_khz, (unsigned long long)t->vcpus,
			(unsigned long long)t->exits, (unsigned long long)t->cycles, t->has,
			t->time, s->seconds, t->tsc_stable);
		if (s->has_split)
			fprintf(f, "split %g %g %g %g %g %d %g\n", s->split.whole, s->split.exits,
				s->split.user, s->split.polling, s->split.asleep, s->has_wait,
				s->split.rest);
		for (size_t k = 0; k < t->nr; k++) {
			fprintf(f, "row %lld %s %s", (long long)t->row[k].reason, t->row[k].id,
				t->row[k].name);
			for (int n = 0; n < NR_NUMBERS; n++)
				fprintf(f, " %llu", (unsigned long long)t->row[k].n[n]);
			fputc('\n', f);
		}
	}
}

static void tell_sample(void *arg, const struct sample *a, double seconds)
{
	tell(arg, "sample", a, seconds);
}

static void tell_totals(void *arg, const struct sample *a)
{
	tell(arg, "totals", a, 0);
}

/* What a reader is told of a recording, as text. */
static char *told(char *text, size_t size, struct complaint *why)
{
	char *story;
	size_t len;
	FILE *in = fmemopen(text, size, "r"), *out = open_memstream(&story, &len);
	const struct recording_visitor visitor = { NULL, tell_sample, tell_totals, out };

	fprintf(out, "%d\n", recording_read(in, &visitor, why));
	fclose(in);
	fclose(out);
	return story;
}

/* The same with a blank in each sample's line: in that form only jansson reads it. */
static char *with_blanks(const char *text)
{
	char *copy = xcalloc(2, strlen(text) + 1), *to = copy;

	for (; *text; text++) {
		*to++ = *text;
		if (*text == '{' && !strncmp(text, "{\"time\"", 7))
			*to++ = ' ';
	}
	return copy;
}

static void test_parsers(char *text, size_t size)
{
	struct complaint why = {};
	char *blanks = with_blanks(text);
	char *fixed = told(text, size, &why), *by_jansson = told(blanks, strlen(blanks), &why);

	ok(strstr(fixed, "sample 1003 0.5") && strstr(fixed, "\n0\n"),
	   "samples in their fixed form are read");
	ok(!strcmp(fixed, by_jansson), "and jansson says the same of each");
	free(fixed);
	free(by_jansson);
	free(blanks);
}

/* What only JSON's own grammar says must not depend on which of the two reads the line. */
static void test_broken(const char *text)
{
	static const struct {
		const char *line, *what;
		bool good;
	} cases[] = {
		{ "{\"time\":1.000,\"seconds\":1.000,\"scopes\":[]}", "a sample without scopes",
		  true },
		{ "{\"time\":1.000,\"seconds\":1.000,\"scopes\":[,]}", "a comma alone", false },
		{ "{\"time\":1.000,\"seconds\":1.000,\"scopes\":[{\"vcpus\":1,\"exits\":1,\"cycles\":1,"
		  "\"rows\":[]}]}",
		  "a scope without rows", true },
		{ "{\"time\":1.000,\"seconds\":1.000,\"scopes\":[{\"vcpus\":1,\"exits\":1,\"cycles\":1,"
		  "\"rows\":[[10,1,1],]}]}",
		  "a comma behind the last row", false },
		{ "{\"time\":1.000,\"seconds\":1.000,\"scopes\":[{\"vcpus\":1,\"exits\":1,\"cycles\":1,"
		  "\"rows\":[[10,01,1]]}]}",
		  "a number that begins with 0", false },
		{ "{\"time\":1.000,\"seconds\":1.000,\"scopes\":[{\"vcpus\":1,\"exits\":1,\"cycles\":1,"
		  "\"rows\":[[77,1,1]]}]}",
		  "a reason that was not named", false },
		{ "{\"time\":1.000,\"seconds\":1.000,\"scopes\":[{\"vm\":9,\"vcpus\":1,\"exits\":1,"
		  "\"cycles\":1,\"rows\":[]}]}",
		  "a VM that was not named", false },
		{ "{\"time\":1.000,\"seconds\":1.000,\"scopes\":[]}]", "an end too many", false },
		{ "{\"time\":1.000,\"seconds\":1.000,\"scopes\":[],\"new\":1}", "a key of later",
		  true },
		{ "{\"time\":1,\"seconds\":1e0,\"scopes\":[]}", "numbers in another form", true },
		{ "{\"something\":1}", "a line of later", true },
		{ "nonsense", "no JSON", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *file = xasprintf("%s%s\n", text, cases[i].line), expect[24];
		struct complaint why = {};
		char *story = told(file, strlen(file), &why);
		int lines = 1;

		for (const char *c = text; *c; c++)
			lines += *c == '\n';
		snprintf(expect, sizeof(expect), "line %d: ", lines);
		if (cases[i].good)
			ok(!*why.text, "%s is read", cases[i].what);
		else
			ok(!strncmp(why.text, expect, strlen(expect)), "%s is refused: %s",
			   cases[i].what, why.text);
		free(story);
		free(file);
	}
}

/* ---- reports */

static int read_report(struct report *r, char *text, size_t size, struct complaint *why)
{
	FILE *f = fmemopen(text, size, "r");
	int err = report_read(r, f, why);

	fclose(f);
	return err;
}

static const struct report_scope *scope_of(const struct report *r, const char *id)
{
	for (size_t i = 1; i < r->nr; i++) {
		if (!strcmp(r->scope[i].vm.id, id))
			return &r->scope[i];
	}
	return &r->scope[0];
}

static bool has_exits(const struct report_scope *s, uint64_t exits)
{
	const struct row *row = table_row(&s->t, 10);

	if (row && row->n[COUNT] == exits && s->t.exits == NR_ROWS * exits)
		return true;
	diag("%s: %llu exits, of which CPUID %llu, not %llu", s->is_vm ? s->vm.name : "host",
	     (unsigned long long)s->t.exits, row ? (unsigned long long)row->n[COUNT] : 0,
	     (unsigned long long)exits);
	return false;
}

static void test_sums(char *text, size_t size)
{
	struct complaint why = {};
	struct report r = {};
	const struct report_scope *first, *second, *third;
	double sum = 0;
	char note[128];

	ok(!read_report(&r, text, size, &why) && r.nr == 1 + NR_VMS, "a recording is added up");
	first = scope_of(&r, "1-1");
	second = scope_of(&r, "2-1");
	third = scope_of(&r, "3-1");
	ok(r.seconds == 3 && r.samples == 6, "over the time of its samples");
	ok(has_exits(&r.scope[0], 6 * EXITS(0)), "the host: what was before is not in it");
	ok(r.scope[0].t.lost == LOST, "what BPF lost is in it, once");
	ok(has_exits(first, 4 * EXITS(1)) && first->ended && first->to == 2,
	   "a VM that ended: its totals, and the samples behind them");
	ok(has_exits(second, 6 * EXITS(2)) && second->reset,
	   "a VM that was reset: what was before the reset is in it");
	ok(has_exits(third, 4 * EXITS(3)) && third->came && third->from == 1,
	   "a VM that came: all since it began");
	ok(table_hist(&third->t, table_row(&third->t, 10))[10] == 4 * EXITS(3),
	   "histograms are added up");
	ok(strstr(report_note(&r, third, note, sizeof(note)), "came at") &&
		   strstr(report_note(&r, second, note, sizeof(note)), "reset") &&
		   !report_note(&r, &r.scope[0], note, sizeof(note)),
	   "and this is said of each");
	ok(strcmp(first->vm.name, third->vm.name) != 0, "VMs of one name have a name each");
	for (size_t i = 0; i < r.timeline.nr_series; i++) {
		for (size_t bin = 0; bin < r.timeline.nr; bin++)
			sum += r.timeline.series[i]->exits[bin];
	}
	ok(r.timeline.nr == 6 && fabs(sum - r.scope[0].t.exits) < 1e-6, "a bin for each sample");
	report_free(&r);
}

/* More samples than bins, of uneven length. */
static void test_bins(void)
{
	struct complaint why = {};
	struct report r = {};
	struct recorder rec;
	struct sample a;
	struct table host;
	size_t size;
	char *text;
	FILE *f = open_memstream(&text, &size);
	double sum = 0, seconds = 0, all = 0;

	fill(&host, 0, false);
	recorder_begin(&rec, f, &host, 0, 1);
	make(&a, 0, -1, 1, false);
	for (int i = 0; i < 5000; i++) {
		recorder_sample(&rec, &a, i % 97 ? 1 : 30.25);
		all += i % 97 ? 1 : 30.25;
	}
	sample_free(&a);
	recorder_free(&rec);
	fclose(f);
	table_free(&host);
	ok(!read_report(&r, text, size, &why), "a recording of 5000 samples is read");
	for (size_t bin = 0; bin < r.timeline.nr; bin++) {
		seconds += r.timeline.seconds[bin];
		for (size_t i = 0; i < r.timeline.nr_series; i++)
			sum += r.timeline.series[i]->exits[bin];
	}
	ok(r.timeline.nr > REPORT_BINS / 2 && r.timeline.nr <= REPORT_BINS, "into %zu bins",
	   r.timeline.nr);
	ok(fabs(seconds - all) < 1e-6 && fabs(sum - r.scope[0].t.exits) < 1e-3,
	   "bins that are merged lose no time and no exit");
	report_free(&r);
	free(text);
}

/* A page as text, which the caller frees. */
static char *page_of(const struct report *r)
{
	struct common c = { .view = VIEW_REASONS, .format = &format_text };
	char *page;
	size_t size;
	FILE *f = open_memstream(&page, &size);

	common_resolve(&c, true, "time");
	report_html(r, NULL, &c, f);
	fclose(f);
	return page;
}

static size_t times(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

static void test_page(char *text, size_t size)
{
	struct complaint why = {};
	struct report r = {};
	char *page;

	read_report(&r, text, size, &why);
	page = page_of(&r);
	ok(!strstr(page, "<script") && strstr(page, "&lt;script&gt;"),
	   "a name with markup is text in a page");
	ok(!strstr(page, "src=") && !strstr(page, "href=") && !strstr(page, "url(") &&
		   !strstr(page, "@import") && !strstr(page, "//"),
	   "a page loads nothing");
	ok(times(page, "<figure") == 2 + NR_VMS + NR_ROWS + 2 &&
		   times(page, "<figure") == times(page, "<figcaption>"),
	   "it has charts over time, of each VM's time, a histogram for each reason, and VMs "
	   "compared, with titles");
	ok(!strstr(page, "nan") && !strstr(page, "inf"), "every number is one");
	free(page);
	report_free(&r);
}

/* What a hostile file has in the place of the vendor, and in a line that is no JSON. */
static void test_hostile(const char *text)
{
	const char *vendor = strstr(text, "\"vmx\"");
	char *file = xasprintf("%.*s\"<b>\302\233\"%s", (int)(vendor - text), text, vendor + 5);
	struct complaint why = {};
	struct report r = {};
	char *page;

	read_report(&r, file, strlen(file), &why);
	page = page_of(&r);
	ok(!strcmp(r.scope[0].t.vendor, "<b>??"), "a vendor is printable: %s", r.scope[0].t.vendor);
	ok(!strstr(page, "<b>") && strstr(page, "&lt;b&gt;"), "and text in a page");
	free(page);
	report_free(&r);
	free(file);
	file = xasprintf("%s{\"x\":\302\2331m}\n", text);
	read_report(&r, file, strlen(file), &why);
	ok(strstr(why.text, "??") && !strstr(why.text, "\302\233"),
	   "an error quotes a line without its control characters: %s", why.text);
	report_free(&r);
	free(file);
}

static void test_cuts(char *text, size_t size, size_t step)
{
	int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC), saved = dup(STDERR_FILENO);
	size_t bad = 0, refused = 0;

	/* A cut line is left out with a word each time. */
	dup2(quiet, STDERR_FILENO);
	for (size_t len = 1; len <= size; len += step) {
		/* Memory of its own: a byte too far is found. */
		char *copy = memcpy(xcalloc(1, len), text, len);
		struct complaint why = {};
		struct report r = {};
		int err = read_report(&r, copy, len, &why);

		if (err == -EPROTO && !strncmp(why.text, "line 1: ", 8))
			refused++;
		else if (err)
			bad++;
		else
			free(page_of(&r));
		report_free(&r);
		free(copy);
	}
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(quiet);
	ok(!bad && refused, "of %zu cuts all read, but %zu within the first line", size / step,
	   refused);
}

int main(int argc, char **argv)
{
	size_t size;
	char *text = make_recording(&size);

	(void)argv;
	test_parsers(text, size);
	test_broken(text);
	test_sums(text, size);
	test_bins();
	test_page(text, size);
	test_hostile(text);
	test_cuts(text, size, argc > 2 ? 13 : 1);
	free(text);
	return done_testing();
}
