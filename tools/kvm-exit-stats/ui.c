// SPDX-License-Identifier: GPL-2.0-only
/* Keys and states of the live view. */
#include <stdio.h>
#include <string.h>

#include "ui.h"

const char *const ui_help[] = {
	"Up, Down, Page Up, Page Down, Home, End   move",
	"Enter   open: a VM's reasons, then its vCPUs, then a vCPU's reasons",
	"Esc     back",
	"a       the selected reason in all VMs",
	"v       the vCPUs of this VM",
	"d       details of the selected reason: which port, MSR, address (by BPF)",
	"w       where the time of vCPUs goes: exits, user space, halted, waiting",
	"o       the host's reasons, with those of VMs that ended",
	"s       choose the column to sort by      r   sort the other way round",
	"< >     sort by the column to the left or right",
	"c       choose columns",
	"/       show only lines that contain a text; Esc there clears it",
	"t       time or cycles",
	"f       freeze, go on",
	"+ -     a longer or shorter interval",
	"?       this help                         q   quit",
	"",
	"EXITS/S, CPU% and percentiles are of the last interval, MIN* and MAX* always",
	"since the last reset. CPU% is the time in exits, in percent of one CPU: without",
	"user space (QEMU); with sleep if BPF counts up to the entry (--source bpf).",
	NULL,
};

static const char *const columns_of[NR_VIEWS] = {
	[VIEW_VMS] = "vm,vcpus,rate,cpu%,trend,top,top%",
	[VIEW_REASONS] = "name,rate,exits%,time%,avg,p50,p99,max,trend,min",
	[VIEW_VCPUS] = "vcpu,rate,cpu%,avg,top,top%",
	[VIEW_ACROSS] = "vm,rate,exits%,time%,cpu%,avg,max,min",
	[VIEW_DETAILS] = "detail,what,rate,exits%,time%,avg,p99,max,exits",
	[VIEW_TIME] = "vm,vcpu,exits%,user%,vmm%,polling%,asleep%,waiting%,guest%,bar,costliest,"
		      "costliest%",
};

static const char *const sorted_by[NR_VIEWS] = { "cpu%", "time%", "cpu%", "cpu%", "time%", "vm" };

void ui_init(struct ui *ui, double interval)
{
	memset(ui, 0, sizeof(*ui));
	ui->interval = interval;
	ui->place[0].vcpu = NO_VCPU;
	for (int v = 0; v < NR_VIEWS && columns_of[v]; v++) {
		columns_choose(&ui->set[v], v, columns_of[v]);
		ui->by[v] = column_find(v, sorted_by[v]);
	}
}

struct place *ui_place(struct ui *ui)
{
	return &ui->place[ui->depth];
}

const struct column *ui_menu_column(enum view view, size_t n)
{
	for (size_t i = 0; i < nr_columns; i++) {
		if (columns[i].views & 1u << view && !n--)
			return &columns[i];
	}
	return NULL;
}

static size_t menu_size(enum view view)
{
	size_t n = 0;

	while (ui_menu_column(view, n))
		n++;
	return n;
}

/* Moves a line number by a key. False: this key moves nothing. */
static bool move(size_t *line, int key, size_t nr, size_t rows)
{
	size_t step = rows > 1 ? rows - 1 : 1, last = nr ? nr - 1 : 0;

	switch (key) {
	case UI_UP:
	case 'k':
		*line -= *line > 0;
		break;
	case UI_DOWN:
	case 'j':
		*line += *line < last;
		break;
	case UI_PAGE_UP:
		*line = *line > step ? *line - step : 0;
		break;
	case UI_PAGE_DOWN:
		*line = *line + step < last ? *line + step : last;
		break;
	case UI_FIRST:
		*line = 0;
		break;
	case UI_LAST:
		*line = last;
		break;
	default:
		return false;
	}
	return true;
}

bool place_is_same(const struct place *a, const struct place *b)
{
	return a->view == b->view && a->vcpu == b->vcpu && a->reason == b->reason &&
	       !strcmp(a->vm, b->vm);
}

static bool enter(struct ui *ui, enum view view, const char *vm, int vcpu, int64_t reason)
{
	struct place to = { .view = view, .vcpu = vcpu, .reason = reason };

	snprintf(to.vm, sizeof(to.vm), "%s", vm);
	if (ui->depth + 1 == MAX_DEPTH || place_is_same(ui_place(ui), &to))
		return false;
	ui->place[++ui->depth] = to;
	ui->filter[0] = '\0';
	return true;
}

static bool back(struct ui *ui)
{
	if (ui->filter[0])
		ui->filter[0] = '\0';
	else if (ui->depth)
		ui->depth--;
	else
		return false;
	return true;
}

/* VMs -> reasons of one -> its vCPUs -> reasons of one. */
static bool open_selected(struct ui *ui, const struct item *item)
{
	struct place *here = ui_place(ui);

	if (!item)
		return false;
	switch (here->view) {
	case VIEW_VMS:
	case VIEW_ACROSS:
		return item->vm && enter(ui, VIEW_REASONS, item->vm->id, NO_VCPU, 0);
	case VIEW_REASONS:
		if (!here->vm[0])
			return enter(ui, VIEW_ACROSS, "", NO_VCPU, item->row->reason);
		return here->vcpu == NO_VCPU && enter(ui, VIEW_VCPUS, here->vm, NO_VCPU, 0);
	case VIEW_VCPUS:
		return enter(ui, VIEW_REASONS, here->vm, item->vcpu, 0);
	case VIEW_TIME:
		return enter(ui, here->vm[0] ? VIEW_REASONS : VIEW_TIME, item->vm->id,
			     here->vm[0] ? item->vcpu : NO_VCPU, 0);
	default:
		return false;
	}
}

static bool open_vcpus(struct ui *ui, const struct item *item)
{
	const char *vm = item && item->vm ? item->vm->id : ui_place(ui)->vm;

	return *vm && ui_place(ui)->view != VIEW_VCPUS && enter(ui, VIEW_VCPUS, vm, NO_VCPU, 0);
}

static bool open_details(struct ui *ui, const struct item *item)
{
	enum view v = ui_place(ui)->view;

	if (!item || (v != VIEW_REASONS && v != VIEW_ACROSS) || item->row->reason == REASON_OTHER)
		return false;
	return enter(ui, VIEW_DETAILS, item->vm ? item->vm->id : "", item->vcpu, item->row->reason);
}

static bool sort_beside(struct ui *ui, int step)
{
	enum view v = ui_place(ui)->view;
	const struct column_set *set = &ui->set[v];

	for (size_t i = 0; i < set->nr; i++) {
		size_t to = i + step;

		if (set->column[i] != ui->by[v])
			continue;
		if (to >= set->nr)
			return false;
		ui->by[v] = set->column[to];
		return true;
	}
	ui->by[v] = set->nr ? set->column[0] : ui->by[v];
	return true;
}

static bool change_interval(struct ui *ui, double factor)
{
	double to = ui->interval * factor;

	if (to < 0.1 || to > 60)
		return false;
	ui->interval = to;
	return true;
}

static bool key_in_table(struct ui *ui, int key, const struct ui_facts *facts)
{
	enum view v = ui_place(ui)->view;

	if (move(&ui_place(ui)->selected, key, facts->nr, facts->rows))
		return true;
	switch (key) {
	case UI_OPEN:
		return open_selected(ui, facts->selected);
	case UI_BACK:
	case UI_ERASE:
		return back(ui);
	case 'a':
		return facts->selected && facts->selected->row && v != VIEW_DETAILS &&
		       enter(ui, VIEW_ACROSS, "", NO_VCPU, facts->selected->row->reason);
	case 'd':
		return open_details(ui, facts->selected);
	case 'v':
		return open_vcpus(ui, facts->selected);
	case 'w':
		return enter(ui, VIEW_TIME, ui_place(ui)->vm, NO_VCPU, 0);
	case 'o':
		return enter(ui, VIEW_REASONS, "", NO_VCPU, 0);
	case 's':
	case 'c':
		ui->overlay = key == 's' ? OVERLAY_SORT : OVERLAY_COLUMNS;
		ui->menu = 0;
		return true;
	case 'r':
		ui->reverse[v] = !ui->reverse[v];
		return true;
	case '<':
		return sort_beside(ui, -1);
	case '>':
		return sort_beside(ui, 1);
	case '/':
		ui->overlay = OVERLAY_FILTER;
		return true;
	case 't':
		ui->cycles = !ui->cycles;
		return true;
	case 'f':
	case ' ':
		ui->frozen = !ui->frozen;
		return true;
	case '+':
		return change_interval(ui, 2);
	case '-':
		return change_interval(ui, 0.5);
	case '?':
	case 'h':
		ui->overlay = OVERLAY_HELP;
		return true;
	case 'q':
		ui->quit = true;
		return true;
	default:
		return false;
	}
}

static void erase_character(char *text)
{
	size_t len = strlen(text);

	/* Removes continuation bytes up to the first byte of the character. */
	while (len && (text[--len] & 0xc0) == 0x80)
		;
	text[len] = '\0';
}

static void append_character(char *text, size_t size, int key)
{
	size_t len = strlen(text);
	unsigned int c = key;

	if (len + 5 > size)
		return;
	if (c < 0x80) {
		text[len++] = c;
	} else if (c < 0x800) {
		text[len++] = 0xc0 | c >> 6;
		text[len++] = 0x80 | (c & 0x3f);
	} else if (c < 0x10000) {
		text[len++] = 0xe0 | c >> 12;
		text[len++] = 0x80 | (c >> 6 & 0x3f);
		text[len++] = 0x80 | (c & 0x3f);
	} else {
		text[len++] = 0xf0 | c >> 18;
		text[len++] = 0x80 | (c >> 12 & 0x3f);
		text[len++] = 0x80 | (c >> 6 & 0x3f);
		text[len++] = 0x80 | (c & 0x3f);
	}
	text[len] = '\0';
}

static bool key_in_filter(struct ui *ui, int key, const struct ui_facts *facts)
{
	switch (key) {
	case UI_BACK:
		ui->filter[0] = '\0';
		ui->overlay = OVERLAY_NONE;
		return true;
	case UI_OPEN:
		ui->overlay = OVERLAY_NONE;
		return true;
	case UI_ERASE:
		erase_character(ui->filter);
		return true;
	default:
		if (key > UI_NOTHING)
			return move(&ui_place(ui)->selected, key, facts->nr, facts->rows);
		if (key < ' ' || key == UI_NOTHING)
			return false;
		append_character(ui->filter, sizeof(ui->filter), key);
		ui_place(ui)->selected = 0;
		ui_place(ui)->subject[0] = '\0';
		return true;
	}
}

/* Shows a hidden column, as the last one; hides one that is shown, but not the last left. */
static void toggle_column(struct column_set *set, enum view view, const struct column *c)
{
	char choice[40];
	bool shown = false;

	for (size_t i = 0; i < set->nr; i++)
		shown |= set->column[i] == c;
	if (shown && set->nr == 1)
		return;
	snprintf(choice, sizeof(choice), "%c%s", shown ? '-' : '+', c->name);
	columns_choose(set, view, choice);
}

static bool key_in_menu(struct ui *ui, int key, const struct ui_facts *facts)
{
	enum view v = ui_place(ui)->view;
	const struct column *c = ui_menu_column(v, ui->menu);

	if (move(&ui->menu, key, menu_size(v), facts->rows))
		return true;
	switch (key) {
	case UI_OPEN:
	case ' ':
		if (ui->overlay == OVERLAY_COLUMNS) {
			toggle_column(&ui->set[v], v, c);
			return true;
		}
		ui->by[v] = c;
		ui->reverse[v] = false;
		break;
	case UI_BACK:
	case UI_ERASE:
	case 'q':
	case 's':
	case 'c':
		break;
	default:
		return false;
	}
	ui->overlay = OVERLAY_NONE;
	return true;
}

bool ui_key(struct ui *ui, int key, const struct ui_facts *facts)
{
	switch (ui->overlay) {
	case OVERLAY_HELP:
		if (key == UI_NOTHING)
			return false;
		ui->overlay = OVERLAY_NONE;
		return true;
	case OVERLAY_SORT:
	case OVERLAY_COLUMNS:
		return key_in_menu(ui, key, facts);
	case OVERLAY_FILTER:
		return key_in_filter(ui, key, facts);
	default:
		return key_in_table(ui, key, facts);
	}
}
