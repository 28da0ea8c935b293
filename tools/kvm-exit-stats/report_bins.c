// SPDX-License-Identifier: GPL-2.0-only
/*
 * A recording over time, in at most REPORT_BINS bins of one width. Each sample is spread over the
 * bins that its time touches. When the bins are full, each two of them become one.
 */
#include <math.h>

#include "memory.h"
#include "report.h"

static void merge(struct timeline *tl)
{
	for (size_t i = 0; i < REPORT_BINS; i++) {
		size_t a = 2 * i, b = a + 1;
		bool in = b < REPORT_BINS;

		tl->seconds[i] = in ? tl->seconds[a] + tl->seconds[b] : 0;
		for (size_t k = 0; k < tl->nr_series; k++) {
			struct series *s = tl->series[k];

			s->exits[i] = in ? s->exits[a] + s->exits[b] : 0;
			s->cycles[i] = in ? s->cycles[a] + s->cycles[b] : 0;
		}
	}
	tl->nr = (tl->nr + 1) / 2;
	tl->width *= 2;
}

static void merge_time(struct time_bins *bins)
{
	for (size_t k = 0; k < NR_TIME_PARTS; k++) {
		float *part = bins->part[k];

		for (size_t i = 0; i < REPORT_BINS; i++)
			part[i] = 2 * i + 1 < REPORT_BINS ? part[2 * i] + part[2 * i + 1] : 0;
	}
}

void bins_extend(struct report *r)
{
	struct timeline *tl = &r->timeline;

	while (r->seconds > REPORT_BINS * tl->width * (1 + 1e-9)) {
		merge(tl);
		for (size_t i = 0; i < r->nr; i++) {
			if (r->scope[i].bins)
				merge_time(r->scope[i].bins);
		}
	}
}

static struct series *series_of(struct timeline *tl, const struct row *row, size_t *next)
{
	for (size_t i = 0; i < tl->nr_series; i++) {
		size_t at = (*next + i) % tl->nr_series;

		if (tl->series[at]->like.reason == row->reason) {
			*next = at + 1;
			return tl->series[at];
		}
	}
	tl->series = xrealloc(tl->series, (tl->nr_series + 1) * sizeof(*tl->series));
	tl->series[tl->nr_series] = xcalloc(1, sizeof(struct series));
	tl->series[tl->nr_series]->like = *row;
	*next = tl->nr_series + 1;
	return tl->series[tl->nr_series++];
}

/* How many seconds of a sample a bin has. */
static double seconds_in(const struct timeline *tl, size_t bin, double from, double seconds)
{
	return fmin(from + seconds, (bin + 1) * tl->width) - fmax(from, bin * tl->width);
}

static size_t first_bin(const struct timeline *tl, double from)
{
	return from / tl->width;
}

static size_t end_bin(const struct timeline *tl, double to)
{
	size_t last = to / tl->width;

	return last < REPORT_BINS ? last + 1 : REPORT_BINS;
}

void bins_add_seconds(struct timeline *tl, double from, double seconds)
{
	for (size_t bin = first_bin(tl, from); bin < end_bin(tl, from + seconds); bin++) {
		double part = seconds_in(tl, bin, from, seconds);

		if (part <= 0)
			continue;
		tl->nr = bin + 1 > tl->nr ? bin + 1 : tl->nr;
		tl->seconds[bin] += part;
	}
}

void bins_add_exits(struct timeline *tl, double from, double seconds, const struct table *t)
{
	for (size_t bin = first_bin(tl, from); bin < end_bin(tl, from + seconds); bin++) {
		double part = seconds_in(tl, bin, from, seconds) / seconds;
		size_t next = 0;

		for (size_t i = 0; part > 0 && i < t->nr; i++) {
			struct series *s = series_of(tl, &t->row[i], &next);

			s->exits[bin] += t->row[i].n[COUNT] * part;
			s->cycles[bin] += t->row[i].n[TOTAL] * part;
		}
	}
}

void bins_add_time(struct time_bins *bins, const struct timeline *tl, double from, double seconds,
		   const struct time_split *split)
{
	double parts[NR_TIME_PARTS];

	time_parts(split, parts);
	for (size_t bin = first_bin(tl, from); bin < end_bin(tl, from + seconds); bin++) {
		double part = seconds_in(tl, bin, from, seconds) / seconds;

		for (size_t k = 0; part > 0 && k < NR_TIME_PARTS; k++)
			bins->part[k][bin] += parts[k] * part;
	}
}
