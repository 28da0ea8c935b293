// SPDX-License-Identifier: GPL-2.0-only
/* The layout at all sizes: nothing overlaps or stands outside, and the selected line shows. */
#include <stdio.h>
#include <string.h>

#include "layout.h"
#include "tap.h"

#define MOST_ROWS 70
#define MOST_COLS 200

static bool inside(int row, int rows)
{
	return row >= -1 && row < rows;
}

/* Title, context, heads, body and keys, in this order, each on rows of its own. */
static bool rows_sound(const struct layout *l, int rows)
{
	int next = 0;

	if (!inside(l->title, rows) || !inside(l->context, rows) || !inside(l->head, rows) ||
	    !inside(l->keys, rows))
		return false;
	next += l->title >= 0 && l->title == next;
	next += l->context >= 0 && l->context == next;
	next += l->head >= 0 && l->head == next;
	/* Those that are not in their places have not been counted. */
	if (l->body != next)
		return false;
	next += l->body_rows;
	next += l->keys >= 0 && l->keys == next;
	return l->body_rows > 0 && next == rows;
}

static bool columns_sound(const struct layout *l, int cols, const struct column_set *set)
{
	if (!l->nr || l->nr > set->nr || l->x[0] != 0)
		return false;
	for (size_t i = 0; i < l->nr; i++) {
		if (l->width[i] < 1 || l->x[i] + l->width[i] > cols)
			return false;
		if (i && l->x[i] < l->x[i - 1] + l->width[i - 1] + GAP)
			return false;
		if (i && l->width[i] < (int)strlen(set->column[i]->title))
			return false;
	}
	return true;
}

/* Is what is left out what has no place, and does no column take more than it needs? */
static bool columns_use_space(const struct layout *l, int cols, const struct column_set *set,
			      int widest)
{
	int used = l->x[l->nr - 1] + l->width[l->nr - 1];

	for (size_t i = 0; i < l->nr; i++) {
		const struct column *c = set->column[i];

		if (l->width[i] > c->width && l->width[i] > (int)strlen(c->title) &&
		    (l->width[i] > widest || c->kind != KIND_TEXT))
			return false;
	}
	return l->nr == set->nr || used + GAP + set->column[l->nr]->width > cols ||
	       used + GAP + (int)strlen(set->column[l->nr]->title) > cols;
}

static void all_sizes(const struct column_set *set, int widest, const char *what)
{
	int rows_bad = 0, columns_bad = 0, space_bad = 0;

	for (int rows = 1; rows <= MOST_ROWS; rows++) {
		for (int cols = 1; cols <= MOST_COLS; cols++) {
			struct layout l;

			layout_make(&l, rows, cols, set, widest);
			rows_bad += !rows_sound(&l, rows);
			columns_bad += !columns_sound(&l, cols, set);
			space_bad += !columns_use_space(&l, cols, set, widest);
		}
	}
	ok(!rows_bad && !columns_bad,
	   "%s, names of %d: no overlap, nothing outside, the first column is there", what, widest);
	ok(!space_bad, "%s, names of %d: columns are left out only where they have no place", what,
	   widest);
}

static void test_sizes(void)
{
	static const int widths[] = { 0, 1, 20, 500 };
	static const char *const names[] = { "VMs", "reasons", "vCPUs", "across" };
	struct column_set set = {}, all = {};
	char what[64];

	for (int v = VIEW_VMS; v <= VIEW_ACROSS; v++) {
		all.nr = 0;
		for (size_t i = 0; i < nr_columns; i++) {
			if (columns[i].views & 1u << v)
				all.column[all.nr++] = &columns[i];
		}
		for (size_t i = 0; i < sizeof(widths) / sizeof(*widths); i++) {
			columns_default(&set, v, i % 2);
			snprintf(what, sizeof(what), "default columns of %s", names[v]);
			all_sizes(&set, widths[i], what);
			snprintf(what, sizeof(what), "all columns of %s", names[v]);
			all_sizes(&all, widths[i], what);
		}
		set.nr = 1;
		snprintf(what, sizeof(what), "one column of %s", names[v]);
		all_sizes(&set, 30, what);
	}
}

static void test_empty(void)
{
	struct column_set set = {};
	struct layout l;

	columns_default(&set, VIEW_VMS, true);
	layout_make(&l, 0, 0, &set, 10);
	ok(l.body_rows == 0 && l.title < 0 && l.keys < 0 && l.width[0] == 0,
	   "a screen without cells has no place for anything");
	set.nr = 0;
	layout_make(&l, 24, 80, &set, 10);
	ok(l.nr == 0 && l.body_rows > 0, "no columns: no column");
}

static void test_scroll(void)
{
	size_t bad = 0, moved = 0;

	for (int rows = 1; rows < 30; rows++) {
		struct layout l = { .body_rows = rows };

		for (size_t nr = 1; nr < 80; nr += 3) {
			for (size_t selected = 0; selected < nr; selected++) {
				for (size_t before = 0; before < 90; before += 7) {
					size_t first = layout_scroll(&l, before, selected, nr);

					bad += selected < first || selected >= first + rows;
					bad += first && first + rows > nr;
					moved += first != layout_scroll(&l, first, selected, nr);
				}
			}
		}
	}
	ok(!bad, "scrolling shows the selected line, and no empty rows while there are lines");
	ok(!moved, "what shows already does not scroll");
	ok(layout_scroll(&(struct layout){}, 5, 7, 9) == 0, "without rows nothing scrolls");
}

int main(void)
{
	test_sizes();
	test_empty();
	test_scroll();
	return done_testing();
}
