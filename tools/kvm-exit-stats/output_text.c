// SPDX-License-Identifier: GPL-2.0-only
/* Tables for people, by libsmartcols. */
#include <libsmartcols.h>
#include <unistd.h>
#include <string.h>

#include "memory.h"
#include "output.h"

static void add_line(struct libscols_table *table, struct output *o, const struct item *item)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	char buf[256];

	for (size_t i = 0; line && i < o->columns->nr; i++) {
		const struct column *c = o->columns->column[i];
		struct value v = {};

		c->get(item, &v);
		scols_line_set_data(line, i, value_text(c, &v, &o->style, buf, sizeof(buf)));
	}
}

static const char *no_rows(const struct heading *h)
{
	if (h->view == VIEW_VMS || (h->view == VIEW_TIME && !h->vm))
		return "no VM runs";
	return h->seconds > 0 ? "no exits in this time" : "no exits yet";
}

static void text_table(struct output *o, const struct heading *h, const struct item *items,
		       size_t nr)
{
	struct libscols_table *table = scols_new_table();

	output_heading(o, h);
	if (!table)
		return;
	scols_table_set_stream(table, o->f);
	scols_table_enable_nowrap(table, 1);
	/* A file and a pipe have no width. */
	if (!isatty(fileno(o->f)))
		scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
	for (size_t i = 0; i < o->columns->nr; i++) {
		const struct column *c = o->columns->column[i];

		scols_table_new_column(table, c->title, 0,
				       c->kind == KIND_TEXT ? 0 : SCOLS_FL_RIGHT);
	}
	for (size_t i = 0; i < nr; i++)
		add_line(table, o, &items[i]);
	if (nr)
		scols_print_table(table);
	else
		fprintf(o->f, "%s\n", no_rows(h));
	scols_unref_table(table);
}

const struct output_format format_text = {
	.name = "text",
	.table = text_table,
};
