// SPDX-License-Identifier: GPL-2.0-only
/* JSON: an array of tables; and JSON Lines: an object for each item. */
#include <inttypes.h>

#include "json.h"
#include "output.h"

static const char *const view_names[] = { "vms",     "reasons", "vcpus", "across",
					  "details", "time",	"diff" };

static void write_heading(struct json *j, const struct heading *h)
{
	if (h->time > 0)
		json_put_real(j, "time", h->time, 3);
	json_put_real(j, "seconds", h->seconds, 3);
	if (h->vm)
		json_put_string(j, "vm", h->vm->name);
	if (h->vcpu != NO_VCPU)
		json_put_uint(j, "vcpu", h->vcpu);
	if (h->details)
		json_put_string(j, "details", h->details);
	if (h->note)
		json_put_string(j, "note", h->note);
}

static void write_values(struct output *o, struct json *j, const struct item *item)
{
	char key[64], buf[64];

	for (size_t i = 0; i < o->columns->nr; i++) {
		const struct column *c = o->columns->column[i];
		struct value v = {};

		c->get(item, &v);
		column_key(c, &o->style, key, sizeof(key));
		if (c->kind == KIND_TEXT && !v.none)
			json_put_string(j, key, v.text);
		else
			json_put_literal(j, key, value_number(c, &v, &o->style, buf, sizeof(buf)));
	}
	if (item->row) {
		for (int i = 0; i < item->t->nr_extra; i++)
			json_put_uint(j, item->t->extra[i], item->row->extra[i]);
	}
}

static void write_hist(struct output *o, struct json *j, const struct item *item)
{
	const uint64_t *hist = item->row ? table_hist(item->t, item->row) : NULL;

	if (!o->hist || !hist)
		return;
	json_begin_array(j, "buckets");
	for (int k = 0; k < EXIT_STATS_BUCKETS; k++)
		json_put_uint(j, NULL, hist[k]);
	json_end_array(j);
}

static void json_begin(struct output *o)
{
	fputs("[", o->f);
}

static void json_table(struct output *o, const struct heading *h, const struct item *items,
		       size_t nr)
{
	struct json j = { o->f, o->tables > 0 };
	char epoch[24];

	json_begin_object(&j, NULL);
	json_put_string(&j, "view", view_names[h->view]);
	write_heading(&j, h);
	if (h->t) {
		json_put_string(&j, "vendor", h->t->vendor);
		json_put_uint(&j, "tsc_khz", h->t->tsc_khz);
		json_put_string(&j, "measured", measured_name(h->t->measured));
		json_put_bool(&j, "tsc_stable", h->t->tsc_stable);
		/* As text: few readers of JSON have 64 bits without a sign. */
		snprintf(epoch, sizeof(epoch), "%" PRIu64, h->t->epoch);
		json_put_string(&j, "epoch", epoch);
		json_put_uint(&j, "total_exits", h->t->exits);
		json_put_uint(&j, "total_cycles", h->t->cycles);
		json_put_uint(&j, "tsc_backwards", h->t->tsc_backwards);
		json_put_uint(&j, "halt_poll_ns", h->t->halt_poll_ns);
		json_put_uint(&j, "halt_wait_ns", h->t->halt_wait_ns);
		json_put_uint(&j, "lost", h->t->lost);
	}
	json_begin_array(&j, "rows");
	for (size_t i = 0; i < nr; i++) {
		json_begin_object(&j, NULL);
		write_values(o, &j, &items[i]);
		write_hist(o, &j, &items[i]);
		json_end_object(&j);
	}
	json_end_array(&j);
	json_end_object(&j);
	fputc('\n', o->f);
}

static void json_end(struct output *o)
{
	fputs("]\n", o->f);
}

const struct output_format format_json = {
	.name = "json",
	.begin = json_begin,
	.table = json_table,
	.end = json_end,
};

static void json_lines_table(struct output *o, const struct heading *h, const struct item *items,
			     size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		struct json j = { o->f, false };

		json_begin_object(&j, NULL);
		json_put_string(&j, "view", view_names[h->view]);
		json_put_real(&j, "time", h->time, 3);
		json_put_real(&j, "seconds", h->seconds, 3);
		write_values(o, &j, &items[i]);
		write_hist(o, &j, &items[i]);
		json_end_object(&j);
		fputc('\n', o->f);
	}
}

const struct output_format format_json_lines = {
	.name = "jsonl",
	.table = json_lines_table,
};
