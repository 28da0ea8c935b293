// SPDX-License-Identifier: GPL-2.0-only
/* The charts of a report that are not over time. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "numbers.h"
#include "report.h"
#include "svg.h"

#define NR_HISTOGRAMS 6
#define VISIBLE	      0.002 /* of a histogram's exits */
#define NR_BARS	      20
#define LABEL	      20 /* bytes of a VM's name beside a bar */

/* ---- histograms */

static const struct percentile {
	const char *column, *name;
	double p;
} percentiles[] = {
	{ "p50", "half of the exits are not longer (p50)", 0.5 },
	{ "p90", "90 % are not longer (p90)", 0.9 },
	{ "p99", "99 % are not longer (p99)", 0.99 },
};

#define NR_PERCENTILES (sizeof(percentiles) / sizeof(*percentiles))

/* Where that many cycles are on an axis of buckets. */
static double bucket_of(double cycles)
{
	return cycles < 1 ? 0 : log2(cycles);
}

static const char *time_of(double cycles, const struct style *style, char *buf, size_t size)
{
	const struct value v = { .real = cycles };

	return value_text(column_find(VIEW_REASONS, "avg"), &v, style, buf, size);
}

/* Numbers at powers of ten; in between are too few buckets for more. */
static void bucket_axis(FILE *f, const struct axis *x, double bottom, const struct style *style)
{
	bool cycles = style->cycles || !style->tsc_khz;
	double per_unit = cycles ? 1 : style->tsc_khz / 1e6; /* cycles of 1 or of 1 ns */
	int every = (x->high - x->low) * log10(2) > 7 ? 2 : 1;

	for (int e = 0; e < 12; e++) {
		static const char *const units[] = { "ns", "us", "ms", "s" };
		double at = log2(pow(10, e) * per_unit), px = axis_at(x, at);
		char buf[16];

		if (at < x->low - 1e-6 || at > x->high + 1e-6)
			continue;
		svg_line(f, px, bottom, px, bottom + 5, "axis");
		if (e % every)
			continue;
		if (cycles)
			short_number(pow(10, e), buf, sizeof(buf));
		else
			snprintf(buf, sizeof(buf), "%.0f %s", pow(10, e % 3), units[e / 3]);
		svg_text(f, px, bottom + 19, "middle", NULL, buf);
	}
	svg_text(f, x->from, bottom + 36, "start", "unit",
		 cycles ? "cycles of an exit" : "time of an exit");
}

static void draw_percentile(FILE *f, const uint64_t *hist, size_t n, const struct axis *x,
			    const struct axis *y, const struct style *style)
{
	static const char *const classes[NR_PERCENTILES] = { "mark p50", "mark p90", "mark p99" };
	double cycles = hist_percentile(hist, percentiles[n].p);
	double px = axis_at(x, bucket_of(cycles)), label = y->to - 34 + 14 * n;
	bool left = px > x->from + (x->to - x->from) * 0.75;
	char time[32], text[48];

	snprintf(text, sizeof(text), "%s %s", percentiles[n].column,
		 time_of(cycles, style, time, sizeof(time)));
	svg_line(f, px, y->from, px, label - 8, classes[n]);
	svg_text(f, px + (left ? -4 : 4), label, left ? "end" : "start", "value", text);
}

static void histogram(FILE *f, const struct table *t, const struct row *row, const struct axis *x,
		      const struct style *style)
{
	const uint64_t *hist = table_hist(t, row);
	struct axis y = { 0, 0, 196, 66 };
	double sum = hist_count(hist);
	uint64_t beyond = 0;
	char text[64], number[16];

	for (int k = 0; k < EXIT_STATS_BUCKETS; k++)
		y.high = fmax(y.high, 100 * hist[k] / sum);
	snprintf(text, sizeof(text), "Latency of %s", row->name);
	chart_begin(f, text, NULL, CHART_HALF, y.from + 44);
	y_axis(f, &y, x, NULL);
	svg_text(f, 4, 14, "start", "unit", "% of its exits");
	for (int k = x->low; k < x->high; k++) {
		double from = axis_at(x, k), top = axis_at(&y, 100 * hist[k] / sum);

		if (!hist[k])
			continue;
		snprintf(text, sizeof(text), "%s exits",
			 short_number(hist[k], number, sizeof(number)));
		svg_rect(f, from + 0.5, top, axis_at(x, k + 1) - from - 1, y.from - top, "bar",
			 text);
	}
	bucket_axis(f, x, y.from, style);
	for (size_t n = 0; n < NR_PERCENTILES; n++)
		draw_percentile(f, hist, n, x, &y, style);
	for (int k = x->high; k < EXIT_STATS_BUCKETS; k++)
		beyond += hist[k];
	if (beyond) {
		snprintf(text, sizeof(text), "%s more are longer",
			 short_number(beyond, number, sizeof(number)));
		svg_text(f, x->to, y.from + 36, "end", NULL, text);
	}
	chart_svg_end(f);
	chart_end(f);
}

static int by_cycles(const void *a, const void *b)
{
	const struct row *x = *(const struct row *const *)a, *y = *(const struct row *const *)b;

	return (x->n[TOTAL] < y->n[TOTAL]) - (x->n[TOTAL] > y->n[TOTAL]);
}

/*
 * The buckets that have a visible share of the exits of any row. The few exits beyond are
 * said in text: one exit that was preempted for long would leave no width for the others.
 */
static struct axis buckets_of(const struct table *t, const struct row *const *row, size_t nr)
{
	struct axis x = { EXIT_STATS_BUCKETS, 0, 52, CHART_HALF - 24 };

	for (size_t i = 0; i < nr; i++) {
		const uint64_t *hist = table_hist(t, row[i]);
		double sum = hist_count(hist);

		for (int k = 0; k < EXIT_STATS_BUCKETS; k++) {
			if (!hist[k] || hist[k] < VISIBLE * sum)
				continue;
			x.low = fmin(x.low, k);
			x.high = fmax(x.high, k + 1);
		}
	}
	return x;
}

void chart_histograms(FILE *f, const struct table *t, bool cycles)
{
	static const char *const classes[NR_PERCENTILES] = { "k50", "k90", "k99" };
	const struct row **row = xcalloc(t->nr + 1, sizeof(*row));
	const struct style style = { cycles, t->tsc_khz };
	struct axis x;
	size_t nr = 0;

	for (size_t i = 0; i < t->nr; i++) {
		if (t->hist && hist_count(t->hist[i]))
			row[nr++] = &t->row[i];
	}
	qsort(row, nr, sizeof(*row), by_cycles);
	nr = nr < NR_HISTOGRAMS ? nr : NR_HISTOGRAMS;
	x = buckets_of(t, row, nr);
	if (nr) {
		legend_begin(f);
		legend_entry(f, "bar",
			     "exits whose time is in this range (powers of two of cycles)");
		for (size_t n = 0; n < NR_PERCENTILES; n++)
			legend_entry(f, classes[n], percentiles[n].name);
		legend_end(f);
		fputs("<div class=\"pairs\">\n", f);
		for (size_t i = 0; i < nr; i++)
			histogram(f, t, row[i], &x, &style);
		fputs("</div>\n", f);
	} else {
		fputs("<p>The recording has no histograms of exits in its time.</p>\n", f);
	}
	free(row);
}

/* ---- VMs compared */

struct bar {
	char name[LABEL + 8];
	const char *full; /* NULL: several VMs, without a bar */
	double part[NR_COLOURS], sum;
};

static bool within_character(const char *at)
{
	return ((unsigned char)*at & 0xc0) == 0x80;
}

/* Names often begin alike: most of what stays is the end. */
static void short_name(char *to, size_t size, const char *name)
{
	size_t len = LABEL / 3;
	const char *end;

	if (strlen(name) <= LABEL) {
		snprintf(to, size, "%s", name);
		return;
	}
	end = name + strlen(name) - (LABEL - len - 1);
	while (len && within_character(name + len))
		len--;
	while (within_character(end))
		end++;
	snprintf(to, size, "%.*s\342\200\246%s", (int)len, name, end);
}

static void add_to_bar(struct bar *bar, const struct palette *p, const struct report_scope *s,
		       bool exits)
{
	double seconds = s->to - s->from;
	double scale = exits ? 1 : s->t.tsc_khz ? 100 / (s->t.tsc_khz * 1e3) : 1;

	for (size_t i = 0; seconds > 0 && i < s->t.nr; i++) {
		const struct row *row = &s->t.row[i];
		double n = row->n[exits ? COUNT : TOTAL] / seconds * scale;

		bar->part[palette_colour(p, row->reason)] += n;
		bar->sum += n;
	}
}

static void draw_bar(FILE *f, const struct bar *bar, const struct palette *p, const struct axis *x,
		     double top, bool exits)
{
	double sum = 0;
	char text[80], number[16];

	fputs("<g>", f);
	svg_text(f, x->from - 8, top + 12, "end", "name", bar->name);
	for (size_t c = 0; bar->full && c < NR_COLOURS; c++) {
		double from = axis_at(x, sum), to = axis_at(x, sum + bar->part[c]);

		sum += bar->part[c];
		if (to - from < 0.05)
			continue;
		snprintf(text, sizeof(text), "%s: %s", palette_name(p, c),
			 short_number(bar->part[c], number, sizeof(number)));
		svg_rect(f, from, top, to - from, 16, colours[c], text);
	}
	if (exits || bar->sum > 999)
		short_number(bar->sum, number, sizeof(number));
	else
		snprintf(number, sizeof(number), "%.2f", bar->sum);
	snprintf(text, sizeof(text), bar->full ? "%s" : "%s together", number);
	svg_text(f, axis_at(x, bar->full ? bar->sum : 0) + 5, top + 12, "start", "value", text);
	if (bar->full) {
		fputs("<title>", f);
		html_text(f, bar->full);
		fputs("</title>", f);
	}
	fputs("</g>\n", f);
}

static void bars_axis(FILE *f, struct axis *x, double top, double bottom, const char *unit)
{
	double step = nice_step(x->high, 4);
	char number[16];

	for (double n = 0; n <= x->high * 1.000001; n += step) {
		double px = axis_at(x, n);

		svg_line(f, px, top, px, bottom, n > 0 ? "grid" : "axis");
		svg_text(f, px, bottom + 16, "middle", NULL,
			 short_number(n, number, sizeof(number)));
	}
	svg_text(f, (x->from + x->to) / 2, bottom + 34, "middle", "unit", unit);
}

static void vm_bars(FILE *f, const struct report *r, const struct palette *p, const char *title,
		    const char *unit, bool exits)
{
	struct bar bars[NR_BARS + 1] = {};
	struct axis x = { 0, 0, 166, CHART_HALF - 48 };
	size_t nr = 0, others = 0;
	double bottom;

	for (size_t i = 1; i < r->nr; i++) {
		struct bar *bar = &bars[nr < NR_BARS ? nr++ : NR_BARS];

		others += bar == &bars[NR_BARS];
		short_name(bar->name, sizeof(bar->name), r->scope[i].vm.name);
		bar->full = r->scope[i].vm.name;
		add_to_bar(bar, p, &r->scope[i], exits);
	}
	if (others) {
		snprintf(bars[NR_BARS].name, sizeof(bars[NR_BARS].name), "%zu others", others);
		bars[NR_BARS].full = NULL;
		nr++;
	}
	/* The sum of many would make each VM's bar short: it is said as text. */
	for (size_t i = 0; i < nr && i < NR_BARS; i++)
		x.high = fmax(x.high, bars[i].sum);
	x.high = x.high > 0 ? x.high : 1;
	bottom = 8 + 22 * nr;
	chart_begin(f, title, NULL, CHART_HALF, bottom + 42);
	bars_axis(f, &x, 4, bottom, unit);
	for (size_t i = 0; i < nr; i++)
		draw_bar(f, &bars[i], p, &x, 8 + 22 * i, exits);
	chart_svg_end(f);
	palette_legend(f, p);
	chart_end(f);
}

void chart_vms(FILE *f, const struct report *r, const struct palette *p)
{
	bool timed = r->scope[0].t.tsc_khz;

	fputs("<div class=\"pairs\">\n", f);
	vm_bars(f, r, p, "Exits per second of each VM", "exits/s", true);
	vm_bars(f, r, p, timed ? "Time in exits of each VM" : "Cycles in exits of each VM",
		timed ? "% of one CPU" : "cycles/s", false);
	fputs("</div>\n", f);
}
