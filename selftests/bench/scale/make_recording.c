// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes a recording of invented VMs to standard output, with the recorder of kvm-exit-stats.
 * It is for measuring programs that read recordings, and for looking at a report.
 *
 *	make_recording SECONDS INTERVAL VMS REASONS [events]
 *
 * Rates follow a wave, with bursts; each VM has its own mix of reasons. With "events" VMs come
 * and go and one VM is reset. The same arguments give the same file.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "recording.h"

#define TSC_KHZ	     2600000
#define START	     1764320400.0
#define TOTALS_EVERY 60

static const struct {
	int reason;
	const char *name;
	double rate, ns, spread; /* per second and vCPU; median; in powers of two */
} reasons[] = {
	{ 1, "EXTERNAL_INTERRUPT", 420, 1900, 0.7 },
	{ 7, "INTERRUPT_WINDOW", 90, 620, 0.5 },
	{ 10, "CPUID", 12, 830, 0.4 },
	{ 12, "HLT", 350, 1100, 0.6 },
	{ 28, "CR_ACCESS", 25, 760, 0.5 },
	{ 29, "DR_ACCESS", 3, 700, 0.4 },
	{ 30, "IO_INSTRUCTION", 160, 5200, 1.2 },
	{ 31, "MSR_READ", 40, 880, 0.5 },
	{ 32, "MSR_WRITE", 610, 960, 0.6 },
	{ 40, "PAUSE_INSTRUCTION", 75, 2300, 1.5 },
	{ 46, "GDTR_IDTR", 1, 2100, 0.6 },
	{ 48, "EPT_VIOLATION", 95, 14500, 1.7 },
	{ 49, "EPT_MISCONFIG", 240, 4100, 0.9 },
	{ 52, "PREEMPTION_TIMER", 210, 720, 0.4 },
	{ 55, "XSETBV", 2, 900, 0.4 },
};

#define NR_REASONS (sizeof(reasons) / sizeof(*reasons))

static const char *const names[] = { "web-1",	"web-2", "db-primary", "db-replica", "build-1",
				     "build-2", "mail",	 "cache",      "gitlab",     "ci-runner" };
static double weights[NR_REASONS][EXIT_STATS_BUCKETS];
static uint64_t seed = 88172645463325252ull;

static double uniform(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (double)(seed >> 11) / (1ull << 53);
}

static void make_weights(void)
{
	for (size_t r = 0; r < NR_REASONS; r++) {
		double middle = log2(reasons[r].ns * TSC_KHZ / 1e6), sum = 0;

		for (int k = 0; k < EXIT_STATS_BUCKETS; k++) {
			double d = (k + 0.5 - middle) / reasons[r].spread;

			/* Some exits take much longer, as if the vCPU was preempted. */
			weights[r][k] = exp(-d * d / 2) + (d > 0 && d < 8 ? 0.002 / d : 0);
			sum += weights[r][k];
		}
		for (int k = 0; k < EXIT_STATS_BUCKETS; k++)
			weights[r][k] /= sum;
	}
}

/* Adds exits to a row of @all (with a histogram) and to the same row of @since. */
static void add(struct table *all, struct table *since, size_t r, uint64_t count, uint64_t avg)
{
	struct row *row = &all->row[r];
	uint64_t left = count, total = count * avg;

	row->n[COUNT] += count;
	row->n[TOTAL] += total;
	since->row[r].n[COUNT] += count;
	since->row[r].n[TOTAL] += total;
	all->exits += count;
	all->cycles += total;
	since->exits += count;
	since->cycles += total;
	for (int k = 0; k < EXIT_STATS_BUCKETS; k++) {
		uint64_t n = count * weights[r][k] + uniform() * 0.999;

		n = n < left ? n : left;
		all->hist[r][k] += n;
		left -= n;
	}
	all->hist[r][(int)log2(avg)] += left;
	row->n[MIN] = 0;
	for (int k = 0; k < EXIT_STATS_BUCKETS; k++) {
		if (!all->hist[r][k])
			continue;
		row->n[MIN] = row->n[MIN] ? row->n[MIN] : (k ? 1ull << k : 0) + avg % 7;
		row->n[MAX] = (1ull << k) + (1ull << k) * (r + 3) / 20;
	}
}

static void make_table(struct table *t, enum scope scope, size_t nr, bool hist)
{
	memset(t, 0, sizeof(*t));
	t->scope = scope;
	snprintf(t->vendor, sizeof(t->vendor), "vmx");
	t->tsc_khz = TSC_KHZ;
	t->tsc_stable = true;
	t->has = (1u << NR_NUMBERS) - 1;
	t->epoch = 0x9e3779b97f4a7c15ull ^ (uint64_t)(uniform() * 1e15);
	if (hist)
		t->hist = xcalloc(1, sizeof(*t->hist));
	for (size_t r = 0; r < nr; r++) {
		struct row like = { .reason = reasons[r].reason };

		snprintf(like.id, sizeof(like.id), "%d", reasons[r].reason);
		snprintf(like.name, sizeof(like.name), "%s", reasons[r].name);
		table_add_row(t, &like);
	}
}

/* Sets a VM's names. A new generation has another id: the old VM ended, a new one started. */
static void name_vm(struct vm *vm, size_t i, int generation)
{
	vm->id = xasprintf("%zu-%d", 1200 + 13 * i + 1000 * generation, 11 + generation);
	vm->name = i < sizeof(names) / sizeof(*names) ? xstrdup(names[i])
						      : xasprintf("vm-%02zu", i);
	vm->uuid = xasprintf("6d0f3f1e-0000-4000-8000-%012zx", i);
	vm->process = xstrdup("qemu-system-x86");
	vm->pid = 1200 + 13 * i + 1000 * generation;
}

/* How the vCPUs' time is spent beside exits; the rest is the guest's. */
static void spend(struct scope_numbers *s, size_t i, double t, double length, double step)
{
	double busy = 0.45 + 0.35 * sin(6.28 * (2 * t / length + i / 3.0)) + 0.1 * uniform();
	double ns = step * 1e9 * s->t.vcpus;

	s->t.halt_poll_ns = ns * 0.04 * (1 - busy);
	s->t.halt_wait_ns = ns * 0.8 * (1 - busy);
	s->has_wait = true;
	s->waited = ns * (fmod(t / length + 0.2 * i, 0.5) < 0.1 ? 0.15 : 0.01);
	for (size_t r = 0; r < s->t.nr; r++) {
		struct row *row = &s->t.row[r];

		/* User space finishes some of them. */
		if (strcmp(row->name, "IO_INSTRUCTION") != 0)
			continue;
		row->n[USER_COUNT] = row->n[COUNT] / 2;
		row->n[USER_TOTAL] = row->n[USER_COUNT] * 40000;
	}
}

static void zero(struct table *t)
{
	t->exits = 0;
	t->cycles = 0;
	for (size_t r = 0; r < t->nr; r++) {
		memset(t->row[r].n, 0, sizeof(t->row[r].n));
		if (t->hist)
			memset(t->hist[r], 0, sizeof(t->hist[r]));
	}
}

/* How busy VM @i is at second @t with reason @r, around 1. */
static double load(size_t i, size_t r, double t, double length)
{
	double wave = 1 + 0.6 * sin(6.28 * (2 * t / length + i / 3.0)) + 0.15 * uniform();
	double burst = fmod(t / length + 0.13 * i, 0.4) < 0.03 && r % 4 == 3 ? 6 : 1;

	return wave * burst * (1 + (i * 7 + r * 3) % 5 / 2.0) / (1 + i / 4.0);
}

/* With events: the last VM comes late, the one before ends early. */
static bool is_there(size_t i, size_t nr_vms, double part)
{
	return !(i == nr_vms && part < 0.3) && !(i == nr_vms - 1 && part > 0.7);
}

int main(int argc, char **argv)
{
	double length = argc > 1 ? atof(argv[1]) : 0, step = argc > 2 ? atof(argv[2]) : 1;
	size_t nr_vms = argc > 3 ? atoi(argv[3]) : 0, nr = argc > 4 ? atoi(argv[4]) : 0;
	bool events = argc > 5 && !strcmp(argv[5], "events");
	struct sample all = {}, since = {}, now = {}; /* @now: what is written */
	struct recorder rec;
	struct vm *vm;

	if (length <= 0 || step <= 0 || !nr_vms || !nr || nr > NR_REASONS) {
		fprintf(stderr,
			"usage: make_recording SECONDS INTERVAL VMS REASONS(1-%zu) [events]\n",
			NR_REASONS);
		return 2;
	}
	make_weights();
	vm = xcalloc(nr_vms, sizeof(*vm));
	all.nr = nr_vms + 1;
	since.nr = all.nr;
	all.scope = xcalloc(all.nr, sizeof(*all.scope));
	since.scope = xcalloc(all.nr, sizeof(*since.scope));
	now.scope = xcalloc(all.nr, sizeof(*now.scope));
	for (size_t i = 0; i < all.nr; i++) {
		struct scope_numbers *a = &all.scope[i], *s = &since.scope[i];

		make_table(&a->t, i ? SCOPE_VM : SCOPE_HOST, nr, true);
		make_table(&s->t, i ? SCOPE_VM : SCOPE_HOST, nr, false);
		if (i)
			name_vm(&vm[i - 1], i - 1, 0);
		a->vm = i ? &vm[i - 1] : NULL;
		s->vm = a->vm;
		a->t.vcpus = i ? 2 + 2 * (i % 4) : 4 * nr_vms;
		s->t.vcpus = a->t.vcpus;
	}
	recorder_begin(&rec, stdout, &all.scope[0].t, START, step);
	for (unsigned long n = 0;; n++) {
		double t = n * step;

		all.time = START + t;
		if (fmod(t, TOTALS_EVERY) < step || t + step > length) {
			now.nr = 0;
			for (size_t i = 0; i < all.nr; i++) {
				if (!events || is_there(i, nr_vms, t / length))
					now.scope[now.nr++] = all.scope[i];
			}
			now.time = all.time;
			recorder_totals(&rec, &now);
		}
		if (t + step > length)
			break;
		for (size_t i = 0; i < all.nr; i++) {
			zero(&since.scope[i].t);
			since.scope[i].anew = false;
		}
		for (size_t i = 1; i < all.nr; i++) {
			struct table *a = &all.scope[i].t;

			if (events && !is_there(i, nr_vms, t / length))
				continue;
			if (events && i == 2 && n == (unsigned long)(length * 0.55 / step)) {
				zero(a);
				a->epoch++;
				since.scope[i].anew = true;
			}
			for (size_t r = 0; r < nr; r++) {
				double busy = load(i, r, t, length) * a->vcpus;
				uint64_t count = reasons[r].rate * busy * step;
				uint64_t cost = reasons[r].ns * TSC_KHZ / 1e6 *
						(1 + 0.3 * sin(t / length * 9 + i));

				if (!count)
					continue;
				add(a, &since.scope[i].t, r, count, cost);
				add(&all.scope[0].t, &since.scope[0].t, r, count, cost);
			}
			spend(&since.scope[i], i, t, length, step);
		}
		now.nr = 0;
		for (size_t i = 0; i < since.nr; i++) {
			if (!events || is_there(i, nr_vms, t / length))
				now.scope[now.nr++] = since.scope[i];
		}
		now.time = START + t + step;
		recorder_sample(&rec, &now, step);
	}
	return fflush(stdout) ? 1 : 0;
}
