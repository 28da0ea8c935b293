// SPDX-License-Identifier: GPL-2.0-only
/*
 * Module parameters: /sys/module/kvm/parameters/exit_stats*. The variables are defined in the
 * files that read them. The kernel calls setters under kernel_param_lock(), one at a time. A
 * setter that rejects a value changes nothing.
 */
#include <linux/module.h>
#include <linux/sysfs.h>

#include "exit_stats.h"

static int exit_stats_set_on(const char *val, const struct kernel_param *kp)
{
	int err = param_set_bool(val, kp);

	if (!err)
		kvm_exit_stats_set_keys();
	return err;
}

static const struct kernel_param_ops exit_stats_on_ops = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG,
	.set = exit_stats_set_on,
	.get = param_get_bool,
};

static int exit_stats_set_interval(const char *val, const struct kernel_param *kp)
{
	unsigned int interval;
	int err = kstrtouint(val, 0, &interval);

	if (!err)
		kvm_exit_stats_set_interval(interval);
	return err;
}

static const struct kernel_param_ops exit_stats_interval_ops = {
	.set = exit_stats_set_interval,
	.get = param_get_uint,
};

static int exit_stats_set_per_min(const char *val, const struct kernel_param *kp)
{
	int err = param_set_uint(val, kp);

	if (!err)
		kvm_exit_stats_dump_kick();
	return err;
}

static const struct kernel_param_ops exit_stats_per_min_ops = {
	.set = exit_stats_set_per_min,
	.get = param_get_uint,
};

/* A parameter that takes one of several words. */
struct exit_stats_choice {
	unsigned int *value;
	const char *const *names;
	unsigned int nr;
};

static const char *const exit_stats_mode_names[] = {
	[EXIT_STATS_CPUID_OFF]	= "off",
	[EXIT_STATS_CPUID_VM]	= "vm",
	[EXIT_STATS_CPUID_HOST]	= "host",
};

static const char *const exit_stats_layout_names[] = {
	[EXIT_STATS_LAYOUT_DEFAULT]		= "default",
	[EXIT_STATS_LAYOUT_TWO_LEAF]		= "two-leaf",
	[EXIT_STATS_LAYOUT_FOUR_LEAF]		= "four-leaf",
	[EXIT_STATS_LAYOUT_FOUR_LEAF_REVERSED]	= "four-leaf-reversed",
	[EXIT_STATS_LAYOUT_BY_REASON]		= "by-reason",
};

static const struct exit_stats_choice exit_stats_mode = {
	&kvm_exit_stats_cpuid_mode, exit_stats_mode_names, ARRAY_SIZE(exit_stats_mode_names),
};

static const struct exit_stats_choice exit_stats_layout = {
	&kvm_exit_stats_layout, exit_stats_layout_names, ARRAY_SIZE(exit_stats_layout_names),
};

static int exit_stats_set_choice(const char *val, const struct kernel_param *kp)
{
	const struct exit_stats_choice *choice = kp->arg;
	int i = __sysfs_match_string(choice->names, choice->nr, val), err;

	if (i < 0)
		return i;
	if (choice == &exit_stats_mode && i == EXIT_STATS_CPUID_HOST) {
		err = kvm_exit_stats_share();
		if (err)
			return err;
		pr_warn_once("every guest can read the whole host's exit counts now\n");
	}
	WRITE_ONCE(*choice->value, i);
	return 0;
}

static int exit_stats_get_choice(char *buf, const struct kernel_param *kp)
{
	const struct exit_stats_choice *choice = kp->arg;

	return sysfs_emit(buf, "%s\n", choice->names[*choice->value]);
}

static const struct kernel_param_ops exit_stats_choice_ops = {
	.set = exit_stats_set_choice,
	.get = exit_stats_get_choice,
};

/* Without a vendor module there is nothing to reset. This is not an error. */
static int exit_stats_set_reset(const char *val, const struct kernel_param *kp)
{
	int err;

	if (!sysfs_streq(val, "1"))
		return -EINVAL;
	err = kvm_exit_stats_reset(&kvm_exit_stats_host.scope);
	return err == -ENODEV ? 0 : err;
}

static const struct kernel_param_ops exit_stats_reset_ops = {
	.set = exit_stats_set_reset,
};

module_param_cb(exit_stats, &exit_stats_on_ops, &kvm_exit_stats_on, 0644);
MODULE_PARM_DESC(exit_stats, "count VM exits and the cycles of handling them (default Y)");
module_param_cb(exit_stats_dump_interval, &exit_stats_interval_ops, &kvm_exit_stats_interval,
		0644);
MODULE_PARM_DESC(exit_stats_dump_interval, "VM exits between two dumps in the kernel log (default 500); 0: no dumps");
module_param_cb(exit_stats_dump_per_min, &exit_stats_per_min_ops, &kvm_exit_stats_per_min, 0644);
MODULE_PARM_DESC(exit_stats_dump_per_min, "maximum number of dumps, and of logged reads, per minute (default 10); 0: no limit");
module_param_cb(exit_stats_cpuid, &exit_stats_choice_ops, (void *)&exit_stats_mode, 0644);
MODULE_PARM_DESC(exit_stats_cpuid, "numbers that guests can read with CPUID: off, vm or host (default vm)");
module_param_cb(exit_stats_leaf_layout, &exit_stats_choice_ops, (void *)&exit_stats_layout, 0644);
MODULE_PARM_DESC(exit_stats_leaf_layout, "layout of the CPUID leaves: default, two-leaf, four-leaf, four-leaf-reversed or by-reason");
module_param_named(exit_stats_low_first, kvm_exit_stats_low_first, bool, 0644);
MODULE_PARM_DESC(exit_stats_low_first, "return the low half of cycles in EBX and the high half in ECX (default N)");
module_param_named(exit_stats_log_reads, kvm_exit_stats_log_reads, bool, 0644);
MODULE_PARM_DESC(exit_stats_log_reads, "log each read of an exit_stats CPUID leaf by a guest (default N)");
module_param_cb(exit_stats_reset, &exit_stats_reset_ops, NULL, 0200);
MODULE_PARM_DESC(exit_stats_reset, "write 1 to reset the numbers of the host and of all VMs and vCPUs");
