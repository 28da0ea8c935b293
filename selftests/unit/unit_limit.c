// SPDX-License-Identifier: GPL-2.0-only
/* The token bucket: bursts, an even refill, and changes of the limit. */
#include "exit_stats.h"
#include "tap.h"

#define SEC NSEC_PER_SEC

static u64 now = 1000 * SEC;

static int take_all(struct exit_stats_limit *b, unsigned int per_min, int most)
{
	int n = 0;

	while (n < most && !kvm_exit_stats_limit_take(b, now, per_min))
		n++;
	return n;
}

int main(void)
{
	struct exit_stats_limit b = {};
	u64 wait;
	int n = 0;

	ok(take_all(&b, 10, 100) == 10, "a full bucket has 10 tokens");
	wait = kvm_exit_stats_limit_take(&b, now, 10);
	ok(wait == 6 * SEC, "the next token arrives after 6 s");
	now += wait - 1;
	ok(kvm_exit_stats_limit_take(&b, now, 10) == 1, "1 ns before 6 s there is no token");
	now += 1;
	ok(!kvm_exit_stats_limit_take(&b, now, 10), "after 6 s there is a token");
	ok(kvm_exit_stats_limit_take(&b, now, 10) == 6 * SEC, "after 6 s there is only one token");
	for (int s = 0; s < 600; s++) {
		now += SEC;
		n += take_all(&b, 10, 100);
	}
	ok(n == 100, "asking each second for ten minutes yields 100 tokens (%d)", n);
	now += 3600 * SEC;
	ok(take_all(&b, 10, 100) == 10, "an hour saves at most 10 tokens");

	ok(take_all(&b, 0, 1000) == 1000, "0 means no limit");
	ok(take_all(&b, 20, 100) == 20, "the bucket is full after a time without a limit");
	now += 60 * SEC;
	ok(take_all(&b, 20, 5) == 5, "a raised limit applies at once");
	ok(take_all(&b, 4, 100) == 3,
	   "a lowered limit applies at once: the 45 s that are left buy 3 tokens of 15 s");
	now += 60 * SEC;
	ok(take_all(&b, 4294967295u, 100) == 100, "the largest limit works");
	now = 0;
	b = (struct exit_stats_limit){};
	ok(take_all(&b, 1, 10) >= 1, "a clock that starts at 0 works");
	return done_testing();
}
