// SPDX-License-Identifier: GPL-2.0-only
/* The tables of a report, in any format. */
#include <stdlib.h>

#include "memory.h"
#include "report.h"

static void print(struct output *o, const struct common *c, struct heading *h, struct item *items,
		  size_t nr)
{
	if (c->top && nr > c->top)
		nr = c->top;
	output_table(o, h, items, nr);
	free(items);
}

void report_reasons(struct output *o, const struct common *c, const struct report *r,
		    const struct report_scope *s)
{
	struct item *items = xcalloc(s->t.nr + 1, sizeof(*items));
	char note[128];
	struct heading h = { .view = VIEW_REASONS,
			     .vm = s->is_vm ? &s->vm : NULL,
			     .vcpu = NO_VCPU,
			     .t = &s->t,
			     .seconds = s->to - s->from,
			     .time = r->begin + s->to,
			     .note = report_note(r, s, note, sizeof(note)) };

	for (size_t i = 0; i < s->t.nr; i++)
		items[i] = report_item(s, &s->t.row[i]);
	items_sort(items, s->t.nr, c->by, c->reverse);
	o->columns = &c->set;
	print(o, c, &h, items, s->t.nr);
}

void report_time(struct output *o, const struct common *c, const struct report *r,
		 const struct report_scope *only)
{
	struct item *items = xcalloc(r->nr, sizeof(*items));
	struct heading h = { .view = VIEW_TIME,
			     .vcpu = NO_VCPU,
			     .vm = only ? &only->vm : NULL,
			     .seconds = only ? only->to - only->from : r->seconds,
			     .time = r->begin + r->seconds,
			     .note = "where the time of the vCPUs went, in percent of it" };
	struct column_set set;
	size_t nr = 0;

	for (size_t i = 1; i < r->nr; i++) {
		if (r->scope[i].bins && (!only || only == &r->scope[i]))
			items[nr++] = report_item(&r->scope[i], NULL);
	}
	if (c->view == VIEW_TIME) {
		items_sort(items, nr, c->by, c->reverse);
		o->columns = &c->set;
	} else {
		columns_default(&set, VIEW_TIME, true);
		columns_choose(&set, VIEW_TIME, "-vcpu");
		o->columns = &set;
	}
	print(o, c, &h, items, nr);
}

const char *report_no_time(const struct report *r)
{
	if (r->has_time || r->nr <= 1 || !r->samples)
		return NULL;
	return "Where the time of vCPUs went is not in this recording: an older kvm-exit-stats "
	       "made it.";
}

void report_vms(struct output *o, const struct common *c, const struct report *r, size_t most)
{
	struct item *items = xcalloc(r->nr, sizeof(*items));
	struct heading h = { .view = VIEW_VMS,
			     .vcpu = NO_VCPU,
			     .seconds = r->seconds,
			     .time = r->begin + r->seconds };
	size_t nr = r->nr - 1 < most ? r->nr - 1 : most;
	struct column_set set;

	columns_choose(&set, VIEW_VMS, "vm,vcpus,exits,rate,time,cpu%,top,top%");
	for (size_t i = 0; i < nr; i++)
		items[i] = report_item(&r->scope[i + 1], NULL);
	o->columns = &set;
	print(o, c, &h, items, nr);
}
