// SPDX-License-Identifier: GPL-2.0-only
/* kvm-exit-stats export: metrics for Prometheus, once or every so many seconds. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "errors.h"
#include "memory.h"
#include "sample.h"

static struct {
	struct origin origin;
	const struct output_format *format;
	const char *output;
	double interval;
	bool vcpus, hist, count;
} env = { .format = &format_prometheus };

enum {
	OPT_VCPUS = 0x100,
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
	{ "interval", 'i', "SECONDS", 0, "Again every SECONDS, until a signal ends it", 0 },
	{ "vcpus", OPT_VCPUS, NULL, 0, "Also each vCPU: many series", 0 },
	{ "hist", OPT_HIST, NULL, 0, "Also histograms: 34 series for each reason", 0 },
	{ "series", OPT_SERIES, NULL, 0, "Only print how many series there would be", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &env.origin;
		break;
	case 'f':
		env.format = output_format(arg);
		if (!env.format || !env.format->metrics)
			argp_error(state, "no format '%s': %s", arg, output_format_names(true));
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
	case ARGP_KEY_ARG:
		argp_error(state, "'%s': export takes no name", arg);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_child children[] = { { &origin_argp, 0, "Source:", 10 }, { 0 } };
static const struct argp argp = { options, parse, "", doc, children, NULL, NULL };

/* A sample, and a line for each row of its tables. */
struct metrics {
	struct sample sample;
	double *began; /* of each scope */
	struct item *items;
	size_t nr;
};

/*
 * When a scope's counts began: its file's time, or when a reset was seen. A reset that
 * happened before the first look goes unseen.
 */
static double began(const struct metrics *last, const struct scope_numbers *s)
{
	const struct scope_numbers *old =
		sample_find(&last->sample, s->vm ? s->vm->id : NULL, s->vcpu);

	if (!old)
		return s->t.began;
	return old->t.epoch == s->t.epoch ? last->began[old - last->sample.scope] : unix_time();
}

static void take(struct metrics *m, struct source *source, const struct metrics *last)
{
	unsigned int what = SAMPLE_HOST | SAMPLE_VMS;
	const struct sample *a = &m->sample;
	size_t rows = 0;
	int err;

	what |= env.vcpus ? SAMPLE_VCPUS : 0;
	what |= env.hist ? SAMPLE_HIST : 0;
	err = sample_take(&m->sample, source, what, NULL);
	if (err)
		fail(ERR_OTHER, "the VMs cannot be listed: %s", strerror(-err));
	for (size_t i = 0; i < a->nr; i++)
		rows += a->scope[i].t.nr;
	m->items = xcalloc(rows + 1, sizeof(*m->items));
	m->began = xcalloc(a->nr + 1, sizeof(*m->began));
	m->nr = 0;
	for (size_t i = 0; i < a->nr; i++) {
		const struct scope_numbers *s = &a->scope[i];

		m->began[i] = began(last, s);
		for (size_t k = 0; k < s->t.nr; k++)
			m->items[m->nr++] = (struct item){ .vm = s->vm,
							   .vcpu = s->vcpu,
							   .t = &s->t,
							   .row = &s->t.row[k],
							   .began = m->began[i] };
	}
}

static void drop(struct metrics *m)
{
	free(m->items);
	free(m->began);
	sample_free(&m->sample);
	memset(m, 0, sizeof(*m));
}

/* Keeps only the epochs, which began() compares; frees the tables until the next interval. */
static void keep_epochs(struct metrics *m)
{
	for (size_t i = 0; i < m->sample.nr; i++) {
		struct table *t = &m->sample.scope[i].t;
		uint64_t epoch = t->epoch;

		table_free(t);
		t->epoch = epoch;
	}
	free(m->items);
	m->items = NULL;
}

/* Returns 0 or -errno. */
static int write_metrics(FILE *f, const struct metrics *m)
{
	struct output o = { .f = f, .format = env.format, .hist = env.hist };

	output_begin(&o);
	output_table(&o, &(struct heading){ .view = VIEW_REASONS, .vcpu = NO_VCPU }, m->items,
		     m->nr);
	return output_end(&o);
}

/* Whoever reads the file sees the old one or the new one, whole. */
static void replace_file(const struct metrics *m)
{
	char *new = xasprintf("%s.%d.new", env.output, getpid());
	FILE *f = fopen(new, "we");
	int err;

	if (!f)
		fail(ERR_OTHER, "%s cannot be written: %s", new, strerror(errno));
	err = -write_metrics(f, m);
	if (!err && (fsync(fileno(f)) || fclose(f) || rename(new, env.output)))
		err = errno;
	if (err) {
		unlink(new);
		fail(ERR_OTHER, "%s cannot be written: %s", env.output, strerror(err));
	}
	free(new);
}

static void print_metrics(const struct metrics *m)
{
	int err = write_metrics(stdout, m);

	if (err)
		fail(ERR_OTHER, "the output cannot be written: %s", strerror(-err));
}

static size_t count_lines(const struct metrics *m)
{
	size_t size, lines = 0;
	char *text;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		fail(ERR_OTHER, "memory: %s", strerror(errno));
	write_metrics(f, m);
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
	struct metrics none = {};

	for (size_t i = 0; i < sizeof(choices) / sizeof(*choices); i++) {
		struct metrics m = {};

		env.vcpus = choices[i].vcpus;
		env.hist = choices[i].hist;
		take(&m, s, &none);
		printf("%8zu series: %s\n", count_lines(&m), choices[i].options);
		drop(&m);
	}
}

static int run(int argc, char **argv)
{
	struct metrics last = {};
	struct source *s;
	double next;

	parse_arguments(&argp, argc, argv);
	s = origin_open(&env.origin);
	if (env.interval > 0)
		common_catch_signals();
	next = monotonic();
	if (s->from_now && (env.count || !(env.interval > 0))) {
		origin_tell_second();
		next += 1;
		wait_until(&next, 0);
	}
	if (env.count) {
		print_series(s);
		source_close(s);
		return 0;
	}
	do {
		struct metrics m = {};

		take(&m, s, &last);
		if (env.output)
			replace_file(&m);
		else
			print_metrics(&m);
		drop(&last);
		last = m;
		keep_epochs(&last);
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
