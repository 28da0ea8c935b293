// SPDX-License-Identifier: GPL-2.0-only
/* Dumps of the kernel log. Documentation/abi.md has their grammar. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dump.h"
#include "names.h"

#define PREFIX "kvm_exit_stats: "

static void begin(struct dump *d, const char *text)
{
	const char *merged;
	uint64_t number, due, taken, cycles;
	size_t rows;

	if (sscanf(text,
		   "dump %" SCNu64 ": due at %" SCNu64 ", taken at %" SCNu64 " exits, %" SCNu64
		   " cycles, %zu reasons",
		   &number, &due, &taken, &cycles, &rows) != 5)
		return;
	table_free(&d->t);
	memset(d, 0, sizeof(*d));
	d->number = number;
	d->due = due;
	d->taken = taken;
	d->cycles = cycles;
	d->rows = rows;
	d->open = true;
	d->t.version = EXIT_STATS_TABLE_VERSION;
	d->t.tsc_stable = true;
	d->t.exits = taken;
	d->t.cycles = cycles;
	d->t.has = 1u << COUNT | 1u << TOTAL | 1u << MIN | 1u << MAX | 1u << AVG;
	merged = strrchr(text, '(');
	if (merged)
		sscanf(merged, "(%" SCNu64 " merged)", &d->merged);
}

static void add(struct dump *d, const char *text)
{
	uint64_t number, n[5];
	struct row like = {};
	char id[12], name[28];
	struct row *row;

	if (sscanf(text,
		   "%" SCNu64 ": exit reason %11s %27[^:]: count %" SCNu64 " total %" SCNu64
		   " min %" SCNu64 " max %" SCNu64 " avg %" SCNu64,
		   &number, id, name, &n[0], &n[1], &n[2], &n[3], &n[4]) != 8 ||
	    number != d->number || !reason_parse(id, &like.reason))
		return;
	snprintf(like.id, sizeof(like.id), "%s", id);
	snprintf(like.name, sizeof(like.name), "%s", name);
	make_printable(like.name);
	row = table_add_row(&d->t, &like);
	row->n[COUNT] = n[0];
	row->n[TOTAL] = n[1];
	row->n[MIN] = n[2];
	row->n[MAX] = n[3];
	row->n[AVG] = n[4];
}

bool dump_line(struct dump *d, const char *line)
{
	const char *text = strstr(line, PREFIX);

	if (!text)
		return false;
	text += strlen(PREFIX);
	if (!strncmp(text, "dump ", 5))
		begin(d, text);
	else if (d->open)
		add(d, text);
	if (!d->open || d->t.nr < d->rows)
		return false;
	d->open = false;
	return true;
}
