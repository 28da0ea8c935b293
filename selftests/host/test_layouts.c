// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every register of every leaf. In each layout a leaf has in all four registers what the
 * layout's text says, whatever ECX held before if the leaf takes no input. In the default
 * layout this is tried with every ECX from 0 to 4096, in host scope and in VM scope. In VM
 * scope another VM runs too, and no leaf has an exit or a cycle of that VM.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"
#include "stats.h"
#include "tap.h"

#define OUTS 37

/* What a register, or the pair EBX:ECX, holds. */
enum holds {
	ZERO,
	IDENTITY, /* EAX of 0x4ffffff0 */
	TSC_KHZ,  /* EAX of 0x4ffffff1 */
	ALL_EXITS,
	ALL_CYCLES,
	EXITS, /* of the reason in ECX */
	CYCLES,
	MIN,
	MAX,
	AVG,
};

struct leaf {
	uint32_t leaf;
	enum holds eax, pair;
	bool high;  /* EDX has the high half of EAX's exits */
	bool stock; /* answers as without our modules */
};

#define STOCK(n)                 \
	{                        \
		n, .stock = true \
	}

static const struct layout {
	const char *name;
	struct leaf leaf[4];
} layouts[] = {
	{ "default",
	  { { 0x4fffffff, ALL_EXITS, ALL_CYCLES, true },
	    { 0x4ffffffe, EXITS, ALL_CYCLES, true },
	    { 0x4ffffffd, EXITS, ZERO, true },
	    { 0x4ffffffc, EXITS, CYCLES, true } } },
	{ "two-leaf",
	  { { 0x4fffffff, ALL_EXITS, ALL_CYCLES },
	    { 0x4ffffffe, EXITS, ZERO },
	    STOCK(0x4ffffffd),
	    STOCK(0x4ffffffc) } },
	{ "four-leaf",
	  { { 0x4fffffff, ALL_EXITS, ZERO },
	    { 0x4ffffffe, ZERO, ALL_CYCLES },
	    { 0x4ffffffd, EXITS, ZERO },
	    { 0x4ffffffc, ZERO, CYCLES } } },
	{ "four-leaf-reversed",
	  { { 0x4fffffff, ZERO, CYCLES },
	    { 0x4ffffffe, EXITS, ZERO },
	    { 0x4ffffffd, ZERO, ALL_CYCLES },
	    { 0x4ffffffc, ALL_EXITS, ZERO } } },
	{ "by-reason",
	  { { 0x4fffffff, EXITS, ZERO },
	    { 0x4ffffffe, ZERO, CYCLES },
	    STOCK(0x4ffffffd),
	    STOCK(0x4ffffffc) } },
};

#define NR_LAYOUTS (sizeof(layouts) / sizeof(*layouts))

/* The same in every layout. */
static const struct leaf others[] = {
	{ 0x4ffffffb, EXITS, MIN, true }, { 0x4ffffffa, EXITS, MAX, true },
	{ 0x4ffffff9, EXITS, AVG, true }, { 0x4ffffff1, TSC_KHZ },
	{ 0x4ffffff0, IDENTITY },
};

#define NR_OTHERS (sizeof(others) / sizeof(*others))

/* What the parameters are set to. */
static struct {
	unsigned int layout;
	uint32_t scope;
	bool low_first;
} now;

static struct vm vm;
/* The tables of the scope before and after the leaves are read. */
static struct stats before, after;

static void read_scope(struct stats *s)
{
	if (now.scope == EXIT_STATS_SCOPE_HOST)
		read_host_table(s);
	else
		read_vm_table(s, &vm);
}

static bool has_input(const struct leaf *l)
{
	return l->eax == EXITS || l->pair >= EXITS;
}

static uint64_t value_of(const struct stats *s, enum holds what, uint32_t reason)
{
	const struct stats_row *r = stats_row(s, reason);

	switch (what) {
	case ALL_EXITS:
		return s->exits;
	case ALL_CYCLES:
		return s->cycles;
	case EXITS:
		return r->count;
	case CYCLES:
		return r->total;
	default:
		return 0;
	}
}

/* Between the tables. A reason without an exit in between has one value in both. */
static bool within(uint64_t value, enum holds what, uint32_t reason)
{
	const struct stats_row *b = stats_row(&before, reason), *a = stats_row(&after, reason);
	uint64_t least = value_of(&before, what, reason), most = value_of(&after, what, reason);

	if (what == MIN) {
		least = a->min;
		most = b->count ? b->min : a->max;
	} else if (what == MAX) {
		least = b->count ? b->max : a->min;
		most = a->max;
	} else if (what == AVG) {
		least = a->count ? b->total / a->count : 0;
		most = b->count ? a->total / b->count : a->max;
	}
	return value >= least && value <= most;
}

static bool identity_right(const struct cpuid_call *c)
{
	uint32_t vendor = BY_VENDOR(EXIT_STATS_VENDOR_VMX, EXIT_STATS_VENDOR_SVM);

	return c->eax == (EXIT_STATS_ABI_VERSION | now.scope << EXIT_STATS_ID_SCOPE_SHIFT |
			  vendor << EXIT_STATS_ID_VENDOR_SHIFT |
			  now.layout << EXIT_STATS_ID_LAYOUT_SHIFT |
			  (now.low_first ? EXIT_STATS_ID_LOW_FIRST : 0)) &&
	       c->ebx == EXIT_STATS_SIG_EBX && c->ecx == EXIT_STATS_SIG_ECX &&
	       c->edx == EXIT_STATS_SIG_EDX;
}

static bool right(const struct leaf *l, const struct cpuid_call *c, uint32_t reason)
{
	uint64_t count = c->eax, pair = cpuid_cycles(c);

	if (l->eax == IDENTITY)
		return identity_right(c);
	if (l->eax == TSC_KHZ)
		return c->eax == after.tsc_khz && c->ebx == HIGHEST_REASON &&
		       c->ecx == (uint32_t)after.epoch && !c->edx;
	if (now.low_first)
		pair = pair << 32 | pair >> 32;
	if (has_input(l) && !reason_defined(reason))
		return !c->eax && c->edx == EXIT_STATS_NOT_DEFINED &&
		       (l->pair == ALL_CYCLES ? within(pair, ALL_CYCLES, 0) : !pair);
	if (l->high)
		count = cpuid_exits(c);
	else if (c->edx)
		return false;
	if (l->eax == EXITS && l->pair > EXITS && !count)
		return !pair && within(count, EXITS, reason);
	return within(count, l->eax, reason) && within(pair, l->pair, reason);
}

static bool check_leaf(const struct leaf *l, uint32_t ecx)
{
	struct cpuid_call c, stock;

	if (l->stock) {
		c = guest_cpuid_call(&vm, 0, l->leaf, ecx);
		param_set("exit_stats_cpuid", "off");
		stock = guest_cpuid_call(&vm, 0, l->leaf, ecx);
		param_set("exit_stats_cpuid", "vm");
		return !memcmp(&c, &stock, sizeof(c));
	}
	read_scope(&before);
	c = guest_cpuid_call(&vm, 0, l->leaf, ecx);
	read_scope(&after);
	if (right(l, &c, ecx))
		return true;
	diag("leaf %#x, ECX %#x: %#x %#x %#x %#x", l->leaf, ecx, c.eax, c.ebx, c.ecx, c.edx);
	return false;
}

/* ---- each layout */

static void check_layout(const struct layout *layout)
{
	const struct {
		uint32_t reason;
		const char *is;
	} reasons[] = {
		{ IO_INSTRUCTION, "a reason that occurred" },
		{ BY_VENDOR(18, 0x81), "a reason that is enabled and did not occur" },
		{ BY_VENDOR(3, 0x63), "a reason that is not enabled" },
		{ BY_VENDOR(35, 0xa7), "a reason that is not defined" },
		{ 0xffff0056, "a number past all reasons" },
		{ value_of(&after, ALL_CYCLES, 0), "what another leaf left in ECX" },
	};
	bool good;

	param_set("exit_stats_leaf_layout", layout->name);
	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++) {
		good = true;
		for (int n = 0; n < 4; n++)
			good &= check_leaf(&layout->leaf[n], reasons[i].reason);
		for (size_t n = 0; n < NR_OTHERS; n++)
			good &= check_leaf(&others[n], reasons[i].reason);
		ok(good, "%s%s: all registers of all leaves, for %s (%#x)", layout->name,
		   now.low_first ? ", low first" : "", reasons[i].is, reasons[i].reason);
	}
}

/* ---- every ECX in the default layout */

/* From 0 to 4096, and the powers of two. */
#define LAST_SUBLEAF 4096
#define NR_SUBLEAVES (LAST_SUBLEAF + 1 + 20)

static int count_wrong(const struct leaf *l, uint32_t first, int nr)
{
	static struct cpuid_call calls[MAX_CPUID_CALLS];
	int wrong = 0;

	for (int i = 0; i < nr; i++) {
		uint32_t ecx = first + i;

		calls[i] = (struct cpuid_call){
			l->leaf, ecx <= LAST_SUBLEAF ? ecx : 1u << (ecx - LAST_SUBLEAF + 11)
		};
	}
	read_scope(&before);
	usleep(now.scope == EXIT_STATS_SCOPE_HOST ? 10000 : 0); /* an answer may be that old */
	guest_cpuid_calls(&vm, 0, calls, nr);
	read_scope(&after);
	for (int i = 0; i < nr; i++) {
		if (!right(l, &calls[i], calls[i].subleaf) && !wrong++)
			diag("ECX %#x: %#x %#x %#x %#x", calls[i].subleaf, calls[i].eax,
			     calls[i].ebx, calls[i].ecx, calls[i].edx);
	}
	return wrong;
}

static void check_each_subleaf(const char *scope, const struct leaf *l)
{
	int wrong = 0, nr;

	for (int first = 0; first < NR_SUBLEAVES; first += nr) {
		nr = NR_SUBLEAVES - first;
		if (nr > MAX_CPUID_CALLS)
			nr = MAX_CPUID_CALLS;
		wrong += count_wrong(l, first, nr);
	}
	ok(!wrong, "%s: %#x with ECX from 0 to %d and powers of two: all registers are right",
	   scope, l->leaf, LAST_SUBLEAF);
}

static void check_scope(const char *name, uint32_t scope)
{
	now.scope = scope;
	param_set("exit_stats_cpuid", name);
	for (int n = 0; n < 4; n++)
		check_each_subleaf(name, &layouts[0].leaf[n]);
	for (size_t n = 0; n < NR_OTHERS; n++)
		check_each_subleaf(name, &others[n]);
}

/* ---- a layout that changes */

#define READS 1500

static atomic_bool stop;

static void *flip(void *unused)
{
	for (int i = 0; !stop; i++)
		param_set("exit_stats_leaf_layout", layouts[i % NR_LAYOUTS].name);
	return unused;
}

/* 0x4fffffff with a reason in ECX has exits or cycles, of the reason or of all. */
static void check_changed_while_running(void)
{
	static struct cpuid_call calls[READS];
	int wrong = 0, seen[NR_LAYOUTS] = {}, kinds = 0;
	pthread_t flipper;
	bool any;

	for (int i = 0; i < READS; i++)
		calls[i] = (struct cpuid_call){ 0x4fffffff, IO_INSTRUCTION };
	pthread_create(&flipper, NULL, flip, NULL);
	read_scope(&before);
	for (int i = 0; i < READS; i += READS / 30)
		guest_cpuid_calls(&vm, 0, calls + i, READS / 30);
	read_scope(&after);
	stop = true;
	pthread_join(flipper, NULL);
	for (int i = 0; i < READS; i++) {
		any = false;
		for (size_t n = 0; n < NR_LAYOUTS; n++) {
			if (!right(&layouts[n].leaf[0], &calls[i], IO_INSTRUCTION))
				continue;
			seen[n]++;
			any = true;
		}
		wrong += !any;
	}
	for (size_t n = 0; n < NR_LAYOUTS; n++)
		kinds += seen[n] > 0;
	ok(!wrong && kinds >= 2,
	   "layout changes while the VM runs: each of %d answers is of one layout (%d kinds)",
	   READS, kinds);
}

/* ---- another VM beside */

static struct vm other;
static atomic_ulong other_outs;

static void *run_other(void *unused)
{
	while (!stop) {
		guest_out(&other, 0, 200);
		guest_hlt(&other, 0, 50);
		other_outs += 200;
	}
	return unused;
}

/* The VM's leaves and table have to agree, and to have no exit of the other VM. */
static void check_beside_other(void)
{
	pthread_t thread;

	stop = false;
	vm_create(&other, 1);
	pthread_create(&thread, NULL, run_other, NULL);
	check_scope("vm", EXIT_STATS_SCOPE_VM);
	while (!other_outs)
		usleep(1000);
	read_scope(&after);
	stop = true;
	pthread_join(thread, NULL);
	vm_destroy(&other);
	ok(stats_row(&after, IO_INSTRUCTION)->count == OUTS,
	   "vm: the leaves count none of another VM's %lu I/O exits", other_outs);
}

int main(void)
{
	param_set("exit_stats_dump_interval", "0");
	vm_create(&vm, 1);
	guest_out(&vm, 0, OUTS);
	now.scope = EXIT_STATS_SCOPE_VM;
	read_scope(&after);
	ok(stats_row(&after, IO_INSTRUCTION)->count == OUTS, "the guest made %d I/O exits", OUTS);
	for (int low = 0; low < 2; low++) {
		now.low_first = low;
		param_set("exit_stats_low_first", low ? "Y" : "N");
		for (now.layout = 0; now.layout < NR_LAYOUTS; now.layout++)
			check_layout(&layouts[now.layout]);
	}
	now.low_first = false;
	now.layout = 0;
	param_set("exit_stats_low_first", "N");
	check_changed_while_running();
	param_set("exit_stats_leaf_layout", "default");
	check_scope("host", EXIT_STATS_SCOPE_HOST);
	check_beside_other();
	vm_destroy(&vm);
	param_set("exit_stats_dump_interval", "500");
	return done_testing();
}
