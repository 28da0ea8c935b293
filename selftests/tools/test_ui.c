// SPDX-License-Identifier: GPL-2.0-only
/* Keys: each in each state, documented ones, random ones; and a person's question in three. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "screen.h"
#include "tap.h"

static struct sample sample, none;
static struct trends trends;
static struct model model = { .since = &sample, .trends = &trends };

static const int keys[] = {
	UI_NOTHING, UI_UP, UI_DOWN, UI_PAGE_UP, UI_PAGE_DOWN, UI_FIRST, UI_LAST, UI_OPEN,  UI_BACK,
	UI_ERASE,   -1,	   0,	    0x7f,	0xe9,	      0x865a,	0x1f600, 0x10ffff,
};

#define NR_KEYS (sizeof(keys) / sizeof(*keys) + 128)

static int key_number(size_t i)
{
	return i < 128 ? (int)i : keys[i - 128];
}

/* Presses a key on what the place shows now. */
static bool press(struct ui *ui, int key)
{
	struct item *items;
	struct ui_facts facts = { .nr = screen_items(ui, &model, &items), .rows = 7 };
	bool changed;

	if (ui_place(ui)->selected < facts.nr)
		facts.selected = &items[ui_place(ui)->selected];
	changed = ui_key(ui, key, &facts);
	free(items);
	return changed;
}

static void press_all(struct ui *ui, const char *text)
{
	for (; *text; text++)
		press(ui, *text == '~' ? UI_OPEN : *text == '^' ? UI_BACK : *text);
}

static bool set_sound(const struct column_set *set, enum view view)
{
	if (!set->nr || set->nr > MAX_COLUMNS)
		return false;
	for (size_t i = 0; i < set->nr; i++) {
		if (!(set->column[i]->views & 1u << view))
			return false;
		for (size_t k = 0; k < i; k++) {
			if (set->column[i] == set->column[k])
				return false;
		}
	}
	return true;
}

/* What holds in each state. */
static bool sound(const struct ui *ui)
{
	const struct place *p = &ui->place[ui->depth];

	if (ui->depth < 0 || ui->depth >= MAX_DEPTH || ui->overlay > OVERLAY_FILTER ||
	    p->view >= NR_VIEWS || !(ui->interval >= 0.1 && ui->interval <= 60))
		return false;
	if (!memchr(ui->filter, 0, sizeof(ui->filter)) || !memchr(p->vm, 0, sizeof(p->vm)))
		return false;
	if (!ui_menu_column(p->view, ui->menu) && ui->overlay != OVERLAY_NONE &&
	    ui->overlay != OVERLAY_HELP && ui->overlay != OVERLAY_FILTER)
		return false;
	for (int v = VIEW_VMS; v <= VIEW_ACROSS; v++) {
		if (!set_sound(&ui->set[v], v) || !(ui->by[v]->views & 1u << v))
			return false;
	}
	return true;
}

static void test_each_key(void)
{
	static const char *const ways[] = { "", "~", "~~", "~~~", "~a", "o", "o~", "ooooooooooo" };
	static const char *const overlays[] = { "", "?", "s", "c", "/", "/we", "f", "t" };
	int bad = 0, lies = 0;

	for (int full = 0; full < 2; full++) {
		for (size_t n = 0; n < 8 * 8 * NR_KEYS; n++) {
			struct ui ui, before;
			bool changed;

			model.since = &sample;
			ui_init(&ui, 1);
			press_all(&ui, ways[n % 8]);
			press_all(&ui, overlays[n / 8 % 8]);
			model.since = full ? &sample : &none;
			before = ui;
			changed = press(&ui, key_number(n / 64));
			bad += !sound(&ui);
			/* A key at the end of a list may say so too. */
			lies += !changed && memcmp(&ui, &before, sizeof(ui));
		}
	}
	model.since = &sample;
	ok(!bad, "each key in each view and overlay, with lines and without, leaves it sound");
	ok(!lies, "what is said to be unchanged is");
}

static void test_random(int walk)
{
	struct ui ui;
	int bad = 0, deep = 0;

	srandom(2);
	ui_init(&ui, 1);
	for (int i = 0; i < walk; i++) {
		/* Now and then all VMs end. */
		model.since = i / 100 % 10 == 9 ? &none : &sample;
		press(&ui, key_number(random() % NR_KEYS));
		bad += !sound(&ui);
		deep = ui.depth > deep ? ui.depth : deep;
		if (ui.quit)
			ui.quit = false;
	}
	model.since = &sample;
	ok(!bad, "%d random keys leave it sound (%d states do not)", walk, bad);
	ok(walk < 10000 || deep > 2, "they went %d places deep", deep);
}

static void test_places(void)
{
	struct place *p;
	struct ui ui;

	ui_init(&ui, 1);
	press_all(&ui, "~");
	p = ui_place(&ui);
	ok(p->view == VIEW_REASONS && !strcmp(p->vm, "1003-11") && p->vcpu == NO_VCPU,
	   "Enter opens the selected VM's reasons");
	press_all(&ui, "~");
	ok(ui_place(&ui)->view == VIEW_VCPUS, "then its vCPUs");
	press_all(&ui, "~");
	p = ui_place(&ui);
	ok(p->view == VIEW_REASONS && p->vcpu == 1, "then the reasons of a vCPU");
	press_all(&ui, "~");
	ok(ui.depth == 3, "there is nothing behind it");
	press_all(&ui, "^^^^");
	ok(ui.depth == 0 && !ui.quit, "Esc goes back, step by step, and never quits");
	press_all(&ui, "~a");
	p = ui_place(&ui);
	ok(p->view == VIEW_ACROSS && p->reason == 49, "a: the selected reason in all VMs");
	press_all(&ui, "aaa");
	ok(ui.depth == 2, "a again stays there");
	press_all(&ui, "~");
	p = ui_place(&ui);
	ok(p->view == VIEW_REASONS && !strcmp(p->vm, "1003-11"), "Enter opens one of them");
	ui_init(&ui, 1);
	press_all(&ui, "v");
	ok(ui_place(&ui)->view == VIEW_VCPUS && !strcmp(ui_place(&ui)->vm, "1003-11"),
	   "v: the vCPUs of the selected VM");
	press_all(&ui, "o");
	ok(ui_place(&ui)->view == VIEW_REASONS && !ui_place(&ui)->vm[0], "o: the host's reasons");
	press_all(&ui, "ooo");
	ok(ui.depth == 2, "o again stays there");
	press_all(&ui, "~");
	ok(ui_place(&ui)->view == VIEW_ACROSS, "Enter on a reason of the host: in all VMs");
	ui_init(&ui, 1);
	press_all(&ui, "w");
	ok(ui_place(&ui)->view == VIEW_TIME && !ui_place(&ui)->vm[0],
	   "w: where the time of all VMs goes");
	press_all(&ui, "~");
	p = ui_place(&ui);
	ok(p->view == VIEW_TIME && p->vm[0], "Enter: of the vCPUs of one");
	press_all(&ui, "~");
	ok(ui_place(&ui)->view == VIEW_REASONS, "then the reasons of one of its lines");
	ui_init(&ui, 1);
	press_all(&ui, "d");
	ok(ui.depth == 0, "d: nothing where no reason is selected");
	press_all(&ui, "~d");
	p = ui_place(&ui);
	ok(p->view == VIEW_DETAILS && !strcmp(p->vm, "1003-11") && p->vcpu == NO_VCPU &&
		   p->reason == 49,
	   "d: the details of the selected reason of a VM");
	ui_init(&ui, 1);
	press_all(&ui, "~~~d");
	p = ui_place(&ui);
	ok(p->view == VIEW_DETAILS && p->vcpu == 1, "and of a vCPU");
}

static void test_moves(void)
{
	struct ui ui;
	size_t *selected = &ui.place[0].selected;

	ui_init(&ui, 1);
	press(&ui, UI_UP);
	ok(*selected == 0, "Up on the first line stays there");
	press(&ui, UI_DOWN);
	press(&ui, 'j');
	press(&ui, 'k');
	ok(*selected == 1, "Down, j and k move by one line");
	press(&ui, UI_PAGE_DOWN);
	ok(*selected == 7, "Page Down by a screen less one");
	press(&ui, UI_LAST);
	press(&ui, UI_DOWN);
	ok(*selected == 19, "End: the last line, and not further");
	press(&ui, UI_PAGE_UP);
	ok(*selected == 13, "Page Up back");
	press(&ui, UI_FIRST);
	ok(*selected == 0, "Home: the first line");
}

static void test_settings(void)
{
	const struct column *by;
	struct ui ui;

	ui_init(&ui, 1);
	by = ui.by[VIEW_VMS];
	press_all(&ui, "<");
	ok(ui.by[VIEW_VMS] != by, "< sorts by the column to the left");
	press_all(&ui, ">");
	ok(ui.by[VIEW_VMS] == by, "> by that to the right");
	press_all(&ui, "r");
	ok(ui.reverse[VIEW_VMS] && !ui.reverse[VIEW_REASONS],
	   "r: the other way round, in this view");
	press_all(&ui, "sj~");
	ok(ui.by[VIEW_VMS] == ui_menu_column(VIEW_VMS, 1) && !ui.reverse[VIEW_VMS] &&
		   ui.overlay == OVERLAY_NONE,
	   "s: a menu of columns to sort by");
	press_all(&ui, "c ");
	ok(ui.set[VIEW_VMS].column[0] != ui_menu_column(VIEW_VMS, 0), "c and Space hide a column");
	press_all(&ui, " ^");
	ok(ui.set[VIEW_VMS].column[ui.set[VIEW_VMS].nr - 1] == ui_menu_column(VIEW_VMS, 0),
	   "and show it again, as the last");
	press_all(&ui, "/wx");
	press(&ui, 0x865a);
	press(&ui, UI_ERASE);
	press(&ui, UI_ERASE);
	press_all(&ui, "eb~");
	ok(!strcmp(ui.filter, "web") && ui.overlay == OVERLAY_NONE, "/: the filter is typed");
	press_all(&ui, "^");
	ok(!ui.filter[0], "Esc clears it");
	press_all(&ui, "tf");
	ok(ui.cycles && ui.frozen, "t: cycles; f: frozen");
	press_all(&ui, "tf");
	ok(!ui.cycles && !ui.frozen, "both again: time, and it goes on");
	press_all(&ui, "+");
	ok(ui.interval == 2, "+: a longer interval");
	press_all(&ui, "----------");
	ok(ui.interval >= 0.1, "-: a shorter one, within limits");
	press_all(&ui, "?q");
	ok(ui.overlay == OVERLAY_NONE && !ui.quit, "? shows the help, which any key ends");
	press_all(&ui, "q");
	ok(ui.quit, "q quits");
}

/* Each key that the help names is one that does something somewhere. */
static void test_help(void)
{
	static const char *const ways[] = { "", "~", "~a", "~~" };
	const char *deaf = NULL;

	for (int i = 0; ui_help[i]; i++) {
		const char *line = ui_help[i];
		bool heard = false;

		if (!*line || line[1] != ' ')
			continue;
		for (int w = 0; w < 4; w++) {
			struct ui ui;

			ui_init(&ui, 1);
			press_all(&ui, ways[w]);
			heard |= press(&ui, line[0]);
		}
		if (!heard)
			deaf = line;
	}
	ok(!deaf, "each key of the help screen does something");
}

static void test_question(void)
{
	struct canvas c = {};
	struct item *items;
	struct ui ui;
	size_t nr;

	ui_init(&ui, 1);
	nr = screen_items(&ui, &model, &items);
	ok(nr == 20 && !strcmp(items[0].vm->id, "1003-11"),
	   "which VM costs most: the first line, without a key");
	canvas_resize(&c, 24, 80);
	screen_draw(&ui, &c, &model, items, nr);
	ok(c.cell[3 * 80].attr == ATTR_SELECTED, "it is selected");
	free(items);
	press(&ui, UI_OPEN);
	nr = screen_items(&ui, &model, &items);
	ok(nr == 4 && items[0].row->reason == 49,
	   "which reason: Enter, the first line. One key in all, three are allowed");
	free(items);
	canvas_free(&c);
}

int main(int argc, char **argv)
{
	(void)argv;
	setlocale(LC_CTYPE, "");
	model_make(&sample, 20, 3);
	test_each_key();
	test_random(argc > 2 ? 1000 : 100000);
	test_places();
	test_moves();
	test_settings();
	test_help();
	test_question();
	model_free(&sample);
	return done_testing();
}
