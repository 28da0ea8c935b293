// SPDX-License-Identifier: GPL-2.0-only
/* Comma-separated values, RFC 4180: one line of keys, then a line for each item. */
#include "output.h"

static void quoted(FILE *f, const char *s)
{
	fputc('"', f);
	for (; *s; s++) {
		if (*s == '"')
			fputc('"', f);
		fputc(*s, f);
	}
	fputc('"', f);
}

static void csv_table(struct output *o, const struct heading *h, const struct item *items,
		      size_t nr)
{
	const struct column_set *set = o->columns;
	char buf[64];

	if (!o->tables) {
		fputs("time,seconds", o->f);
		for (size_t i = 0; i < set->nr; i++)
			fprintf(o->f, ",%s",
				column_key(set->column[i], &o->style, buf, sizeof(buf)));
		fputs("\r\n", o->f);
	}
	for (size_t n = 0; n < nr; n++) {
		fprintf(o->f, "%.3f,%.3f", h->time, h->seconds);
		for (size_t i = 0; i < set->nr; i++) {
			struct value v = {};

			set->column[i]->get(&items[n], &v);
			fputc(',', o->f);
			if (set->column[i]->kind != KIND_TEXT)
				fputs(value_number(set->column[i], &v, &o->style, buf, sizeof(buf)),
				      o->f);
			else if (!v.none)
				quoted(o->f, v.text);
		}
		fputs("\r\n", o->f);
	}
}

const struct output_format format_csv = {
	.name = "csv",
	.table = csv_table,
};
