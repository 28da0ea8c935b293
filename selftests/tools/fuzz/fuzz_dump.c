// SPDX-License-Identifier: GPL-2.0-only
/* Any text as lines of the kernel log. */
#include <stdlib.h>
#include <string.h>

#include "dump.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *rest = text, *line;
	struct dump d = {};

	memcpy(text, data, size);
	text[size] = '\0';
	while ((line = strsep(&rest, "\n"))) {
		if (!dump_line(&d, line))
			continue;
		if (d.t.nr < d.rows || d.open)
			abort();
		table_free(&d.t);
	}
	table_free(&d.t);
	free(text);
	return 0;
}
