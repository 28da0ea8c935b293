/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes tables in the format that the user wants. Subcommands hand over items and columns;
 * they do not know the format, and the formats do not know where the numbers come from.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdio.h>

#include "columns.h"

/* What is said of a table as a whole. */
struct heading {
	enum view view;
	const struct vm *vm; /* NULL: the host, or several VMs */
	int vcpu;
	const struct table *t; /* of the scope; NULL: of several */
	double seconds;	       /* the interval; 0: since the last reset */
	double time;	       /* UNIX time of the reading; 0: not told */
	const char *details;   /* "IO_INSTRUCTION by port": what VIEW_DETAILS is of */
	const char *note;      /* for the user: a reset in between, unknown columns; NULL: none */
};

struct output;

struct output_format {
	const char *name;
	bool metrics; /* one document of counters since the last reset: no rates */
	void (*begin)(struct output *o);
	void (*table)(struct output *o, const struct heading *h, const struct item *items,
		      size_t nr);
	void (*end)(struct output *o);
};

struct output {
	FILE *f;
	const struct output_format *format;
	const struct column_set *columns;
	struct style style;
	size_t tables; /* written so far */
	int error;     /* errno of the first that could not be written, or 0 */
	bool hist;     /* with histograms, where the format has them */
};

extern const struct output_format format_text, format_table, format_csv, format_json,
	format_json_lines;
extern const struct output_format format_prometheus, format_openmetrics;

/* The format of that name, or NULL; and all, for help texts. */
const struct output_format *output_format(const char *name);
extern const struct output_format *const output_formats[];
/* "text, csv, ...": for errors. @metrics: only those for metrics. Static memory. */
const char *output_format_names(bool metrics);

void output_begin(struct output *o);
/* Writes one table and flushes, so that a reader of a pipe sees it at once. */
void output_table(struct output *o, const struct heading *h, const struct item *items, size_t nr);
/* Returns 0, or -errno where something could not be written. */
int output_end(struct output *o);

/* A line for people: what the table is of, and below it the note. */
void output_heading(struct output *o, const struct heading *h);

/* The key of a column in machine formats: "avg_ns", "exits", "exits_percent". */
const char *column_key(const struct column *c, const struct style *style, char *buf, size_t size);

/* A number for machines: "12", "0.5"; or "" where there is none. */
const char *value_number(const struct column *c, const struct value *v, const struct style *style,
			 char *buf, size_t size);

#endif
