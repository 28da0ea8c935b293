// SPDX-License-Identifier: GPL-2.0-only
/* Differences and percentiles. */
#include <string.h>

#include "memory.h"
#include "numbers.h"

const enum number sums[NR_SUMS] = {
	COUNT, TOTAL, NESTED_COUNT, NESTED_TOTAL, USER_COUNT, USER_TOTAL
};

/* Never below 0: a file that somebody edited is no reason for 2^64 exits. */
static uint64_t less(uint64_t now, uint64_t then)
{
	return now > then ? now - then : 0;
}

static void subtract_hist(uint64_t *d, const uint64_t *then)
{
	for (int k = 0; k < EXIT_STATS_BUCKETS; k++)
		d[k] = less(d[k], then[k]);
}

static void subtract_row(const struct table *now, struct row *d, const struct row *then)
{
	for (size_t i = 0; i < NR_SUMS; i++)
		d->n[sums[i]] = less(d->n[sums[i]], then->n[sums[i]]);
	for (int i = 0; i < now->nr_extra; i++)
		d->extra[i] = less(d->extra[i], then->extra[i]);
	d->n[AVG] = d->n[COUNT] ? d->n[TOTAL] / d->n[COUNT] : 0;
}

/* Drops rows without a change. */
static void compact(struct table *d)
{
	size_t to = 0;

	for (size_t i = 0; i < d->nr; i++) {
		if (!d->row[i].n[COUNT] && !d->row[i].n[USER_TOTAL])
			continue;
		if (to != i) {
			d->row[to] = d->row[i];
			if (d->hist)
				memcpy(d->hist[to], d->hist[i], sizeof(hist_t));
		}
		to++;
	}
	d->nr = to;
}

bool table_since(const struct table *then, const struct table *now, struct table *d)
{
	table_copy(d, now);
	if (then->epoch != now->epoch) {
		compact(d);
		return false;
	}
	d->exits = less(now->exits, then->exits);
	d->cycles = less(now->cycles, then->cycles);
	d->nested = less(now->nested, then->nested);
	d->tsc_backwards = less(now->tsc_backwards, then->tsc_backwards);
	d->dumps = less(now->dumps, then->dumps);
	d->merged = less(now->merged, then->merged);
	d->halt_poll_ns = less(now->halt_poll_ns, then->halt_poll_ns);
	d->halt_wait_ns = less(now->halt_wait_ns, then->halt_wait_ns);
	d->vmm_ns = less(now->vmm_ns, then->vmm_ns);
	d->lost = less(now->lost, then->lost);
	for (size_t i = 0; i < d->nr; i++) {
		const struct row *old = table_row(then, d->row[i].reason);
		const uint64_t *hist = old ? table_hist(then, old) : NULL;

		if (!old)
			continue;
		subtract_row(now, &d->row[i], old);
		if (d->hist && hist)
			subtract_hist(d->hist[i], hist);
	}
	compact(d);
	return true;
}

uint64_t hist_count(const uint64_t *hist)
{
	uint64_t sum = 0;

	for (int k = 0; k < EXIT_STATS_BUCKETS; k++)
		sum += hist[k];
	return sum;
}

double hist_percentile(const uint64_t *hist, double p)
{
	double wanted = p * hist_count(hist), low;
	uint64_t below = 0;

	for (int k = 0; k < EXIT_STATS_BUCKETS; k++) {
		if (!hist[k])
			continue;
		if (below + hist[k] >= wanted) {
			low = k ? (double)(1ull << k) : 0;
			return low + ((double)(2ull << k) - low) * (wanted - below) / hist[k];
		}
		below += hist[k];
	}
	return -1;
}

const struct row *table_costliest(const struct table *t)
{
	const struct row *costliest = NULL;

	for (size_t i = 0; i < t->nr; i++) {
		if (t->row[i].n[COUNT] && (!costliest || t->row[i].n[TOTAL] > costliest->n[TOTAL]))
			costliest = &t->row[i];
	}
	return costliest;
}
