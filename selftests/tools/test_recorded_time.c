// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the time went, recorded and read back: a report's shares are those of the samples, old
 * recordings say that they do not tell, and an unstable TSC is said.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "recording.h"
#include "report.h"
#include "tap.h"

#define SAMPLES 10
#define VCPUS	2

static enum measured measured; /* of all recordings */
static struct vm vm = { .id = "1-1", .name = "web", .process = "qemu", .pid = 1 };

/* What happened in a second to a VM of two vCPUs; at 1 GHz a cycle is 1 ns. */
struct second {
	uint64_t exits, user, polling, asleep, waiting; /* ms, of 2000 */
	bool no_wait;
	uint64_t vmm; /* 0: the source does not tell */
};

static void fill(struct table *t, const struct second *s)
{
	static const struct row like = { .reason = 30, .id = "30", .name = "IO_INSTRUCTION" };
	struct row *row;

	*t = (struct table){ .version = 1,
			     .vendor = "vmx",
			     .tsc_khz = 1000000,
			     .tsc_stable = true,
			     .epoch = 7,
			     .vcpus = VCPUS,
			     .has = (1u << NR_NUMBERS) - 1,
			     .halt_poll_ns = s->polling * 1000000,
			     .halt_wait_ns = s->asleep * 1000000,
			     .has_vmm = s->vmm,
			     .vmm_ns = s->vmm * 1000000,
			     .measured = measured };
	if (!s->exits)
		return;
	row = table_add_row(t, &like);
	row->n[COUNT] = s->exits;
	row->n[TOTAL] = s->exits * 1000000;
	row->n[USER_COUNT] = s->user ? s->exits : 0;
	row->n[USER_TOTAL] = s->user * 1000000;
	t->exits = row->n[COUNT];
	t->cycles = row->n[TOTAL];
}

static void add(struct second *to, const struct second *s)
{
	to->exits += s->exits;
	to->user += s->user;
	to->polling += s->polling;
	to->asleep += s->asleep;
}

static void begin_sample(struct sample *a, double time)
{
	*a = (struct sample){ .time = time, .nr = 2, .scope = xcalloc(2, sizeof(*a->scope)) };
	a->scope[1].vm = &vm;
}

static void put_totals(struct recorder *r, const struct second *s, double time, bool stable)
{
	struct sample a;

	begin_sample(&a, time);
	for (int i = 0; i < 2; i++) {
		fill(&a.scope[i].t, s);
		a.scope[i].t.tsc_stable = stable;
	}
	recorder_totals(r, &a);
	sample_free(&a);
}

static void put_sample(struct recorder *r, const struct second *s, double time)
{
	struct sample a;

	begin_sample(&a, time);
	fill(&a.scope[0].t, s);
	fill(&a.scope[1].t, s);
	a.scope[1].has_split = true;
	a.scope[1].has_wait = !s->no_wait;
	a.scope[1].waited = s->waiting * 1000000;
	recorder_sample(r, &a, 1);
	sample_free(&a);
}

/* A recording of these seconds, which the caller frees. @stable_at_end: of the TSC. */
static char *make(const struct second *seconds, size_t nr, bool stable_at_end, size_t *size)
{
	struct second all = {};
	struct recorder r;
	struct table host;
	char *text;
	FILE *f = open_memstream(&text, size);

	fill(&host, &all);
	recorder_begin(&r, f, &host, 1000, 1);
	put_totals(&r, &all, 1000, true);
	for (size_t i = 0; i < nr; i++) {
		put_sample(&r, &seconds[i], 1001 + i);
		add(&all, &seconds[i]);
	}
	put_totals(&r, &all, 1000 + nr, stable_at_end);
	recorder_free(&r);
	table_free(&host);
	fclose(f);
	return text;
}

static void read_back(struct report *r, char *text, size_t size)
{
	FILE *f = fmemopen(text, size, "r");
	struct complaint why = {};

	memset(r, 0, sizeof(*r));
	if (report_read(r, f, &why))
		diag("%s", why.text);
	fclose(f);
}

/* What the report prints as text, or as a page; the caller frees it. */
static char *printed(const struct report *r, bool page)
{
	struct common c = { .view = page ? VIEW_REASONS : VIEW_TIME, .format = &format_text };
	struct output o = { .format = &format_text };
	char *text;
	size_t size;

	o.f = open_memstream(&text, &size);
	common_resolve(&c, true, page ? "time" : "vm");
	if (page) {
		report_html(r, NULL, &c, o.f);
	} else {
		report_time(&o, &c, r, NULL);
		report_reasons(&o, &c, r, &r->scope[0]);
	}
	fclose(o.f);
	return text;
}

static bool near(double ns, double ms)
{
	return fabs(ns - ms * 1e6) < 1e3;
}

static void test_shares(void)
{
	/* In turns: busy with a port, then halted. Without any exit in the last. */
	struct second seconds[SAMPLES];
	double guest = 0, whole = 0;
	struct report r;
	char *text, *page;
	size_t size;
	const struct time_split *s;

	for (int i = 0; i < SAMPLES; i++)
		seconds[i] = i % 2 ? (struct second){ 100, 700, 0, 0, 50, false }
				   : (struct second){ 20, 0, 80, 1500, 10, false };
	seconds[SAMPLES - 1] = (struct second){ .waiting = 200 };
	text = make(seconds, SAMPLES, true, &size);
	read_back(&r, text, size);
	ok(r.has_time && r.nr == 2 && r.scope[1].bins, "a recording tells where the time went");
	s = &r.scope[1].split;
	ok(near(s->whole, SAMPLES * VCPUS * 1000) && near(s->exits, 4 * 100 + 5 * 20) &&
		   near(s->user, 4 * 700) && near(s->polling, 5 * 80) && near(s->asleep, 5 * 1500),
	   "each part is the sum over the samples, also of one without exits");
	ok(s->has_wait && near(s->waiting, 4 * 50 + 5 * 10 + 200) &&
		   near(s->rest, s->whole / 1e6 - 500 - 2800 - 400 - 7500 - 450),
	   "the rest is what is left");
	ok(s->costliest && !strcmp(s->costliest->name, "IO_INSTRUCTION") &&
		   near(s->costliest_ns, 3300),
	   "the costliest reason has its time in exits and user space");
	for (size_t bin = 0; bin < r.timeline.nr; bin++) {
		guest += r.scope[1].bins->part[PART_GUEST][bin];
		for (int k = 0; k < NR_TIME_PARTS; k++)
			whole += r.scope[1].bins->part[k][bin];
	}
	ok(fabs(guest - s->rest) < s->whole / 1e6 && fabs(whole - s->whole) < s->whole / 1e6,
	   "the bins have the same time");
	page = printed(&r, true);
	ok(strstr(page, "Where the time goes <bdi class=\"of\">web") &&
		   strstr(page, "guest and entry: the rest") && !strstr(page, "parts add up to"),
	   "the page has a chart of the VM and a legend");
	free(page);
	page = printed(&r, false);
	ok(strstr(page, "GUEST%") && strstr(page, "41.8"), "the text has the guest's share");
	free(page);
	report_free(&r);
	free(text);
}

/* A halt of three seconds is added when it ends. */
static void test_overlap(void)
{
	static const struct second seconds[] = { { .waiting = 0 },
						 { .waiting = 0 },
						 { .exits = 1, .asleep = 6000 } };
	struct report r;
	char *text, *page;
	size_t size;

	text = make(seconds, 3, true, &size);
	read_back(&r, text, size);
	ok(near(r.scope[1].split.asleep, 6000) && near(r.scope[1].split.rest, -1),
	   "a negative rest stays negative");
	page = printed(&r, true);
	ok(strstr(page, "parts add up to 300 %"), "the page says that parts overlap");
	free(page);
	report_free(&r);
	free(text);
}

static void test_wait_not_known(void)
{
	static const struct second seconds[] = { { .exits = 1, .no_wait = true } };
	struct report r;
	char *text, *page;
	size_t size;

	text = make(seconds, 1, true, &size);
	read_back(&r, text, size);
	page = printed(&r, false);
	ok(r.has_time && !r.scope[1].split.has_wait && strstr(page, " -  "),
	   "how long a VM waited may be unknown");
	free(page);
	report_free(&r);
	free(text);
}

static void test_vmm(void)
{
	static const struct second seconds[] = { { .exits = 100, .waiting = 10, .vmm = 300 },
						 { .exits = 100, .no_wait = true, .vmm = 100 } };
	struct report r;
	char *text, *page;
	size_t size;

	text = make(seconds, 2, true, &size);
	read_back(&r, text, size);
	ok(r.scope[1].split.has_vmm && near(r.scope[1].split.vmm, 400) &&
		   near(r.scope[1].split.rest, 4000 - 200 - 10 - 400),
	   "user space, not for an exit, is recorded if it is known");
	page = printed(&r, false);
	ok(strstr(page, " 10.0 "), "and reported");
	free(page);
	report_free(&r);
	free(text);
}

/* A recording as older programs made it. */
static void take_out_halts(char *text)
{
	char *at;

	while ((at = strstr(text, ",\"halted\":["))) {
		char *behind = strchr(at, ']') + 1;

		memmove(at, behind, strlen(behind) + 1);
	}
}

static void test_old(void)
{
	static const struct second seconds[] = { { .exits = 5, .asleep = 100, .no_wait = true } };
	struct report r;
	char *text, *page;
	size_t size;

	text = make(seconds, 1, true, &size);
	take_out_halts(text);
	read_back(&r, text, strlen(text));
	ok(r.samples == 1 && !r.has_time && !r.scope[1].bins && r.scope[1].t.exits == 5,
	   "a recording of an older program is read");
	ok(report_no_time(&r) && strstr(report_no_time(&r), "not in this recording"),
	   "and it is said that it does not tell where the time went");
	page = printed(&r, true);
	ok(strstr(page, "not in this recording") && !strstr(page, "guest and entry: the rest"),
	   "the page says so too");
	free(page);
	report_free(&r);
	free(text);
}

static void test_tsc(void)
{
	static const struct second seconds[] = { { .exits = 5 }, { .exits = 5 } };
	struct report r;
	char *text, *page;
	size_t size;

	text = make(seconds, 2, true, &size);
	read_back(&r, text, size);
	page = printed(&r, true);
	ok(r.scope[0].t.tsc_stable && !strstr(page, "unstable"), "a stable TSC is not mentioned");
	free(page);
	report_free(&r);
	free(text);
	text = make(seconds, 2, false, &size);
	read_back(&r, text, size);
	page = printed(&r, true);
	ok(!r.scope[0].t.tsc_stable && !r.scope[1].t.tsc_stable &&
		   strstr(page, "TSC was unstable: times are not reliable"),
	   "a TSC that became unstable is said in the page");
	free(page);
	page = printed(&r, false);
	ok(strstr(page, "TSC unstable: times are not reliable"), "and in the text");
	free(page);
	report_free(&r);
	free(text);
}

/* The page says what the time of an exit is. */
static void test_foot(void)
{
	static const struct second seconds[] = { { .exits = 5 } };
	static const char *const says[NR_MEASURED] = {
		[MEASURED_HANDLER] = "is from the moment after the switch back to the host",
		[MEASURED_HANDLER_BPF] = "the tracepoint kvm_exit until KVM has handled it",
		[MEASURED_ENTRY_BPF] = "the tracepoint kvm_exit until the next entry",
	};
	static const char not_in_it[] = "the sleep of a halted vCPU are not in it";
	struct report r;
	char *text, *page;
	size_t size;

	for (measured = 0; measured < NR_MEASURED; measured++) {
		text = make(seconds, 1, true, &size);
		read_back(&r, text, size);
		page = printed(&r, true);
		ok(strstr(page, says[measured]) &&
			   !strstr(page, not_in_it) == (measured == MEASURED_ENTRY_BPF),
		   "the page says up to where exits were measured: %s", measured_name(measured));
		free(page);
		report_free(&r);
		free(text);
	}
	measured = 0;
}

int main(void)
{
	test_shares();
	test_overlap();
	test_wait_not_known();
	test_vmm();
	test_old();
	test_tsc();
	test_foot();
	return done_testing();
}
