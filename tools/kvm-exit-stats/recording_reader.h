/* SPDX-License-Identifier: GPL-2.0-only */
/* What the two parsers of recordings share: recording_read.c and recording_fixed.c. */
#ifndef RECORDING_READER_H
#define RECORDING_READER_H

#include "recording.h"

struct reader {
	const struct recording_visitor *visitor;
	size_t nr_vms, nr_reasons;
	struct vm **vm;	    /* each on its own: others refer to them */
	struct row *reason; /* id and name */
	char vendor[8];
	uint64_t tsc_khz;
	bool has_user;	   /* rows have the part of user space */
	bool tsc_unstable; /* set by the first totals that say so */
	enum measured measured;
	unsigned long line;
	struct complaint *why;
	size_t next_reason;   /* most likely that of the next row */
	struct sample sample; /* of the fixed form; its memory serves all samples */
	size_t nr_scopes;     /* that have memory there */
};

/* The id and the name of a reason, or NULL if the recording did not name it. */
const struct row *reader_reason(struct reader *r, int64_t reason);

/* Sets what a recording says once for all scopes. @vm: NULL, the host. */
void reader_begin_scope(struct reader *r, struct scope_numbers *s, const struct vm *vm);

/* Tells the visitor of a sample. */
void reader_sample(struct reader *r, struct sample *a, double seconds);

/* False: the line is not in the fixed form, and the visitor was not called. */
bool reader_fixed_sample(struct reader *r, const char *line);

#endif
