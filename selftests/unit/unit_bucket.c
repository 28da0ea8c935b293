// SPDX-License-Identifier: GPL-2.0-only
/* The token bucket: burst, even refill, limits that change. */
#include "exit_stats.h"
#include "tap.h"

#define SEC NSEC_PER_SEC

static u64 now = 1000 * SEC;

static int take_all(struct exit_stats_bucket *b, unsigned int per_min, int most)
{
	int n = 0;

	while (n < most && !kvm_exit_stats_bucket_take(b, now, per_min))
		n++;
	return n;
}

int main(void)
{
	struct exit_stats_bucket b = {};
	u64 wait;
	int n = 0;

	ok(take_all(&b, 10, 100) == 10, "a full bucket gives 10 at once");
	wait = kvm_exit_stats_bucket_take(&b, now, 10);
	ok(wait == 6 * SEC, "the next comes after 6 s");
	now += wait - 1;
	ok(kvm_exit_stats_bucket_take(&b, now, 10) == 1, "1 ns before that there is none");
	now += 1;
	ok(!kvm_exit_stats_bucket_take(&b, now, 10), "then there is one");
	ok(kvm_exit_stats_bucket_take(&b, now, 10) == 6 * SEC, "and just one");
	for (int s = 0; s < 600; s++) {
		now += SEC;
		n += take_all(&b, 10, 100);
	}
	ok(n == 100, "ten minutes of asking each second give 100 (%d)", n);
	now += 3600 * SEC;
	ok(take_all(&b, 10, 100) == 10, "an hour saves up no more than 10");

	ok(take_all(&b, 0, 1000) == 1000, "0 is no limit");
	ok(take_all(&b, 20, 100) == 20, "after a time without a limit the bucket is full");
	now += 60 * SEC;
	ok(take_all(&b, 20, 5) == 5, "a raised limit counts at once");
	ok(take_all(&b, 4, 100) == 3, "a lowered one too: 45 s saved are 3 of 15 s each");
	now += 60 * SEC;
	ok(take_all(&b, 4294967295u, 100) == 100, "the largest limit works");
	now = 0;
	b = (struct exit_stats_bucket){};
	ok(take_all(&b, 1, 10) >= 1, "so does a clock that begins at 0");
	return done_testing();
}
