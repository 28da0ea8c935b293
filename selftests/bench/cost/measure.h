/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs that measure share. */
#ifndef MEASURE_H
#define MEASURE_H

#include <stdint.h>

/* The ticks of the round that nothing disturbed. */
static inline uint64_t least(int rounds, uint64_t (*measure)(const void *arg), const void *arg)
{
	uint64_t best = UINT64_MAX, took;

	while (rounds--) {
		took = measure(arg);
		if (took < best)
			best = took;
	}
	return best;
}

#endif
