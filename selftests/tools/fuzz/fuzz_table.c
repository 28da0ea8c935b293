// SPDX-License-Identifier: GPL-2.0-only
/* Any text as a table, and behind a line %% as its histogram. */
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "numbers.h"

static void check(bool good)
{
	if (!good)
		abort();
}

static void use(const struct table *t)
{
	struct table d;
	char notes[64], name[sizeof(t->row->name)];

	table_notes(t, notes, sizeof(notes));
	check(table_since(t, t, &d) && !d.nr);
	table_free(&d);
	for (size_t i = 0; i < t->nr; i++) {
		strcpy(name, t->row[i].name);
		make_printable(name);
		check(!strcmp(name, t->row[i].name));
		if (table_hist(t, &t->row[i]))
			hist_percentile(table_hist(t, &t->row[i]), 0.99);
	}
	table_costliest(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct complaint why = {};
	char *text = malloc(size + 1), *hist;
	struct table t;

	memcpy(text, data, size);
	text[size] = '\0';
	hist = strstr(text, "%%\n");
	if (hist) {
		*hist = '\0';
		hist += 3;
	}
	if (table_parse(&t, text, &why)) {
		check(why.text[0] && !t.row);
	} else {
		use(&t);
		if (hist && table_parse_hist(&t, hist, &why))
			check(why.text[0] && !t.row && !t.hist);
		else
			use(&t);
	}
	table_free(&t);
	free(text);
	return 0;
}
