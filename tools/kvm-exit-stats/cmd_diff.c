// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm-exit-stats diff: what changed between A and B, which are recordings or snapshots.
 *
 * Two recordings: rates and averages of their times, side by side. Otherwise totals: if both
 * have the same epoch, what happened between them; if not, side by side, because the difference
 * would mean nothing.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "command.h"
#include "errors.h"
#include "memory.h"
#include "numbers.h"
#include "report.h"
#include "sample.h"

static struct common common = { .view = VIEW_DIFF };
static const char *paths[2], *only;

static const char doc[] =
	"Compare two recordings, or two snapshots (copies of /sys/kernel/debug/kvm), by VM and "
	"reason; the biggest change first. A recording and a snapshot are compared by totals.\v"
	"Two snapshots of one host: what happened from A to B. Where a reset lies between them, or "
	"they are of two hosts, their totals are printed side by side. Two recordings: rates and "
	"averages, side by side. VMs are matched by their UUID, or else by their name.\n\n"
	"EXAMPLES:\n"
	"  kvm-exit-stats diff monday.jsonl tuesday.jsonl\n"
	"  cp -r /sys/kernel/debug/kvm before; sleep 60; kvm-exit-stats diff before "
	"/sys/kernel/debug/kvm\n"
	"  kvm-exit-stats diff a b --vm web --top 10";

static const struct argp_option options[] = {
	{ "vm", 'V', "VM", 0, "Only this VM: its name, UUID, folder or process", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &common;
		break;
	case 'V':
		only = arg;
		break;
	case ARGP_KEY_ARG:
		if (state->arg_num > 1)
			argp_error(state, "'%s': diff takes A and B", arg);
		paths[state->arg_num] = arg;
		break;
	case ARGP_KEY_END:
		if (!paths[1] && !common.list_columns)
			argp_error(state, "diff takes two recordings or folders: A and B");
		if (common.format && common.format->metrics)
			argp_error(state, "diff prints no metrics: use kvm-exit-stats export");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_child children[] = { { &common_argp, 0, "Output:", 10 }, { 0 } };
static const struct argp argp = { options, parse, "A B", doc, children, NULL, NULL };

/* ---- the two sides */

struct part {
	const struct vm *vm; /* NULL: the host */
	struct table t;
	double seconds;
	bool matched;
};

struct side {
	const char *path;
	struct report report; /* the VMs point into this or into @sample */
	struct sample sample;
	size_t nr;
	struct part *part; /* the host first */
};

static void add_part(struct side *s, const struct vm *vm, const struct table *t, double seconds)
{
	struct part *p = &s->part[s->nr++];

	*p = (struct part){ .vm = vm, .seconds = seconds };
	table_copy(&p->t, t);
}

static void load_recording(struct side *s)
{
	report_open(&s->report, s->path);
	s->part = xcalloc(s->report.nr, sizeof(*s->part));
	for (size_t i = 0; i < s->report.nr; i++) {
		const struct report_scope *from = &s->report.scope[i];

		add_part(s, from->is_vm ? &from->vm : NULL, &from->t, from->to - from->from);
	}
}

static void load_totals(struct side *s)
{
	struct source *source = common_open(s->path);
	int err = sample_take(&s->sample, source, SAMPLE_HOST | SAMPLE_VMS | SAMPLE_HIST, NULL);

	if (err)
		fail(ERR_OTHER, "the VMs of %s cannot be listed: %s", s->path, strerror(-err));
	if (!s->sample.nr)
		fail(ERR_OTHER,
		     "%s has no tables: it is no copy of /sys/kernel/debug/kvm and no "
		     "recording with totals",
		     s->path);
	s->part = xcalloc(s->sample.nr, sizeof(*s->part));
	for (size_t i = 0; i < s->sample.nr; i++)
		add_part(s, s->sample.scope[i].vm, &s->sample.scope[i].t, 0);
	source_close(source);
}

static bool is_recording(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode);
}

static void free_side(struct side *s)
{
	for (size_t i = 0; i < s->nr; i++)
		table_free(&s->part[i].t);
	free(s->part);
	report_free(&s->report);
	sample_free(&s->sample);
}

static bool same_vm(const struct vm *a, const struct vm *b)
{
	if (!a || !b)
		return a == b;
	return a->uuid && b->uuid ? !strcmp(a->uuid, b->uuid) : !strcmp(a->name, b->name);
}

static struct part *match(struct side *a, const struct vm *vm)
{
	for (size_t i = 0; i < a->nr; i++) {
		if (!a->part[i].matched && same_vm(a->part[i].vm, vm)) {
			a->part[i].matched = true;
			return &a->part[i];
		}
	}
	return NULL;
}

static bool is_wanted(const struct vm *vm)
{
	const struct vm_list one = { !!vm, (struct vm *)vm };
	size_t nr;

	return !only || vm_find(&one, only, &nr);
}

/* ---- pairs */

/* A scope in both, or in one of them. */
struct pair {
	const struct vm *vm;
	struct table a, b; /* side by side: both have all rows; else b is the difference */
	double seconds_a, seconds_b;
	bool sides;
	const char *compared;
	struct item *item, *before;
};

struct pairs {
	size_t nr;
	struct pair *pair;
};

/* Rows without exits for the reasons that only the other has. */
static void add_rows(struct table *t, const struct table *other)
{
	for (size_t i = 0; i < other->nr; i++)
		table_add_row(t, &other->row[i]);
}

static uint64_t scaled(uint64_t cycles, double scale)
{
	return fmin(cycles * scale, 1e19);
}

/* A's cycles as cycles of B, whose TSC may have another rate. */
static void convert(struct table *a, uint64_t tsc_khz)
{
	double scale = a->tsc_khz && tsc_khz ? (double)tsc_khz / a->tsc_khz : 1;

	if (a->tsc_khz == tsc_khz)
		return;
	a->cycles = scaled(a->cycles, scale);
	for (size_t i = 0; i < a->nr; i++)
		a->row[i].n[TOTAL] = scaled(a->row[i].n[TOTAL], scale);
	a->tsc_khz = tsc_khz;
}

static void make_sides(struct pair *p, const struct part *a, const struct part *b)
{
	const struct table *like = a ? &a->t : &b->t;

	table_copy(&p->a, like);
	table_copy(&p->b, b ? &b->t : like);
	for (int side = 0; side < 2; side++) {
		struct table *t = side ? &p->b : &p->a;

		if (side ? !!b : !!a)
			continue;
		t->exits = 0;
		t->cycles = 0;
		t->nr = 0;
	}
	convert(&p->a, p->b.tsc_khz);
	add_rows(&p->a, &p->b);
	add_rows(&p->b, &p->a);
	p->sides = true;
	p->seconds_a = a ? a->seconds : b->seconds;
	p->seconds_b = b ? b->seconds : a->seconds;
	p->item = xcalloc(p->b.nr + 1, sizeof(*p->item));
	p->before = xcalloc(p->b.nr + 1, sizeof(*p->before));
	for (size_t i = 0; i < p->b.nr; i++) {
		p->before[i] = (struct item){ .vm = p->vm,
					      .vcpu = NO_VCPU,
					      .t = &p->a,
					      .row = table_row(&p->a, p->b.row[i].reason),
					      .seconds = p->seconds_a };
		p->item[i] = (struct item){ .vm = p->vm,
					    .vcpu = NO_VCPU,
					    .t = &p->b,
					    .row = &p->b.row[i],
					    .seconds = p->seconds_b,
					    .before = &p->before[i],
					    .compared = p->compared };
	}
}

/* @a: NULL, the VM began after A was taken. */
static void make_difference(struct pair *p, const struct part *a, const struct part *b)
{
	const struct table none = { .epoch = b->t.epoch };

	if (a && a->t.exits > b->t.exits)
		warn("%s: A has more exits than B; is A the newer one?",
		     b->vm ? b->vm->name : "host");
	table_since(a ? &a->t : &none, &b->t, &p->b);
	p->item = xcalloc(p->b.nr + 1, sizeof(*p->item));
	for (size_t i = 0; i < p->b.nr; i++)
		p->item[i] = (struct item){ .vm = p->vm,
					    .vcpu = NO_VCPU,
					    .t = &p->b,
					    .row = &p->b.row[i],
					    .compared = p->compared };
}

/* @one_host: the host has the same epoch in A and B; or they are two recordings. */
static void add_pair(struct pairs *ps, const struct part *a, const struct part *b, bool recordings,
		     bool one_host)
{
	struct pair *p = &ps->pair[ps->nr];

	memset(p, 0, sizeof(*p));
	p->vm = b ? b->vm : a->vm;
	if (!is_wanted(p->vm))
		return;
	ps->nr++;
	if (!a || !b)
		p->compared = a ? "only in A" : "only in B";
	else
		p->compared = recordings ? "rates" : "totals";
	/* The counts of a VM that ended are not known. */
	if (!recordings && !b && one_host)
		return;
	if (!recordings && b && (a ? a->t.epoch == b->t.epoch : one_host)) {
		p->compared = "since A";
		make_difference(p, a, b);
	} else {
		make_sides(p, a, b);
	}
}

static void make_pairs(struct pairs *ps, struct side *a, struct side *b, bool recordings)
{
	bool one_host = !a->part[0].vm && !b->part[0].vm &&
			a->part[0].t.epoch == b->part[0].t.epoch;

	ps->nr = 0;
	ps->pair = xcalloc(a->nr + b->nr, sizeof(*ps->pair));
	for (size_t i = 0; i < b->nr; i++)
		add_pair(ps, match(a, b->part[i].vm), &b->part[i], recordings, one_host);
	for (size_t i = 0; i < a->nr; i++) {
		if (!a->part[i].matched)
			add_pair(ps, &a->part[i], NULL, recordings, one_host);
	}
}

static void free_pairs(struct pairs *ps)
{
	for (size_t i = 0; i < ps->nr; i++) {
		table_free(&ps->pair[i].a);
		table_free(&ps->pair[i].b);
		free(ps->pair[i].item);
		free(ps->pair[i].before);
	}
	free(ps->pair);
}

/* ---- printing */

/* The change of the time in exits; per second if both sides have an interval. */
static double change(const struct item *i)
{
	double now = i->row->n[TOTAL], then = i->before ? i->before->row->n[TOTAL] : 0;

	if (i->seconds > 0)
		now /= i->seconds;
	if (i->before && i->before->seconds > 0)
		then /= i->before->seconds;
	return fabs(now - then);
}

static int by_change(const void *a, const void *b)
{
	double x = change(a), y = change(b);

	return (x < y) - (x > y);
}

static void print(struct output *o, const struct pairs *ps, bool host, bool sides, const char *note)
{
	struct heading h = { .view = VIEW_DIFF, .vcpu = NO_VCPU, .note = note };
	struct item *items = NULL;
	size_t nr = 0;

	for (size_t i = 0; i < ps->nr; i++) {
		const struct pair *p = &ps->pair[i];

		if (!p->vm != host || p->sides != sides || !p->b.nr)
			continue;
		items = xrealloc(items, (nr + p->b.nr) * sizeof(*items));
		memcpy(items + nr, p->item, p->b.nr * sizeof(*items));
		nr += p->b.nr;
	}
	if (!nr)
		return;
	if (common.sort)
		items_sort(items, nr, common.by, common.reverse);
	else
		qsort(items, nr, sizeof(*items), by_change);
	if (common.top && nr > common.top)
		nr = common.top;
	output_table(o, &h, items, nr);
	free(items);
}

/* Chooses the columns. CSV and JSON get all, because CSV has one line of keys for all tables. */
static void choose_columns(bool sides, bool recordings)
{
	if (common.columns)
		return;
	if (common.format != &format_text)
		columns_choose(&common.set, VIEW_DIFF,
			       "vm,reason,name,compared,exits,time,avg,exits_a,exits_b,rate_a,"
			       "rate_b,rate_change,time_a,time_b,cpu_a%,cpu_b%,avg_a,avg_b,"
			       "avg_change");
	else if (sides && !recordings)
		columns_choose(&common.set, VIEW_DIFF,
			       "vm,name,exits_a,exits_b,time_a,time_b,avg_a,avg_b,avg_change");
	else
		columns_default(&common.set, VIEW_DIFF, sides);
}

static void print_all(struct output *o, const struct pairs *ps, bool recordings)
{
	const char *side_by_side =
		recordings ? "exits per second and averages of the recorded times, side by side"
			   : "a reset, or another host: totals are compared side by side";
	char note[160];

	for (int i = 0; i < 4; i++) {
		bool host = i < 2, sides = i % 2;

		choose_columns(sides, recordings);
		snprintf(note, sizeof(note), "%s: %s", host ? "host" : "VMs",
			 sides ? side_by_side : "what happened from A to B");
		print(o, ps, host, sides, note);
	}
}

static void print_head(const struct pairs *ps)
{
	printf("A: %s\nB: %s\n", paths[0], paths[1]);
	for (size_t i = 0; i < ps->nr; i++) {
		const struct pair *p = &ps->pair[i];

		if (p->vm && !strncmp(p->compared, "only", 4))
			printf("%s: %s\n", p->compared, p->vm->name);
	}
	putchar('\n');
}

static int run(int argc, char **argv)
{
	struct side a = {}, b = {};
	struct output o;
	struct pairs ps;
	bool recordings;

	parse_arguments(&argp, argc, argv);
	common_resolve(&common, false, "time");
	recordings = is_recording(paths[0]) && is_recording(paths[1]);
	a.path = paths[0];
	b.path = paths[1];
	if (recordings) {
		load_recording(&a);
		load_recording(&b);
	} else {
		load_totals(&a);
		load_totals(&b);
	}
	make_pairs(&ps, &a, &b, recordings);
	if (!ps.nr)
		fail(ERR_NO_VM, "there is no VM '%s' in A or B", only ? only : "");
	o = common_output(&common);
	if (o.format == &format_text)
		print_head(&ps);
	output_begin(&o);
	print_all(&o, &ps, recordings);
	if (!o.tables && o.format == &format_text)
		puts("nothing happened from A to B");
	free_pairs(&ps);
	free_side(&a);
	free_side(&b);
	return common_end(&o);
}

const struct command cmd_diff = {
	"diff",
	"what changed between two recordings or snapshots",
	&argp,
	run,
	.views = 1u << VIEW_DIFF,
};
