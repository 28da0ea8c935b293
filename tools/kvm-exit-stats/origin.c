// SPDX-License-Identifier: GPL-2.0-only
/* The options that say where numbers come from, and the source that they choose. */
#include <errno.h>
#include <string.h>

#include "command.h"
#include "errors.h"

enum {
	OPT_ROOT = 0x200,
	OPT_SOURCE,
};

static const char *const sources[] = { "any", "files", "bpf", "bpf-handler" };

static const struct argp_option options[] = {
	{ "source", OPT_SOURCE, "SOURCE", 0,
	  "files: the modules of kvm-exit-stats; bpf: any KVM, from exit to entry; bpf-handler: any "
	  "KVM, to the end of its handler; any (default): files, or bpf where they are not loaded",
	  0 },
	{ "root", OPT_ROOT, "PATH", 0,
	  "Read a recording, or saved files: a copy of /sys/kernel/debug/kvm", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct origin *o = state->input;

	switch (key) {
	case OPT_SOURCE:
		for (unsigned int i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
			o->source = i;
			if (!strcmp(sources[i], arg))
				return 0;
		}
		argp_error(state, "no source '%s': any, files, bpf, bpf-handler", arg);
		break;
	case OPT_ROOT:
		o->root = arg;
		break;
	case ARGP_KEY_END:
		if (o->root && o->source != ORIGIN_ANY)
			argp_error(state, "--root reads files: it takes no --source");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

const struct argp origin_argp = { .options = options, .parser = parse };

bool origin_by_bpf(const struct origin *o)
{
	if (o->source == ORIGIN_ANY)
		return !o->root && host_error() == ERR_STOCK;
	return o->source == ORIGIN_BPF || o->source == ORIGIN_BPF_HANDLER;
}

void origin_tell_second(void)
{
	warn("BPF counts from now on: measuring 1 second");
}

void origin_need_bpf(void)
{
	int err = bpf_error();

	if (err >= 0)
		fail(err, "%s", error_text(err));
}

/* With lockdown=confidentiality the kernel reports only an unknown helper; so look for it here. */
static bool memory_is_confidential(void)
{
	FILE *f = fopen("/sys/kernel/security/lockdown", "re");
	char line[80];
	bool is;

	is = f && fgets(line, sizeof(line), f) && strstr(line, "[confidentiality]");
	if (f)
		fclose(f);
	return is;
}

static noreturn void refused(int err, const struct complaint *why)
{
	if (memory_is_confidential())
		fail(ERR_BPF, "the kernel is locked down (confidentiality): BPF cannot count");
	if (err == -EPERM || err == -EACCES)
		fail(ERR_BPF, "the kernel refuses to let this program use BPF: %s", why->text);
	fail(ERR_BPF, "the kernel rejects the BPF programs: %s", why->text);
}

static struct source *open_bpf(bool handler)
{
	struct complaint why;
	struct source *s;
	int err;

	origin_need_bpf();
	s = source_open_bpf(handler, &err, &why);
	if (!s)
		refused(err, &why);
	return s;
}

struct source *origin_open_drill(const struct vm *vm, int vcpu, int64_t reason)
{
	struct complaint why;
	struct source *s;
	int err;

	s = source_open_drill(vm, vcpu, reason, &err, &why);
	if (!s)
		refused(err, &why);
	return s;
}

struct source *origin_open(const struct origin *o)
{
	int err;

	if (o->root)
		return common_open(o->root);
	if (origin_by_bpf(o))
		return open_bpf(o->source == ORIGIN_BPF_HANDLER);
	err = host_error();
	if (err >= 0)
		fail(err, "%s", error_text(err));
	return source_open_files(NULL);
}
