// SPDX-License-Identifier: GPL-2.0-only
/* Tables for people, by libsmartcols. */
#include <libsmartcols.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "memory.h"
#include "output.h"

/* Of "web, vCPU 2": what the table is of. */
static void print_heading(struct output *o, const struct heading *h)
{
	char name[256] = "host";

	if (h->vm && h->vcpu != NO_VCPU)
		snprintf(name, sizeof(name), "%s, vCPU %d", h->vm->name, h->vcpu);
	else if (h->vm)
		snprintf(name, sizeof(name), "%s", h->vm->name);
	else if (!h->t)
		snprintf(name, sizeof(name), "VMs");
	if (o->tables)
		fputc('\n', o->f);
	fprintf(o->f, "%s", name);
	if (h->seconds > 0)
		fprintf(o->f, ": %.1f s", h->seconds);
	else
		fprintf(o->f, ": since the last reset");
	if (h->t)
		fprintf(o->f, ", %llu exits", (unsigned long long)h->t->exits);
	if (h->t && !h->t->tsc_stable)
		fprintf(o->f, ", TSC unstable: times mean little");
	if (h->note)
		fprintf(o->f, "\n%s", h->note);
	fputc('\n', o->f);
}

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

static void text_table(struct output *o, const struct heading *h, const struct item *items,
		       size_t nr)
{
	struct libscols_table *table = scols_new_table();

	print_heading(o, h);
	if (!table)
		return;
	scols_table_set_stream(table, o->f);
	scols_table_enable_nowrap(table, 1);
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
		fprintf(o->f, h->seconds > 0 ? "no exits in this time\n" : "no exits yet\n");
	scols_unref_table(table);
}

const struct output_format format_text = {
	.name = "text",
	.help = "a table for people",
	.table = text_table,
};
