// SPDX-License-Identifier: GPL-2.0-only
/* kvm-exit-stats list: the VMs of this host. */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "errors.h"
#include "memory.h"
#include "sample.h"

static struct common common = { .view = VIEW_VMS };
static struct origin origin;
static double interval = 1;

static const char doc[] =
	"List the VMs of this host: name, UUID, process, folder, vCPUs, exits per second.\v"
	"EXAMPLES:\n"
	"  kvm-exit-stats list\n"
	"  kvm-exit-stats list --interval 5 --sort cpu%\n"
	"  kvm-exit-stats list -f json | jq '.[].rows[].vm'";

static const struct argp_option options[] = {
	{ "interval", 'i', "SECONDS", 0, "Measure exits per second over this time (default: 1)",
	  0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &common;
		state->child_inputs[1] = &origin;
		break;
	case 'i':
		interval = parse_seconds(arg, state, "--interval");
		break;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s': list takes no name", arg);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_child children[] = { { &common_argp, 0, "Output:", 10 },
					      { &origin_argp, 0, "Source:", 20 },
					      { 0 } };
static const struct argp argp = { options, parse, "", doc, children, NULL, NULL };

static void take(struct sample *a, struct source *s)
{
	int err = sample_take(a, s, SAMPLE_VMS, NULL);

	if (err)
		fail(ERR_OTHER, "the VMs of %s cannot be listed: %s", s->title, strerror(-err));
}

static int run(int argc, char **argv)
{
	struct sample then = {}, now, since;
	struct source *s;
	struct output o;
	struct item *items;
	double next;
	size_t nr = 0;

	parse_arguments(&argp, argc, argv);
	common_resolve(&common, !origin.root, "vm");
	if (!common.columns)
		columns_choose(&common.set, VIEW_VMS,
			       origin.root ? "vm,uuid,process,pid,folder,vcpus,exits,time"
					   : "vm,uuid,process,pid,folder,vcpus,rate,cpu%");
	s = origin_open(&origin);
	if (!origin.root) {
		take(&then, s);
		next = monotonic() + interval;
		if (then.nr)
			wait_until(&next, interval);
	}
	take(&now, s);
	/* Saved files do not change: they have totals, and no rates. */
	if (origin.root)
		sample_totals(&now, &since);
	else
		sample_since(&then, &now, &since);
	items = xcalloc(since.nr + 1, sizeof(*items));
	for (size_t i = 0; i < since.nr; i++)
		items[nr++] = (struct item){ .vm = since.scope[i].vm,
					     .vcpu = NO_VCPU,
					     .t = &since.scope[i].t,
					     .seconds = since.scope[i].seconds };
	nr = common_sort(&common, items, nr);
	o = common_output(&common);
	output_begin(&o);
	output_table(&o,
		     &(struct heading){ .view = VIEW_VMS,
					.vcpu = NO_VCPU,
					.seconds = origin.root ? 0 : interval,
					.time = now.time },
		     items, nr);
	free(items);
	sample_free(&since);
	sample_free(&now);
	sample_free(&then);
	source_close(s);
	return common_end(&o);
}

const struct command cmd_list = {
	"list", "the VMs: name, UUID, process, vCPUs, exits/s", &argp, run, .views = 1u << VIEW_VMS,
};
