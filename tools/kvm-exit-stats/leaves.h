/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads this machine's exit counts by CPUID: the guest's side of Documentation/abi.md. */
#ifndef LEAVES_H
#define LEAVES_H

#include "table.h"

struct registers {
	uint32_t eax, ebx, ecx, edx;
};

/* What leaf 0x4ffffff0 says of the others. */
struct leaves {
	unsigned int version;
	const char *scope;  /* vm or host */
	const char *layout; /* of exit_stats_leaf_layout */
	int vendor;	    /* EXIT_STATS_VENDOR_* */
	int nr_layout;	    /* EXIT_STATS_LAYOUT_* */
	bool low_first;
};

enum leaves_error {
	LEAVES_OK,
	LEAVES_NO_SIGNATURE, /* stock KVM, exit_stats_cpuid=off, or no guest of KVM */
	LEAVES_NEWER	     /* a version or layout that this program does not know */
};

/* CPUID; @reason goes into ECX. Each is an exit itself. */
struct registers leaves_cpuid(uint32_t leaf, uint32_t reason);

enum leaves_error leaves_open(struct leaves *l);

/*
 * Reads the reasons that have exits, or with @all every reason that the architecture defines.
 * Cycles that no leaf of the layout has are 0, and their column is not in @t->has. The numbers
 * move while they are read: what is in a row was read at moments close to each other. The caller
 * frees @t.
 */
void leaves_read(const struct leaves *l, bool all, struct table *t);

#endif
