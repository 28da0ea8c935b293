/* SPDX-License-Identifier: GPL-2.0-only */
/* What costs a guest most, and what to do about it: the evidence and the rules. */
#ifndef EXPLAIN_H
#define EXPLAIN_H

#include "time_split.h"

#define MAX_DETAILS 3

/* What is known of a VM over an interval. */
struct evidence {
	const struct vm *vm;
	bool svm;
	double seconds;
	struct table since; /* the VM's difference */
	struct time_split split;
	/* The details of the costliest reasons, measured afterwards. */
	const char *no_details; /* why some are missing; NULL: nothing is wrong */
	struct complaint refused;
	size_t nr_details;
	struct {
		int64_t reason;
		struct table t;
	} details[MAX_DETAILS];
	long cpus; /* that the vCPUs may use; 0: not known */
	uint64_t swap_kib;
	uint64_t pages_4k, pages_2m; /* that KVM has mapped */
	uint64_t halt_poll_ns;	     /* kvm's parameter */
};

/* What a rule found: how much it costs, and the numbers that show it. */
struct finding {
	double ns; /* of the vCPUs' time */
	char what[120];
	char evidence[400];
	char reason[40]; /* to drill into afterwards, to see whether it is gone; "": none */
};

struct rule {
	const char *name;
	/* False: the guest does not have the problem. */
	bool (*find)(const struct evidence *e, struct finding *f);
	const char *means;   /* what it usually is */
	const char *change;  /* on the host or in the guest */
	const char *attempt; /* the command to try */
	const char *source;  /* where that is from */
};

extern const struct rule rules[];
extern const size_t nr_rules;

/*
 * Measures for @seconds and then, for the same time, the details of the costliest reasons. Returns
 * as a source's read(). If that is 0, the caller frees it with evidence_free().
 */
int evidence_take(struct evidence *e, struct source *s, const struct vm *vm, double seconds,
		  struct complaint *why);
void evidence_free(struct evidence *e);

#endif
