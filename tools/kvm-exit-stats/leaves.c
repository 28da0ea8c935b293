// SPDX-License-Identifier: GPL-2.0-only
/* The CPUID leaves. */
#include <cpuid.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "leaves.h"
#include "reasons.h"

/* How a vendor's reasons are named and printed, and the first negative code. */
static const struct vendor {
	const char *name;
	const char *(*reason)(uint32_t reason);
	const char *format;
	uint32_t first_negative; /* 0: none */
} vendors[] = {
	[EXIT_STATS_VENDOR_NONE] = { "none", reason_name_vmx, "%" PRIu32, 0 },
	[EXIT_STATS_VENDOR_VMX] = { "vmx", reason_name_vmx, "%" PRIu32, 0 },
	[EXIT_STATS_VENDOR_SVM] = { "svm", reason_name_svm, "0x%" PRIx32, -4 },
	[EXIT_STATS_ID_FIELD_MASK] = { "none", reason_name_vmx, "%" PRIu32, 0 },
};

/*
 * Which leaf has what depends on the layout; 0: none has. Count, min, max and average of a
 * reason have leaves of their own in every layout.
 */
static const struct layout {
	const char *name;
	uint32_t exits, cycles; /* of all reasons */
	uint32_t total;		/* cycles of one */
} layouts[] = {
	[EXIT_STATS_LAYOUT_DEFAULT] = { "default", 0x4fffffff, 0x4fffffff, 0x4ffffffc },
	[EXIT_STATS_LAYOUT_TWO_LEAF] = { "two-leaf", 0x4fffffff, 0x4fffffff, 0 },
	[EXIT_STATS_LAYOUT_FOUR_LEAF] = { "four-leaf", 0x4fffffff, 0x4ffffffe, 0x4ffffffc },
	[EXIT_STATS_LAYOUT_FOUR_LEAF_REVERSED] = { "four-leaf-reversed", 0x4ffffffc, 0x4ffffffd,
						   0x4fffffff },
	[EXIT_STATS_LAYOUT_BY_REASON] = { "by-reason", 0, 0, 0x4ffffffe },
};

struct registers leaves_cpuid(uint32_t leaf, uint32_t reason)
{
	struct registers r;

	__cpuid_count(leaf, reason, r.eax, r.ebx, r.ecx, r.edx);
	return r;
}

static uint64_t count_of(const struct registers *r)
{
	return (uint64_t)r->edx << 32 | r->eax;
}

static uint64_t cycles_of(const struct leaves *l, const struct registers *r)
{
	return l->low_first ? (uint64_t)r->ecx << 32 | r->ebx : (uint64_t)r->ebx << 32 | r->ecx;
}

static uint64_t cycles_in(const struct leaves *l, uint32_t leaf, uint32_t reason)
{
	struct registers r = leaf ? leaves_cpuid(leaf, reason) : (struct registers){};

	return cycles_of(l, &r);
}

enum leaves_error leaves_open(struct leaves *l)
{
	static const char *const scopes[] = { "none", "vm", "host", "none" };
	struct registers id = leaves_cpuid(EXIT_STATS_LEAF_ID, 0);

	if (id.ebx != EXIT_STATS_SIG_EBX || id.ecx != EXIT_STATS_SIG_ECX ||
	    id.edx != EXIT_STATS_SIG_EDX)
		return LEAVES_NO_SIGNATURE;
	l->version = id.eax & EXIT_STATS_ID_VERSION_MASK;
	l->nr_layout = id.eax >> EXIT_STATS_ID_LAYOUT_SHIFT & EXIT_STATS_ID_LAYOUT_MASK;
	l->vendor = id.eax >> EXIT_STATS_ID_VENDOR_SHIFT & EXIT_STATS_ID_FIELD_MASK;
	l->scope = scopes[id.eax >> EXIT_STATS_ID_SCOPE_SHIFT & EXIT_STATS_ID_FIELD_MASK];
	l->low_first = id.eax & EXIT_STATS_ID_LOW_FIRST;
	if (!l->version || l->version > EXIT_STATS_ABI_VERSION ||
	    l->nr_layout >= EXIT_STATS_NR_LAYOUTS)
		return LEAVES_NEWER;
	l->layout = layouts[l->nr_layout].name;
	return LEAVES_OK;
}

/* The average is read first: what min and max become later is on either side of it. */
static void read_reason(const struct leaves *l, uint32_t reason, bool all, struct table *t)
{
	const struct vendor *vendor = &vendors[l->vendor];
	struct registers r = leaves_cpuid(EXIT_STATS_LEAF_AVG, reason);
	struct row like = { .reason = reason }, *row;

	if (r.edx == EXIT_STATS_NOT_DEFINED || (!count_of(&r) && !all))
		return;
	snprintf(like.id, sizeof(like.id), vendor->format, reason);
	snprintf(like.name, sizeof(like.name), "%s", vendor->reason(reason));
	row = table_add_row(t, &like);
	row->n[COUNT] = count_of(&r);
	row->n[AVG] = cycles_of(l, &r);
	row->n[TOTAL] = cycles_in(l, layouts[l->nr_layout].total, reason);
	row->n[MIN] = cycles_in(l, EXIT_STATS_LEAF_MIN, reason);
	row->n[MAX] = cycles_in(l, EXIT_STATS_LEAF_MAX, reason);
}

void leaves_read(const struct leaves *l, bool all, struct table *t)
{
	const struct layout *layout = &layouts[l->nr_layout];
	struct registers info = leaves_cpuid(EXIT_STATS_LEAF_INFO, 0), total;
	struct timespec now;

	memset(t, 0, sizeof(*t));
	t->scope = strcmp(l->scope, "host") ? SCOPE_VM : SCOPE_HOST;
	t->version = EXIT_STATS_TABLE_VERSION;
	t->tsc_stable = true;
	snprintf(t->vendor, sizeof(t->vendor), "%s", vendors[l->vendor].name);
	t->tsc_khz = info.eax;
	t->epoch = info.ecx;
	t->has = 1u << COUNT | 1u << MIN | 1u << MAX | 1u << AVG;
	t->has |= layout->total ? 1u << TOTAL : 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	t->time = now.tv_sec + now.tv_nsec / 1e9;
	if (layout->exits) {
		total = leaves_cpuid(layout->exits, 0);
		t->exits = count_of(&total);
		t->cycles = cycles_in(l, layout->cycles, 0);
	}
	for (uint32_t reason = 0; reason <= info.ebx; reason++)
		read_reason(l, reason, all, t);
	for (uint32_t reason = vendors[l->vendor].first_negative; reason; reason++)
		read_reason(l, reason, all, t);
	for (size_t i = 0; !layout->exits && i < t->nr; i++) {
		t->exits += t->row[i].n[COUNT];
		t->cycles += t->row[i].n[TOTAL];
	}
}
