// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every parameter while a VM runs: its default, good values, and bad values, which change
 * nothing. With exit_stats=N no exit is counted and no start time is kept.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <x86intrin.h>

#include "guest.h"
#include "stats.h"
#include "tap.h"

struct value {
	const char *param;
	const char *val;
	int err;
	const char *reads; /* afterwards */
};

/* In this order: after a bad value the parameter reads as before. */
static const struct value values[] = {
	{ "exit_stats", "N", 0, "N" },
	{ "exit_stats", "y", 0, "Y" },
	{ "exit_stats", "0", 0, "N" },
	{ "exit_stats", "on\n", 0, "Y" },
	{ "exit_stats", "2", -EINVAL, "Y" },
	{ "exit_stats", "maybe", -EINVAL, "Y" },
	{ "exit_stats_dump_interval", "1", 0, "1" },
	{ "exit_stats_dump_interval", "0x20", 0, "32" },
	{ "exit_stats_dump_interval", "4294967295", 0, "4294967295" },
	{ "exit_stats_dump_interval", "4294967296", -ERANGE, "4294967295" },
	{ "exit_stats_dump_interval", "0", 0, "0" },
	{ "exit_stats_dump_interval", "-1", -EINVAL, "0" },
	{ "exit_stats_dump_interval", "five", -EINVAL, "0" },
	{ "exit_stats_dump_interval", "5 5", -EINVAL, "0" },
	{ "exit_stats_dump_interval", "500\n", 0, "500" },
	{ "exit_stats_dump_per_min", "0", 0, "0" },
	{ "exit_stats_dump_per_min", "99999999999", -ERANGE, "0" },
	{ "exit_stats_dump_per_min", "4294967295", 0, "4294967295" },
	{ "exit_stats_dump_per_min", "ten", -EINVAL, "4294967295" },
	{ "exit_stats_dump_per_min", "10", 0, "10" },
	{ "exit_stats_cpuid", "off", 0, "off" },
	{ "exit_stats_cpuid", "host\n", 0, "host" },
	{ "exit_stats_cpuid", "guest", -EINVAL, "host" },
	{ "exit_stats_cpuid", "VM", -EINVAL, "host" },
	{ "exit_stats_cpuid", "1", -EINVAL, "host" },
	{ "exit_stats_cpuid", "vm", 0, "vm" },
	{ "exit_stats_low_first", "Y", 0, "Y" },
	{ "exit_stats_low_first", "x", -EINVAL, "Y" },
	{ "exit_stats_low_first", "N", 0, "N" },
	{ "exit_stats_log_reads", "1", 0, "Y" },
	{ "exit_stats_log_reads", "?", -EINVAL, "Y" },
	{ "exit_stats_log_reads", "off", 0, "N" },
	{ "exit_stats_leaf_layout", "two-leaf", 0, "two-leaf" },
	{ "exit_stats_leaf_layout", "four-leaf\n", 0, "four-leaf" },
	{ "exit_stats_leaf_layout", "four-leaf-reversed", 0, "four-leaf-reversed" },
	{ "exit_stats_leaf_layout", "by-reason", 0, "by-reason" },
	{ "exit_stats_leaf_layout", "two", -EINVAL, "by-reason" },
	{ "exit_stats_leaf_layout", "0", -EINVAL, "by-reason" },
	{ "exit_stats_leaf_layout", "default", 0, "default" },
};

static const char *const defaults[][2] = {
	{ "exit_stats", "Y" },
	{ "exit_stats_dump_interval", "500" },
	{ "exit_stats_dump_per_min", "10" },
	{ "exit_stats_cpuid", "vm" },
	{ "exit_stats_leaf_layout", "default" },
	{ "exit_stats_low_first", "N" },
	{ "exit_stats_log_reads", "N" },
};

static void check_values(struct vm *vm)
{
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		const struct value *v = &values[i];
		int err = param_try(v->param, v->val);

		guest_cpuid(vm, 0, 3, 0, 0);
		ok(err == v->err && !strcmp(param_get(v->param), v->reads),
		   "%s=%.*s: %s, then it reads %s", v->param, (int)strcspn(v->val, "\n"), v->val,
		   v->err ? strerror(-v->err) : "taken", v->reads);
	}
}

static void check_off(struct vm *vm)
{
	static struct stats a, b;
	struct cpuid_call c;

	read_vm_table(&a, vm);
	param_set("exit_stats", "N");
	guest_cpuid(vm, 0, 1000, 0, 0);
	read_vm_table(&b, vm);
	ok(a.exits == b.exits && a.cycles == b.cycles, "exit_stats=N: 1000 exits count nothing");
	c = guest_cpuid_call(vm, 0, EXIT_STATS_LEAF_COUNT, CPUID);
	ok(c.eax == stats_row(&a, CPUID)->count, "the leaves answer with what was counted before");

	param_set("exit_stats", "Y");
	guest_cpuid(vm, 0, 1000, 0, 0);
	read_vm_table(&b, vm);
	ok(stats_row(&b, CPUID)->count == stats_row(&a, CPUID)->count + 1000,
	   "exit_stats=Y again: the next 1000 count as 1000");
}

/*
 * Switched off and on again a second later, while the vCPU is in user space after an I/O
 * exit: no exit may get a start time from before.
 */
static void check_stale_start(struct vm *vm)
{
	uint64_t start, off = 0, elapsed;
	static struct stats a, b;

	param_set("exit_stats", "Y");
	guest_out(vm, 0, 50);
	read_vm_table(&a, vm);
	start = __rdtsc();
	for (int i = 0; i < 20; i++) {
		param_set("exit_stats", "N");
		off -= __rdtsc();
		guest_out(vm, 0, 3);
		usleep(i == 10 ? 1000000 : 0);
		off += __rdtsc();
		param_set("exit_stats", "Y");
		guest_out(vm, 0, 3);
	}
	elapsed = __rdtsc() - start;
	read_vm_table(&b, vm);
	ok(stats_row(&b, IO_INSTRUCTION)->count == stats_row(&a, IO_INSTRUCTION)->count + 60,
	   "off and on 20 times: exactly the exits made while on are counted");
	ok(b.cycles - a.cycles <= elapsed - off,
	   "no exit has a start time from before it was off (%lu <= %lu - %lu)",
	   b.cycles - a.cycles, elapsed, off);
}

static void check_log_reads(struct vm *vm)
{
	static const struct read {
		uint32_t leaf, reason;
		const char *expect;
	} vmx_reads[] = {
		{ 0x4ffffffe, 10, "guest read 0x4ffffffe reason 10 CPUID: count " },
		{ 0x4ffffffe, 3, "guest read 0x4ffffffe reason 3: defined, not enabled" },
		{ 0x4ffffffe, 18, "guest read 0x4ffffffe reason 18 VMCALL: count 0" },
		{ 0x4ffffffe, 35, "guest read 0x4ffffffe reason 35: not defined" },
		{ 0x4fffffff, 0, "guest read 0x4fffffff: count " },
		{ 0x4ffffff0, 0, "guest read 0x4ffffff0" },
	}, svm_reads[] = {
		{ 0x4ffffffe, 0x72, "guest read 0x4ffffffe reason 0x72 CPUID: count " },
		{ 0x4ffffffe, 0x63, "guest read 0x4ffffffe reason 0x63: defined, not enabled" },
		{ 0x4ffffffe, 0x81, "guest read 0x4ffffffe reason 0x81 VMMCALL: count 0" },
		{ 0x4ffffffe, 0xa7, "guest read 0x4ffffffe reason 0xa7: not defined" },
		{ 0x4fffffff, 0, "guest read 0x4fffffff: count " },
		{ 0x4ffffff0, 0, "guest read 0x4ffffff0" },
	};
	const struct read *reads = BY_VENDOR(vmx_reads, svm_reads);
	const char *line;
	bool right;

	param_set("exit_stats_dump_interval", "0");
	param_set("exit_stats_dump_per_min", "0");
	guest_cpuid(vm, 0, 5000, 0, 0);
	log_open();
	param_set("exit_stats_log_reads", "Y");
	for (size_t i = 0; i < sizeof(vmx_reads) / sizeof(*vmx_reads); i++) {
		guest_cpuid(vm, 0, 1, reads[i].leaf, reads[i].reason);
		line = log_line(20000);
		right = line && !strncmp(line, reads[i].expect, strlen(reads[i].expect));
		ok(right, "exit_stats_log_reads=Y logs: %s", line ? line : "nothing");
	}

	param_set("exit_stats_log_reads", "N");
	guest_cpuid(vm, 0, 10, EXIT_STATS_LEAF_TOTAL, 0);
	ok(!log_line(700), "exit_stats_log_reads=N logs nothing");
	param_set("exit_stats_dump_per_min", "10");
	param_set("exit_stats_dump_interval", "500");
}

int main(void)
{
	struct vm vm;

	for (size_t i = 0; i < sizeof(defaults) / sizeof(*defaults); i++)
		ok(!strcmp(param_get(defaults[i][0]), defaults[i][1]), "%s is %s by default",
		   defaults[i][0], defaults[i][1]);
	vm_create(&vm, 1);
	check_values(&vm);
	check_off(&vm);
	check_stale_start(&vm);
	check_log_reads(&vm);
	vm_destroy(&vm);
	return done_testing();
}
