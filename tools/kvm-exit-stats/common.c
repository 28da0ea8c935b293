// SPDX-License-Identifier: GPL-2.0-only
/* What the subcommands that print tables share. */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "errors.h"

enum {
	OPT_LIST_COLUMNS = 0x100,
	OPT_CYCLES,
};

static const struct argp_option options[] = {
	{ "format", 'f', "FORMAT", 0,
	  "text (default), csv, json, jsonl, table, prometheus, openmetrics", 0 },
	{ "columns", 'o', "LIST", 0, "Columns to show: a,b,c; or +a,-b to add and leave out", 0 },
	{ "list-columns", OPT_LIST_COLUMNS, NULL, 0, "Print the columns that there are", 0 },
	{ "sort", 's', "COLUMN", 0, "Sort by this column", 0 },
	{ "reverse", 'r', NULL, 0, "Sort the other way round", 0 },
	{ "top", 'n', "N", 0, "Only the first N lines", 0 },
	{ "cycles", OPT_CYCLES, NULL, 0, "Print TSC cycles, not time", 0 },
	{ 0 },
};

int parse_vcpu(const char *text, struct argp_state *state)
{
	unsigned long n;
	char *end;

	n = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || n > INT_MAX)
		argp_error(state, "--vcpu: '%s': a vCPU is a number from 0", text);
	return n;
}

unsigned long parse_count(const char *text, struct argp_state *state, const char *what)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || !n)
		argp_error(state, "%s: '%s' is no whole number from 1", what, text);
	return n;
}

double parse_seconds(const char *text, struct argp_state *state, const char *what)
{
	char *end;
	double s = strtod(text, &end);

	if (end == text || *end || !isfinite(s) || s < 0.01 || s > 1e6)
		argp_error(state, "%s: '%s' is no number of seconds from 0.01 to 1000000", what,
			   text);
	return s;
}

void errors_as_asked(char **argv)
{
	bool json = false;

	for (; *argv; argv++) {
		const char *value = NULL;

		if (!strcmp(*argv, "-f") || !strcmp(*argv, "--format"))
			value = argv[1];
		else if (!strncmp(*argv, "-f", 2))
			value = *argv + 2;
		else if (!strncmp(*argv, "--format=", 9))
			value = *argv + 9;
		if (value)
			json = !strncmp(value, "json", 4);
	}
	errors_as_json(json);
}

/* What argp and getopt write while they parse: "PROGRAM: what is wrong\nTry ...\n". */
static struct {
	FILE *real; /* stderr meanwhile; NULL: it is not captured */
	char *text;
	size_t len;
} said;

static void end_capture(void)
{
	fclose(stderr);
	stderr = said.real;
	said.real = NULL;
}

static void tell_as_json(void)
{
	char *what;

	if (!said.real)
		return;
	end_capture();
	said.text[strcspn(said.text, "\n")] = '\0';
	what = strstr(said.text, ": ");
	if (what)
		error_tell(ERR_USAGE, what + 2);
}

void parse_arguments(const struct argp *argp, int argc, char **argv)
{
	/* -f may come after the wrong argument, so look for it first. */
	errors_as_asked(argv);
	if (!errors_are_json()) {
		argp_parse(argp, argc, argv, 0, NULL, NULL);
		return;
	}
	said.real = stderr;
	stderr = open_memstream(&said.text, &said.len);
	/* argp ends the program. */
	atexit(tell_as_json);
	argp_parse(argp, argc, argv, 0, NULL, NULL);
	end_capture();
	free(said.text);
}

static error_t parse_common(int key, char *arg, struct argp_state *state)
{
	struct common *c = state->input;

	switch (key) {
	case 'f':
		c->format = output_format(arg);
		if (!c->format)
			argp_error(state, "no format '%s': %s", arg, output_format_names(false));
		errors_as_json(!strncmp(arg, "json", 4));
		break;
	case 'o':
		c->columns = arg;
		break;
	case OPT_LIST_COLUMNS:
		c->list_columns = true;
		break;
	case 's':
		c->sort = arg;
		break;
	case 'r':
		c->reverse = true;
		break;
	case 'n':
		c->top = parse_count(arg, state, "--top");
		break;
	case OPT_CYCLES:
		c->cycles = true;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

const struct argp common_argp = { .options = options, .parser = parse_common };

static void names_of(enum view view, char *buf, size_t size)
{
	int len = 0;

	for (size_t i = 0; i < nr_columns && len < (int)size; i++) {
		if (columns[i].views & 1u << view)
			len += snprintf(buf + len, size - len, "%s%s", len ? ", " : "",
					columns[i].name);
	}
}

static void no_column(enum view view, const char *name)
{
	char names[512] = "";

	names_of(view, names, sizeof(names));
	fail(ERR_USAGE, "there is no column '%s' here; there are: %s", name, names);
}

/* The formats table and metrics exist only for tables by reason; metrics have no rates. */
static void check_format(const struct common *c, bool rates)
{
	const struct output_format *f = c->format;

	if (f != &format_table && !f->metrics)
		return;
	if (c->view == VIEW_REASONS && !(f->metrics && rates))
		return;
	fail(ERR_USAGE, "the format %s is for tables by reason%s; see kvm-exit-stats show", f->name,
	     f->metrics ? ", since the last reset: it has no rates" : "");
}

int common_end(struct output *o)
{
	int err = output_end(o);

	if (err)
		fail(ERR_OTHER, "the output cannot be written: %s", strerror(-err));
	return 0;
}

void common_flush(void)
{
	if (fflush(stdout))
		fail(ERR_OTHER, "the output cannot be written: %s", strerror(errno));
}

void common_resolve(struct common *c, bool rates, const char *sort_default)
{
	const char *bad = NULL;

	if (c->list_columns) {
		columns_list(stdout, c->view);
		exit(0);
	}
	if (!c->format)
		c->format = &format_text;
	check_format(c, rates);
	columns_default(&c->set, c->view, rates);
	if (c->columns)
		bad = columns_choose(&c->set, c->view, c->columns);
	if (bad)
		no_column(c->view, bad);
	if (!c->set.nr)
		fail(ERR_USAGE, "--columns leaves no column");
	c->by = column_find(c->view, c->sort ? c->sort : sort_default);
	if (!c->by)
		no_column(c->view, c->sort ? c->sort : sort_default);
}

size_t common_sort(const struct common *c, struct item *items, size_t nr)
{
	items_sort(items, nr, c->by, c->reverse);
	return c->top && nr > c->top ? c->top : nr;
}

struct output common_output(const struct common *c)
{
	return (struct output){
		.f = stdout, .format = c->format, .columns = &c->set, .style.cycles = c->cycles
	};
}

double unix_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

double monotonic(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

volatile bool interrupted;

static void on_signal(int sig)
{
	(void)sig;
	interrupted = true;
}

void common_catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

bool wait_until(double *next, double interval)
{
	struct timespec t = { *next, (*next - (time_t)*next) * 1e9 };

	while (!interrupted && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
	*next += interval;
	/* Late by more than a step: do not run after it. */
	if (*next < monotonic())
		*next = monotonic() + interval;
	return !interrupted;
}
