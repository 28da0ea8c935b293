// SPDX-License-Identifier: GPL-2.0-only
/* kvm-exit-stats report: what a recording says, as tables or as a page. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "command.h"
#include "errors.h"
#include "memory.h"
#include "report.h"

static struct common common = { .view = VIEW_REASONS };

static struct {
	const char *file, *html, *vm;
	bool time;
} env;

enum {
	OPT_HTML = 0x200,
};

static const char doc[] =
	"Print what happened in a recording: for the host and for each VM the exits by reason, with "
	"percentiles; or write a page with charts.\v"
	"It notes which VMs came or ended meanwhile, and which were reset. Columns with a * are since "
	"the last reset.\n\n"
	"EXAMPLES:\n"
	"  kvm-exit-stats report monday.jsonl\n"
	"  kvm-exit-stats report monday.jsonl --html monday.html\n"
	"  kvm-exit-stats report monday.jsonl --vm web --sort p99 --top 5\n"
	"  kvm-exit-stats report monday.jsonl --time           where the time of vCPUs went\n"
	"  kvm-exit-stats report monday.jsonl -f csv -o vm,name,rate,p50,p99";

static const struct argp_option options[] = {
	{ "html", OPT_HTML, "FILE", 0,
	  "Write one page with charts and tables into FILE; - is standard output", 0 },
	{ "time", 'T', NULL, 0,
	  "Only where the time of vCPUs went: exits, user space, halted, waiting for a CPU, guest",
	  0 },
	{ "vm", 'V', "VM", 0, "Only this VM: its name, UUID, folder or process", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &common;
		break;
	case OPT_HTML:
		env.html = arg;
		break;
	case 'T':
		env.time = true;
		common.view = VIEW_TIME;
		break;
	case 'V':
		env.vm = arg;
		break;
	case ARGP_KEY_ARG:
		if (env.file)
			argp_error(state, "'%s': report takes one recording", arg);
		env.file = arg;
		break;
	case ARGP_KEY_END:
		if (!env.file && !common.list_columns)
			argp_error(state, "which recording? kvm-exit-stats record makes one");
		if (env.time && env.html)
			argp_error(state, "--html always includes this; use --time without --html");
		if (common.format && common.format->metrics)
			argp_error(state, "report prints no metrics: use kvm-exit-stats export");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_child children[] = { { &common_argp, 0, "Output:", 10 }, { 0 } };
static const struct argp argp = { options, parse, "RECORDING", doc, children, NULL, NULL };

void report_open(struct report *r, const char *path)
{
	struct complaint why;
	struct stat st;
	FILE *f = strcmp(path, "-") ? fopen(path, "re") : stdin;
	int err;

	if (!f)
		fail(ERR_OTHER, "%s: %s", path, strerror(errno));
	if (!fstat(fileno(f), &st) && S_ISDIR(st.st_mode))
		fail(ERR_RECORDING,
		     "%s is a folder, not a recording: kvm-exit-stats show --root reads it", path);
	err = report_read(r, f, &why);
	if (err == -EPROTO)
		fail(ERR_RECORDING, "%s: %s", path, why.text);
	if (err)
		fail(ERR_OTHER, "%s: %s", path, strerror(-err));
	if (f != stdin)
		fclose(f);
}

/* The VM that the user means, or the end of the program. */
static const struct report_scope *find_vm(const struct report *r, const char *what)
{
	struct vm_list vms = { .nr = r->nr - 1, .vm = xcalloc(r->nr, sizeof(*vms.vm)) };
	size_t at;

	for (size_t i = 0; i < vms.nr; i++)
		vms.vm[i] = r->scope[i + 1].vm;
	at = common_vm(&vms, what) - vms.vm;
	free(vms.vm);
	return &r->scope[at + 1];
}

static void print_head(const struct report *r)
{
	char from[32], to[32], length[32], note[128];

	report_clock(r, 0, true, from, sizeof(from));
	report_clock(r, r->seconds, true, to, sizeof(to));
	report_duration(r->seconds, length, sizeof(length));
	printf("%s, Linux %s\n%s to %s: %s, %lu samples, every %g s\n", r->host, r->kernel, from,
	       to, length, r->samples, r->interval);
	if (!r->samples)
		puts("the recording has no samples");
	printf("%zu VMs\n", r->nr - 1);
	for (size_t i = 1; i < r->nr; i++) {
		if (report_note(r, &r->scope[i], note, sizeof(note)))
			printf("  %s: %s\n", r->scope[i].vm.name, note);
	}
	if (report_no_time(r))
		puts(report_no_time(r));
	putchar('\n');
}

/* CSV has one line of keys for all tables. */
static void print_time(struct output *o, const struct report *r, const struct report_scope *only)
{
	if (r->has_time && o->format != &format_csv)
		report_time(o, &common, r, only);
}

static int print_only_time(const struct report *r, const struct report_scope *only)
{
	struct output o = common_output(&common);

	if (report_no_time(r))
		fail(ERR_OTHER, "%s: %s", env.file, report_no_time(r));
	output_begin(&o);
	report_time(&o, &common, r, only);
	return common_end(&o);
}

static int print_tables(const struct report *r, const struct report_scope *only)
{
	struct output o = common_output(&common);

	o.hist = true;
	if (o.format == &format_text)
		print_head(r);
	output_begin(&o);
	if (only) {
		report_reasons(&o, &common, r, only);
		print_time(&o, r, only);
		return common_end(&o);
	}
	report_reasons(&o, &common, r, &r->scope[0]);
	if (o.format != &format_csv && r->nr > 1)
		report_vms(&o, &common, r, r->nr);
	print_time(&o, r, NULL);
	for (size_t i = 1; i < r->nr; i++)
		report_reasons(&o, &common, r, &r->scope[i]);
	return common_end(&o);
}

static int print_page(const struct report *r, const struct report_scope *only)
{
	size_t nr = 0;
	FILE *f;

	for (size_t i = 0; i < r->nr; i++)
		nr += r->scope[i].in_timeline;
	/* Until all names are known, every VM that --vm may mean is added to the timeline. */
	if (nr > 1)
		fail(ERR_NO_VM, "%zu VMs may be called '%s': use the folder's name", nr, env.vm);
	f = strcmp(env.html, "-") ? fopen(env.html, "we") : stdout;
	if (!f)
		fail(ERR_OTHER, "%s cannot be written: %s", env.html, strerror(errno));
	report_html(r, only, &common, f);
	if (fflush(f) || ferror(f) || (f != stdout && fclose(f)))
		fail(ERR_OTHER, "%s: %s", env.html, strerror(errno));
	return 0;
}

static int run(int argc, char **argv)
{
	const struct report_scope *only = NULL;
	struct report r = {};
	int status;

	parse_arguments(&argp, argc, argv);
	common_resolve(&common, true, env.time && !common.sort ? "vm" : "time");
	if (env.time && !common.columns)
		columns_choose(&common.set, VIEW_TIME, "-vcpu");
	else if (!common.columns)
		columns_choose(&common.set, VIEW_REASONS,
			       env.html ? "reason,name,exits,rate,exits%,time,time%,cpu%,min,avg,"
					  "p50,p90,p99,max"
			       : common.format == &format_text
				       ? "name,exits,rate,exits%,time%,cpu%,avg,p50,p99,max"
				       : "vm,reason,name,exits,rate,exits%,time,time%,cpu%,min,avg,"
					 "p50,p90,p99,max,nested,nested_time");
	r.only = env.vm;
	report_open(&r, env.file);
	if (env.vm)
		only = find_vm(&r, env.vm);
	if (env.time)
		status = print_only_time(&r, only);
	else
		status = env.html ? print_page(&r, only) : print_tables(&r, only);
	report_free(&r);
	return status;
}

const struct command cmd_report = {
	"report",
	"what a recording says, as tables or as a page with charts",
	&argp,
	run,
	.views = 1u << VIEW_REASONS | 1u << VIEW_TIME,
};
