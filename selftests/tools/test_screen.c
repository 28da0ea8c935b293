// SPDX-License-Identifier: GPL-2.0-only
/* What is drawn: at all sizes and of all names nothing beside its place; the selection stays. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "layout.h"
#include "model.h"
#include "screen.h"
#include "tap.h"

#define CANARY ((struct cell){ L'\x2620', ATTR_FAINT })

static bool is_canary(const struct cell *cell)
{
	return cell->c == CANARY.c && cell->attr == CANARY.attr;
}

/* The cell behind the last one, which the canvas has but does not use. */
static struct cell *behind(struct canvas *c)
{
	return &c->cell[c->rows * c->cols];
}

/* Each wide character has its second cell, and no second cell stands alone. */
static bool wide_sound(const struct canvas *c)
{
	for (int row = 0; row < c->rows; row++) {
		for (int col = 0; col < c->cols; col++) {
			const struct cell *cell = &c->cell[row * c->cols + col];

			if (!cell->c && (!col || wcwidth(cell[-1].c) != 2))
				return false;
			if (cell->c && wcwidth(cell->c) == 2 && (col + 1 == c->cols || cell[1].c))
				return false;
			if (cell->c && wcwidth(cell->c) < 1)
				return false;
		}
	}
	return true;
}

static void test_text(void)
{
	static const char *const texts[] = { "",
					     "short",
					     "虚拟机-数据库-的名字",
					     "e\u0301\u0301\u0301",
					     "😀😀😀",
					     "a\x01\x7f\x1b[2J",
					     "\xff\xfe\xc3",
					     "\u0301" };
	struct canvas c = {};
	int outside = 0, unsound = 0;

	canvas_resize(&c, 5, 20);
	for (int i = 0; i < 8 * 7 * 26 * 26 * 3; i++) {
		int row = i / 3 % 7 - 1, col = i / 21 % 26 - 3, width = i / 21 / 26 % 26 - 2;
		const char *text = texts[i / 21 / 26 / 26];

		for (int n = 0; n <= c.rows * c.cols; n++)
			c.cell[n] = CANARY;
		if (i % 3 == 2)
			canvas_name(&c, row, col, width, ATTR_NORMAL, text);
		else
			canvas_text(&c, row, col, width, i % 3, ATTR_NORMAL, text);
		for (int n = 0; n <= c.rows * c.cols; n++) {
			int x = n % c.cols;

			if (n / c.cols != row || x < col || x >= col + width)
				outside += !is_canary(&c.cell[n]);
			if (n < c.rows * c.cols && !c.cell[n].c)
				unsound += !x || wcwidth(c.cell[n - 1].c) != 2;
		}
	}
	ok(!outside, "a text fills its place only, wherever that is (%d cells outside)", outside);
	ok(!unsound, "a wide character is not cut in half");
	canvas_clear(&c);
	canvas_text(&c, 0, 0, 6, false, ATTR_NORMAL, "web-server");
	canvas_text(&c, 1, 0, 6, true, ATTR_NORMAL, "42");
	canvas_text(&c, 2, 0, 6, false, ATTR_NORMAL, "虚拟机器");
	ok(c.cell[5].c == L'\u2026' && c.cell[20 + 5].c == L'2' && c.cell[40 + 4].c == L'\u2026',
	   "a text that is too long ends in a mark; numbers stand at the right");
	canvas_name(&c, 3, 0, 14, ATTR_NORMAL, "production (1234-11)");
	canvas_name(&c, 4, 0, 14, ATTR_NORMAL, "web (1234-11)");
	ok(c.cell[60 + 3].c == L'd' && c.cell[60 + 4].c == L'\u2026' && c.cell[60 + 5].c == L'(' &&
		   c.cell[60 + 13].c == L')' && c.cell[80].c == L'w' && c.cell[80 + 12].c == L')',
	   "a name that is too long keeps its end");
	ok(text_width("虚拟") == 4 && text_width("e\u0301") == 1 && text_width("\xff") == 1,
	   "wide characters take two cells, combining ones none");
	canvas_free(&c);
}

/* A VM's place, entered by keys as a user would. */
static void go(struct ui *ui, const struct model *m, const char *keys)
{
	for (const char *k = keys; *k; k++) {
		struct item *items;
		struct ui_facts facts = { .nr = screen_items(ui, m, &items), .rows = 10 };

		if (ui_place(ui)->selected < facts.nr)
			facts.selected = &items[ui_place(ui)->selected];
		ui_key(ui, *k == '~' ? UI_OPEN : *k, &facts);
		free(items);
	}
}

static void draw(struct ui *ui, struct canvas *c, const struct model *m)
{
	struct item *items;
	size_t nr = screen_items(ui, m, &items);

	screen_follow(ui, c, items, nr);
	screen_draw(ui, c, m, items, nr);
	free(items);
}

static void test_sizes(const struct model *m, int step)
{
	static const char *const ways[] = { "",	 "~", "~~",  "~~~", "~a", "o",	   "s",
					    "c", "?", "/zz", "~s",  "~c", "tf/web" };
	size_t nr_ways = sizeof(ways) / sizeof(*ways);
	int beyond = 0, unsound = 0, hidden = 0;
	struct canvas c = {};

	for (int rows = 1; rows <= 70; rows += step) {
		for (int cols = 1; cols <= 200; cols += step) {
			struct ui ui;
			int selected = 0;

			ui_init(&ui, 1);
			go(&ui, m, ways[(rows * 7 + cols) % nr_ways]);
			canvas_resize(&c, rows, cols);
			c.ascii = cols % 2;
			*behind(&c) = CANARY;
			ui_place(&ui)->selected = rows * cols % 17;
			draw(&ui, &c, m);
			beyond += !is_canary(behind(&c));
			unsound += !wide_sound(&c);
			for (int row = 0; row < rows; row++)
				selected += c.cell[row * cols].attr == ATTR_SELECTED;
			hidden += ui.overlay == OVERLAY_NONE && !ui.filter[0] && selected != 1;
		}
	}
	ok(!beyond, "each view and overlay, all sizes: nothing is written behind the canvas");
	ok(!unsound, "nor half of a wide character, nor one without a width");
	ok(!hidden, "one line is marked as selected, at all sizes");
	canvas_free(&c);
}

static const char *printed(const struct canvas *c)
{
	static char *text;
	size_t size;
	FILE *f;

	free(text);
	f = open_memstream(&text, &size);
	canvas_print(c, f);
	fclose(f);
	return text;
}

static void test_content(const struct model *m)
{
	struct canvas c = {};
	const char *text;
	struct ui ui;

	ui_init(&ui, 1);
	canvas_resize(&c, 24, 120);
	draw(&ui, &c, m);
	text = printed(&c);
	ok(strstr(text, "虚拟机-数据库") && strstr(text, "full width ＡＢＣ"),
	   "wide names are drawn");
	ok(!strchr(text, '\xff') && !strchr(text, '\x1b'), "broken names are not");
	ok(strstr(text, "20 VMs"), "the title says how many VMs there are");
	columns_choose(&ui.set[VIEW_REASONS], VIEW_REASONS, "reason,name,exits");
	go(&ui, m, "~");
	draw(&ui, &c, m);
	text = printed(&c);
	ok(strstr(text, "EPT_MISCONFIG_WITH_A_NAME.."),
	   "a name takes the place that is left, behind a narrow column too");
	ui.filter[0] = 'z';
	draw(&ui, &c, m);
	ok(strstr(printed(&c), "no line contains"), "a filter that fits nothing says so");
	canvas_free(&c);
}

static void test_selection(void)
{
	struct sample before, after, fewer;
	struct model m = { .since = &before, .trends = &(struct trends){} };
	struct canvas c = {};
	struct ui ui;

	model_make(&before, 20, 3);
	model_make(&after, 20, 17);
	model_make(&fewer, 3, 2);
	ui_init(&ui, 1);
	canvas_resize(&c, 10, 80);
	draw(&ui, &c, &m);
	ok(!strcmp(ui_place(&ui)->subject, "1003-11"), "the costliest VM is the first line");
	m.since = &after;
	draw(&ui, &c, &m);
	ok(!strcmp(ui_place(&ui)->subject, "1003-11") && ui_place(&ui)->selected > 0,
	   "the selected VM stays selected when it is no longer the costliest");
	m.since = &fewer;
	draw(&ui, &c, &m);
	ok(ui_place(&ui)->selected < 3 && strcmp(ui_place(&ui)->subject, "1003-11"),
	   "when it ends another line is selected");
	m.since = &(struct sample){};
	draw(&ui, &c, &m);
	ok(ui_place(&ui)->selected == 0 && strstr(printed(&c), "no VM runs"),
	   "without VMs the screen says so");
	go(&ui, &m, "~av~");
	ok(ui.depth == 0, "and there is nothing to open");
	m.since = &before;
	draw(&ui, &c, &m);
	go(&ui, &m, "~");
	m.since = &fewer;
	draw(&ui, &c, &m);
	ok(strstr(printed(&c), "kvm-exit-stats"), "a VM that ends while it is looked at is drawn");
	model_free(&before);
	model_free(&after);
	model_free(&fewer);
	canvas_free(&c);
}

/* The first interval of a VM, within which it began, is not divided. */
static void test_no_split(void)
{
	struct sample s;
	struct model m = { .since = &s, .trends = &(struct trends){} };
	struct item *items;
	struct ui ui;
	size_t nr;

	model_make(&s, 2, 0);
	for (size_t i = 0; i < s.nr; i++)
		s.scope[i].has_split = !s.scope[i].vm || strcmp(s.scope[i].vm->id, "1001-11");
	ui_init(&ui, 1);
	go(&ui, &m, "w");
	nr = screen_items(&ui, &m, &items);
	ok(nr == 2 && !strcmp(items[1].vm->id, "1001-11") && items[0].split && !items[1].split,
	   "of a VM that began within the interval it is not shown where the time went");
	free(items);
	model_free(&s);
}

static void test_trends(void)
{
	struct trends t = {};
	const struct trend *one;

	for (int i = 0; i < 20; i++) {
		trends_begin(&t);
		trends_add(&t, "1-1", NO_VCPU, TREND_ALL, i);
		trends_add(&t, "", NO_VCPU, 10, 0);
		if (i < 10)
			trends_add(&t, "2-1", 0, TREND_ALL, 1e18);
		trends_end(&t);
	}
	one = trend_find(&t, "1-1", NO_VCPU, TREND_ALL);
	ok(one && one->nr == TREND_POINTS && one->rate[TREND_POINTS - 1] == 19,
	   "a trend has the last %d rates", TREND_POINTS);
	ok(text_width(trend_text(one, false)) == TREND_POINTS &&
		   strlen(trend_text(one, true)) == TREND_POINTS,
	   "each is one character");
	ok(!strcmp(trend_text(trend_find(&t, "", NO_VCPU, 10), true), "____________"),
	   "of no exits all are the lowest");
	ok(!trend_find(&t, "2-1", 0, TREND_ALL) && t.nr == 2, "what ended has no trend any more");
	trends_free(&t);
}

int main(int argc, char **argv)
{
	struct model m = { .trends = &(struct trends){}, .note = "a note" };
	struct sample s;

	(void)argv;
	setlocale(LC_CTYPE, "");
	model_make(&s, 20, 3);
	m.since = &s;
	trends_add(m.trends, "1003-11", NO_VCPU, TREND_ALL, 5);
	test_text();
	test_sizes(&m, argc > 2 ? 13 : 1);
	test_content(&m);
	test_selection();
	test_no_split();
	test_trends();
	trends_free(m.trends);
	model_free(&s);
	printed(&(struct canvas){});
	return done_testing();
}
