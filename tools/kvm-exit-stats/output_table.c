// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's own grammar, of Documentation/abi.md: what --root reads again. */
#include <inttypes.h>

#include "output.h"

/* Columns that came later than the rest: only where the file had them. */
static void later_heads(FILE *f, const struct table *t)
{
	if (t->has & 1u << USER_COUNT)
		fprintf(f, " %12s %16s", "user_count", "user_total");
	for (int i = 0; i < t->nr_extra; i++)
		fprintf(f, " %s", t->extra[i]);
	fputc('\n', f);
}

static void later_numbers(FILE *f, const struct table *t, const struct row *row)
{
	if (t->has & 1u << USER_COUNT)
		fprintf(f, " %12" PRIu64 " %16" PRIu64, row->n[USER_COUNT], row->n[USER_TOTAL]);
	for (int i = 0; i < t->nr_extra; i++)
		fprintf(f, " %" PRIu64, row->extra[i]);
	fputc('\n', f);
}

static void table_table(struct output *o, const struct heading *h, const struct item *items,
			size_t nr)
{
	static const char *const scopes[] = { "host", "vm", "vcpu" };
	const struct table *t = h->t;

	if (!t)
		return;
	fprintf(o->f,
		"# kvm exit_stats %d scope=%s vendor=%s tsc_khz=%" PRIu64 " tsc=%s epoch=%" PRIu64
		" vms=%" PRIu64 " vcpus=%" PRIu64 " exits=%" PRIu64 " cycles=%" PRIu64
		" nested=%" PRIu64 " tsc_backwards=%" PRIu64 " dumps=%" PRIu64 " merged=%" PRIu64
		" halt_poll_ns=%" PRIu64 " halt_wait_ns=%" PRIu64 "\n",
		EXIT_STATS_TABLE_VERSION, scopes[t->scope], t->vendor, t->tsc_khz,
		t->tsc_stable ? "stable" : "unstable", t->epoch, t->vms, t->vcpus, t->exits,
		t->cycles, t->nested, t->tsc_backwards, t->dumps, t->merged, t->halt_poll_ns,
		t->halt_wait_ns);
	fprintf(o->f, "# reason name %15s %16s %12s %12s %12s %13s %16s", "count", "total", "min",
		"max", "avg", "nested_count", "nested_total");
	later_heads(o->f, t);
	for (size_t i = 0; i < nr; i++) {
		const struct row *row = items[i].row;

		if (!row)
			continue;
		fprintf(o->f,
			"%8s %-20s %12" PRIu64 " %16" PRIu64 " %12" PRIu64 " %12" PRIu64
			" %12" PRIu64 " %13" PRIu64 " %16" PRIu64,
			row->id, row->name, row->n[COUNT], row->n[TOTAL], row->n[MIN], row->n[MAX],
			row->n[AVG], row->n[NESTED_COUNT], row->n[NESTED_TOTAL]);
		later_numbers(o->f, t, row);
	}
}

const struct output_format format_table = {
	.name = "table",
	.table = table_table,
};
