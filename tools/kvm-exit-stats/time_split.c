// SPDX-License-Identifier: GPL-2.0-only
/* Where the time of vCPUs goes. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

void time_find_dearest(struct time_split *s, const struct table *d)
{
	s->dearest = NULL;
	s->dearest_ns = 0;
	for (size_t i = 0; i < d->nr; i++) {
		const struct row *row = &d->row[i];
		double ns = row_exit_ns(d, row) + row_user_ns(d, row);

		if (d->measured == MEASURED_ENTRY_BPF && !strcmp(row->name, "HLT"))
			ns -= s->polling + s->asleep;
		if (ns > s->dearest_ns) {
			s->dearest = row;
			s->dearest_ns = ns;
		}
	}
}

/*
 * From exit to entry, as the source bpf measures, the exits have the time that a vCPU was halted
 * or waited for a CPU. What it waited beyond that was in user space.
 */
static void take_out_of_exits(struct time_split *s)
{
	double within;

	s->exits -= s->polling + s->asleep;
	within = s->waiting < s->exits ? s->waiting : s->exits;
	s->exits -= within;
	s->user -= s->waiting - within < s->user ? s->waiting - within : s->user;
}

void time_split(struct time_split *s, const struct table *d, double seconds,
		const struct thread_times *threads)
{
	uint64_t vcpus = d->vcpus ? d->vcpus : 1;

	memset(s, 0, sizeof(*s));
	s->whole = seconds * 1e9 * vcpus;
	s->has_user = d->has & 1u << USER_TOTAL;
	s->has_wait = threads;
	s->waiting = threads ? threads->waited : 0;
	s->polling = d->halt_poll_ns;
	s->asleep = d->halt_wait_ns;
	for (size_t i = 0; i < d->nr; i++) {
		s->exits += row_exit_ns(d, &d->row[i]);
		s->user += row_user_ns(d, &d->row[i]);
	}
	s->has_vmm = d->has_vmm || (threads && s->has_user);
	if (d->has_vmm)
		s->vmm = d->vmm_ns;
	else if (s->has_vmm && threads->user > s->user)
		s->vmm = threads->user - s->user;
	if (d->measured == MEASURED_ENTRY_BPF)
		take_out_of_exits(s);
	s->rest = s->whole - s->exits - s->user - s->vmm - s->polling - s->asleep - s->waiting;
	time_find_dearest(s, d);
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

/* CPU time in user space, without the guest's: fields 14 and 43 of stat (proc(5)). */
static bool user_time(uint64_t thread, uint64_t *ns)
{
	char path[64], line[1024], *field = NULL;
	uint64_t user = 0, guest = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%" PRIu64 "/stat", thread);
	f = fopen(path, "re");
	if (!f)
		return false;
	/* The second field is a name in brackets, which may have any character. */
	if (fgets(line, sizeof(line), f))
		field = strrchr(line, ')');
	fclose(f);
	for (int n = 2; field && n < 43; n++) {
		field = strchr(field + 1, ' ');
		if (field && n + 1 == 14)
			user = strtoull(field, NULL, 10);
	}
	if (!field)
		return false;
	guest = strtoull(field, NULL, 10);
	*ns = user > guest ? (user - guest) * (1000000000 / sysconf(_SC_CLK_TCK)) : 0;
	return true;
}

bool vcpu_thread_times(const struct vm *vm, int vcpu, struct thread_times *times)
{
	struct thread_times one;
	uint64_t thread;
	char path[128];

	if (vcpu == NO_VCPU) {
		memset(times, 0, sizeof(*times));
		for (size_t i = 0; i < vm->nr_vcpus; i++) {
			if (!vcpu_thread_times(vm, vm->vcpu[i], &one))
				return false;
			times->waited += one.waited;
			times->user += one.user;
		}
		return true;
	}
	if (!vcpu_thread(vm, vcpu, &thread))
		return false;
	/* Time on a CPU, time waiting for one, how often (Documentation/scheduler/sched-stats). */
	snprintf(path, sizeof(path), "/proc/%" PRIu64 "/schedstat", thread);
	return read_number(path, "%*u %" SCNu64, &times->waited) && user_time(thread, &times->user);
}

bool thread_times_since(const struct thread_times *then, const struct thread_times *now,
			struct thread_times *d)
{
	d->waited = now->waited - then->waited;
	/* The kernel scales the user time, not the guest's: the difference can fall a little. */
	d->user = now->user > then->user ? now->user - then->user : 0;
	return now->waited >= then->waited;
}
