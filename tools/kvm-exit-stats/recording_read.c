// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads recordings. Nearly all lines of a long recording are samples, written by
 * recorder_sample() in one fixed form, which recording_fixed.c reads without building a tree.
 * jansson reads all other lines, and samples in another form: so only jansson
 * decides what an error is.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "errors.h"
#include "memory.h"
#include "names.h"
#include "recording_reader.h"

#define MAX_REASONS 1024 /* no processor has so many */

__attribute__((format(printf, 2, 3))) static int complain(struct reader *r, const char *fmt, ...)
{
	char text[120];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* jansson's text quotes the file. */
	make_printable(text);
	snprintf(r->why->text, sizeof(r->why->text), "line %lu: %s", r->line, text);
	return -EPROTO;
}

static uint64_t uint_of(const json_t *object, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(object, key));

	return n < 0 ? 0 : n;
}

static uint64_t uint_at(const json_t *array, size_t i)
{
	json_int_t n = json_integer_value(json_array_get(array, i));

	return n < 0 ? 0 : n;
}

static double real_of(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static const char *text_of(const json_t *object, const char *key, const char *otherwise)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : otherwise;
}

/* A copy for the terminal and for pages: a recording may come from anybody. */
static char *printable_of(const json_t *object, const char *key, const char *otherwise)
{
	char *text = xstrdup(text_of(object, key, otherwise));

	make_printable(text);
	return text;
}

static int read_header(struct reader *r, const json_t *line)
{
	uint64_t version = uint_of(line, "kvm_exit_stats_recording");
	char *host, *kernel;

	if (!version)
		return complain(r, "this is no recording of kvm-exit-stats");
	if (version > RECORDING_VERSION)
		return complain(r,
				"a recording of version %" PRIu64 ", this program knows up to %d",
				version, RECORDING_VERSION);
	r->tsc_khz = uint_of(line, "tsc_khz");
	r->has_user = json_is_true(json_object_get(line, "user"));
	measured_parse(text_of(line, "measured", ""), &r->measured);
	snprintf(r->vendor, sizeof(r->vendor), "%s", text_of(line, "vendor", ""));
	make_printable(r->vendor);
	host = printable_of(line, "host", "?");
	kernel = printable_of(line, "kernel", "?");
	if (r->visitor->begin)
		r->visitor->begin(r->visitor->arg, real_of(line, "time"), real_of(line, "interval"),
				  host, kernel);
	free(host);
	free(kernel);
	return 0;
}

static int read_vm(struct reader *r, const json_t *line)
{
	struct vm *vm;

	if (uint_of(line, "vm") != r->nr_vms)
		return complain(r, "VM %" PRIu64 " where %zu is next", uint_of(line, "vm"),
				r->nr_vms);
	vm = xcalloc(1, sizeof(*vm));
	vm->id = printable_of(line, "id", "?");
	vm->name = printable_of(line, "name", "?");
	vm->process = printable_of(line, "process", "?");
	if (text_of(line, "uuid", NULL))
		vm->uuid = printable_of(line, "uuid", "");
	vm->pid = uint_of(line, "pid");
	r->vm = xrealloc(r->vm, (r->nr_vms + 1) * sizeof(*r->vm));
	r->vm[r->nr_vms++] = vm;
	return 0;
}

const struct row *reader_reason(struct reader *r, int64_t reason)
{
	/* Rows come in the order of the table before. */
	for (size_t i = 0; i < r->nr_reasons; i++) {
		size_t at = (r->next_reason + i) % r->nr_reasons;

		if (r->reason[at].reason == reason) {
			r->next_reason = at + 1;
			return &r->reason[at];
		}
	}
	return NULL;
}

static int read_reason(struct reader *r, const json_t *line)
{
	struct row row = { .reason = json_integer_value(json_object_get(line, "reason")) };

	if (reader_reason(r, row.reason))
		return 0;
	if (r->nr_reasons == MAX_REASONS)
		return complain(r, "more than %d reasons", MAX_REASONS);
	snprintf(row.id, sizeof(row.id), "%s", text_of(line, "id", "?"));
	snprintf(row.name, sizeof(row.name), "%s", text_of(line, "name", "?"));
	make_printable(row.id);
	make_printable(row.name);
	r->reason = xrealloc(r->reason, (r->nr_reasons + 1) * sizeof(*r->reason));
	r->reason[r->nr_reasons++] = row;
	return 0;
}

static int read_row(struct reader *r, struct table *t, const json_t *from, bool totals)
{
	static const enum number order[] = { COUNT, TOTAL, MIN, MAX, NESTED_COUNT, NESTED_TOTAL };
	const struct row *like = reader_reason(r, json_integer_value(json_array_get(from, 0)));
	const json_t *buckets = json_array_get(from, 7);
	struct row *row;

	if (!like)
		return complain(r, "a row of a reason that was not named before");
	row = table_add_row(t, like);
	for (size_t i = 0; i < (totals ? 6 : 2); i++)
		row->n[order[i]] = uint_at(from, 1 + i);
	row->n[AVG] = row->n[COUNT] ? row->n[TOTAL] / row->n[COUNT] : 0;
	row->n[USER_COUNT] = uint_at(from, totals ? 8 : 3);
	row->n[USER_TOTAL] = uint_at(from, totals ? 9 : 4);
	for (size_t i = 0; totals && i < json_array_size(buckets); i++) {
		const json_t *pair = json_array_get(buckets, i);
		uint64_t k = uint_at(pair, 0);

		if (k < EXIT_STATS_BUCKETS)
			t->hist[row - t->row][k] = uint_at(pair, 1);
	}
	return 0;
}

void reader_begin_scope(struct reader *r, struct scope_numbers *s, const struct vm *vm)
{
	s->vm = vm;
	s->vcpu = NO_VCPU;
	s->t.scope = vm ? SCOPE_VM : SCOPE_HOST;
	memcpy(s->t.vendor, r->vendor, sizeof(s->t.vendor));
	s->t.version = EXIT_STATS_TABLE_VERSION;
	s->t.tsc_khz = r->tsc_khz;
	s->t.measured = r->measured;
	s->t.tsc_stable = !r->tsc_unstable;
	s->t.has = 1u << COUNT | 1u << TOTAL | 1u << AVG;
	if (r->has_user)
		s->t.has |= 1u << USER_COUNT | 1u << USER_TOTAL;
	s->t.halt_poll_ns = 0;
	s->t.halt_wait_ns = 0;
	s->t.has_vmm = false;
	s->t.vmm_ns = 0;
	s->has_wait = false;
	s->has_split = false;
}

void reader_sample(struct reader *r, struct sample *a, double seconds)
{
	for (size_t i = 0; i < a->nr; i++) {
		struct scope_numbers *s = &a->scope[i];

		s->t.time = a->time;
		s->seconds = seconds;
		if (s->has_split)
			time_split(&s->split, &s->t, seconds, s->has_wait ? &s->waited : NULL);
	}
	if (r->visitor->sample)
		r->visitor->sample(r->visitor->arg, a, seconds);
}

static int read_scope(struct reader *r, struct scope_numbers *s, const json_t *from, bool totals)
{
	const json_t *rows = json_object_get(from, "rows"), *vm = json_object_get(from, "vm");
	const json_t *halted = json_object_get(from, "halted"),
		     *waited = json_object_get(from, "waited");
	struct table *t = &s->t;
	int err = 0;

	if (vm && uint_of(from, "vm") >= r->nr_vms)
		return complain(r, "numbers of a VM that was not named before");
	r->tsc_unstable |= !strcmp(text_of(from, "tsc", "stable"), "unstable");
	reader_begin_scope(r, s, vm ? r->vm[uint_of(from, "vm")] : NULL);
	s->anew = json_is_true(json_object_get(from, "reset"));
	t->vcpus = uint_of(from, "vcpus");
	t->exits = uint_of(from, "exits");
	t->cycles = uint_of(from, "cycles");
	t->lost = uint_of(from, "lost");
	t->halt_poll_ns = uint_at(halted, 0);
	t->halt_wait_ns = uint_at(halted, 1);
	s->has_split = vm && halted && !totals;
	s->has_wait = waited;
	t->has_vmm = json_object_get(from, "vmm");
	t->vmm_ns = uint_of(from, "vmm");
	s->waited = uint_of(from, "waited");
	t->epoch = strtoull(text_of(from, "epoch", "0"), NULL, 10);
	t->nested = uint_of(from, "nested");
	if (totals) {
		t->has |= 1u << MIN | 1u << MAX | 1u << NESTED_COUNT | 1u << NESTED_TOTAL;
		t->hist = xcalloc(1, sizeof(*t->hist));
	}
	for (size_t i = 0; !err && i < json_array_size(rows); i++)
		err = read_row(r, t, json_array_get(rows, i), totals);
	return err;
}

static int read_sample(struct reader *r, const json_t *line, bool totals)
{
	const json_t *scopes = json_object_get(line, "scopes");
	size_t nr = json_array_size(scopes);
	struct sample a = { .time = real_of(line, totals ? "totals" : "time") };
	double seconds = real_of(line, "seconds");
	int err = 0;

	a.scope = xcalloc(nr + 1, sizeof(*a.scope));
	while (!err && a.nr < nr) {
		struct scope_numbers *s = &a.scope[a.nr];

		err = read_scope(r, s, json_array_get(scopes, a.nr), totals);
		s->t.time = a.time;
		a.nr++;
	}
	if (!err && totals && r->visitor->totals)
		r->visitor->totals(r->visitor->arg, &a);
	if (!err && !totals)
		reader_sample(r, &a, seconds);
	sample_free(&a);
	return err;
}

/* ---- lines */

/* Lines that this program does not know are those of a newer one, and are left out. */
static int read_line(struct reader *r, const char *text, size_t len)
{
	json_error_t error;
	json_t *line;
	int err = 0;

	if (r->line > 1 && reader_fixed_sample(r, text))
		return 0;
	line = json_loadb(text, len, 0, &error);
	if (!line)
		return complain(r, "%.80s", error.text);
	if (r->line == 1)
		err = read_header(r, line);
	else if (json_object_get(line, "scopes"))
		err = read_sample(r, line, json_object_get(line, "totals"));
	else if (json_object_get(line, "vm"))
		err = read_vm(r, line);
	else if (json_object_get(line, "reason"))
		err = read_reason(r, line);
	json_decref(line);
	return err;
}

static void free_vm(struct vm *vm)
{
	struct vm_list list = { 1, vm };

	vm_list_free(&list);
}

int recording_read(FILE *f, const struct recording_visitor *v, struct complaint *why)
{
	struct reader r = { .visitor = v, .why = why };
	size_t size = 0;
	char *text = NULL;
	ssize_t len;
	int err = 0;

	while (!err && (len = getline(&text, &size, f)) > 0) {
		r.line++;
		if (text[len - 1] == '\n')
			err = read_line(&r, text, len);
		else if (r.line > 1)
			warn("the recording was cut within line %lu, which is left out", r.line);
		else
			err = complain(&r, "this is no recording of kvm-exit-stats");
	}
	if (!err && ferror(f))
		err = -EIO;
	if (!err && !r.line) {
		r.line = 1;
		err = complain(&r, "the file is empty");
	}
	free(text);
	for (size_t i = 0; i < r.nr_vms; i++)
		free_vm(r.vm[i]);
	free(r.vm);
	free(r.reason);
	r.sample.nr = r.nr_scopes;
	sample_free(&r.sample);
	return err;
}
