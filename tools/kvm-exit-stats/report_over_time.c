// SPDX-License-Identifier: GPL-2.0-only
/* The charts of a report over time. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "memory.h"
#include "report.h"
#include "svg.h"

/* At most @most steps. */
static double time_step(double range, int most)
{
	static const double steps[] = { 1,   2,	  5,	10,   15,   30,	   60,	  120,	 300,
					600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400 };

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		if (range / steps[i] <= most)
			return steps[i];
	}
	return 86400 * ceil(range / 86400 / most);
}

static void time_axis(FILE *f, const struct report *r, const struct axis *x, double bottom)
{
	double step = time_step(x->high, (x->to - x->from) / 95), at;
	time_t begin = r->begin, t;
	char buf[64] = "time";
	struct tm tm = {};
	long east = 0;

	if (localtime_r(&begin, &tm)) {
		east = tm.tm_gmtoff;
		strftime(buf, sizeof(buf), "time (%Z), from %Y-%m-%d", &tm);
	}
	svg_line(f, x->from, bottom, x->to, bottom, "axis");
	svg_text(f, (x->from + x->to) / 2, bottom + 38, "middle", "unit", buf);
	at = ceil((r->begin + east) / step) * step - east - r->begin;
	for (; at <= x->high; at += step) {
		double px = axis_at(x, at);
		const char *format = step < 60 ? "%H:%M:%S" : "%H:%M";

		t = llround(r->begin + at);
		if (!localtime_r(&t, &tm))
			return;
		if (step >= 86400 || (x->high > 86400 && !tm.tm_hour && !tm.tm_min))
			format = "%b %d";
		strftime(buf, sizeof(buf), format, &tm);
		svg_line(f, px, bottom, px, bottom + 5, "axis");
		svg_text(f, px, bottom + 19, "middle", NULL, buf);
	}
}

/* What is drawn: the sum of colours 0 to k of each bin. */
struct stack {
	double from, to; /* seconds */
	size_t nr;
	double at[REPORT_BINS]; /* the middle of a bin, in seconds */
	double sum[NR_COLOURS][REPORT_BINS];
	double high;
};

static void make_stack(struct stack *st, const struct timeline *tl, const struct palette *p,
		       bool exits, double scale)
{
	memset(st, 0, sizeof(*st));
	for (size_t bin = 0; bin < tl->nr; bin++) {
		double sum = 0;

		/* The sliver that rounding leaves behind the last sample. */
		if (tl->seconds[bin] < tl->width / 1e3)
			continue;
		for (size_t i = 0; i < tl->nr_series; i++) {
			const struct series *s = tl->series[i];

			st->sum[palette_colour(p, s->like.reason)][st->nr] +=
				(exits ? s->exits[bin] : s->cycles[bin]) / tl->seconds[bin] * scale;
		}
		for (size_t c = 0; c < NR_COLOURS; c++) {
			sum += st->sum[c][st->nr];
			st->sum[c][st->nr] = sum;
		}
		st->high = fmax(st->high, sum);
		st->at[st->nr++] = bin * tl->width + tl->seconds[bin] / 2;
	}
}

/* Lines from point to point, relative and rounded: a page has many. */
struct pen {
	double grain; /* 10: tenths of a unit */
	double x, y;
};

static void line_to(FILE *f, struct pen *pen, double x, double y)
{
	double dx = round(x * pen->grain) / pen->grain - pen->x;
	double dy = round(y * pen->grain) / pen->grain - pen->y;

	fprintf(f, dy < 0 ? "l%.4g%.4g" : "l%.4g %.4g", dx, dy);
	pen->x += dx;
	pen->y += dy;
}

/*
 * An area from the axis up to the sum, between two seconds; those of lower colours are drawn
 * over it.
 */
static void draw_area(FILE *f, const struct stack *st, size_t colour, const char *class,
		      const char *name, const struct axis *x, const struct axis *y)
{
	const double *sum = st->sum[colour];
	struct pen pen = { .grain = x->to > CHART_HALF ? 10 : 1 };

	pen.x = round(axis_at(x, st->from));
	pen.y = y->from;
	fprintf(f, "<path class=\"%s area\" d=\"M%.0f %.0f", class, pen.x, pen.y);
	line_to(f, &pen, pen.x, axis_at(y, sum[0]));
	for (size_t i = 0; i < st->nr; i++)
		line_to(f, &pen, axis_at(x, st->at[i]), axis_at(y, sum[i]));
	fprintf(f, "H%.0fV%.0fz\"><title>", axis_at(x, st->to), y->from);
	html_text(f, name);
	fputs("</title></path>\n", f);
}

static void over_time(FILE *f, const struct report *r, const struct palette *p, const char *title,
		      const char *of, const char *unit, bool exits, double scale)
{
	struct stack *st = xcalloc(1, sizeof(*st));
	struct axis x = { 0, r->seconds, 60, CHART_WIDTH - 30 }, y = { 0, 0, 260, 34 };

	make_stack(st, &r->timeline, p, exits, scale);
	st->to = r->seconds;
	y.high = st->high;
	chart_begin(f, title, of, CHART_WIDTH, y.from + 46);
	y_axis(f, &y, &x, unit);
	for (size_t c = NR_COLOURS; st->nr && c-- > 0;) {
		if (palette_has(p, c))
			draw_area(f, st, c, colours[c], palette_name(p, c), &x, &y);
	}
	time_axis(f, r, &x, y.from);
	chart_svg_end(f);
	palette_legend(f, p);
	chart_end(f);
	free(st);
}

void chart_over_time(FILE *f, const struct report *r, const struct palette *p, const char *of)
{
	uint64_t tsc_khz = r->scope[0].t.tsc_khz;

	over_time(f, r, p, "Exits per second, by reason", of, "exits/s", true, 1);
	if (tsc_khz)
		over_time(f, r, p, "Time in exits, by reason", of, "% of one CPU", false,
			  100 / (tsc_khz * 1e3));
	else
		over_time(f, r, p, "Cycles in exits, by reason", of, "cycles/s", false, 1);
}

/* ---- where the time of a VM's vCPUs goes */

#define SMALL_BINS 60 /* more are not to be seen in a small chart, and a page has many */

static const struct {
	const char *class, *name;
} parts[NR_TIME_PARTS] = {
	[PART_EXITS] = { "c5", "exits" },
	[PART_USER] = { "c1", "user space, for exits" },
	[PART_VMM] = { "c0", "user space, not for an exit" },
	[PART_POLLING] = { "c6", "halted, polling" },
	[PART_ASLEEP] = { "c7", "halted, asleep" },
	[PART_WAITING] = { "c3", "waiting for a CPU" },
	[PART_GUEST] = { "c2", "guest and entry: the rest" },
};

/* In percent; each point has the sum of @each bins. */
static void stack_time(struct stack *st, const struct report_scope *s, const struct timeline *tl,
		       size_t each)
{
	memset(st, 0, sizeof(*st));
	st->from = s->from;
	st->to = s->to;
	st->high = 100;
	for (size_t bin = 0; bin < tl->nr; bin += each) {
		double ns[NR_TIME_PARTS] = {}, whole = 0, sum = 0, seconds = 0;

		for (size_t i = bin; i < bin + each && i < tl->nr; i++) {
			seconds += tl->seconds[i];
			for (size_t k = 0; k < NR_TIME_PARTS; k++) {
				ns[k] += s->bins->part[k][i];
				whole += s->bins->part[k][i];
			}
		}
		if (whole <= 0 || seconds < tl->width / 1e3)
			continue;
		for (size_t k = 0; k < NR_TIME_PARTS; k++) {
			sum += 100 * ns[k] / whole;
			st->sum[k][st->nr] = sum;
			st->high = fmax(st->high, sum);
		}
		st->at[st->nr++] = fmin(fmax(bin * tl->width + seconds / 2, st->from), st->to);
	}
}

static void time_of_vm(FILE *f, const struct report *r, const struct report_scope *s, bool small)
{
	struct stack *st = xcalloc(1, sizeof(*st));
	double width = small ? CHART_HALF : CHART_WIDTH, high;
	struct axis x = { 0, r->seconds, 60, width - 30 }, y = { 0, 0, small ? 160 : 260, 34 };
	size_t nr = r->timeline.nr;
	char text[80];

	stack_time(st, s, &r->timeline, small ? (nr + SMALL_BINS - 1) / SMALL_BINS : 1);
	high = st->high;
	y.high = high;
	chart_begin(f, "Where the time goes", s->vm.name, width, y.from + 46);
	y_axis(f, &y, &x, "% of its vCPUs' time");
	for (size_t k = NR_TIME_PARTS; st->nr && k-- > 0;)
		draw_area(f, st, k, parts[k].class, parts[k].name, &x, &y);
	time_axis(f, r, &x, y.from);
	if (high > 101) {
		snprintf(text, sizeof(text), "parts add up to %.0f %%: see below", high);
		svg_text(f, x.to, y.to - 14, "end", "value", text);
	}
	chart_svg_end(f);
	chart_end(f);
	free(st);
}

static void time_legend(FILE *f)
{
	legend_begin(f);
	for (size_t k = 0; k < NR_TIME_PARTS; k++)
		legend_entry(f, parts[k].class, parts[k].name);
	legend_end(f);
}

void chart_time(FILE *f, const struct report *r, const struct report_scope *only, size_t most)
{
	time_legend(f);
	if (only) {
		time_of_vm(f, r, only, false);
		return;
	}
	fputs("<div class=\"pairs\">\n", f);
	for (size_t i = 1; i < r->nr && i <= most; i++) {
		if (r->scope[i].bins)
			time_of_vm(f, r, &r->scope[i], true);
	}
	fputs("</div>\n", f);
	if (r->nr - 1 > most)
		fprintf(f,
			"<p class=\"dim\">%zu more VMs: <code>kvm-exit-stats report --vm NAME "
			"--html FILE</code> draws one.</p>\n",
			r->nr - 1 - most);
}
