// SPDX-License-Identifier: GPL-2.0-only
/* The live view, drawn. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"
#include "memory.h"
#include "reasons.h"
#include "screen.h"

/* ---- lines */

static bool shows(const struct place *p, const struct scope_numbers *s)
{
	bool this = s->vm && !strcmp(s->vm->id, p->vm);

	switch (p->view) {
	case VIEW_VMS:
	case VIEW_ACROSS:
		return s->vm && s->vcpu == NO_VCPU;
	case VIEW_REASONS:
		return s->vcpu == p->vcpu && (p->vm[0] ? this : !s->vm);
	case VIEW_VCPUS:
		return this && s->vcpu != NO_VCPU;
	case VIEW_TIME:
		return p->vm[0] ? this : s->vm && s->vcpu == NO_VCPU;
	default:
		return false;
	}
}

static bool passes(const struct ui *ui, const struct item *item)
{
	const struct place *p = &ui->place[ui->depth];
	char vcpu[16];

	if (!ui->filter[0])
		return true;
	if (p->view == VIEW_REASONS || p->view == VIEW_DETAILS)
		return strcasestr(item->row->name, ui->filter) || strstr(item->row->id, ui->filter);
	if (p->view == VIEW_VCPUS) {
		snprintf(vcpu, sizeof(vcpu), "%d", item->vcpu);
		return strstr(vcpu, ui->filter);
	}
	return strcasestr(item->vm->name, ui->filter) ||
	       (item->vm->uuid && strcasestr(item->vm->uuid, ui->filter));
}

static void add(struct ui *ui, const struct model *m, const struct scope_numbers *s,
		const struct row *row, struct item **items, size_t *nr)
{
	struct item item = {
		.vm = s->vm, .vcpu = s->vcpu, .t = &s->t, .row = row, .seconds = s->seconds
	};

	if (s->has_split)
		item.split = &s->split;
	if (!passes(ui, &item))
		return;
	item.trend = trend_find(m->trends, s->vm ? s->vm->id : "", s->vcpu,
				row ? row->reason : TREND_ALL);
	if (!(*nr & (*nr - 1)))
		*items = xrealloc(*items, (*nr ? 2 * *nr : 1) * sizeof(item));
	(*items)[(*nr)++] = item;
}

size_t screen_items(struct ui *ui, const struct model *m, struct item **items)
{
	const struct place *p = ui_place(ui);
	size_t nr = 0;

	*items = NULL;
	for (size_t k = 0; p->view == VIEW_DETAILS && m->details && k < m->details->t.nr; k++)
		add(ui, m, m->details, &m->details->t.row[k], items, &nr);
	for (size_t i = 0; i < m->since->nr; i++) {
		const struct scope_numbers *s = &m->since->scope[i];

		if (!shows(p, s))
			continue;
		if (p->view == VIEW_REASONS) {
			for (size_t k = 0; k < s->t.nr; k++)
				add(ui, m, s, &s->t.row[k], items, &nr);
		} else if (p->view == VIEW_ACROSS) {
			const struct row *row = table_row(&s->t, p->reason);

			if (row)
				add(ui, m, s, row, items, &nr);
		} else {
			add(ui, m, s, NULL, items, &nr);
		}
	}
	items_sort(*items, nr, ui->by[p->view], ui->reverse[p->view]);
	return nr;
}

/* ---- the selection */

static void subject_of(const struct place *p, const struct item *item, char *buf, size_t size)
{
	if (p->view == VIEW_REASONS)
		snprintf(buf, size, "%s", item->row->id);
	else if (p->view == VIEW_DETAILS)
		snprintf(buf, size, "%lld", (long long)item->row->reason);
	else if (p->view == VIEW_VCPUS)
		snprintf(buf, size, "%d", item->vcpu);
	else if (p->view == VIEW_TIME)
		snprintf(buf, size, "%s %d", item->vm->id, item->vcpu);
	else
		snprintf(buf, size, "%s", item->vm->id);
}

static void layout_of(const struct ui *ui, const struct canvas *c, const struct item *items,
		      size_t nr, struct layout *l)
{
	const struct place *p = &ui->place[ui->depth];
	const struct column_set *set = &ui->set[p->view];
	int at = layout_wide(set), widest = 0;
	const struct column *wide = at < 0 ? NULL : set->column[at];

	for (size_t i = 0; wide && i < nr; i++) {
		struct value v = {};
		int width;

		wide->get(&items[i], &v);
		width = v.none ? 1 : text_width(v.text);
		widest = width > widest ? width : widest;
	}
	layout_make(l, c->rows, c->cols, set, widest);
}

size_t screen_rows(const struct ui *ui, const struct canvas *c)
{
	struct layout l;

	layout_of(ui, c, NULL, 0, &l);
	return l.body_rows;
}

void screen_follow(struct ui *ui, const struct canvas *c, const struct item *items, size_t nr)
{
	struct place *p = ui_place(ui);
	char subject[sizeof(p->subject)];
	struct layout l;

	for (size_t i = 0; p->subject[0] && i < nr; i++) {
		subject_of(p, &items[i], subject, sizeof(subject));
		if (!strcmp(subject, p->subject)) {
			p->selected = i;
			break;
		}
	}
	if (p->selected >= nr)
		p->selected = nr ? nr - 1 : 0;
	layout_of(ui, c, items, nr, &l);
	p->first = layout_scroll(&l, p->first, p->selected, nr);
}

/* ---- drawing */

__attribute__((format(printf, 5, 6))) static void
line(struct canvas *c, int row, enum attribute attr, int col, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	canvas_text(c, row, col, c->cols - col, false, attr, text);
}

static const char *vm_name(const struct model *m, const char *id)
{
	for (size_t i = 0; i < m->since->nr; i++) {
		if (m->since->scope[i].vm && !strcmp(m->since->scope[i].vm->id, id))
			return m->since->scope[i].vm->name;
	}
	return "ended";
}

static const char *name_of(const struct model *m, int64_t reason)
{
	const struct row *row;

	for (size_t i = 0; i < m->since->nr; i++) {
		row = table_row(&m->since->scope[i].t, reason);
		if (row)
			return row->name;
	}
	/* It did not occur in the last interval. */
	return reason_name(m->since->nr && !strcmp(m->since->scope[0].t.vendor, "svm"), reason);
}

/* Whose numbers are looked at, in words. */
static void scope_text(const struct model *m, const struct place *p, char *buf, size_t size)
{
	if (p->view == VIEW_VMS)
		snprintf(buf, size, "VMs");
	else if (p->view == VIEW_TIME)
		snprintf(buf, size, "%s: where the time goes",
			 p->vm[0] ? vm_name(m, p->vm) : "VMs");
	else if (p->view == VIEW_ACROSS)
		snprintf(buf, size, "%s in all VMs", name_of(m, p->reason));
	else if (!p->vm[0])
		snprintf(buf, size, "host");
	else if (p->view == VIEW_VCPUS)
		snprintf(buf, size, "%s: vCPUs", vm_name(m, p->vm));
	else if (p->vcpu != NO_VCPU)
		snprintf(buf, size, "%s: vCPU %d", vm_name(m, p->vm), p->vcpu);
	else
		snprintf(buf, size, "%s", vm_name(m, p->vm));
}

/* What is looked at, in words. */
static void place_text(const struct model *m, const struct place *p, char *buf, size_t size)
{
	size_t len;

	scope_text(m, p, buf, size);
	len = strlen(buf);
	if (p->view == VIEW_DETAILS && m->details)
		snprintf(buf + len, size - len, ": %s by %s, %.0f s", name_of(m, p->reason),
			 m->details_by, m->details->seconds);
}

/* What the host did in the interval, or of saved files in all. */
static void sum_text(const struct scope_numbers *host, double interval, char *buf, size_t size)
{
	double seconds = host->seconds, khz = host->t.tsc_khz;
	double cpus = seconds > 0 && khz > 0 ? host->t.cycles / khz / 1000 / seconds : 0;

	if (seconds > 0)
		snprintf(buf, size, "%.0f exits/s, %.1f %% of a CPU in exits, every %g s",
			 host->t.exits / seconds, 100 * cpus, interval);
	else
		snprintf(buf, size, "%llu exits", (unsigned long long)host->t.exits);
	if (host->t.measured != MEASURED_HANDLER)
		snprintf(buf + strlen(buf), size - strlen(buf), ", %s",
			 measured_text(host->t.measured));
}

static void draw_title(struct ui *ui, struct canvas *c, const struct layout *l,
		       const struct model *m, size_t nr)
{
	char place[256], numbers[128] = "";
	size_t vms = 0;

	for (size_t i = 0; i < m->since->nr; i++) {
		const struct scope_numbers *s = &m->since->scope[i];

		vms += s->vm && s->vcpu == NO_VCPU;
		if (!s->vm)
			sum_text(s, ui->interval, numbers, sizeof(numbers));
	}
	place_text(m, ui_place(ui), place, sizeof(place));
	canvas_row_attribute(c, l->title, ATTR_TITLE);
	line(c, l->title, ATTR_TITLE, 0, "kvm-exit-stats  %s%s", place,
	     ui->frozen ? "  FROZEN" : "");
	line(c, l->context, ATTR_FAINT, 0, "%zu VMs, %s; %zu lines%s%s%s%s", vms, numbers, nr,
	     ui->filter[0] ? "; filter: " : "", ui->filter, m->note ? "; " : "",
	     m->note ? m->note : "");
}

static void draw_heads(struct ui *ui, struct canvas *c, const struct layout *l)
{
	enum view v = ui_place(ui)->view;

	canvas_row_attribute(c, l->head, ATTR_HEAD);
	for (size_t i = 0; i < l->nr; i++) {
		const struct column *col = ui->set[v].column[i];

		canvas_text(c, l->head, l->x[i], l->width[i], col->kind != KIND_TEXT,
			    col == ui->by[v] ? ATTR_HEAD_SORTED : ATTR_HEAD, col->title);
	}
}

static void draw_lines(struct ui *ui, struct canvas *c, const struct layout *l,
		       const struct item *items, size_t nr)
{
	const struct place *p = ui_place(ui);
	struct style style = { .cycles = ui->cycles };
	char buf[256];

	for (size_t n = p->first; n < nr && n < p->first + l->body_rows; n++) {
		int row = l->body + n - p->first;
		enum attribute attr = n == p->selected ? ATTR_SELECTED : ATTR_NORMAL;
		struct item item = items[n];

		item.ascii = c->ascii;
		style.tsc_khz = item.t->tsc_khz;
		canvas_row_attribute(c, row, attr);
		for (size_t i = 0; i < l->nr; i++) {
			const struct column *col = ui->set[p->view].column[i];
			struct value v = {};
			const char *text;

			col->get(&item, &v);
			text = value_text(col, &v, &style, buf, sizeof(buf));
			if (!strcmp(col->name, "vm"))
				canvas_name(c, row, l->x[i], l->width[i], attr, text);
			else
				canvas_text(c, row, l->x[i], l->width[i], col->kind != KIND_TEXT,
					    attr, text);
		}
	}
	if (!nr && l->body_rows)
		line(c, l->body, ATTR_FAINT, 0, "%s",
		     ui->filter[0]	   ? "no line contains the filter's text; Esc clears it"
		     : p->view == VIEW_VMS ? "no VM runs"
					   : "no exits in this time");
}

static void draw_keys(struct ui *ui, struct canvas *c, const struct layout *l)
{
	static const char *const keys[NR_VIEWS] = {
		"Enter open  / filter  s sort  c columns  t time/cycles  f freeze  ? help  q quit",
		"Enter vCPUs  a all VMs  d details  Esc back  / filter  s sort  c columns  ? help",
		"Enter open  Esc back  / filter  s sort  c columns  f freeze  ? help  q quit",
		"Enter open  Esc back  / filter  s sort  c columns  f freeze  ? help  q quit",
		"Esc back  / filter  s sort  c columns  f freeze  ? help  q quit",
		"Enter open  Esc back  / filter  s sort  c columns  f freeze  ? help  q quit",
	};

	canvas_row_attribute(c, l->keys, ATTR_TITLE);
	if (ui->overlay == OVERLAY_FILTER)
		line(c, l->keys, ATTR_TITLE, 0, "show lines that contain: %s_", ui->filter);
	else
		line(c, l->keys, ATTR_TITLE, 0, "%s", keys[ui_place(ui)->view]);
}

static void draw_menu(struct ui *ui, struct canvas *c, const struct layout *l)
{
	const struct place *p = ui_place(ui);
	const struct column_set *set = &ui->set[p->view];
	size_t first = ui->menu >= (size_t)l->body_rows ? ui->menu - l->body_rows + 1 : 0;
	const struct column *col;

	for (size_t n = first; n < first + l->body_rows && (col = ui_menu_column(p->view, n));
	     n++) {
		int row = l->body + n - first;
		enum attribute attr = n == ui->menu ? ATTR_SELECTED : ATTR_NORMAL;
		bool on = ui->overlay == OVERLAY_SORT ? col == ui->by[p->view] : false;

		for (size_t i = 0; ui->overlay == OVERLAY_COLUMNS && i < set->nr; i++)
			on |= set->column[i] == col;
		canvas_row_attribute(c, row, attr);
		line(c, row, attr, 0, " [%c] %-14s %s", on ? 'x' : ' ', col->title, col->help);
	}
	canvas_row_attribute(c, l->head, ATTR_HEAD);
	line(c, l->head, ATTR_HEAD, 0, "%s",
	     ui->overlay == OVERLAY_SORT ? "SORT BY: Enter chooses, Esc leaves"
					 : "COLUMNS: Space shows or hides, Esc leaves");
}

static void draw_help(struct canvas *c, const struct layout *l)
{
	canvas_row_attribute(c, l->head, ATTR_HEAD);
	line(c, l->head, ATTR_HEAD, 0, "HELP: any key goes back");
	for (int i = 0; ui_help[i] && i < l->body_rows; i++)
		line(c, l->body + i, ATTR_NORMAL, 0, "%s", ui_help[i]);
}

void screen_draw(struct ui *ui, struct canvas *c, const struct model *m, const struct item *items,
		 size_t nr)
{
	struct place *p = ui_place(ui);
	struct layout l;

	canvas_clear(c);
	layout_of(ui, c, items, nr, &l);
	p->first = layout_scroll(&l, p->first, p->selected, nr);
	if (p->selected < nr)
		subject_of(p, &items[p->selected], p->subject, sizeof(p->subject));
	draw_title(ui, c, &l, m, nr);
	draw_keys(ui, c, &l);
	switch (ui->overlay) {
	case OVERLAY_HELP:
		draw_help(c, &l);
		break;
	case OVERLAY_SORT:
	case OVERLAY_COLUMNS:
		draw_menu(ui, c, &l);
		break;
	default:
		draw_heads(ui, c, &l);
		draw_lines(ui, c, &l, items, nr);
	}
}
