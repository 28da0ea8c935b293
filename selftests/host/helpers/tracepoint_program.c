// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts how often a tracepoint is passed, by a BPF program of a type that needs no BTF:
 *
 *	tracepoint_program ID		the tracepoint's number in tracefs, for an event of perf
 *	tracepoint_program NAME		a raw tracepoint
 *
 * Says "attached", waits for the end of its input, and prints the count. If the kernel refuses a
 * step, says which one; the status is 1.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static long bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

/* Ends the program if @result is an error. */
static int need(long result, const char *step)
{
	if (result >= 0)
		return result;
	printf("%s: %s\n", step, strerror(errno));
	exit(1);
}

static int create_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(uint32_t),
		.value_size = sizeof(uint64_t),
		.max_entries = 1,
	};

	return need(bpf(BPF_MAP_CREATE, &attr), "map");
}

/* Adds 1 to the value of the map. */
static int load_program(int map, int type)
{
	struct bpf_insn program[] = {
		{ .code = BPF_LD | BPF_DW | BPF_IMM,
		  .dst_reg = BPF_REG_1,
		  .src_reg = BPF_PSEUDO_MAP_VALUE,
		  .imm = map },
		{ 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = 1 },
		{ .code = BPF_STX | BPF_DW | BPF_ATOMIC,
		  .dst_reg = BPF_REG_1,
		  .src_reg = BPF_REG_2,
		  .imm = BPF_ADD },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = type,
		.insns = (uintptr_t)program,
		.insn_cnt = sizeof(program) / sizeof(*program),
		.license = (uintptr_t) "GPL",
	};

	return need(bpf(BPF_PROG_LOAD, &attr), "program");
}

static void attach(int program, uint64_t id)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = id,
		.sample_period = 1,
	};
	int event = need(syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC),
			 "perf_event_open");

	need(ioctl(event, PERF_EVENT_IOC_SET_BPF, program), "attach");
	need(ioctl(event, PERF_EVENT_IOC_ENABLE, 0), "enable");
}

static void attach_raw(int program, const char *name)
{
	union bpf_attr attr = {
		.raw_tracepoint.name = (uintptr_t)name,
		.raw_tracepoint.prog_fd = program,
	};

	need(bpf(BPF_RAW_TRACEPOINT_OPEN, &attr), "attach");
}

static uint64_t read_count(int map)
{
	uint32_t key = 0;
	uint64_t count = 0;
	union bpf_attr attr = {
		.map_fd = map,
		.key = (uintptr_t)&key,
		.value = (uintptr_t)&count,
	};

	need(bpf(BPF_MAP_LOOKUP_ELEM, &attr), "count");
	return count;
}

int main(int argc, char **argv)
{
	char unused[64];
	uint64_t id;
	int map;

	if (argc != 2) {
		fprintf(stderr, "usage: tracepoint_program ID | NAME\n");
		return 2;
	}
	map = create_map();
	id = strtoull(argv[1], NULL, 10);
	if (id)
		attach(load_program(map, BPF_PROG_TYPE_TRACEPOINT), id);
	else
		attach_raw(load_program(map, BPF_PROG_TYPE_RAW_TRACEPOINT), argv[1]);
	printf("attached\n");
	fflush(stdout);
	while (read(STDIN_FILENO, unused, sizeof(unused)) > 0)
		;
	printf("%llu\n", (unsigned long long)read_count(map));
	return 0;
}
