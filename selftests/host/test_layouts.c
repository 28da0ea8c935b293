// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leaf layouts: in each, every leaf puts into all four registers what its exercise text
 * says, whatever ECX held before where the leaf takes no input.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "guest.h"
#include "stats.h"
#include "tap.h"

#define OUTS 37

/* What a register, or the pair EBX:ECX, holds. */
enum holds {
	ZERO,
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
	bool stock; /* answers as without us */
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

/* In every layout. */
static const struct leaf others[] = {
	{ 0x4ffffffb, EXITS, MIN, true },
	{ 0x4ffffffa, EXITS, MAX, true },
	{ 0x4ffffff9, EXITS, AVG, true },
};

static struct vm vm;
static struct stats before, after;
static bool low_first;

static void read_table(struct stats *s)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/vm_exit_stats", vm.dir);
	if (stats_read(path, s))
		bail_out("%s", path);
}

static struct cpuid_call cpuid(uint32_t leaf, uint32_t ecx)
{
	struct cpuid_call call = { leaf, ecx };

	guest_cpuid_calls(&vm, 0, &call, 1);
	return call;
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
	case MIN:
		return r->min;
	case MAX:
		return r->max;
	case AVG:
		return r->avg;
	default:
		return 0;
	}
}

/* Between the tables; a reason that made no exit meanwhile has one value in both. */
static bool within(uint64_t value, enum holds what, uint32_t reason)
{
	return value >= value_of(&before, what, reason) && value <= value_of(&after, what, reason);
}

static bool right(const struct leaf *l, const struct cpuid_call *c, uint32_t reason)
{
	uint64_t pair = (uint64_t)c->ebx << 32 | c->ecx;
	uint64_t count = c->eax;

	if (low_first)
		pair = pair << 32 | pair >> 32;
	if (has_input(l) && !reason_defined(reason))
		return !c->eax && c->edx == EXIT_STATS_NOT_DEFINED &&
		       (l->pair == ALL_CYCLES ? within(pair, ALL_CYCLES, 0) : !pair);
	if (l->high)
		count |= (uint64_t)c->edx << 32;
	else if (c->edx)
		return false;
	return within(count, l->eax, reason) && within(pair, l->pair, reason);
}

static bool check_leaf(const struct leaf *l, uint32_t ecx)
{
	struct cpuid_call c, stock;

	if (l->stock) {
		c = cpuid(l->leaf, ecx);
		param_set("exit_stats_cpuid", "off");
		stock = cpuid(l->leaf, ecx);
		param_set("exit_stats_cpuid", "vm");
		return !memcmp(&c, &stock, sizeof(c));
	}
	read_table(&before);
	c = cpuid(l->leaf, ecx);
	read_table(&after);
	if (right(l, &c, ecx))
		return true;
	diag("leaf %#x, ECX %#x: %#x %#x %#x %#x", l->leaf, ecx, c.eax, c.ebx, c.ecx, c.edx);
	return false;
}

static void check_layout(const struct layout *layout, unsigned int nr)
{
	const struct {
		uint32_t reason;
		const char *is;
	} reasons[] = {
		{ IO_INSTRUCTION, "a reason that was seen" },
		{ BY_VENDOR(18, 0x81), "one that is enabled and was not seen" },
		{ BY_VENDOR(3, 0x63), "one that is not enabled" },
		{ BY_VENDOR(35, 0xa7), "one that is not defined" },
		{ 0xffff0056, "a number past all reasons" },
		{ value_of(&after, ALL_CYCLES, 0), "what another leaf left in ECX" },
	};
	struct cpuid_call id;
	bool good;

	param_set("exit_stats_leaf_layout", layout->name);
	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++) {
		good = true;
		for (int n = 0; n < 4; n++)
			good &= check_leaf(&layout->leaf[n], reasons[i].reason);
		for (int n = 0; n < 3; n++)
			good &= check_leaf(&others[n], reasons[i].reason);
		ok(good, "%s%s: all registers of all leaves, for %s (%#x)", layout->name,
		   low_first ? ", low first" : "", reasons[i].is, reasons[i].reason);
	}
	id = cpuid(EXIT_STATS_LEAF_ID, 0);
	ok((id.eax >> EXIT_STATS_ID_LAYOUT_SHIFT & EXIT_STATS_ID_LAYOUT_MASK) == nr,
	   "%s: 0x4ffffff0 says layout %u", layout->name, nr);
}

#define READS 1500

static atomic_bool stop;

static void *flip(void *unused)
{
	for (int i = 0; !stop; i++)
		param_set("exit_stats_leaf_layout", layouts[i % 5].name);
	return unused;
}

/* 0x4fffffff with a reason in ECX: its exits, its cycles, or exits or cycles of all. */
static void check_changed_while_running(void)
{
	static struct cpuid_call calls[READS];
	const struct leaf forms[] = { layouts[0].leaf[0], layouts[1].leaf[0], layouts[2].leaf[0],
				      layouts[3].leaf[0], layouts[4].leaf[0] };
	int wrong = 0, seen[5] = {}, kinds = 0;
	pthread_t flipper;
	bool any;

	for (int i = 0; i < READS; i++)
		calls[i] = (struct cpuid_call){ 0x4fffffff, IO_INSTRUCTION };
	pthread_create(&flipper, NULL, flip, NULL);
	read_table(&before);
	for (int i = 0; i < READS; i += READS / 30)
		guest_cpuid_calls(&vm, 0, calls + i, READS / 30);
	read_table(&after);
	stop = true;
	pthread_join(flipper, NULL);
	for (int i = 0; i < READS; i++) {
		any = false;
		for (int n = 0; n < 5; n++) {
			if (!right(&forms[n], &calls[i], IO_INSTRUCTION))
				continue;
			seen[n]++;
			any = true;
		}
		wrong += !any;
	}
	for (int n = 0; n < 5; n++)
		kinds += seen[n] > 0;
	ok(!wrong && kinds >= 2,
	   "changed while the VM runs: each of %d answers is one layout's (%d kinds)", READS,
	   kinds);
}

int main(void)
{
	param_set("exit_stats_dump_interval", "0");
	vm_create(&vm, 1);
	guest_out(&vm, 0, OUTS);
	read_table(&after);
	ok(stats_row(&after, IO_INSTRUCTION)->count == OUTS, "the guest made %d I/O exits", OUTS);
	for (int low = 0; low < 2; low++) {
		low_first = low;
		param_set("exit_stats_low_first", low ? "Y" : "N");
		for (unsigned int i = 0; i < sizeof(layouts) / sizeof(*layouts); i++)
			check_layout(&layouts[i], i);
	}
	low_first = false;
	param_set("exit_stats_low_first", "N");
	check_changed_while_running();
	param_set("exit_stats_leaf_layout", "default");
	vm_destroy(&vm);
	param_set("exit_stats_dump_interval", "500");
	return done_testing();
}
