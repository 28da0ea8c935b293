// SPDX-License-Identifier: GPL-2.0-only
/* The tracepoint kvm:kvm_exit as a histogram; the binary stats of a vCPU. */
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

#define EVENT	"/sys/kernel/tracing/events/kvm/kvm_exit/"
#define TRIGGER "hist:keys=vcpu_id,exit_reason:size=1024"

void witness_open(void)
{
	if (write_file(EVENT "trigger", TRIGGER))
		bail_out("histogram trigger of kvm:kvm_exit");
}

void witness_clear(void)
{
	int fd = open(EVENT "trigger", O_WRONLY | O_APPEND | O_CLOEXEC);

	if (fd < 0 || write(fd, TRIGGER ":clear", strlen(TRIGGER ":clear")) < 0)
		bail_out("clear the histogram of kvm:kvm_exit");
	close(fd);
}

void witness_close(void)
{
	if (write_file(EVENT "trigger", "!" TRIGGER))
		bail_out("remove the trigger of kvm:kvm_exit");
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
	} else if (sscanf(line, " Dropped: %lu", &hits) == 1 && hits) {
		bail_out("histogram of kvm:kvm_exit: %lu dropped", hits);
	}
}

void witness_read(struct witness *w)
{
	static char text[64 * 1024];
	char *save, *line;

	memset(w, 0, sizeof(*w));
	if (read_file(EVENT "hist", text, sizeof(text)) < 0)
		bail_out("histogram of kvm:kvm_exit");
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		parse_line(w, line);
}

/* Where the value of "exits" lies in a vCPU's stats file: the same for all. */
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
