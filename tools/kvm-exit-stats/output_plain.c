// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text tables without a library, for the static program in a guest; it takes the place of
 * output_text.c there.
 */
#include <string.h>

#include "memory.h"
#include "output.h"

static int widths(struct output *o, const struct item *items, size_t nr, size_t i)
{
	const struct column *c = o->columns->column[i];
	int width = strlen(c->title), len;
	char buf[256];

	for (size_t n = 0; n < nr; n++) {
		struct value v = {};

		c->get(&items[n], &v);
		len = strlen(value_text(c, &v, &o->style, buf, sizeof(buf)));
		width = len > width ? len : width;
	}
	return width;
}

static void cell(struct output *o, size_t i, int width, const char *text)
{
	bool left = o->columns->column[i]->kind == KIND_TEXT;

	fprintf(o->f, "%s%*s", i ? " " : "", left ? -width : width, text);
}

static void plain_table(struct output *o, const struct heading *h, const struct item *items,
			size_t nr)
{
	const struct column_set *set = o->columns;
	int width[MAX_COLUMNS];
	char buf[256];

	output_heading(o, h);
	for (size_t i = 0; i < set->nr; i++) {
		width[i] = widths(o, items, nr, i);
		cell(o, i, width[i], set->column[i]->title);
	}
	fputc('\n', o->f);
	for (size_t n = 0; n < nr; n++) {
		for (size_t i = 0; i < set->nr; i++) {
			struct value v = {};

			set->column[i]->get(&items[n], &v);
			cell(o, i, width[i],
			     value_text(set->column[i], &v, &o->style, buf, sizeof(buf)));
		}
		fputc('\n', o->f);
	}
}

const struct output_format format_text = {
	.name = "text",
	.table = plain_table,
};
