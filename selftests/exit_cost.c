// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a CPUID exit costs, in a round of them that nothing disturbed. In Bochs
 * an instruction is a cycle, so a slower handler must show to the instruction:
 *
 *	base=$(exit_cost)		prints total, min and max of a round
 *	exit_cost $base 1000		TAP: each exit is 1000 cycles slower now
 */
#include <stdio.h>
#include <stdlib.h>

#include "guest.h"
#include "stats.h"
#include "tap.h"

#define ROUNDS 40
#define EXITS  50

/* Of a round without a tick of the host's clock the total is the smallest. */
static struct stats_row cheapest_round(void)
{
	struct stats_row best = { .total = UINT64_MAX };
	static struct stats s;
	char table[128], reset[160];
	struct vm vm;

	vm_create(&vm, 1);
	snprintf(table, sizeof(table), "%s/vcpu0/exit_stats", vm.dir);
	snprintf(reset, sizeof(reset), "%s_reset", table);
	for (int i = 0; i < ROUNDS; i++) {
		if (write_file(reset, "1"))
			bail_out("%s", reset);
		guest_cpuid(&vm, 0, EXITS, 0, 0);
		if (stats_read(table, &s) || stats_row(&s, CPUID)->count != EXITS)
			bail_out("%s", table);
		if (stats_row(&s, CPUID)->total < best.total)
			best = *stats_row(&s, CPUID);
	}
	vm_destroy(&vm);
	return best;
}

static void check(const struct stats_row *now, char **base)
{
	uint64_t total = strtoull(base[0], NULL, 0), min = strtoull(base[1], NULL, 0);
	uint64_t max = strtoull(base[2], NULL, 0), more = strtoull(base[3], NULL, 0);

	ok(now->total == total + EXITS * more,
	   "total of %d CPUID exits is %d * %lu more: %lu, was %lu", EXITS, EXITS, more, now->total,
	   total);
	ok(now->min == min + more, "min is %lu more: %lu, was %lu", more, now->min, min);
	ok(now->max == max + more, "max is %lu more: %lu, was %lu", more, now->max, max);
}

int main(int argc, char **argv)
{
	struct stats_row now;

	param_set("exit_stats_dump_interval", "0");
	now = cheapest_round();
	param_set("exit_stats_dump_interval", "500");
	if (argc == 5) {
		check(&now, argv + 1);
		return done_testing();
	}
	printf("%lu %lu %lu\n", now.total, now.min, now.max);
	return 0;
}
