// SPDX-License-Identifier: GPL-2.0-only
/*
 * Module parameters: /sys/module/kvm/parameters/exit_stats*.
 *
 * The kernel calls the setters one at a time (kernel_param_lock()).
 */
#include <linux/jump_label.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "exit_stats.h"

DEFINE_STATIC_KEY_TRUE(kvm_exit_stats_latches);
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_exit_stats_latches);
DEFINE_STATIC_KEY_TRUE(kvm_exit_stats_closes);
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_exit_stats_closes);

unsigned int exit_stats_dump_interval = EXIT_STATS_DUMP_INTERVAL;
unsigned int exit_stats_dump_per_min = EXIT_STATS_DUMP_PER_MIN;
unsigned int exit_stats_cpuid_mode = EXIT_STATS_CPUID_VM;
bool exit_stats_low_first;
bool exit_stats_log_reads;

static bool on = true;
static bool vendor;	/* one that is hooked is registered */

/*
 * Two keys, so that a latch never runs while its close is off. A latch
 * runs with interrupts off, and patching waits for an interrupt on every
 * CPU: after it none is under way, and what is latched can be dropped,
 * lest a close meets it after the next switching on.
 */
static void set_keys(void)
{
	if (on && vendor) {
		static_branch_enable(&kvm_exit_stats_closes);
		static_branch_enable(&kvm_exit_stats_latches);
	} else {
		static_branch_disable(&kvm_exit_stats_latches);
		exit_stats_drop_latched();
		static_branch_disable(&kvm_exit_stats_closes);
	}
}

/**
 * exit_stats_set_vendor - a hooked vendor module is there, or none is
 * @there: which
 *
 * KVM's common code closes exits too (kvm_exit_stats_close_fastpath()), and would look
 * for a record in the vCPU of a vendor module without hooks, whose symbols fit as well.
 *
 * Context: module init and exit, no vCPU runs.
 */
void exit_stats_set_vendor(bool there)
{
	kernel_param_lock(THIS_MODULE);
	vendor = there;
	set_keys();
	kernel_param_unlock(THIS_MODULE);
}

static int set_on(const char *val, const struct kernel_param *kp)
{
	int err = param_set_bool(val, kp);

	if (err)
		return err;
	set_keys();
	return 0;
}

static const struct kernel_param_ops on_ops = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG,
	.set = set_on,
	.get = param_get_bool,
};

static int set_per_min(const char *val, const struct kernel_param *kp)
{
	int err = param_set_uint(val, kp);

	if (err)
		return err;
	exit_stats_dump_kick();
	exit_stats_log_kick();
	return 0;
}

static const struct kernel_param_ops per_min_ops = {
	.set = set_per_min,
	.get = param_get_uint,
};

static const char *const mode_names[] = {
	[EXIT_STATS_CPUID_OFF]	= "off",
	[EXIT_STATS_CPUID_VM]	= "vm",
	[EXIT_STATS_CPUID_HOST]	= "host",
};

static int set_mode(const char *val, const struct kernel_param *kp)
{
	int mode = sysfs_match_string(mode_names, val);

	if (mode < 0)
		return mode;
	if (mode == EXIT_STATS_CPUID_HOST)
		pr_warn_once("every guest can read the whole host's exit counts now\n");
	WRITE_ONCE(exit_stats_cpuid_mode, mode);
	return 0;
}

static int get_mode(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", mode_names[exit_stats_cpuid_mode]);
}

static const struct kernel_param_ops mode_ops = {
	.set = set_mode,
	.get = get_mode,
};

module_param_cb(exit_stats, &on_ops, &on, 0644);
MODULE_PARM_DESC(exit_stats, "count VM exits and their cycles (default Y)");
module_param(exit_stats_dump_interval, uint, 0644);
MODULE_PARM_DESC(exit_stats_dump_interval, "exits between dumps in the log, 0 = none");
module_param_cb(exit_stats_dump_per_min, &per_min_ops, &exit_stats_dump_per_min, 0644);
MODULE_PARM_DESC(exit_stats_dump_per_min, "dumps let through a minute, 0 = no limit");
module_param_cb(exit_stats_cpuid, &mode_ops, NULL, 0644);
MODULE_PARM_DESC(exit_stats_cpuid, "what guests may read by CPUID: off, vm or host");
module_param(exit_stats_low_first, bool, 0644);
MODULE_PARM_DESC(exit_stats_low_first, "cycles leaves: low half in EBX (default N)");
module_param(exit_stats_log_reads, bool, 0644);
MODULE_PARM_DESC(exit_stats_log_reads, "log what guests read by CPUID (default N)");
