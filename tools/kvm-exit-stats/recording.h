/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A recording: JSON Lines, one object a line, each complete in itself. So a file that was cut
 * can be read up to its last whole line.
 *
 *	{"kvm_exit_stats_recording":1, "time":UNIX, "host":NAME, "kernel":RELEASE,
 *	 "vendor":"vmx", "tsc_khz":N, "measured":"handler", "user":true,
 *	 "interval":SECONDS}					the first line
 *	{"vm":NUMBER, "id":FOLDER, "name":NAME, "uuid":UUID, "pid":PID, "process":COMMAND}
 *	{"reason":NUMBER, "id":"10", "name":"CPUID"}		before their first use
 *	{"time":UNIX, "seconds":S, "scopes":[SCOPE...]}		what happened since the last
 *	{"totals":UNIX, "scopes":[SCOPE...]}			all since the last reset
 *
 * SCOPE = {"vm":NUMBER, "vcpus":N, "exits":N, "cycles":N, "lost":N, "halted":[POLLING, ASLEEP],
 *	    "waited":NS, "vmm":NS, "reset":true, "rows":[ROW...]}
 *
 * The host has no "vm", and it alone has "lost" (exits that BPF could not count), if there were
 * any. Times other than cycles are ns. A reason is -1 for OTHER. Without "user"
 * in the first line the tables did not tell what user space did.
 *
 * A sample has each VM, so that all of a VM's time is there, and the host if it had exits.
 * "waited" (for a CPU) and "vmm" (in user space, not for an exit) are only there if they are
 * known. The first sample of a VM that began during the recording has neither them nor "halted",
 * because the VM was not there for the whole interval. Older recordings have no "halted" and no
 * "waited": they do not tell where the time went. A ROW is [reason, count, total] or, if user
 * space had a part in its exits, [reason, count, total, user count, user total].
 *
 * A line of totals is written at the start, every minute and at the end. Its scopes also have
 * "epoch", "nested" and, if the TSC is unstable, "tsc":"unstable". A ROW is [reason, count, total,
 * min, max, nested count, nested total, [[bucket, count]...], user count, user total].
 */
#ifndef RECORDING_H
#define RECORDING_H

#include <stdio.h>

#include "sample.h"

#define RECORDING_VERSION 1

/* ---- writing */

struct recorder {
	FILE *f;
	size_t nr_vms, nr_reasons;
	char **vm;	 /* the ids that were written, by number */
	int64_t *reason; /* that were written */
};

void recorder_begin(struct recorder *r, FILE *f, const struct table *host, double time,
		    double interval);
/* A difference, of sample_since(). */
void recorder_sample(struct recorder *r, const struct sample *since, double seconds);
/* With histograms. */
void recorder_totals(struct recorder *r, const struct sample *now);
void recorder_free(struct recorder *r);

/* ---- reading */

/*
 * What a reader is told of, in the order of the file. Scopes refer to VMs of the recording,
 * which live until recording_read() returns; tables are freed, or used again, behind each
 * call. Names are printable.
 */
struct recording_visitor {
	void (*begin)(void *arg, double time, double interval, const char *host,
		      const char *kernel);
	void (*sample)(void *arg, const struct sample *since, double seconds);
	void (*totals)(void *arg, const struct sample *now);
	void *arg;
};

/*
 * Reads a whole recording, line by line, using memory for one line only. Returns 0, or -errno;
 * -EPROTO: a line is no line of a recording, @why says which. A last line without its end is
 * left out, with a warning.
 */
int recording_read(FILE *f, const struct recording_visitor *v, struct complaint *why);

/*
 * A recording as a source: its VMs, and their last totals. Or NULL with errno set; EPROTO: @why
 * says why.
 */
struct source *source_open_recording(const char *path, struct complaint *why);

#endif
