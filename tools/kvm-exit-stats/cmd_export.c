// SPDX-License-Identifier: GPL-2.0-only
/* kvm-exit-stats export: metrics for Prometheus, once or every so many seconds. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "errors.h"
#include "memory.h"

static struct {
	const char *root;
	const struct output_format *format;
	const char *output;
	double interval;
	bool vcpus, hist, count;
} env = { .format = &format_prometheus };

enum {
	OPT_ROOT = 0x100,
	OPT_VCPUS,
	OPT_HIST,
	OPT_SERIES,
};

static const char doc[] =
	"Print metrics of the host and each VM by exit reason: counters of exits and seconds, "
	"since the last reset.\v"
	"kvm_exits_total{vm,reason} and kvm_exit_handling_seconds_total{vm,reason} are a VM's; "
	"kvm_host_exits_total{reason} and its like are the host's and include VMs that ended. "
	"kvm_vm_info{vm,uuid,pid} is 1: join on the UUID.\n\n"
	"EXAMPLES:\n"
	"  kvm-exit-stats export\n"
	"  kvm-exit-stats export --output /var/lib/prometheus/node-exporter/kvm-exit-stats.prom\n"
	"  kvm-exit-stats export --interval 15 --output FILE\n"
	"  kvm-exit-stats export --series             how many series each choice has";

static const struct argp_option options[] = {
	{ "format", 'f', "FORMAT", 0, "prometheus (default) or openmetrics", 0 },
	{ "output", 'O', "FILE", 0, "Replace FILE atomically; without it print", 0 },
	{ "interval", 'i', "SECONDS", 0, "Again every SECONDS, until the end by a signal", 0 },
	{ "vcpus", OPT_VCPUS, NULL, 0, "Each vCPU besides: many series", 0 },
	{ "hist", OPT_HIST, NULL, 0, "Histograms besides: 34 series for each reason", 0 },
	{ "series", OPT_SERIES, NULL, 0, "Only print how many series there would be", 0 },
	{ "root", OPT_ROOT, "DIR", 0, "Read saved files from DIR, a copy of /sys/kernel/debug/kvm",
	  0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'f':
		env.format = output_format(arg);
		if (!env.format || !env.format->metrics)
			argp_error(state, "no format '%s': prometheus, openmetrics", arg);
		break;
	case 'O':
		env.output = arg;
		break;
	case 'i':
		env.interval = parse_seconds(arg, state, "--interval");
		break;
	case OPT_VCPUS:
		env.vcpus = true;
		break;
	case OPT_HIST:
		env.hist = true;
		break;
	case OPT_SERIES:
		env.count = true;
		break;
	case OPT_ROOT:
		env.root = arg;
		break;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s': export takes no name", arg);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp argp = { options, parse, "", doc, NULL, NULL, NULL };

/* The tables of all scopes that are exported, and a line for each of their rows. */
struct sample {
	struct vm_list vms;
	struct table *t;
	struct item *scope; /* one per table, without a row */
	size_t nr, size;
	struct item *items;
	size_t nr_items;
};

/* A VM or a vCPU that is gone is left out. */
static void add_scope(struct sample *a, struct source *s, const struct vm *vm, int vcpu, bool hist)
{
	struct complaint why;
	int err;

	if (a->nr == a->size) {
		a->size = a->size ? 2 * a->size : 64;
		a->t = xrealloc(a->t, a->size * sizeof(*a->t));
		a->scope = xrealloc(a->scope, a->size * sizeof(*a->scope));
	}
	err = source_read(s, vm, vcpu, hist, &a->t[a->nr], &why);
	if (err == -EPROTO)
		warn("the table of %s: %s", vm ? vm->name : "the host", why.text);
	if (err)
		return;
	a->scope[a->nr++] = (struct item){ .vm = vm, .vcpu = vcpu };
}

/*
 * When a scope's counts began: its file's time, or when a reset was seen. A reset that
 * happened before the first look goes unseen.
 */
static double began(const struct sample *last, const struct item *scope, const struct table *t)
{
	for (size_t i = 0; i < last->nr; i++) {
		const struct item *old = &last->scope[i];

		if (old->vcpu != scope->vcpu || !old->vm != !scope->vm ||
		    (old->vm && strcmp(old->vm->id, scope->vm->id)))
			continue;
		return last->t[i].epoch == t->epoch ? old->began : unix_time();
	}
	return t->began;
}

static void add_items(struct sample *a, const struct sample *last)
{
	size_t all = 0;

	for (size_t i = 0; i < a->nr; i++)
		all += a->t[i].nr;
	a->items = xcalloc(all + 1, sizeof(*a->items));
	for (size_t i = 0; i < a->nr; i++) {
		a->scope[i].t = &a->t[i];
		a->scope[i].began = began(last, &a->scope[i], &a->t[i]);
		for (size_t k = 0; k < a->t[i].nr; k++) {
			a->items[a->nr_items] = a->scope[i];
			a->items[a->nr_items++].row = &a->t[i].row[k];
		}
	}
}

static void take(struct sample *a, struct source *s, const struct sample *last)
{
	common_vms(s, &a->vms);
	add_scope(a, s, NULL, NO_VCPU, env.hist);
	for (size_t i = 0; i < a->vms.nr; i++) {
		const struct vm *vm = &a->vms.vm[i];

		add_scope(a, s, vm, NO_VCPU, env.hist);
		for (size_t k = 0; env.vcpus && k < vm->nr_vcpus; k++)
			add_scope(a, s, vm, vm->vcpu[k], env.hist);
	}
	add_items(a, last);
}

static void drop(struct sample *a)
{
	for (size_t i = 0; i < a->nr; i++)
		table_free(&a->t[i]);
	free(a->t);
	free(a->scope);
	free(a->items);
	vm_list_free(&a->vms);
	memset(a, 0, sizeof(*a));
}

static void write_metrics(FILE *f, const struct sample *a)
{
	struct output o = { .f = f, .format = env.format, .hist = env.hist };

	output_begin(&o);
	output_table(&o, &(struct heading){ .view = VIEW_REASONS, .vcpu = NO_VCPU }, a->items,
		     a->nr_items);
	if (output_end(&o))
		fail(ERR_OTHER, "%s: %s", env.output ? env.output : "standard output",
		     strerror(errno));
}

/* Whoever reads the file sees the old one or the new one, whole. */
static void replace_file(const struct sample *a)
{
	char *new = xasprintf("%s.%d.new", env.output, getpid());
	FILE *f = fopen(new, "we");

	if (!f)
		fail(ERR_OTHER, "%s cannot be written: %s", new, strerror(errno));
	write_metrics(f, a);
	if (fsync(fileno(f)) || fclose(f) || rename(new, env.output)) {
		int err = errno;

		unlink(new);
		fail(ERR_OTHER, "%s cannot be written: %s", env.output, strerror(err));
	}
	free(new);
}

static size_t count_lines(const struct sample *a)
{
	size_t size, lines = 0;
	char *text;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		fail(ERR_OTHER, "memory: %s", strerror(errno));
	write_metrics(f, a);
	fclose(f);
	for (char *line = text; line && *line; line = strchr(line, '\n') + 1)
		lines += *line != '#';
	free(text);
	return lines;
}

static void print_series(struct source *s)
{
	static const struct {
		const char *options;
		bool vcpus, hist;
	} choices[] = {
		{ "export", false, false },
		{ "export --hist", false, true },
		{ "export --vcpus", true, false },
		{ "export --vcpus --hist", true, true },
	};
	struct sample none = {};

	for (size_t i = 0; i < sizeof(choices) / sizeof(*choices); i++) {
		struct sample a = {};

		env.vcpus = choices[i].vcpus;
		env.hist = choices[i].hist;
		take(&a, s, &none);
		printf("%8zu series: %s\n", count_lines(&a), choices[i].options);
		drop(&a);
	}
}

static int run(int argc, char **argv)
{
	struct sample last = {};
	struct source *s;
	double next;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	s = common_source(&(struct common){ .root = env.root });
	if (env.count) {
		print_series(s);
		source_close(s);
		return 0;
	}
	if (env.interval > 0)
		common_catch_signals();
	next = monotonic();
	do {
		struct sample a = {};

		take(&a, s, &last);
		if (env.output)
			replace_file(&a);
		else
			write_metrics(stdout, &a);
		drop(&last);
		last = a;
		next += env.interval;
	} while (env.interval > 0 && wait_until(&next, 0));
	drop(&last);
	source_close(s);
	return 0;
}

const struct command cmd_export = {
	"export",
	"metrics for Prometheus: once, or into a file every N seconds",
	&argp,
	run,
};
