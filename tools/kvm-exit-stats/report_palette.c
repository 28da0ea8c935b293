// SPDX-License-Identifier: GPL-2.0-only
/* Which reasons have a colour of their own in the charts of a report. */
#include <math.h>
#include <string.h>

#include "report.h"
#include "svg.h"

const char *const colours[NR_COLOURS] = {
	"c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7",
};

static double importance(const struct table *t, const struct row *row)
{
	double exits = t->exits ? (double)row->n[COUNT] / t->exits : 0;
	double cycles = t->cycles ? (double)row->n[TOTAL] / t->cycles : 0;

	return fmax(exits, cycles);
}

/* The most important first, by exits or by time: both charts have the same colours. */
void palette_choose(struct palette *p, const struct table *t)
{
	double of[CHART_REASONS];

	memset(p, 0, sizeof(*p));
	for (size_t i = 0; i < t->nr; i++) {
		double important = importance(t, &t->row[i]);
		size_t at = p->nr;

		while (at > 0 && of[at - 1] < important)
			at--;
		p->others |= p->nr == CHART_REASONS;
		if (at == CHART_REASONS)
			continue;
		p->nr += p->nr < CHART_REASONS;
		for (size_t k = p->nr - 1; k > at; k--) {
			of[k] = of[k - 1];
			p->reason[k] = p->reason[k - 1];
			p->name[k] = p->name[k - 1];
		}
		of[at] = important;
		p->reason[at] = t->row[i].reason;
		p->name[at] = t->row[i].name;
	}
}

size_t palette_colour(const struct palette *p, int64_t reason)
{
	for (size_t i = 0; i < p->nr; i++) {
		if (p->reason[i] == reason)
			return i;
	}
	return CHART_REASONS;
}

const char *palette_name(const struct palette *p, size_t colour)
{
	return colour < p->nr ? p->name[colour] : "other reasons";
}

bool palette_has(const struct palette *p, size_t colour)
{
	return colour < p->nr || (colour == CHART_REASONS && p->others);
}

void palette_legend(FILE *f, const struct palette *p)
{
	legend_begin(f);
	for (size_t i = 0; i < NR_COLOURS; i++) {
		if (palette_has(p, i))
			legend_entry(f, colours[i], palette_name(p, i));
	}
	legend_end(f);
}
