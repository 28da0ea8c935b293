// SPDX-License-Identifier: GPL-2.0-only
/* The parameters' setters: what they take, refuse, and set off. */
#include "neighbours.h"
#include "tap.h"

extern const struct shim_param shim_param_exit_stats, shim_param_exit_stats_cpuid,
	shim_param_exit_stats_dump_per_min, shim_param_exit_stats_dump_interval;

static int set(const struct shim_param *p, const char *val)
{
	return p->ops->set(val, &p->kp);
}

static bool reads(const struct shim_param *p, const char *val)
{
	char buf[64];

	p->ops->get(buf, &p->kp);
	buf[strcspn(buf, "\n")] = '\0';
	return !strcmp(buf, val);
}

static bool off(void)
{
	return !kvm_exit_stats_latches.on && !kvm_exit_stats_closes.on;
}

int main(void)
{
	const struct shim_param *on = &shim_param_exit_stats;
	const struct shim_param *mode = &shim_param_exit_stats_cpuid;
	const struct shim_param *limit = &shim_param_exit_stats_dump_per_min;
	const struct shim_param *interval = &shim_param_exit_stats_dump_interval;

	ok(reads(on, "Y") && reads(mode, "vm") && reads(limit, "10") && reads(interval, "500"),
	   "defaults: Y, vm, 10, 500");
	exit_stats_set_vendor(false);
	ok(off() && !set(on, "1") && off(), "no hooked vendor module: the static keys are off");
	exit_stats_set_vendor(true);
	ok(!off(), "with one they are on");

	dropped = 0;
	ok(!set(on, "N\n") && off() && reads(on, "N"), "N turns the static keys off");
	ok(dropped == 1, "and drops what is latched");
	ok(set(on, "x") == -EINVAL && off(), "a bad value leaves it off");
	ok(!set(on, "1") && !off() && dropped == 1, "1 turns it on");

	ok(!set(mode, "off") && exit_stats_cpuid_mode == EXIT_STATS_CPUID_OFF, "off");
	ok(!set(mode, "host\n") && exit_stats_cpuid_mode == EXIT_STATS_CPUID_HOST && shim_warnings,
	   "host, with a warning in the log");
	ok((set(mode, "hos") == -EINVAL && set(mode, "hosts") == -EINVAL &&
	    set(mode, "") == -EINVAL && set(mode, "2") == -EINVAL && reads(mode, "host")),
	   "no abbreviation, no number; the value stays");
	ok(!set(mode, "vm") && reads(mode, "vm"), "vm");

	kicks = 0;
	ok(!set(limit, "0") && exit_stats_dump_per_min == 0 && kicks == 2,
	   "a new limit wakes what is held back");
	ok((set(limit, "4294967296") == -ERANGE && set(limit, "-1") == -EINVAL &&
	    set(limit, "1x") == -EINVAL && reads(limit, "0") && kicks == 2),
	   "a bad one changes and wakes nothing");
	ok(!set(interval, "0x10") && exit_stats_dump_interval == 16, "an interval in hex");
	(void)neighbours_used;
	return done_testing();
}
