// SPDX-License-Identifier: GPL-2.0-only
/* explain: what is measured, and what /proc and KVM's files say of the VM. */
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf_load.h"
#include "command.h"
#include "detail.h"
#include "errors.h"
#include "explain.h"
#include "memory.h"
#include "numbers.h"

#define WORTH_DETAILS 0.01 /* of the vCPUs' time */

/* The number behind "KEY:" in a file; without a key the number that the file begins with. */
static uint64_t number_in(const char *path, const char *key)
{
	FILE *f = fopen(path, "re");
	size_t len = key ? strlen(key) : 0;
	uint64_t n = 0;
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, key ? key : "", len))
			continue;
		n = strtoull(line + len + strspn(line + len, ": \t"), NULL, 10);
		break;
	}
	if (f)
		fclose(f);
	return n;
}

/* On which CPUs may the vCPUs' threads run? They may be pinned apart from QEMU's others. */
static long cpus_of(const struct vm *vm)
{
	cpu_set_t all, one;
	uint64_t thread;

	CPU_ZERO(&all);
	for (size_t i = 0; i < vm->nr_vcpus; i++) {
		if (vcpu_thread(vm, vm->vcpu[i], &thread) &&
		    !sched_getaffinity(thread, sizeof(one), &one))
			CPU_OR(&all, &all, &one);
	}
	return CPU_COUNT(&all);
}

static void look_at_process(struct evidence *e)
{
	char path[160];

	snprintf(path, sizeof(path), "/proc/%d/status", e->vm->pid);
	e->swap_kib = number_in(path, "VmSwap");
	e->cpus = cpus_of(e->vm);
	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%.64s/pages_4k", e->vm->id);
	e->pages_4k = number_in(path, NULL);
	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%.64s/pages_2m", e->vm->id);
	e->pages_2m = number_in(path, NULL);
	e->halt_poll_ns = number_in("/sys/module/kvm/parameters/halt_poll_ns", NULL);
}

static double cost(const struct table *t, const struct row *row)
{
	return row_exit_ns(t, row) + row_user_ns(t, row);
}

static int by_cost(const void *a, const void *b, void *t)
{
	double x = cost(t, *(const struct row *const *)a),
	       y = cost(t, *(const struct row *const *)b);

	return (x < y) - (x > y);
}

/* The costliest reasons of which BPF tells more than where the guest was. */
static size_t choose(struct evidence *e, const struct row **chosen)
{
	const struct row **row = xcalloc(e->since.nr + 1, sizeof(*row));
	size_t nr = 0;

	for (size_t i = 0; i < e->since.nr; i++)
		row[i] = &e->since.row[i];
	qsort_r(row, e->since.nr, sizeof(*row), by_cost, &e->since);
	for (size_t i = 0; i < e->since.nr && nr < MAX_DETAILS; i++) {
		if (cost(&e->since, row[i]) < WORTH_DETAILS * e->split.whole)
			break;
		if (row[i]->reason != REASON_OTHER &&
		    detail_by(e->svm, row[i]->reason) != DRILL_RIP)
			chosen[nr++] = row[i];
	}
	free(row);
	return nr;
}

/* What ends meanwhile has no details. */
static void take_details(struct evidence *e)
{
	const struct row *chosen[MAX_DETAILS];
	struct source *source[MAX_DETAILS];
	size_t nr = choose(e, chosen);
	struct complaint why;
	double next;
	int err;

	if (!nr)
		return;
	if (bpf_error() >= 0) {
		e->no_details = error_text(bpf_error());
		return;
	}
	for (size_t i = 0; i < nr; i++) {
		source[i] = source_open_drill(e->vm, NO_VCPU, chosen[i]->reason, &err, &e->refused);
		if (!source[i]) {
			e->no_details = e->refused.text;
			nr = i;
		}
	}
	if (!nr)
		return;
	next = monotonic() + e->seconds;
	wait_until(&next, 0);
	for (size_t i = 0; i < nr; i++) {
		e->details[i].reason = chosen[i]->reason;
		source_read(source[i], e->vm, NO_VCPU, false, &e->details[i].t, &why);
		source_close(source[i]);
	}
	e->nr_details = nr;
}

int evidence_take(struct evidence *e, struct source *s, const struct vm *vm, double seconds,
		  struct complaint *why)
{
	double next = monotonic() + seconds;
	uint64_t waited, waited_then;
	struct table then, now;
	bool known;
	int err;

	memset(e, 0, sizeof(*e));
	e->vm = vm;
	e->svm = host_is_svm();
	known = vcpu_waited(vm, NO_VCPU, &waited_then);
	err = source_read(s, vm, NO_VCPU, false, &then, why);
	if (err)
		return err;
	wait_until(&next, 0);
	known &= vcpu_waited(vm, NO_VCPU, &waited);
	err = source_read(s, vm, NO_VCPU, false, &now, why);
	if (err) {
		table_free(&then);
		return err;
	}
	/* Another thread may run the vCPU now. */
	known = known && waited >= waited_then;
	if (known)
		waited -= waited_then;
	e->seconds = now.time - then.time;
	table_since(&then, &now, &e->since);
	time_split(&e->split, &e->since, e->seconds, known ? &waited : NULL);
	table_free(&then);
	table_free(&now);
	look_at_process(e);
	take_details(e);
	return 0;
}

void evidence_free(struct evidence *e)
{
	for (size_t i = 0; i < e->nr_details; i++)
		table_free(&e->details[i].t);
	table_free(&e->since);
}
