/* SPDX-License-Identifier: GPL-2.0-only */
/* Parts of charts as inline SVG. Colours and fonts are those of the page's style sheet. */
#ifndef SVG_H
#define SVG_H

#include <stdbool.h>
#include <stdio.h>

/* Text for elements and attributes of HTML and SVG: nothing in it is taken for markup. */
void html_text(FILE *f, const char *text);

/* An axis: values from @low to @high are drawn from @from to @to. */
struct axis {
	double low, high;
	double from, to;
};

double axis_at(const struct axis *a, double value);

/* The smallest step of 1, 2 or 5 times a power of ten with at most @ticks steps up to @high. */
double nice_step(double high, int ticks);

/* "0", "250", "1.2k", "34M" */
const char *short_number(double n, char *buf, size_t size);

/* <figure> with a title and an SVG of that size; @of: whose chart, behind the title; NULL: none */
void chart_begin(FILE *f, const char *title, const char *of, double width, double height);
/* Ends the SVG; the legend comes between it and chart_end(). */
void chart_svg_end(FILE *f);
void chart_end(FILE *f);

/* A legend. @class: the colour's, "c0" to "c7", or a mark's. */
void legend_begin(FILE *f);
void legend_entry(FILE *f, const char *class, const char *text);
void legend_end(FILE *f);

/* @anchor: start, middle or end; @class: NULL, or more of the style. */
void svg_text(FILE *f, double x, double y, const char *anchor, const char *class, const char *text);
void svg_line(FILE *f, double x1, double y1, double x2, double y2, const char *class);
/* With a text that shows under the pointer; NULL: none. */
void svg_rect(FILE *f, double x, double y, double w, double h, const char *class,
	      const char *title);

/*
 * Lines and numbers of a vertical axis from 0, and its unit above it (NULL: none). Raises
 * @y->high to the next line.
 */
void y_axis(FILE *f, struct axis *y, const struct axis *x, const char *unit);

#endif
