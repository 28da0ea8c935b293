// SPDX-License-Identifier: GPL-2.0-only
/* Any file as a recording. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "numbers.h"
#include "recording.h"

static uint64_t sum;

static void on_begin(void *arg, double time, double interval, const char *host, const char *kernel)
{
	(void)arg;
	sum += (time > interval) + strlen(host) + strlen(kernel);
}

static void on_totals(void *arg, const struct sample *now)
{
	(void)arg;
	for (size_t i = 0; i < now->nr; i++) {
		const struct scope_numbers *s = &now->scope[i];

		sum += s->vm ? strlen(s->vm->name) + strlen(s->vm->id) : 1;
		sum += s->has_split && s->split.rest < 0;
		sum += s->t.halt_wait_ns + s->t.tsc_stable;
		for (size_t k = 0; k < s->t.nr; k++) {
			const uint64_t *hist = table_hist(&s->t, &s->t.row[k]);

			sum += s->t.row[k].n[TOTAL] + strlen(s->t.row[k].name);
			sum += hist ? hist_percentile(hist, 0.5) > 0 : 0;
		}
	}
}

static void on_sample(void *arg, const struct sample *since, double seconds)
{
	sum += seconds > 0;
	on_totals(arg, since);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct recording_visitor visitor = { .begin = on_begin,
						   .sample = on_sample,
						   .totals = on_totals };
	struct complaint why = {};
	FILE *f;
	int err;

	if (!size)
		return 0;
	f = fmemopen((void *)data, size, "r");
	err = recording_read(f, &visitor, &why);
	if (err && (err != -EPROTO || !why.text[0]))
		abort();
	fclose(f);
	return 0;
}
