/* SPDX-License-Identifier: GPL-2.0-only */
/* The last rates of each VM, and of the reasons of the scope that is looked at. */
#ifndef TREND_H
#define TREND_H

#include "columns.h"

#define TREND_POINTS 12

struct trend {
	char vm[64];
	int vcpu;
	int64_t reason; /* TREND_ALL: all together */
	unsigned int nr;
	float rate[TREND_POINTS];
	bool seen; /* in the last round */
};

#define TREND_ALL -2

struct trends {
	size_t nr;
	struct trend *trend;
};

/*
 * Call trends_add() for every scope between begin and end; trends that got no point are removed.
 */
void trends_begin(struct trends *t);
void trends_add(struct trends *t, const char *vm, int vcpu, int64_t reason, double rate);
void trends_end(struct trends *t);
void trends_free(struct trends *t);

/* Or NULL. It stays until the next trends_add() or trends_end(). */
const struct trend *trend_find(const struct trends *t, const char *vm, int vcpu, int64_t reason);

/* Block characters, scaled to the largest rate; @ascii: others. Static memory. */
const char *trend_text(const struct trend *t, bool ascii);

#endif
