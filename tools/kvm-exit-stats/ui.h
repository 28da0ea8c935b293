/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the user looks at, and how keys change it: a state machine without a terminal and
 * without numbers. The program reads, draws what this says, and hands it the next key.
 */
#ifndef UI_H
#define UI_H

#include <stdbool.h>
#include <stddef.h>

#include "columns.h"

enum overlay {
	OVERLAY_NONE,
	OVERLAY_HELP,
	OVERLAY_SORT,	 /* a list of columns to sort by */
	OVERLAY_COLUMNS, /* the same, to show and hide them */
	OVERLAY_FILTER	 /* the user types */
};

/* Keys that are no characters; characters are themselves. */
enum key {
	UI_NOTHING = 0x110000, /* past Unicode */
	UI_UP,
	UI_DOWN,
	UI_PAGE_UP,
	UI_PAGE_DOWN,
	UI_FIRST,
	UI_LAST,
	UI_OPEN,
	UI_BACK,
	UI_ERASE
};

#define MAX_DEPTH 8

/* One step of the way from the list of VMs to where the user is. */
struct place {
	enum view view;
	char vm[64]; /* folder; "": the host, or all VMs */
	int vcpu;
	int64_t reason; /* of VIEW_ACROSS */
	size_t selected, first;
	char subject[128]; /* what the selected line is about, to find it again */
};

struct ui {
	int depth; /* of the place that is shown */
	struct place place[MAX_DEPTH];
	struct column_set set[NR_VIEWS];
	const struct column *by[NR_VIEWS];
	bool reverse[NR_VIEWS];
	char filter[64];
	bool frozen, cycles, quit;
	double interval;
	enum overlay overlay;
	size_t menu; /* the selected line of a menu */
};

/* What the state machine has to know of the screen that a key was pressed on. */
struct ui_facts {
	size_t nr;		     /* lines */
	size_t rows;		     /* of them on the screen at once */
	const struct item *selected; /* NULL: there is no line */
};

void ui_init(struct ui *ui, double interval);

struct place *ui_place(struct ui *ui);

/* Do both places show the same numbers? */
bool place_is_same(const struct place *a, const struct place *b);

/* Returns whether anything changed. */
bool ui_key(struct ui *ui, int key, const struct ui_facts *facts);

/* The n-th column of a view, in the order of the table of columns; NULL behind the last. */
const struct column *ui_menu_column(enum view view, size_t n);

/* Lines of the help screen; ends with NULL. */
extern const char *const ui_help[];

#endif
