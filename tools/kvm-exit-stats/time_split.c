// SPDX-License-Identifier: GPL-2.0-only
/* Where the time of vCPUs goes. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "time_split.h"

static double ns_of(const struct table *t, uint64_t cycles)
{
	return t->tsc_khz ? cycles * 1e6 / t->tsc_khz : 0;
}

double row_exit_ns(const struct table *t, const struct row *row)
{
	return ns_of(t, row->n[TOTAL]);
}

double row_user_ns(const struct table *t, const struct row *row)
{
	return t->has & 1u << USER_TOTAL ? ns_of(t, row->n[USER_TOTAL]) : 0;
}

void time_find_costliest(struct time_split *s, const struct table *d)
{
	s->costliest = NULL;
	s->costliest_ns = 0;
	for (size_t i = 0; i < d->nr; i++) {
		const struct row *row = &d->row[i];
		double ns = row_exit_ns(d, row) + row_user_ns(d, row);

		if (d->measured == MEASURED_ENTRY_BPF && !strcmp(row->name, "HLT"))
			ns -= s->polling + s->asleep;
		if (ns > s->costliest_ns) {
			s->costliest = row;
			s->costliest_ns = ns;
		}
	}
}

/*
 * From exit to entry, as the source bpf measures, the exits have the time that a vCPU was halted
 * or waited for a CPU. Waiting time above the exits' time is taken out of user space.
 */
static void take_out_of_exits(struct time_split *s)
{
	double within;

	s->exits -= s->polling + s->asleep;
	within = s->waiting < s->exits ? s->waiting : s->exits;
	s->exits -= within;
	s->user -= s->waiting - within < s->user ? s->waiting - within : s->user;
}

void time_split(struct time_split *s, const struct table *d, double seconds, const uint64_t *waited)
{
	uint64_t vcpus = d->vcpus ? d->vcpus : 1;

	memset(s, 0, sizeof(*s));
	s->whole = seconds * 1e9 * vcpus;
	s->has_user = d->has & 1u << USER_TOTAL;
	s->has_vmm = d->has_vmm;
	s->vmm = d->vmm_ns;
	s->has_wait = waited;
	s->waiting = waited ? *waited : 0;
	s->polling = d->halt_poll_ns;
	s->asleep = d->halt_wait_ns;
	for (size_t i = 0; i < d->nr; i++) {
		s->exits += row_exit_ns(d, &d->row[i]);
		s->user += row_user_ns(d, &d->row[i]);
	}
	if (d->measured == MEASURED_ENTRY_BPF)
		take_out_of_exits(s);
	s->rest = s->whole - s->exits - s->user - s->vmm - s->polling - s->asleep - s->waiting;
	time_find_costliest(s, d);
}

void time_parts(const struct time_split *s, double parts[NR_TIME_PARTS])
{
	parts[PART_EXITS] = s->exits;
	parts[PART_USER] = s->user;
	parts[PART_VMM] = s->vmm;
	parts[PART_POLLING] = s->polling;
	parts[PART_ASLEEP] = s->asleep;
	parts[PART_WAITING] = s->waiting;
	parts[PART_GUEST] = s->rest;
}

void time_add(struct time_split *s, const struct time_split *more)
{
	s->whole += more->whole;
	s->exits += more->exits;
	s->has_user |= more->has_user;
	s->has_vmm |= more->has_vmm;
	s->has_wait |= more->has_wait;
	s->user += more->user;
	s->vmm += more->vmm;
	s->polling += more->polling;
	s->asleep += more->asleep;
	s->waiting += more->waiting;
	s->rest += more->rest;
}

static bool read_number(const char *path, const char *format, uint64_t *n)
{
	FILE *f = fopen(path, "re");
	bool good;

	if (!f)
		return false;
	good = fscanf(f, format, n) == 1;
	fclose(f);
	return good;
}

bool vcpu_thread(const struct vm *vm, int vcpu, uint64_t *thread)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%.64s/vcpu%d/pid", vm->id, vcpu);
	return read_number(path, "%" SCNu64, thread);
}

bool vcpu_waited(const struct vm *vm, int vcpu, uint64_t *ns)
{
	uint64_t thread, one;
	char path[128];

	if (vcpu == NO_VCPU) {
		*ns = 0;
		for (size_t i = 0; i < vm->nr_vcpus; i++) {
			if (!vcpu_waited(vm, vm->vcpu[i], &one))
				return false;
			*ns += one;
		}
		return true;
	}
	if (!vcpu_thread(vm, vcpu, &thread))
		return false;
	/* Time on a CPU, time waiting for one, how often (Documentation/scheduler/sched-stats). */
	snprintf(path, sizeof(path), "/proc/%" PRIu64 "/schedstat", thread);
	return read_number(path, "%*u %" SCNu64, ns);
}
