// SPDX-License-Identifier: GPL-2.0-only
/* What the subcommands that print tables share. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "errors.h"

enum {
	OPT_ROOT = 0x100,
	OPT_LIST_COLUMNS,
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
	{ "root", OPT_ROOT, "DIR", 0, "Read saved files from DIR, a copy of /sys/kernel/debug/kvm",
	  0 },
	{ 0 },
};

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

static error_t parse_common(int key, char *arg, struct argp_state *state)
{
	struct common *c = state->input;

	switch (key) {
	case 'f':
		c->format = output_format(arg);
		if (!c->format)
			argp_error(
				state,
				"no format '%s': text, csv, json, jsonl, table, prometheus, openmetrics",
				arg);
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
	case OPT_ROOT:
		c->root = arg;
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
	fprintf(stderr, "kvm-exit-stats: there is no column '%s' here; there are: %s\n", name,
		names);
	exit(2);
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
	columns_default(&c->set, c->view, rates);
	if (c->columns)
		bad = columns_choose(&c->set, c->view, c->columns);
	if (bad)
		no_column(c->view, bad);
	c->by = column_find(c->view, c->sort ? c->sort : sort_default);
	if (!c->by)
		no_column(c->view, c->sort ? c->sort : sort_default);
}

struct source *common_source(const struct common *c)
{
	int err;

	if (!c->root) {
		err = host_error();
		if (err >= 0)
			fail(err, "%s", error_text(err));
	}
	return source_open_files(c->root);
}

void common_vms(struct source *s, struct vm_list *vms)
{
	int err = source_list(s, vms);

	if (err)
		fail(ERR_OTHER, "the VMs of %s cannot be listed: %s", s->title, strerror(-err));
}

const struct vm *common_vm(const struct vm_list *vms, const char *what)
{
	const struct vm *vm;
	const char *nearest;
	size_t nr;

	vm = vm_find(vms, what, &nr);
	if (vm)
		return vm;
	if (nr > 1)
		fail(ERR_NO_VM, "%zu VMs are called '%s': use the folder's name", nr, what);
	nearest = vm_nearest(vms, what);
	if (nearest)
		fail(ERR_NO_VM, "there is no VM '%s'; the nearest name is '%s'", what, nearest);
	fail(ERR_NO_VM, "there is no VM '%s', and no other", what);
}

void common_read(struct source *s, const struct vm *vm, int vcpu, bool hist, struct table *t)
{
	struct complaint why;
	int err = source_read(s, vm, vcpu, hist, t, &why);

	if (!err)
		return;
	if (err == -EPROTO)
		fail(ERR_OTHER, "the table of %s: %s", vm ? vm->name : "the host", why.text);
	if (vm && vcpu != NO_VCPU && err == -ENOENT)
		fail(ERR_NO_VM, "%s has no vCPU %d", vm->name, vcpu);
	if (vm && (err == -ENOENT || err == -EIO))
		fail(ERR_NO_VM, "the VM %s ended", vm->name);
	fail(ERR_OTHER, "the table of %s: %s", vm ? vm->name : "the host", strerror(-err));
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
