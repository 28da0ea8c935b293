/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a recording says as a whole: all that happened in each scope, and one scope's exits
 * over time. Memory does not grow with the length of the recording.
 *
 * The numbers of a scope are the sum of the differences between its successive totals, and of
 * the samples after its last totals. So nothing is lost when a VM ends between two totals, when
 * a reset falls into the time, or when the file was cut.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdio.h>

#include "command.h"
#include "time_split.h"

#define REPORT_BINS 600

/* A reason over time, as cycles and exits of each bin. */
struct series {
	struct row like; /* its id and name */
	double exits[REPORT_BINS], cycles[REPORT_BINS];
};

struct timeline {
	double width;		     /* of a bin, in seconds; doubles when the bins are full */
	size_t nr;		     /* bins */
	double seconds[REPORT_BINS]; /* recorded of each */
	size_t nr_series;
	struct series **series;
};

/* Where the time of a VM's vCPUs goes: ns in each bin of the timeline. */
struct time_bins {
	float part[NR_TIME_PARTS][REPORT_BINS];
};

struct report_scope {
	struct vm vm;	  /* of a VM */
	bool is_vm;	  /* or the host */
	struct table t;	  /* all that happened; min and max are since the last reset */
	double from, to;  /* seconds since the recording's beginning at which it was there */
	bool came, ended; /* meanwhile */
	bool reset;
	struct time_split split; /* where the recorded time went */
	struct time_bins *bins;	 /* NULL: this is not recorded, or it is the host */
	/* while reading */
	const struct vm *key;
	bool in_timeline;
	unsigned long seen; /* totals, when it was in them */
	struct table last;  /* totals; its version is 0: none yet */
	struct table since; /* samples since then */
};

struct report {
	char *host, *kernel;
	double begin; /* UNIX */
	double interval, seconds;
	unsigned long samples, totals;
	bool has_time; /* it tells where time went; older recordings do not */
	size_t nr;
	struct report_scope *scope; /* the host first; VMs by their time in exits */
	struct timeline timeline;   /* of the host, or of @only */
	const char *only;	    /* as the user calls a VM; NULL: the host */
};

/*
 * Reads a recording. r->only is set before. Returns as recording_read(). The caller frees it
 * with report_free(), after an error too.
 */
int report_read(struct report *r, FILE *f, struct complaint *why);
/* The same of a file (-: standard input); exits with an error message if that fails. */
void report_open(struct report *r, const char *path);
void report_free(struct report *r);

/* An item for a row of a scope, or for the scope as a whole with @row NULL. */
struct item report_item(const struct report_scope *s, const struct row *row);

/* "came at 10:12:03, ended at 10:40:17; reset in the recorded time", or NULL. */
const char *report_note(const struct report *r, const struct report_scope *s, char *buf,
			size_t size);

/* "2026-11-28 10:12:03", or without the day, of a second of the recording; local time. */
void report_clock(const struct report *r, double second, bool day, char *buf, size_t size);

/* "3 h 20 min" */
void report_duration(double seconds, char *buf, size_t size);

/* ---- bins: report_bins.c */

/* Merges bins until they have room for all seconds of @r. */
void bins_extend(struct report *r);
void bins_add_seconds(struct timeline *tl, double from, double seconds);
void bins_add_exits(struct timeline *tl, double from, double seconds, const struct table *t);
void bins_add_time(struct time_bins *bins, const struct timeline *tl, double from, double seconds,
		   const struct time_split *split);

/* ---- printing: report_print.c */

/* The reasons of a scope, by the common options. */
void report_reasons(struct output *o, const struct common *c, const struct report *r,
		    const struct report_scope *s);
/* All VMs, a line each; at most @most. */
void report_vms(struct output *o, const struct common *c, const struct report *r, size_t most);

/* Where the time of each VM went, a line each, or of @only. */
void report_time(struct output *o, const struct common *c, const struct report *r,
		 const struct report_scope *only);
/* What to say if the recording does not tell; else NULL. */
const char *report_no_time(const struct report *r);

/* One self-contained page. @only: the VM of --vm, or NULL: all. */
void report_html(const struct report *r, const struct report_scope *only, const struct common *c,
		 FILE *f);

/* ---- charts: report_palette.c, report_over_time.c, report_charts.c */

#define CHART_REASONS 7 /* with colours of their own; the others have one together */
#define NR_COLOURS    (CHART_REASONS + 1)
#define CHART_WIDTH   960
#define CHART_HALF    470 /* one of two side by side */

/* The reasons that have a colour in all charts; the last colour is that of all others. */
struct palette {
	size_t nr;
	int64_t reason[CHART_REASONS];
	const char *name[CHART_REASONS];
	bool others; /* there are more */
};

/* Classes of the style sheet. */
extern const char *const colours[NR_COLOURS];

void palette_choose(struct palette *p, const struct table *t);
size_t palette_colour(const struct palette *p, int64_t reason);
const char *palette_name(const struct palette *p, size_t colour);
bool palette_has(const struct palette *p, size_t colour);
void palette_legend(FILE *f, const struct palette *p);

/* @of: whose, NULL: the host's. */
void chart_over_time(FILE *f, const struct report *r, const struct palette *p, const char *of);
/* Where the time of each VM went, or of @only; at most @most VMs. */
void chart_time(FILE *f, const struct report *r, const struct report_scope *only, size_t most);
void chart_histograms(FILE *f, const struct table *t, bool cycles);
void chart_vms(FILE *f, const struct report *r, const struct palette *p);

#endif
