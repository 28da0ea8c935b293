/* SPDX-License-Identifier: GPL-2.0-only */
/* The details that top shows: counted while the user looks at them, and not longer. */
#ifndef TOP_DETAILS_H
#define TOP_DETAILS_H

#include "sample.h"
#include "ui.h"

struct top_details {
	struct source *source; /* NULL: nothing is counted */
	double began;	       /* monotonic time */
	struct place place;    /* what it counts */
	struct scope_numbers numbers;
	char by[32];	/* "port" */
	char note[128]; /* why there is nothing, or "" */
};

/*
 * Starts counting when the user enters VIEW_DETAILS, and stops when they leave. Reads what was
 * counted since. @vms has the place's VM, or it has ended. @saved: the numbers are those
 * of files, which have no details.
 */
void top_details_read(struct top_details *d, const struct place *p, const struct vm_list *vms,
		      bool saved);
void top_details_end(struct top_details *d);

#endif
