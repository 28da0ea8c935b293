// SPDX-License-Identifier: GPL-2.0-only
/* A token bucket that refills evenly over a minute. The caller serializes the calls. */
#include <linux/math64.h>
#include <linux/time64.h>

#include "exit_stats.h"

#define MINUTE_NS	(60ull * NSEC_PER_SEC)

/*
 * Take a token. @now is in ns. @per_min is the number of tokens per minute and the most that can
 * be saved; 0 means no limit, and fills the bucket. A new @per_min applies at once, because the
 * bucket saves time, not tokens. Return: 0 if a token was taken, else the ns until the next token.
 */
u64 kvm_exit_stats_limit_take(struct exit_stats_limit *b, u64 now, unsigned int per_min)
{
	u64 token_ns;

	if (!per_min) {
		b->at = 0;
		return 0;
	}
	token_ns = div_u64(MINUTE_NS, per_min);
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
