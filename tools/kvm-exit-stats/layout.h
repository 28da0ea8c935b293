/* SPDX-License-Identifier: GPL-2.0-only */
/* Where on a screen everything stands: a pure function of its size and of what there is. */
#ifndef LAYOUT_H
#define LAYOUT_H

#include "columns.h"

#define GAP 1 /* blank cells between two columns */

struct layout {
	int title, context, head; /* rows; -1: there is no place for it */
	int body, body_rows;	  /* the first row, and how many */
	int keys;		  /* the last row */
	size_t nr;		  /* how many of the chosen columns fit */
	int x[MAX_COLUMNS], width[MAX_COLUMNS];
};

/* The first column that is wide by nature (names), or -1. */
int layout_wide(const struct column_set *set);

/*
 * @widest: the widest text of the column layout_wide(), so that it gets what is left over,
 * but not more than it needs.
 */
void layout_make(struct layout *l, int rows, int cols, const struct column_set *set, int widest);

/* The first line to show, so that line @selected of @nr is on the screen. */
size_t layout_scroll(const struct layout *l, size_t first, size_t selected, size_t nr);

#endif
