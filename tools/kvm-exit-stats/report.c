// SPDX-License-Identifier: GPL-2.0-only
/* Adds up a recording. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "memory.h"
#include "names.h"
#include "numbers.h"
#include "recording.h"
#include "report.h"

#define SHORTEST 0.001 /* seconds: no recorder is that fast, and less makes no sense as a rate */

/* ---- tables */

/* Adds counts and times of @from, its histogram, or both. */
static void add_table(struct table *to, const struct table *from, bool counts, bool hist)
{
	if (!to->version) {
		*to = *from;
		to->row = NULL;
		to->hist = NULL;
		to->nr = 0;
		to->size = 0;
		to->exits = 0;
		to->cycles = 0;
		to->nested = 0;
		to->halt_poll_ns = 0;
		to->halt_wait_ns = 0;
		to->lost = 0;
	}
	to->tsc_stable &= from->tsc_stable;
	if (hist && from->hist && !to->hist)
		to->hist = xcalloc(to->size ? to->size : 1, sizeof(*to->hist));
	to->vcpus = from->vcpus;
	if (counts) {
		to->exits += from->exits;
		to->cycles += from->cycles;
		to->nested += from->nested;
		to->halt_poll_ns += from->halt_poll_ns;
		to->halt_wait_ns += from->halt_wait_ns;
		to->lost += from->lost;
	}
	for (size_t i = 0; i < from->nr; i++) {
		struct row *row = table_add_row(to, &from->row[i]);

		for (size_t n = 0; counts && n < NR_SUMS; n++)
			row->n[sums[n]] += from->row[i].n[sums[n]];
		for (int k = 0; hist && from->hist && k < EXIT_STATS_BUCKETS; k++)
			to->hist[row - to->row][k] += from->hist[i][k];
	}
}

static void empty(struct table *t)
{
	t->nr = 0;
	t->exits = 0;
	t->cycles = 0;
	t->nested = 0;
	t->halt_poll_ns = 0;
	t->halt_wait_ns = 0;
	t->lost = 0;
}

/* ---- scopes */

/* The VM that --vm is about; the name may be one that vm_names_unique() will give. */
static bool is_meant(const struct vm *vm, const char *what)
{
	const struct vm_list one = { 1, (struct vm *)vm };
	char *unique = xasprintf("%s (%s)", vm->name, vm->id);
	bool same = !strcmp(unique, what);
	size_t nr;

	free(unique);
	return same || vm_find(&one, what, &nr);
}

static struct report_scope *add_scope(struct report *r, const struct vm *vm)
{
	struct report_scope *s;

	r->scope = xrealloc(r->scope, (r->nr + 1) * sizeof(*r->scope));
	s = memset(&r->scope[r->nr++], 0, sizeof(*s));
	s->key = vm;
	s->is_vm = vm;
	if (vm)
		vm_copy(&s->vm, vm);
	s->in_timeline = r->only ? vm && is_meant(vm, r->only) : !vm;
	return s;
}

/* @next: the index at which the caller expects it; on return, the index after it. */
static struct report_scope *scope_of(struct report *r, const struct vm *vm, size_t *next,
				     double from)
{
	struct report_scope *s;
	size_t i = *next;

	if (i >= r->nr || r->scope[i].key != vm) {
		for (i = 0; i < r->nr && r->scope[i].key != vm; i++)
			;
	}
	*next = i + 1;
	if (i < r->nr)
		return &r->scope[i];
	s = add_scope(r, vm);
	s->from = from;
	s->came = r->totals;
	return s;
}

static void totals_of(struct report *r, struct report_scope *s, const struct table *now)
{
	bool first = !s->last.version && !s->came, reset;
	struct table d;

	if (s->last.version) {
		reset = !table_since(&s->last, now, &d);
	} else {
		table_copy(&d, now);
		reset = s->reset;
	}
	s->reset |= reset;
	/* What was before the recording is not in it. */
	if (first)
		add_table(&s->t, &d, false, false);
	/* The samples have what was before a reset too; only totals have histograms. */
	else if (reset)
		add_table(&s->t, &s->since, true, false);
	if (!first)
		add_table(&s->t, &d, !reset, true);
	table_free(&d);
	empty(&s->since);
	table_free(&s->last);
	table_copy(&s->last, now);
	s->seen = r->totals;
	s->to = r->seconds;
}

/* ---- reading */

static void take_begin(void *arg, double time, double interval, const char *host,
		       const char *kernel)
{
	struct report *r = arg;

	r->begin = isfinite(time) && fabs(time) < 1e11 ? time : 0;
	r->interval = isfinite(interval) && interval > 0 ? interval : 0;
	free(r->host);
	free(r->kernel);
	r->host = xstrdup(host);
	r->kernel = xstrdup(kernel);
}

static void add_time(struct report *r, struct report_scope *s, double from, double seconds,
		     const struct time_split *split)
{
	if (!s->bins)
		s->bins = xcalloc(1, sizeof(*s->bins));
	time_add(&s->split, split);
	bins_add_time(s->bins, &r->timeline, from, seconds, split);
	r->has_time = true;
}

static void take_sample(void *arg, const struct sample *d, double seconds)
{
	struct report *r = arg;
	struct timeline *tl = &r->timeline;
	double from = r->seconds;
	size_t next = 0;
	bool timed = seconds >= SHORTEST && seconds < 1e8;

	if (timed) {
		if (tl->width <= 0)
			tl->width = fmax(SHORTEST,
					 r->interval > 0 ? fmin(r->interval, seconds) : seconds);
		r->seconds += seconds;
		bins_extend(r);
		bins_add_seconds(tl, from, seconds);
	}
	r->samples++;
	for (size_t i = 0; i < d->nr; i++) {
		struct report_scope *s = scope_of(r, d->scope[i].vm, &next, from);

		if (timed && d->scope[i].has_split)
			add_time(r, s, from, seconds, &d->scope[i].split);
		add_table(&s->since, &d->scope[i].t, true, false);
		s->reset |= d->scope[i].anew;
		s->to = r->seconds;
		if (timed && s->in_timeline)
			bins_add_exits(tl, from, seconds, &d->scope[i].t);
	}
}

static void take_totals(void *arg, const struct sample *now)
{
	struct report *r = arg;
	size_t next = 0;

	for (size_t i = 0; i < now->nr; i++) {
		struct report_scope *s = scope_of(r, now->scope[i].vm, &next, r->seconds);

		totals_of(r, s, &now->scope[i].t);
	}
	r->totals++;
}

/* ---- the end */

static void finish_scope(struct report *r, struct report_scope *s)
{
	struct table *t = &s->t;

	add_table(t, &s->since, true, false);
	table_free(&s->since);
	s->ended = s->is_vm && r->totals && s->last.version && s->seen + 1 < r->totals;
	if (!s->ended)
		s->to = r->seconds;
	for (size_t i = 0; i < t->nr; i++) {
		struct row *row = &t->row[i];
		const struct row *last = table_row(&s->last, row->reason);

		row->n[AVG] = row->n[COUNT] ? row->n[TOTAL] / row->n[COUNT] : 0;
		row->n[MIN] = last ? last->n[MIN] : 0;
		row->n[MAX] = last ? last->n[MAX] : 0;
	}
	if (s->last.version)
		t->has = s->last.has;
	/* Nothing was recorded of it. */
	if (!t->version)
		t->tsc_stable = true;
	table_free(&s->last);
}

/* Drops rows without exits: the recording began with totals. */
static void drop_idle_rows(struct table *t)
{
	const struct table none = { .epoch = t->epoch };
	struct table d;

	table_since(&none, t, &d);
	table_free(t);
	*t = d;
}

static int by_name(const void *a, const void *b)
{
	const struct report_scope *x = a, *y = b;

	return strcmp(x->vm.name, y->vm.name);
}

static int by_time(const void *a, const void *b)
{
	const struct report_scope *x = a, *y = b;

	if (x->t.cycles != y->t.cycles)
		return x->t.cycles < y->t.cycles ? 1 : -1;
	return by_name(a, b);
}

/* VMs of one name may have been there one after the other. */
static void give_unique_names(struct report *r)
{
	struct vm_list vms = { .nr = r->nr - 1, .vm = xcalloc(r->nr, sizeof(*vms.vm)) };

	qsort(r->scope + 1, r->nr - 1, sizeof(*r->scope), by_name);
	for (size_t i = 0; i < vms.nr; i++)
		vms.vm[i] = r->scope[i + 1].vm;
	vm_names_unique(&vms);
	for (size_t i = 0; i < vms.nr; i++)
		r->scope[i + 1].vm = vms.vm[i];
	free(vms.vm);
	qsort(r->scope + 1, r->nr - 1, sizeof(*r->scope), by_time);
}

int report_read(struct report *r, FILE *f, struct complaint *why)
{
	const struct recording_visitor visitor = { take_begin, take_sample, take_totals, r };
	int err;

	add_scope(r, NULL);
	err = recording_read(f, &visitor, why);
	if (err)
		return err;
	for (size_t i = 0; i < r->nr; i++) {
		finish_scope(r, &r->scope[i]);
		drop_idle_rows(&r->scope[i].t);
		time_find_costliest(&r->scope[i].split, &r->scope[i].t);
	}
	give_unique_names(r);
	return 0;
}

void report_free(struct report *r)
{
	for (size_t i = 0; i < r->nr; i++) {
		struct report_scope *s = &r->scope[i];

		free(s->vm.id);
		free(s->vm.name);
		free(s->vm.uuid);
		free(s->vm.process);
		table_free(&s->t);
		table_free(&s->last);
		table_free(&s->since);
		free(s->bins);
	}
	free(r->scope);
	for (size_t i = 0; i < r->timeline.nr_series; i++)
		free(r->timeline.series[i]);
	free(r->timeline.series);
	free(r->host);
	free(r->kernel);
	memset(r, 0, sizeof(*r));
}

/* ---- for those who print */

struct item report_item(const struct report_scope *s, const struct row *row)
{
	return (struct item){ .vm = s->is_vm ? &s->vm : NULL,
			      .vcpu = NO_VCPU,
			      .t = &s->t,
			      .row = row,
			      .seconds = s->to - s->from,
			      .split = s->bins ? &s->split : NULL };
}

void report_clock(const struct report *r, double second, bool day, char *buf, size_t size)
{
	time_t t = r->begin + second;
	struct tm tm;

	if (!localtime_r(&t, &tm) ||
	    !strftime(buf, size, day ? "%Y-%m-%d %H:%M:%S" : "%H:%M:%S", &tm))
		snprintf(buf, size, "?");
}

void report_duration(double seconds, char *buf, size_t size)
{
	unsigned long s = seconds + 0.5;

	if (s < 60)
		snprintf(buf, size, "%lu s", s);
	else if (s < 3600)
		snprintf(buf, size, "%lu min %lu s", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, size, "%lu h %lu min", s / 3600, s / 60 % 60);
	else
		snprintf(buf, size, "%lu d %lu h", s / 86400, s / 3600 % 24);
}

const char *report_note(const struct report *r, const struct report_scope *s, char *buf,
			size_t size)
{
	char came[32] = "", ended[32] = "";

	if (s->came)
		report_clock(r, s->from, false, came, sizeof(came));
	if (s->ended)
		report_clock(r, s->to, false, ended, sizeof(ended));
	snprintf(buf, size, "%s%s%s%s%s%s", s->came ? "came at " : "", came,
		 s->came && s->ended ? ", " : "", s->ended ? "ended at " : "", ended,
		 !s->reset	       ? ""
		 : s->came || s->ended ? "; reset in the recorded time"
				       : "reset in the recorded time");
	return *buf ? buf : NULL;
}
