// SPDX-License-Identifier: GPL-2.0-only
/* The formats by name, and what they share. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "output.h"

/* clang-format off */
const struct output_format *const output_formats[] = {
	&format_text,
	&format_csv,
	&format_json,
	&format_json_lines,
	&format_table,
	&format_prometheus,
	&format_openmetrics,
	NULL,
};

/* clang-format on */

const struct output_format *output_format(const char *name)
{
	for (int i = 0; output_formats[i]; i++) {
		if (!strcmp(output_formats[i]->name, name))
			return output_formats[i];
	}
	return NULL;
}

const char *output_format_names(bool metrics)
{
	static char names[128];
	size_t len = 0;

	names[0] = '\0';
	for (int i = 0; output_formats[i] && len < sizeof(names); i++) {
		if (!metrics || output_formats[i]->metrics)
			len += snprintf(names + len, sizeof(names) - len, "%s%s", len ? ", " : "",
					output_formats[i]->name);
	}
	return names;
}

/* Keeps the first error: later ones may say less. */
static void flush(struct output *o)
{
	if (fflush(o->f) && !o->error)
		o->error = errno;
}

void output_begin(struct output *o)
{
	o->tables = 0;
	o->error = 0;
	if (o->format->begin)
		o->format->begin(o);
}

void output_table(struct output *o, const struct heading *h, const struct item *items, size_t nr)
{
	if (h->t)
		o->style.tsc_khz = h->t->tsc_khz;
	else if (nr)
		o->style.tsc_khz = items[0].t->tsc_khz;
	o->format->table(o, h, items, nr);
	o->tables++;
	flush(o);
}

int output_end(struct output *o)
{
	if (o->format->end)
		o->format->end(o);
	flush(o);
	if (!o->error && ferror(o->f))
		o->error = EIO;
	return -o->error;
}

void output_heading(struct output *o, const struct heading *h)
{
	char name[256] = "host";

	if (h->view == VIEW_DIFF) {
		fprintf(o->f, "%s%s\n", o->tables ? "\n" : "", h->note);
		return;
	}
	if (h->vm && h->vcpu != NO_VCPU)
		snprintf(name, sizeof(name), "%s, vCPU %d", h->vm->name, h->vcpu);
	else if (h->vm)
		snprintf(name, sizeof(name), "%s", h->vm->name);
	else if (!h->t)
		snprintf(name, sizeof(name), "VMs");
	if (o->tables)
		fputc('\n', o->f);
	fprintf(o->f, "%s%s%s", name, h->details ? ": " : "", h->details ? h->details : "");
	if (h->seconds > 0)
		fprintf(o->f, ": %.1f s", h->seconds);
	else
		fprintf(o->f, ": since the last reset");
	if (h->t)
		fprintf(o->f, ", %llu exits", (unsigned long long)h->t->exits);
	if (h->t && h->t->measured != MEASURED_HANDLER)
		fprintf(o->f, ", %s", measured_text(h->t->measured));
	if (h->t && (h->t->halt_poll_ns || h->t->halt_wait_ns))
		fprintf(o->f, ", halted: %.3f s polling, %.3f s asleep", h->t->halt_poll_ns / 1e9,
			h->t->halt_wait_ns / 1e9);
	if (h->t && h->t->lost)
		fprintf(o->f, ", %llu lost", (unsigned long long)h->t->lost);
	if (h->t && !h->t->tsc_stable)
		fprintf(o->f, ", TSC unstable: times are not reliable");
	if (h->note)
		fprintf(o->f, "\n%s", h->note);
	fputc('\n', o->f);
}

const char *column_key(const struct column *c, const struct style *style, char *buf, size_t size)
{
	int len = strcspn(c->name, "%");
	const char *unit = "";

	if (c->kind == KIND_SHARE || c->kind == KIND_CHANGE)
		unit = "_percent";
	else if (c->kind == KIND_TIME)
		unit = style->cycles ? "_cycles" : "_ns";
	else if (c->kind == KIND_RATE)
		unit = "_per_second";
	snprintf(buf, size, "%.*s%s", len, c->name, unit);
	return buf;
}

const char *value_number(const struct column *c, const struct value *v, const struct style *style,
			 char *buf, size_t size)
{
	*buf = '\0';
	if (v->none)
		return buf;
	if (c->kind == KIND_COUNT)
		snprintf(buf, size, "%" PRIu64, v->count);
	else if (c->kind == KIND_TIME && style->cycles)
		snprintf(buf, size, "%.0f", v->real);
	else if (c->kind == KIND_TIME && style->tsc_khz)
		snprintf(buf, size, "%.1f", v->real * 1e6 / style->tsc_khz);
	else if (c->kind != KIND_TIME)
		snprintf(buf, size, "%.3f", v->real);
	return buf;
}
