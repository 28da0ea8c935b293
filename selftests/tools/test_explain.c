// SPDX-License-Identifier: GPL-2.0-only
/* The rules of explain: each finds a guest with its problem, of both vendors, and no other does. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "explain.h"
#include "reasons.h"
#include "tap.h"

#define SECONDS 2.0

static struct vm vm = { .id = "1-2", .name = "web", .pid = 1 };

/* A guest: exits of one reason, that cost so many ms in KVM and in user space, and a detail. */
struct problem {
	const char *rule;      /* NULL: none finds it */
	int64_t vmx, svm;      /* -1: no exits */
	const char *id, *what; /* detail; NULL: none */
	int exit_ms, user_ms;
	int polling_ms, waiting_ms;
	int swap_mib;
};

#define RATE 10000 /* exits */

static void add_row(struct table *t, bool svm, int64_t reason, const struct problem *p)
{
	struct row like = { .reason = reason }, *row;

	snprintf(like.name, sizeof(like.name), "%s", reason_name(svm, reason));
	row = table_add_row(t, &like);
	row->n[COUNT] = RATE;
	row->n[TOTAL] = p->exit_ms * 1000000ull;
	row->n[USER_COUNT] = p->user_ms ? RATE : 0;
	row->n[USER_TOTAL] = p->user_ms * 1000000ull;
}

static void make(struct evidence *e, const struct problem *p, bool svm)
{
	uint64_t waited = p->waiting_ms * 1000000ull;
	int64_t reason = svm ? p->svm : p->vmx;
	struct table *details = &e->details[0].t;
	struct row like = { .reason = 0 }, *row;

	memset(e, 0, sizeof(*e));
	e->vm = &vm;
	e->svm = svm;
	e->seconds = SECONDS;
	e->since = (struct table){ .tsc_khz = 1000000, .vcpus = 1, .has = (1u << NR_NUMBERS) - 1 };
	e->since.halt_poll_ns = p->polling_ms * 1000000ull;
	e->swap_kib = p->swap_mib * 1024;
	if (reason >= 0)
		add_row(&e->since, svm, reason, p);
	time_split(&e->split, &e->since, SECONDS, &waited);
	if (!p->id)
		return;
	e->nr_details = 1;
	e->details[0].reason = reason;
	*details = (struct table){ .tsc_khz = 1000000, .has = (1u << NR_NUMBERS) - 1 };
	snprintf(like.id, sizeof(like.id), "%s", p->id);
	snprintf(like.name, sizeof(like.name), "%s", p->what);
	row = table_add_row(details, &like);
	row->n[COUNT] = RATE;
	row->n[TOTAL] = p->exit_ms * 1000000ull;
	row->n[USER_TOTAL] = p->user_ms * 1000000ull;
}

/* The rule whose finding costs most, or NULL; @f is the finding. */
static const struct rule *costliest(const struct evidence *e, struct finding *f)
{
	const struct rule *rule = NULL;
	struct finding one;

	memset(f, 0, sizeof(*f));
	for (size_t i = 0; i < nr_rules; i++) {
		memset(&one, 0, sizeof(one));
		if (!rules[i].find(e, &one) || one.ns <= f->ns)
			continue;
		*f = one;
		rule = &rules[i];
	}
	return rule;
}

static bool finds(const struct problem *p, bool svm)
{
	const struct rule *rule;
	struct evidence e;
	struct finding f;
	double wanted = 1e6 * (p->exit_ms + p->user_ms + p->polling_ms + p->waiting_ms);
	bool good;

	make(&e, p, svm);
	rule = costliest(&e, &f);
	good = !rule == !p->rule && (!rule || (!strcmp(rule->name, p->rule) && f.what[0] &&
					       f.evidence[0] && f.ns == wanted));
	if (!good)
		diag("%s: found %s: %s; %s; %.0f of %.0f ns", svm ? "AMD-V" : "VT-x",
		     rule ? rule->name : "nothing", f.what, f.evidence, f.ns, wanted);
	evidence_free(&e);
	return good;
}

static void test_rules(void)
{
	static const struct problem problems[] = {
		{ "clock-by-port", 30, 0x7b, "0x608", "read 4 B, ACPI PM timer", 50, 200 },
		{ "clock-by-port", 30, 0x7b, "0x40", "read 1 B, PIT", 50, 200 },
		{ "clock-by-hpet", 49, 0x400, "0xfed000f0", "read MMIO, HPET", 50, 200 },
		{ "port", 30, 0x7b, "0x3f8", "write 1 B, serial port COM1", 50, 900 },
		{ "mmio", 49, 0x400, "0xfebc0000", "write MMIO", 50, 900 },
		{ "xapic", 49, 0x400, "0xfee000b0", "write MMIO, local APIC", 300, 0 },
		{ "xapic", 44, -1, NULL, NULL, 300, 0 },
		{ "timer", 32, 0x7c, "0x6e0", "write, IA32_TSC_DEADLINE", 300, 0 },
		{ "ipi", 32, 0x7c, "0x830", "write, x2APIC ICR: sends an IPI", 300, 0 },
		{ "halt-polling", -1, -1, NULL, NULL, 0, 0, .polling_ms = 800 },
		{ "pause-loop", 40, 0x77, NULL, NULL, 100, 0, .waiting_ms = 600 },
		{ "swapped-out", 48, 0x400, "0x12345000", "read memory, slot 0", 900, 0,
		  .swap_mib = 100 },
		{ "memory", 48, 0x400, "0x12345000", "write memory, slot 0", 900, 0 },
		{ "waiting", -1, -1, NULL, NULL, 0, 0, .waiting_ms = 900 },
		{ "exceptions", 0, 0x41, "1", "#DB debug", 400, 0 },
		/* NMIs of the host */
		{ NULL, 0, -1, "2", "NMI", 400, 0 },
		{ "cpuid", 10, 0x72, NULL, NULL, 400, 0 },
		/* Nothing that a rule knows. */
		{ NULL, 54, 0x89, NULL, NULL, 100, 0 },
		{ NULL, -1, -1, NULL, NULL, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(problems) / sizeof(*problems); i++) {
		const struct problem *p = &problems[i];
		bool good = finds(p, false);

		if (p->svm >= 0 || p->vmx < 0)
			good &= finds(p, true);
		ok(good, "%s: found first, with its cost: %s", p->rule ? p->rule : "nothing",
		   p->what ? p->what : "by its reason");
	}
}

/* A reason with two details: each rule has its part of what was measured first. */
static void test_parts(void)
{
	struct problem p = { "port", 30, 0x7b, "0x3f8", "write 1 B, serial port COM1", 100, 300 };
	struct row like = { .reason = 1, .id = "0x608", .name = "read 4 B, ACPI PM timer" }, *row;
	double found[2] = {};
	struct evidence e;
	struct finding f;

	make(&e, &p, false);
	row = table_add_row(&e.details[0].t, &like);
	row->n[COUNT] = RATE;
	row->n[TOTAL] = 1200 * 1000000ull;
	for (size_t i = 0; i < nr_rules; i++) {
		memset(&f, 0, sizeof(f));
		if (!strcmp(rules[i].name, "port") && rules[i].find(&e, &f))
			found[0] = f.ns;
		if (!strcmp(rules[i].name, "clock-by-port") && rules[i].find(&e, &f))
			found[1] = f.ns;
	}
	ok(found[0] == 100e6 && found[1] == 300e6,
	   "two kinds of ports share the time of their reason, as their details do (%.0f %.0f)",
	   found[0], found[1]);
	evidence_free(&e);
}

static void test_texts(void)
{
	bool good = true;

	for (size_t i = 0; i < nr_rules; i++) {
		good &= rules[i].name && rules[i].means && rules[i].change && rules[i].attempt &&
			rules[i].source;
		for (size_t k = 0; k < i; k++)
			good &= strcmp(rules[i].name, rules[k].name) != 0;
	}
	ok(good, "each of %zu rules has its own name, a meaning, advice and a source", nr_rules);
}

static void test_split(void)
{
	struct table d = { .tsc_khz = 2000000, .vcpus = 2, .has = (1u << NR_NUMBERS) - 1 };
	struct row like = { .reason = 12, .name = "HLT" };
	uint64_t waited = 300000000;
	struct time_split s;
	struct row *row = table_add_row(&d, &like);

	row->n[TOTAL] = 400000000;	/* 200 ms */
	row->n[USER_TOTAL] = 200000000; /* 100 ms */
	d.halt_poll_ns = 50000000;
	d.halt_wait_ns = 950000000;
	time_split(&s, &d, 1, &waited);
	ok(s.whole == 2e9 && s.exits == 200e6 && s.user == 100e6 && s.rest == 400e6 &&
		   s.costliest == row && s.costliest_ns == 300e6,
	   "the parts of two vCPUs' time and the rest add up");
	d.has_vmm = true;
	d.vmm_ns = 150000000;
	time_split(&s, &d, 1, &waited);
	ok(s.has_vmm && s.vmm == 150e6 && s.rest == 250e6,
	   "user space, not for an exit, is a part of its own if a source tells it");
	d.has_vmm = false;
	d.vmm_ns = 0;
	d.measured = MEASURED_ENTRY_BPF;
	row->n[TOTAL] = 2400000000;
	time_split(&s, &d, 1, NULL);
	ok(s.exits == 200e6 && s.rest == 700e6 && !s.has_wait,
	   "from exit to entry: a halted vCPU's time is taken out of its exits");
	time_split(&s, &d, 1, &waited);
	ok(s.exits == 0 && s.user == 0 && s.waiting == 300e6 && s.rest == 700e6,
	   "so is what it waited for a CPU; beyond the exits' time it waited in user space");
	row->n[TOTAL] = 6400000000;
	time_split(&s, &d, 1, &waited);
	ok(s.rest < 0, "parts that overlap leave a negative rest");
	table_free(&d);
}

static int reads; /* that succeed, before one fails */

static int read_or_fail(struct source *s, const struct vm *of, int vcpu, bool hist, struct table *t,
			struct complaint *why)
{
	(void)s;
	(void)of;
	(void)vcpu;
	(void)hist;
	(void)t;
	snprintf(why->text, sizeof(why->text), "line 1");
	return reads-- ? 0 : -EPROTO;
}

static void test_errors(void)
{
	static const struct source_ops ops = { .read = read_or_fail };
	struct source s = { .ops = &ops };
	struct complaint why;
	struct evidence e;

	for (int i = 0; i < 2; i++) {
		why.text[0] = '\0';
		reads = i;
		ok(evidence_take(&e, &s, &vm, 0.01, &why) == -EPROTO && !strcmp(why.text, "line 1"),
		   "the %s reading fails: its error and its cause", i ? "second" : "first");
	}
}

int main(void)
{
	test_rules();
	test_errors();
	test_parts();
	test_texts();
	test_split();
	return done_testing();
}
