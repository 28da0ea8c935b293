// SPDX-License-Identifier: GPL-2.0-only
/* kvm-exit-stats record: a file of what all VMs do, to be reported later. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "errors.h"
#include "memory.h"
#include "recording.h"

/* Seconds; a file that was cut lacks at most this much of the histograms. */
#define TOTALS_EVERY 60

static struct {
	struct origin origin;
	const char *output;
	double interval, duration;
	bool quiet;
} env = { .output = "kvm-exit-stats.jsonl", .interval = 1 };

static const char doc[] =
	"Record what all VMs do into a file, until Ctrl-C or for a time.\v"
	"The file is JSON Lines. A file that was cut can be read up to its last whole line.\n\n"
	"EXAMPLES:\n"
	"  kvm-exit-stats record -O monday.jsonl\n"
	"  kvm-exit-stats record --interval 10 --duration 86400 -O day.jsonl\n"
	"  kvm-exit-stats report monday.jsonl";

static const struct argp_option options[] = {
	{ "output", 'O', "FILE", 0,
	  "Into FILE (default: kvm-exit-stats.jsonl); - is standard output", 0 },
	{ "interval", 'i', "SECONDS", 0, "A sample every SECONDS (default: 1)", 0 },
	{ "duration", 'd', "SECONDS", 0, "End after SECONDS", 0 },
	{ "quiet", 'q', NULL, 0, "No line of progress", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &env.origin;
		break;
	case 'O':
		env.output = arg;
		break;
	case 'i':
		env.interval = parse_seconds(arg, state, "--interval");
		break;
	case 'd':
		env.duration = parse_seconds(arg, state, "--duration");
		break;
	case 'q':
		env.quiet = true;
		break;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s': record takes no name; --output %s", arg, arg);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_child children[] = { { &origin_argp, 0, "Source:", 10 }, { 0 } };
static const struct argp argp = { options, parse, "", doc, children, NULL, NULL };

static void take(struct sample *a, struct source *s, bool hist)
{
	unsigned int what = SAMPLE_HOST | SAMPLE_VMS;
	int err;

	/* The threads of saved files are gone. */
	what |= env.origin.root ? 0 : SAMPLE_WAIT;
	what |= hist ? SAMPLE_HIST : 0;
	err = sample_take(a, s, what, NULL);

	if (err)
		fail(ERR_OTHER, "the VMs of %s cannot be listed: %s", s->title, strerror(-err));
}

static FILE *open_output(void)
{
	FILE *f = strcmp(env.output, "-") ? fopen(env.output, "we") : stdout;

	if (!f)
		fail(ERR_OTHER, "%s cannot be written: %s", env.output, strerror(errno));
	return f;
}

static void progress(double since, unsigned long samples, FILE *f, const struct sample *now)
{
	if (env.quiet || !isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r%.0f s, %lu samples, %zu VMs, %ld KiB; Ctrl-C ends\033[K",
		monotonic() - since, samples, now->vms.nr, f == stdout ? 0 : ftell(f) / 1024);
}

/* Returns when the time is over, at a signal, or when nothing can be written any more. */
static unsigned long record(struct recorder *r, struct source *s, struct sample *then)
{
	double start = monotonic(), next = start + env.interval, totals = start, last = start;
	double end = env.duration > 0 ? start + env.duration : HUGE_VAL;
	unsigned long n = 0;

	next = fmin(next, end);
	while (wait_until(&next, env.interval) && !ferror(r->f)) {
		bool hist = monotonic() - totals >= TOTALS_EVERY;
		struct sample now, since;
		double read = monotonic();

		take(&now, s, hist);
		sample_since(then, &now, &since);
		recorder_sample(r, &since, read - last);
		last = read;
		sample_free(&since);
		if (hist) {
			recorder_totals(r, &now);
			totals = monotonic();
		}
		sample_free(then);
		*then = now;
		progress(start, ++n, r->f, then);
		if (monotonic() >= end)
			break;
		next = fmin(next, end);
	}
	return n;
}

static int run(int argc, char **argv)
{
	struct sample then, last;
	struct recorder r;
	unsigned long n;
	struct source *s;
	FILE *f;

	parse_arguments(&argp, argc, argv);
	s = origin_open(&env.origin);
	take(&then, s, true);
	if (!then.nr || then.scope[0].vm)
		fail(ERR_OTHER, "the host's table of %s cannot be read", s->title);
	f = open_output();
	common_catch_signals();
	recorder_begin(&r, f, &then.scope[0].t, then.time, env.interval);
	recorder_totals(&r, &then);
	n = record(&r, s, &then);
	take(&last, s, true);
	recorder_totals(&r, &last);
	recorder_free(&r);
	sample_free(&then);
	sample_free(&last);
	source_close(s);
	if (fflush(f) || ferror(f) || (f != stdout && fclose(f)))
		fail(ERR_OTHER, "%s: %s", env.output, strerror(errno));
	if (!env.quiet)
		fprintf(stderr, "%s%lu samples in %s\n", isatty(STDERR_FILENO) ? "\r\033[K" : "", n,
			env.output);
	return 0;
}

const struct command cmd_record = {
	"record",
	"record all VMs into a file, for report and diff",
	&argp,
	run,
};
