// SPDX-License-Identifier: GPL-2.0-only
/* kvm-exit-stats log: the dumps that the modules print into the kernel log. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "dump.h"
#include "errors.h"
#include "memory.h"

static struct common common = { .view = VIEW_REASONS };

static struct {
	bool all, once;
	const char *file;
	unsigned long count;
} env;

enum {
	OPT_FILE = 0x200,
	OPT_ONCE,
};

static const char doc[] =
	"Follow the kernel log and print each dump of the modules as a table.\v"
	"A dump is due every exit_stats_dump_interval exits; at most exit_stats_dump_per_min are "
	"printed in a minute.\n\n"
	"EXAMPLES:\n"
	"  kvm-exit-stats log                         dumps from now on\n"
	"  kvm-exit-stats log --all --once            those that are in the log\n"
	"  dmesg | kvm-exit-stats log --file - -f csv";

static const struct argp_option options[] = {
	{ "all", 'a', NULL, 0, "Begin with the oldest line that the log has", 0 },
	{ "once", OPT_ONCE, NULL, 0, "End where the log ends now", 0 },
	{ "count", 'N', "N", 0, "End after N dumps", 0 },
	{ "file", OPT_FILE, "FILE", 0, "Read lines of a saved log; - is standard input", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &common;
		break;
	case 'a':
		env.all = true;
		break;
	case OPT_ONCE:
		env.once = true;
		break;
	case 'N':
		env.count = parse_count(arg, state, "--count");
		break;
	case OPT_FILE:
		env.file = arg;
		break;
	case ARGP_KEY_END:
		if (common.format && common.format->metrics)
			argp_error(state, "log prints no metrics: use kvm-exit-stats export");
		break;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s': log takes no name", arg);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_child children[] = { { &common_argp, 0, "Output:", 10 }, { 0 } };
static const struct argp argp = { options, parse, "", doc, children, NULL, NULL };

/* A dump has no TSC rate; on the host that printed the dump, the table has it. */
static uint64_t tsc_khz(void)
{
	struct complaint why;
	struct source *s;
	uint64_t khz = 0;
	struct table t;

	if (env.file || host_error() >= 0)
		return 0;
	s = source_open_files(NULL);
	if (!source_read(s, NULL, NO_VCPU, false, &t, &why)) {
		khz = t.tsc_khz;
		table_free(&t);
	}
	source_close(s);
	return khz;
}

static void print(struct output *o, struct dump *d, uint64_t khz)
{
	struct item *items = xcalloc(d->t.nr + 1, sizeof(*items));
	char note[128];
	size_t nr = d->t.nr;

	d->t.tsc_khz = khz;
	for (size_t i = 0; i < nr; i++)
		items[i] = (struct item){ .vcpu = NO_VCPU, .t = &d->t, .row = &d->t.row[i] };
	nr = common_sort(&common, items, nr);
	snprintf(note, sizeof(note), "dump %llu, due at %llu exits, %llu merged",
		 (unsigned long long)d->number, (unsigned long long)d->due,
		 (unsigned long long)d->merged);
	output_table(o,
		     &(struct heading){ .view = VIEW_REASONS,
					.vcpu = NO_VCPU,
					.t = &d->t,
					.time = env.file ? 0 : unix_time(),
					.note = note },
		     items, nr);
	free(items);
}

/* Returns false when it is enough. */
static bool take_line(struct output *o, struct dump *d, const char *line, uint64_t khz)
{
	if (!dump_line(d, line))
		return true;
	print(o, d, khz);
	table_free(&d->t);
	return !ferror(o->f) && (!env.count || o->tables < env.count);
}

static void read_file(struct output *o, struct dump *d)
{
	FILE *f = strcmp(env.file, "-") ? fopen(env.file, "re") : stdin;
	size_t size = 0;
	char *line = NULL;

	if (!f)
		fail(ERR_OTHER, "%s: %s", env.file, strerror(errno));
	while (getline(&line, &size, f) >= 0 && take_line(o, d, line, 0))
		;
	if (ferror(f))
		fail(ERR_OTHER, "%s cannot be read: %s", env.file, strerror(errno));
	free(line);
	if (f != stdin)
		fclose(f);
}

/* Each read() of /dev/kmsg gives one record: "priority,number,time,flags;text". */
static void follow(struct output *o, struct dump *d, uint64_t khz)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_CLOEXEC | (env.once ? O_NONBLOCK : 0));
	char record[8192];
	ssize_t len;

	if (fd < 0)
		fail(errno == EACCES || errno == EPERM ? ERR_NOT_ROOT : ERR_OTHER,
		     "the kernel log cannot be read: %s", strerror(errno));
	if (!env.all && !env.once)
		lseek(fd, 0, SEEK_END);
	common_catch_signals();
	while (!interrupted) {
		len = read(fd, record, sizeof(record) - 1);
		if (len < 0 && errno == EPIPE) {
			warn("the kernel log overtook the reader: lines are lost");
			d->open = false;
			continue;
		}
		if (len < 0 && errno == EINTR)
			continue;
		/* EAGAIN: the log's end, with --once. */
		if (!len || (len < 0 && errno == EAGAIN))
			break;
		if (len < 0)
			fail(ERR_OTHER, "the kernel log cannot be read: %s", strerror(errno));
		record[len] = '\0';
		if (!take_line(o, d, record, khz))
			break;
	}
	close(fd);
}

static int run(int argc, char **argv)
{
	struct dump d = {};
	struct output o;

	parse_arguments(&argp, argc, argv);
	common_resolve(&common, false, "exits");
	o = common_output(&common);
	output_begin(&o);
	if (env.file)
		read_file(&o, &d);
	else
		follow(&o, &d, tsc_khz());
	table_free(&d.t);
	return common_end(&o);
}

const struct command cmd_log = {
	"log", "the dumps of the kernel log, as tables", &argp, run, .views = 1u << VIEW_REASONS,
};
