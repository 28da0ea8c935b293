/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One scope's numbers at one moment, as a table of the kernel has them.
 *
 * The grammar is that of Documentation/abi.md. A table of a newer kernel reads too: columns
 * that this program does not know are kept by their names, and table_notes() says so.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"

#define REASON_OTHER -1
#define MAX_EXTRA    4

enum scope {
	SCOPE_HOST,
	SCOPE_VM,
	SCOPE_VCPU,
	NR_SCOPES
};

/* Up to where the time of an exit is measured, and by whom. */
enum measured {
	MEASURED_HANDLER,     /* to the end of KVM's handler, by our modules */
	MEASURED_HANDLER_BPF, /* the same, by BPF */
	MEASURED_ENTRY_BPF,   /* to the next entry or the return to user space, by BPF */
	NR_MEASURED
};

/* The numbers of a row, in the order of the file. */
enum number {
	COUNT,
	TOTAL,
	MIN,
	MAX,
	AVG,
	NESTED_COUNT,
	NESTED_TOTAL,
	USER_COUNT,
	USER_TOTAL,
	NR_NUMBERS
};

typedef uint64_t hist_t[EXIT_STATS_BUCKETS];

struct row {
	int64_t reason;
	char id[20]; /* the reason as the kernel prints it: 10, 0x72, - */
	char name[40];
	uint64_t n[NR_NUMBERS];
	uint64_t extra[MAX_EXTRA];
};

struct table {
	enum scope scope;
	char vendor[8];
	bool tsc_stable;
	uint64_t version, tsc_khz, epoch, vms, vcpus, exits, cycles, nested, tsc_backwards;
	uint64_t dumps, merged;
	uint64_t halt_poll_ns, halt_wait_ns; /* of the vCPUs: halted and polling, or asleep */
	bool has_vmm;
	uint64_t vmm_ns; /* in user space, not for an exit: of sources that can tell */
	uint64_t lost;	 /* exits that a source could not count */
	enum measured measured;
	unsigned int has; /* 1 << enum number: the columns that the file had */
	int nr_extra;
	char extra[MAX_EXTRA][28]; /* their names */
	size_t nr, size;
	struct row *row; /* in order of reason; OTHER last */
	hist_t *hist;	 /* one per row, or NULL */
	double time;	 /* when it was read: seconds of the source's clock */
	double began;	 /* when its file was made, UNIX time: the VM's start; 0: not known */
};

/* Where and why a text is no table. */
struct complaint {
	char text[160];
};

/*
 * Parse a table; the caller frees it with table_free(). Returns 0, or -EPROTO with the
 * complaint filled in; the table is empty then.
 */
int table_parse(struct table *t, const char *text, struct complaint *why);

/*
 * Add the histogram of the same scope to a table that was parsed. The kernel took it a
 * moment later: it may have more exits, and rows that the table has not; these are added
 * without min, max and total. Returns as table_parse().
 */
int table_parse_hist(struct table *t, const char *text, struct complaint *why);

void table_free(struct table *t);

/* Makes @to a copy of @from. */
void table_copy(struct table *to, const struct table *from);

/* "10", "0x72", or "-" for OTHER. False: it is none. */
bool reason_parse(const char *text, int64_t *reason);

/* "handler", "handler-bpf" or "entry-bpf"; and back, where any other text is the handler's. */
const char *measured_name(enum measured m);
void measured_parse(const char *name, enum measured *m);

/* For headings; NULL for the modules' own. */
const char *measured_text(enum measured m);

/* The row of a reason, or NULL. */
const struct row *table_row(const struct table *t, int64_t reason);

/* The row of a reason; appended if it is not there, named after @like. */
struct row *table_add_row(struct table *t, const struct row *like);

/* The histogram of a row of this table, or NULL. */
const uint64_t *table_hist(const struct table *t, const struct row *row);

/* What this program does not know of a table: text for the user, or NULL. */
const char *table_notes(const struct table *t, char *buf, size_t size);

#endif
