/* SPDX-License-Identifier: GPL-2.0-only */
/* Draws on a canvas what the state machine of ui.h wants to show of the numbers. */
#ifndef SCREEN_H
#define SCREEN_H

#include "canvas.h"
#include "sample.h"
#include "trend.h"
#include "ui.h"

struct model {
	const struct sample *since; /* what happened in the last interval */
	struct trends *trends;
	const struct scope_numbers *details; /* of VIEW_DETAILS, NULL: there are none */
	const char *details_by;		     /* what tells them apart: "port" */
	const char *note; /* in the title: a reset, a VM that ended; NULL: none */
};

/* The lines of the place that is shown: filtered and sorted. The caller frees @items. */
size_t screen_items(struct ui *ui, const struct model *m, struct item **items);

/* Keeps the selection on its line, wherever that stands now, and on the screen. */
void screen_follow(struct ui *ui, const struct canvas *c, const struct item *items, size_t nr);

/* How many lines of a table this canvas shows. */
size_t screen_rows(const struct ui *ui, const struct canvas *c);

void screen_draw(struct ui *ui, struct canvas *c, const struct model *m, const struct item *items,
		 size_t nr);

#endif
