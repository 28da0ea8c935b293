// SPDX-License-Identifier: GPL-2.0-only
/* A token bucket, refilled evenly over a minute. Pure: the caller brings time and lock. */
#include <linux/math64.h>
#include <linux/time64.h>

#include "exit_stats.h"

#define MINUTE_NS	(60ull * NSEC_PER_SEC)

/*
 * Take a token. @now is in ns. @per_min are the tokens a minute, and the most that are saved
 * up; 0 is no limit, and leaves a full bucket. A new limit counts at once: what was saved is
 * kept as time. Return: 0 with a token taken, otherwise the ns until there is one.
 */
u64 kvm_exit_stats_bucket_take(struct exit_stats_bucket *b, u64 now, unsigned int per_min)
{
	u64 token_ns;

	if (!per_min) {
		b->at = 0;
		return 0;
	}
	/* Rounded down, and at least 1: per_min may be anything. */
	token_ns = max_t(u64, div_u64(MINUTE_NS, per_min), 1);
	if (!b->at)
		b->level_ns = MINUTE_NS;
	else
		b->level_ns = min(b->level_ns + min(now - b->at, MINUTE_NS), MINUTE_NS);
	b->at = now;
	if (b->level_ns < token_ns)
		return token_ns - b->level_ns;
	b->level_ns -= token_ns;
	return 0;
}
