/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one table of columns. Headers, --list-columns, help, the menu to sort by, keys of JSON
 * and CSV, and metrics come from it; whoever adds a column adds a line there.
 */
#ifndef COLUMNS_H
#define COLUMNS_H

#include <stdio.h>

#include "source.h"
#include "table.h"

/* What a line of output is about. */
enum view {
	VIEW_VMS,     /* a VM */
	VIEW_REASONS, /* a reason of one scope */
	VIEW_VCPUS,   /* a vCPU of a VM */
	VIEW_ACROSS,  /* a VM, for one reason */
	VIEW_DETAILS, /* what exactly the guest did, for one reason */
	VIEW_TIME,    /* a VM or a vCPU: where its time goes */
	VIEW_DIFF,    /* a reason of one scope, at two times or places; not in top */
	NR_VIEWS
};

struct trend;
struct time_split;

struct item {
	const struct vm *vm; /* NULL: the host */
	int vcpu;
	const struct table *t;		/* the scope's numbers, or their difference */
	const struct row *row;		/* a reason's, of that table; NULL: of all reasons */
	double seconds;			/* the interval of a difference; 0: since the last reset */
	double began;			/* UNIX time at which the counts began; 0: not known */
	const struct trend *trend;	/* the last rates; NULL outside of top */
	bool ascii;			/* the terminal has no block characters */
	const struct item *before;	/* of diff, side by side: the same reason in A */
	const char *compared;		/* of diff: how */
	const struct time_split *split; /* of a difference; NULL: not known */
};

enum kind {
	KIND_TEXT,
	KIND_COUNT,  /* whole */
	KIND_RATE,   /* per second */
	KIND_SHARE,  /* percent */
	KIND_CHANGE, /* percent, with a sign */
	KIND_TIME    /* cycles, shown as time */
};

struct value {
	bool none; /* nothing to show: no interval, no histogram, no such column in the file */
	const char *text;
	uint64_t count;
	double real; /* rate, share, cycles */
};

struct column {
	const char *name;  /* what the user types; a key of JSON and CSV */
	const char *title; /* above it in a table */
	const char *help;
	enum kind kind;
	int width;	    /* on the screen, at least */
	unsigned int views; /* 1 << enum view */
	bool ascending;	    /* sorted so by default: names */
	void (*get)(const struct item *item, struct value *v);
	/* As a metric of a reason: its name without unit; NULL: none. Times are in seconds. */
	const char *metric;
	const char *metric_help;
};

extern const struct column columns[];
extern const size_t nr_columns;

#define MAX_COLUMNS 40

struct column_set {
	size_t nr;
	const struct column *column[MAX_COLUMNS];
};

/* The column of that name that is for @view, or NULL. */
const struct column *column_find(enum view view, const char *name);

/* What a view shows when nobody chooses. @rates: there is an interval. */
void columns_default(struct column_set *set, enum view view, bool rates);

/*
 * "vm,exits" or "+p99,-max": columns to show, or to add and take away. NULL, or the word
 * that is no column of this view.
 */
const char *columns_choose(struct column_set *set, enum view view, const char *text);

/* A line for each column of a view: name, title and help. */
void columns_list(FILE *f, enum view view);

/*
 * Sorts by a column, the largest first, or names from a to z; @reverse: the other way
 * round. Lines without a value come last; equal ones are in order of VM, vCPU and reason.
 */
void items_sort(struct item *items, size_t nr, const struct column *by, bool reverse);

/* How numbers are printed for people. */
struct style {
	bool cycles; /* not time */
	uint64_t tsc_khz;
};

/* A value as text for people, at most @size bytes with its 0. Returns @buf. */
const char *value_text(const struct column *c, const struct value *v, const struct style *style,
		       char *buf, size_t size);

#endif
