// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm-exit-stats verify: do our modules count what BPF counts?
 *
 * Both count the same seconds. The modules' table is read before and after each reading of
 * BPF's, so BPF's count of a reason has to lie between two differences of the modules' counts.
 * BPF ends an exit a moment later than the modules do: each vCPU may have one exit pending.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "errors.h"

static double seconds = 5;

static const char doc[] =
	"Count the exits of all VMs twice, by the loaded modules of kvm-exit-stats and by BPF, and "
	"compare: for each reason the number and the average time. Needs these modules.\v"
	"AT LEAST and AT MOST are what the modules counted in a little less and in a little more than "
	"the time in which BPF counted. The status is 1 if BPF's count of a reason is not between "
	"them. The modules' average contains the work of the BPF programs; BPF's own does not.\n\n"
	"EXAMPLES:\n"
	"  kvm-exit-stats verify\n"
	"  kvm-exit-stats verify 60";

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_ARG:
		if (state->arg_num)
			argp_error(state, "'%s': verify takes a number of seconds", arg);
		seconds = parse_seconds(arg, state, "SECONDS");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp argp = { NULL, parse, "[SECONDS]", doc, NULL, NULL, NULL };

/* BPF's table at one moment, and the modules' before and after it. */
struct reading {
	struct table before, bpf, after;
};

static void take(struct reading *r, struct source *files, struct source *bpf)
{
	common_read(files, NULL, NO_VCPU, false, &r->before);
	common_read(bpf, NULL, NO_VCPU, false, &r->bpf);
	common_read(files, NULL, NO_VCPU, false, &r->after);
}

static void drop(struct reading *r)
{
	table_free(&r->before);
	table_free(&r->bpf);
	table_free(&r->after);
}

static uint64_t number(const struct table *t, int64_t reason, enum number n)
{
	const struct row *row = table_row(t, reason);

	return row ? row->n[n] : 0;
}

static uint64_t grown(const struct table *then, const struct table *now, int64_t reason,
		      enum number n)
{
	return number(now, reason, n) - number(then, reason, n);
}

static double average(const struct table *then, const struct table *now, int64_t reason)
{
	uint64_t count = grown(then, now, reason, COUNT);

	return count ? grown(then, now, reason, TOTAL) * 1e6 / now->tsc_khz / count : 0;
}

/* Prints a reason's line. Returns whether the counts agree. */
static bool compare(const struct reading *from, const struct reading *to, const struct row *row)
{
	uint64_t least = grown(&from->after, &to->before, row->reason, COUNT);
	uint64_t most = grown(&from->before, &to->after, row->reason, COUNT);
	uint64_t bpf = grown(&from->bpf, &to->bpf, row->reason, COUNT);
	uint64_t slack = to->after.vcpus + from->before.vcpus;
	bool agree = bpf + slack >= least && bpf <= most + slack;

	if (!most && !bpf)
		return true;
	printf("%-26s %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10.0f %10.0f%s\n", row->name,
	       least, most, bpf, average(&from->after, &to->before, row->reason),
	       average(&from->bpf, &to->bpf, row->reason), agree ? "" : "  DIFFERENT");
	return agree;
}

static int run(int argc, char **argv)
{
	struct source *files, *bpf;
	struct reading from, to;
	bool agree = true;
	double next;

	parse_arguments(&argp, argc, argv);
	files = origin_open(&(struct origin){ .source = ORIGIN_FILES });
	bpf = origin_open(&(struct origin){ .source = ORIGIN_BPF_HANDLER });
	take(&from, files, bpf);
	next = monotonic() + seconds;
	wait_until(&next, 0);
	take(&to, files, bpf);
	if (from.before.epoch != to.after.epoch)
		fail(ERR_OTHER, "the numbers were reset meanwhile: run this again");
	printf("%-26s %10s %10s %10s %10s %10s\n", "REASON", "AT LEAST", "AT MOST", "BPF", "AVG NS",
	       "BPF'S AVG");
	for (size_t i = 0; i < to.after.nr; i++)
		agree &= compare(&from, &to, &to.after.row[i]);
	for (size_t i = 0; i < to.bpf.nr; i++) {
		if (!table_row(&to.after, to.bpf.row[i].reason))
			agree &= compare(&from, &to, &to.bpf.row[i]);
	}
	if (to.bpf.lost)
		printf("%" PRIu64 " exits were lost by BPF\n", to.bpf.lost);
	puts(agree ? "The modules and BPF counted the same exits."
		   : "The modules and BPF counted different exits.");
	drop(&from);
	drop(&to);
	source_close(bpf);
	source_close(files);
	return !agree;
}

const struct command cmd_verify = {
	"verify",
	"compare the modules' numbers with BPF's",
	&argp,
	run,
};
