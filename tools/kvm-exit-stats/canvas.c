// SPDX-License-Identifier: GPL-2.0-only
/* A screen in memory. */
#include <stdlib.h>
#include <string.h>

#include "canvas.h"
#include "memory.h"

void canvas_resize(struct canvas *c, int rows, int cols)
{
	c->rows = rows > 0 ? rows : 0;
	c->cols = cols > 0 ? cols : 0;
	c->cell = xrealloc(c->cell, ((size_t)c->rows * c->cols + 1) * sizeof(*c->cell));
	canvas_clear(c);
}

void canvas_clear(struct canvas *c)
{
	for (int i = 0; i < c->rows * c->cols; i++)
		c->cell[i] = (struct cell){ L' ', ATTR_NORMAL };
}

void canvas_free(struct canvas *c)
{
	free(c->cell);
	memset(c, 0, sizeof(*c));
}

/* The next character of a text, and how many cells it takes; 0 at the end. */
static wchar_t next_character(const char **text, int *width)
{
	mbstate_t state = {};
	wchar_t c;
	size_t len = mbrtowc(&c, *text, strlen(*text), &state);

	*width = 1;
	if (!**text)
		return 0;
	if (len > strlen(*text)) {
		++*text;
		return L'?';
	}
	*text += len;
	*width = wcwidth(c);
	if (*width >= 0)
		return c;
	*width = 1;
	return L'?';
}

int text_width(const char *text)
{
	int all = 0, width;

	while (next_character(&text, &width))
		all += width;
	return all;
}

static void put(struct canvas *c, int row, int col, wchar_t character, int width,
		enum attribute attr)
{
	if (row < 0 || row >= c->rows || col < 0 || col + width > c->cols || !width)
		return;
	c->cell[row * c->cols + col] = (struct cell){ character, attr };
	if (width == 2)
		c->cell[row * c->cols + col + 1] = (struct cell){ 0, attr };
}

void canvas_text(struct canvas *c, int row, int col, int width, bool right, enum attribute attr,
		 const char *text)
{
	int all = text_width(text), end = col + width, w;
	bool cut = all > width;
	wchar_t character;

	if (width <= 0)
		return;
	for (int i = col; i < end; i++)
		put(c, row, i, L' ', 1, attr);
	if (right && !cut)
		col = end - all;
	if (cut)
		end--; /* for the mark */
	while ((character = next_character(&text, &w)) && col + w <= end) {
		put(c, row, col, character, w, attr);
		col += w;
	}
	if (cut)
		put(c, row, col, c->ascii ? L'~' : L'\u2026', 1, attr);
}

void canvas_name(struct canvas *c, int row, int col, int width, enum attribute attr,
		 const char *text)
{
	int end = width * 2 / 3, w;
	const char *tail = text;

	if (width <= 0 || text_width(text) <= width)
		end = 0;
	canvas_text(c, row, col, width - end, false, attr, text);
	while (text_width(tail) > end)
		next_character(&tail, &w);
	canvas_text(c, row, col + width - end, end, true, attr, tail);
}

void canvas_row_attribute(struct canvas *c, int row, enum attribute attr)
{
	for (int i = 0; row >= 0 && row < c->rows && i < c->cols; i++)
		c->cell[row * c->cols + i].attr = attr;
}

void canvas_print(const struct canvas *c, FILE *f)
{
	for (int row = 0; row < c->rows; row++) {
		const struct cell *cell = &c->cell[row * c->cols];
		int last = c->cols;

		while (last && (cell[last - 1].c == L' ' || !cell[last - 1].c))
			last--;
		for (int i = 0; i < last; i++) {
			if (cell[i].c)
				fprintf(f, "%lc", (wint_t)cell[i].c);
		}
		fputc('\n', f);
	}
}
