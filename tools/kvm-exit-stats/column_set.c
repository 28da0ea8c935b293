// SPDX-License-Identifier: GPL-2.0-only
/* What follows from the table of columns: sets of them, sorting by one, values as text. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "memory.h"

#define TIME_COLUMNS                                                  \
	"vm,vcpu,exits%,user%,vmm%,polling%,asleep%,waiting%,guest%," \
	"costliest,costliest%"

static const char *const defaults[NR_VIEWS][2] = {
	/* since the last reset, in an interval */
	[VIEW_VMS] = { "vm,vcpus,exits,time,top,top%", "vm,vcpus,rate,cpu%,top,top%" },
	[VIEW_REASONS] = { "reason,name,exits,exits%,time,time%,min,avg,max",
			   "reason,name,rate,exits%,cpu%,time%,min,avg,max" },
	[VIEW_VCPUS] = { "vcpu,exits,time,time%,avg,top,top%", "vcpu,rate,cpu%,avg,top,top%" },
	[VIEW_ACROSS] = { "vm,exits,exits%,time,time%,min,avg,max",
			  "vm,rate,exits%,cpu%,time%,min,avg,max" },
	[VIEW_DETAILS] = { "detail,what,exits,exits%,time,time%,avg,p50,p99,max",
			   "detail,what,rate,exits%,time%,avg,p50,p99,max" },
	[VIEW_TIME] = { TIME_COLUMNS, TIME_COLUMNS },
	/* what happened between, side by side */
	[VIEW_DIFF] = { "vm,name,exits,time,avg,p50,p99,max",
			"vm,name,rate_a,rate_b,rate_change,cpu_a%,cpu_b%,avg_a,avg_b,avg_change" },
};

const struct column *column_find(enum view view, const char *name)
{
	for (size_t i = 0; i < nr_columns; i++) {
		if (columns[i].views & 1u << view && !strcmp(columns[i].name, name))
			return &columns[i];
	}
	return NULL;
}

static void take_out(struct column_set *set, const struct column *c)
{
	size_t to = 0;

	for (size_t i = 0; i < set->nr; i++) {
		if (set->column[i] != c)
			set->column[to++] = set->column[i];
	}
	set->nr = to;
}

const char *columns_choose(struct column_set *set, enum view view, const char *text)
{
	static char word[32];
	const struct column *c;

	if (*text != '+' && *text != '-')
		set->nr = 0;
	while (*text) {
		size_t len = strcspn(text, ",");
		char how = *text == '+' || *text == '-' ? *text : '\0';

		snprintf(word, sizeof(word), "%.*s", (int)(len - !!how), text + !!how);
		c = column_find(view, word);
		if (!c)
			return word;
		take_out(set, c);
		if (how != '-' && set->nr < MAX_COLUMNS)
			set->column[set->nr++] = c;
		text += len;
		text += *text == ',';
	}
	return NULL;
}

void columns_default(struct column_set *set, enum view view, bool rates)
{
	columns_choose(set, view, defaults[view][rates]);
}

void columns_list(FILE *f, enum view view)
{
	for (size_t i = 0; i < nr_columns; i++) {
		if (columns[i].views & 1u << view)
			fprintf(f, "%-12s %-15s %s\n", columns[i].name, columns[i].title,
				columns[i].help);
	}
}

/* ---- sorting */

static const struct column *sort_by;
static bool sort_reverse;

static int compare_values(const struct value *a, const struct value *b)
{
	int order;

	if (sort_by->kind == KIND_TEXT)
		order = strcmp(a->text, b->text);
	else if (sort_by->kind == KIND_COUNT)
		order = (a->count > b->count) - (a->count < b->count);
	else
		order = (a->real > b->real) - (a->real < b->real);
	return sort_by->ascending == sort_reverse ? -order : order;
}

static int compare_reasons(const struct item *a, const struct item *b)
{
	uint64_t x = a->row ? a->row->reason : 0, y = b->row ? b->row->reason : 0;

	return (x > y) - (x < y);
}

/* Equal lines: by VM, vCPU and reason, so that a screen does not jump. */
static int compare_subjects(const struct item *a, const struct item *b)
{
	int order = 0;

	if (a->vm && b->vm)
		order = strcmp(a->vm->name, b->vm->name);
	if (!order)
		order = (a->vcpu > b->vcpu) - (a->vcpu < b->vcpu);
	return order ? order : compare_reasons(a, b);
}

static int compare_items(const void *a, const void *b)
{
	struct value v = {}, w = {};
	int order;

	sort_by->get(a, &v);
	sort_by->get(b, &w);
	if (v.none || w.none)
		order = v.none - w.none;
	else if (!strcmp(sort_by->name, "reason"))
		order = sort_reverse ? compare_reasons(b, a) : compare_reasons(a, b);
	else
		order = compare_values(&v, &w);
	return order ? order : compare_subjects(a, b);
}

static const struct column *column_named(const char *name)
{
	const struct column *c = columns;

	while (strcmp(c->name, name))
		c++;
	return c;
}

void items_sort(struct item *items, size_t nr, const struct column *by, bool reverse)
{
	/* A sparkline has no order of its own. */
	sort_by = strcmp(by->name, "trend") ? by : column_named("exits");
	sort_reverse = reverse;
	if (nr > 1)
		qsort(items, nr, sizeof(*items), compare_items);
}

/* ---- text */

static const char *time_text(double cycles, const struct style *style, char *buf, size_t size)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	double t = style->tsc_khz ? cycles * 1e6 / style->tsc_khz : 0; /* ns */
	int unit = 0;

	if (style->cycles || !style->tsc_khz) {
		snprintf(buf, size, "%.0f", cycles);
		return buf;
	}
	for (; t >= 999.5 && unit < 3; unit++)
		t /= 1000;
	snprintf(buf, size, t < 99.95 ? "%.1f %s" : "%.0f %s", t, units[unit]);
	return buf;
}

const char *value_text(const struct column *c, const struct value *v, const struct style *style,
		       char *buf, size_t size)
{
	if (v->none) {
		snprintf(buf, size, "-");
		return buf;
	}
	switch (c->kind) {
	case KIND_TEXT:
		snprintf(buf, size, "%s", v->text);
		break;
	case KIND_COUNT:
		snprintf(buf, size, "%" PRIu64, v->count);
		break;
	case KIND_RATE:
		snprintf(buf, size, v->real < 99.95 ? "%.1f" : "%.0f", v->real);
		break;
	case KIND_SHARE:
		snprintf(buf, size, "%.1f", v->real);
		break;
	case KIND_CHANGE:
		snprintf(buf, size, "%+.1f", v->real);
		break;
	case KIND_TIME:
		return time_text(v->real, style, buf, size);
	}
	return buf;
}
