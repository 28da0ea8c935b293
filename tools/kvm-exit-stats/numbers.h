/* SPDX-License-Identifier: GPL-2.0-only */
/* Differences between two tables of a scope, and percentiles of a histogram. */
#ifndef NUMBERS_H
#define NUMBERS_H

#include "table.h"

#define NR_SUMS 6

/* The numbers of a row that can be added and subtracted. */
extern const enum number sums[NR_SUMS];

/*
 * What happened between two tables of one scope: rows with exits or with user-space time, their
 * averages those of the difference. min and max cannot be subtracted: they are @now's, since its
 * reset. Returns whether both are of one epoch; after a reset in between the difference is @now
 * itself, all that happened since the reset. The caller frees @d.
 */
bool table_since(const struct table *then, const struct table *now, struct table *d);

/*
 * The @p-quantile (0 to 1) of a histogram, in cycles, by linear interpolation within the bucket;
 * -1 without exits. An estimate: a bucket is a power of two.
 */
double hist_percentile(const uint64_t *hist, double p);

/* The sum of a histogram's buckets. */
uint64_t hist_count(const uint64_t *hist);

/* The row with the most cycles, or NULL. */
const struct row *table_costliest(const struct table *t);

#endif
