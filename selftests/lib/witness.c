// SPDX-License-Identifier: GPL-2.0-only
/* Tracepoints and a kprobe as histograms, and the binary stats of a vCPU. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "guest.h"
#include "stats.h"
#include "tap.h"
#include "witness.h"

#define TRACING "/sys/kernel/tracing/"

/* An event whose trigger is a histogram. */
struct histogram {
	const char *dir, *keys;
};

static const struct histogram exits = { TRACING "events/kvm/kvm_exit", "vcpu_id,exit_reason" };
static const struct histogram runs = { TRACING "events/kprobes/vmx_runs", "common_pid" };
static const struct histogram entries = { TRACING "events/kvm/kvm_entry", "vcpu_id" };
static bool with_runs;

static void set_trigger(const struct histogram *h, const char *before, const char *behind)
{
	char path[96], text[96];

	snprintf(path, sizeof(path), "%s/trigger", h->dir);
	snprintf(text, sizeof(text), "%shist:keys=%s:size=1024%s", before, h->keys, behind);
	if (write_file(path, text))
		bail_out("%s: %s", path, text);
}

static void set_triggers(const char *before, const char *behind)
{
	set_trigger(&exits, before, behind);
	if (!with_runs)
		return;
	set_trigger(&runs, before, behind);
	set_trigger(&entries, before, behind);
}

void witness_open_runs(void)
{
	if (write_file(TRACING "kprobe_events", "p:vmx_runs kvm_intel:vmx_vcpu_run"))
		bail_out("a kprobe on vmx_vcpu_run()");
	with_runs = true;
}

void witness_open(void)
{
	set_triggers("", "");
}

void witness_clear(void)
{
	set_triggers("", ":clear");
}

void witness_close(void)
{
	set_triggers("!", "");
	if (with_runs && write_file(TRACING "kprobe_events", "-:vmx_runs"))
		bail_out("remove the kprobe on vmx_vcpu_run()");
}

static void parse_line(struct witness *w, const char *line)
{
	unsigned long vcpu, reason, hits;

	if (sscanf(line, "{ vcpu_id: %lu, exit_reason: %lu } hitcount: %lu", &vcpu, &reason,
		   &hits) == 3) {
		reason = witness_index(BY_VENDOR(reason & 0xffff, reason));
		if (vcpu >= WITNESS_VCPUS || reason >= WITNESS_REASONS)
			bail_out("histogram of kvm:kvm_exit: %s", line);
		w->hits[vcpu][reason] += hits;
	}
}

/* Passes each line to parse_line(). Returns the sum of all hits. */
static uint64_t read_histogram(const struct histogram *h, struct witness *w)
{
	unsigned long hits = 0, dropped = 1;
	static char text[64 * 1024];
	char path[96], *save, *line;

	snprintf(path, sizeof(path), "%s/hist", h->dir);
	if (read_file(path, text, sizeof(text)) < 0)
		bail_out("%s", path);
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		parse_line(w, line);
		sscanf(line, " Hits: %lu", &hits);
		sscanf(line, " Dropped: %lu", &dropped);
	}
	if (dropped)
		bail_out("%s: %lu dropped", path, dropped);
	return hits;
}

void witness_read(struct witness *w)
{
	memset(w, 0, sizeof(*w));
	read_histogram(&exits, w);
	if (!with_runs)
		return;
	w->runs = read_histogram(&runs, w);
	w->entries = read_histogram(&entries, w);
}

/* The offset of "exits" in the stats file of any vCPU. */
static uint64_t find_exits(int fd)
{
	struct kvm_stats_header head;
	struct kvm_stats_desc *desc;
	uint64_t offset = 0;
	size_t size;

	if (pread(fd, &head, sizeof(head), 0) != sizeof(head))
		bail_out("header of a vCPU's stats");
	size = sizeof(*desc) + head.name_size;
	desc = malloc(size);
	for (unsigned int i = 0; i < head.num_desc && !offset; i++) {
		if (pread(fd, desc, size, head.desc_offset + i * size) != (ssize_t)size)
			bail_out("description in a vCPU's stats");
		if (!strcmp(desc->name, "exits"))
			offset = head.data_offset + desc->offset;
	}
	free(desc);
	if (!offset)
		bail_out("no \"exits\" in a vCPU's stats");
	return offset;
}

uint64_t witness_stat_exits(const struct vcpu *vcpu)
{
	int fd = ioctl(vcpu->fd, KVM_GET_STATS_FD, NULL);
	static uint64_t offset;
	uint64_t exits;

	if (fd < 0)
		bail_out("KVM_GET_STATS_FD");
	if (!offset)
		offset = find_exits(fd);
	if (pread(fd, &exits, sizeof(exits), offset) != sizeof(exits))
		bail_out("a vCPU's stats");
	close(fd);
	return exits;
}
