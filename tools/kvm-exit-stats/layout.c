// SPDX-License-Identifier: GPL-2.0-only
/* Rows and columns of the screen. */
#include <string.h>

#include "layout.h"

/* If there are few rows, lines are left out in this order: context, keys, heads, title. */
static void make_rows(struct layout *l, int rows)
{
	int next = 0;

	l->title = rows > 1 ? next++ : -1;
	l->context = rows > 7 ? next++ : -1;
	l->head = rows > 3 ? next++ : -1;
	l->body = next;
	l->keys = rows > 5 ? rows - 1 : -1;
	l->body_rows = rows - next - (l->keys >= 0);
	if (l->body_rows < 0)
		l->body_rows = 0;
}

static int least_width(const struct column *c)
{
	int title = strlen(c->title);

	return title > c->width ? title : c->width;
}

int layout_wide(const struct column_set *set)
{
	for (size_t i = 0; i < set->nr; i++) {
		if (set->column[i]->kind == KIND_TEXT && set->column[i]->width > 8)
			return i;
	}
	return -1;
}

void layout_make(struct layout *l, int rows, int cols, const struct column_set *set, int widest)
{
	int used = 0, spare, name = layout_wide(set);

	memset(l, 0, sizeof(*l));
	make_rows(l, rows);
	for (size_t i = 0; i < set->nr; i++) {
		int width = least_width(set->column[i]);

		/* The first one is always there, cut if need be. */
		if (i && used + GAP + width > cols)
			break;
		if (!i && width > cols)
			width = cols > 0 ? cols : 0;
		l->width[i] = width;
		used += (i ? GAP : 0) + width;
		l->nr = i + 1;
	}
	spare = cols - used;
	if (name >= 0 && name < (int)l->nr && spare > 0 && widest > l->width[name]) {
		int more = widest - l->width[name];

		l->width[name] += more < spare ? more : spare;
	}
	for (size_t i = 0, x = 0; i < l->nr; i++) {
		l->x[i] = x;
		x += l->width[i] + GAP;
	}
}

size_t layout_scroll(const struct layout *l, size_t first, size_t selected, size_t nr)
{
	size_t rows = l->body_rows;

	if (!rows || nr <= rows)
		return 0;
	if (selected < first)
		first = selected;
	if (selected >= first + rows)
		first = selected - rows + 1;
	return first + rows > nr ? nr - rows : first;
}
