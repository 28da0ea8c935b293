/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A screen in memory: cells with an attribute each. What is drawn outside of it is cut off,
 * so that a test can look at any size and ncurses only copies it.
 */
#ifndef CANVAS_H
#define CANVAS_H

#include <stdbool.h>
#include <stdio.h>
#include <wchar.h>

enum attribute {
	ATTR_NORMAL,
	ATTR_TITLE,
	ATTR_HEAD,
	ATTR_HEAD_SORTED, /* the column that the table is sorted by */
	ATTR_SELECTED,
	ATTR_FAINT
};

struct cell {
	wchar_t c; /* 0: the second half of a wide character */
	enum attribute attr;
};

struct canvas {
	int rows, cols;
	bool ascii; /* the terminal has no other characters */
	struct cell *cell;
};

void canvas_resize(struct canvas *c, int rows, int cols);
void canvas_clear(struct canvas *c);
void canvas_free(struct canvas *c);

/*
 * Puts text into the @width cells from @col on, cut with a mark where it is longer, to the
 * right end if @right. The cells around stay.
 */
void canvas_text(struct canvas *c, int row, int col, int width, bool right, enum attribute attr,
		 const char *text);

/*
 * The same to the left end, cut so that two thirds are the text's end: names of VMs often begin
 * alike, and end in what tells them apart.
 */
void canvas_name(struct canvas *c, int row, int col, int width, enum attribute attr,
		 const char *text);

/* Gives a whole row an attribute. */
void canvas_row_attribute(struct canvas *c, int row, enum attribute attr);

/* Prints it as lines without blanks at their ends. */
void canvas_print(const struct canvas *c, FILE *f);

/* How many cells a text takes. */
int text_width(const char *text);

#endif
