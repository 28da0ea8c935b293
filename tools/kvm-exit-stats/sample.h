/* SPDX-License-Identifier: GPL-2.0-only */
/* All scopes of a source at one moment, and what happened between two such moments. */
#ifndef SAMPLE_H
#define SAMPLE_H

#include "columns.h"
#include "source.h"
#include "time_split.h"

#define SAMPLE_HOST  1u
#define SAMPLE_VMS   2u
#define SAMPLE_VCPUS 4u /* of all VMs, or of the one VM */
#define SAMPLE_HIST  8u
#define SAMPLE_WAIT  16u /* for how long vCPUs waited for a CPU, of a running host */

struct scope_numbers {
	const struct vm *vm; /* NULL: the host */
	int vcpu;
	struct table t;
	bool has_wait;
	uint64_t waited;	 /* ns */
	bool has_split;		 /* of a difference; not if the VM began meanwhile */
	struct time_split split; /* of a difference: where the time went */
	double seconds;		 /* of a difference: the interval */
	bool anew;		 /* of a difference: a reset fell into it */
};

struct sample {
	double time; /* UNIX */
	struct vm_list vms;
	size_t nr;
	struct scope_numbers *scope; /* the host first; a VM, then its vCPUs */
};

/*
 * Reads what @what says; vCPUs and histograms only of the VM whose folder is @only, if it is
 * not NULL. Scopes that end meanwhile are left out; so are tables that cannot be read,
 * with a warning. Returns 0, or -errno where VMs cannot be listed.
 */
int sample_take(struct sample *a, struct source *s, unsigned int what, const char *only);
void sample_free(struct sample *a);

/* The scope of that VM (its folder, NULL: the host) and vCPU, or NULL. */
const struct scope_numbers *sample_find(const struct sample *a, const char *id, int vcpu);

/*
 * What happened in each scope of @now since @then, in @d, which refers to @now's VMs. Of a VM
 * that began after @then this is all that its tables have. A vCPU that was added to a VM is left
 * out. @d is freed by sample_free(), before @now is.
 */
void sample_since(const struct sample *then, const struct sample *now, struct sample *d);

/* All of each scope since its last reset, without an interval, in @d, as sample_since(). */
void sample_totals(const struct sample *now, struct sample *d);

#endif
