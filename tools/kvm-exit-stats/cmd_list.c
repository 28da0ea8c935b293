// SPDX-License-Identifier: GPL-2.0-only
/* kvm-exit-stats list: the VMs of this host. */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "errors.h"
#include "memory.h"
#include "numbers.h"

static struct common common = { .view = VIEW_VMS };
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

static const struct argp_child children[] = { { &common_argp, 0, "Output:", 10 }, { 0 } };
static const struct argp argp = { options, parse, "", doc, children, NULL, NULL };

/* Those that end meanwhile are left out. */
static size_t read_all(struct source *s, const struct vm_list *vms, struct table *t, bool *ok)
{
	struct complaint why;
	size_t nr = 0;

	for (size_t i = 0; i < vms->nr; i++) {
		ok[i] = !source_read(s, &vms->vm[i], NO_VCPU, false, &t[i], &why);
		nr += ok[i];
	}
	return nr;
}

static int run(int argc, char **argv)
{
	struct vm_list vms = {};
	struct table *then, *now, *since;
	struct source *s;
	struct output o;
	struct item *items;
	bool *ok, *still;
	double next;
	size_t nr = 0;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	common_resolve(&common, true, "vm");
	if (!common.columns)
		columns_choose(&common.set, VIEW_VMS, "vm,uuid,process,pid,folder,vcpus,rate,cpu%");
	s = common_source(&common);
	common_vms(s, &vms);
	then = xcalloc(vms.nr + 1, sizeof(*then));
	now = xcalloc(vms.nr + 1, sizeof(*now));
	since = xcalloc(vms.nr + 1, sizeof(*since));
	items = xcalloc(vms.nr + 1, sizeof(*items));
	ok = xcalloc(vms.nr + 1, sizeof(*ok));
	still = xcalloc(vms.nr + 1, sizeof(*still));

	read_all(s, &vms, then, ok);
	next = monotonic() + interval;
	/* Saved files do not change. */
	if (!common.root && vms.nr)
		wait_until(&next, interval);
	read_all(s, &vms, now, still);
	for (size_t i = 0; i < vms.nr; i++) {
		if (!ok[i] || !still[i])
			continue;
		table_since(&then[i], &now[i], &since[i]);
		items[nr++] = (struct item){ .vm = &vms.vm[i],
					     .vcpu = NO_VCPU,
					     .t = &since[i],
					     .seconds = now[i].time - then[i].time };
	}
	items_sort(items, nr, common.by, common.reverse);
	if (common.top && nr > common.top)
		nr = common.top;
	o = (struct output){ .f = stdout,
			     .format = common.format,
			     .columns = &common.set,
			     .style.cycles = common.cycles };
	output_begin(&o);
	output_table(&o,
		     &(struct heading){ .view = VIEW_VMS,
					.vcpu = NO_VCPU,
					.seconds = common.root ? 0 : interval,
					.time = unix_time() },
		     items, nr);
	for (size_t i = 0; i < vms.nr; i++) {
		table_free(&then[i]);
		table_free(&now[i]);
		table_free(&since[i]);
	}
	free(then);
	free(now);
	free(since);
	free(items);
	free(ok);
	free(still);
	vm_list_free(&vms);
	source_close(s);
	return output_end(&o) ? 1 : 0;
}

const struct command cmd_list = {
	"list",
	"the VMs: name, UUID, process, vCPUs, exits/s",
	&argp,
	run,
};
