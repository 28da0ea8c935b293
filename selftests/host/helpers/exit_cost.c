// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an exit costs, in a round of them that nothing disturbed: of CPUID, or of WRMSR
 * to the TSC deadline, which VMX's fast path answers by entering again. In Bochs an
 * instruction is a cycle, so a slower handler must show to the instruction:
 *
 *	base=$(exit_cost cpuid)		prints total, min and max of a round
 *	exit_cost cpuid $base 1000	TAP: each exit is 1000 cycles slower now
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apic.h"
#include "guest.h"
#include "stats.h"
#include "tap.h"
#include "exit_case.h"

#define ROUNDS 40
#define EXITS  50

static const struct kind {
	const char *name, *says;
	long reason;
	const char *routine;
	uint64_t rsi;
} kinds[] = {
	{ "cpuid", "CPUID", VMX_CPUID, exit_cpuid },
	{ "wrmsr", "fast-path WRMSR", VMX_MSR_WRITE, exit_deadline_moved, DEADLINE_FAR },
};

/*
 * Of a round without a tick of the host's clock the total is the smallest. The first
 * round has page faults, so it does not count.
 */
static struct stats_row cheapest_round(const struct kind *kind)
{
	struct stats_row best = { .total = UINT64_MAX };
	static struct stats s;
	char table[128], reset[160];
	struct vm vm;

	vm_create_irqchip(&vm, 1);
	vcpu_start_x2apic(&vm, 0, LVTT_DEADLINE | LVTT_MASKED | GUEST_VECTOR);
	snprintf(table, sizeof(table), "%s/vcpu0/exit_stats", vm.dir);
	snprintf(reset, sizeof(reset), "%s_reset", table);
	for (int i = 0; i <= ROUNDS; i++) {
		if (write_file(reset, "1"))
			bail_out("%s", reset);
		vcpu_call(&vm, 0, kind->routine, EXITS, kind->rsi, 0);
		vcpu_run_to_done(&vm, 0);
		if (stats_read(table, &s) || stats_row(&s, kind->reason)->count != EXITS)
			bail_out("%s", table);
		if (i && stats_row(&s, kind->reason)->total < best.total)
			best = *stats_row(&s, kind->reason);
	}
	vm_destroy(&vm);
	return best;
}

static void check(const char *of, const struct stats_row *now, char **base)
{
	uint64_t total = strtoull(base[0], NULL, 0), min = strtoull(base[1], NULL, 0);
	uint64_t max = strtoull(base[2], NULL, 0), more = strtoull(base[3], NULL, 0);

	ok(now->total == total + EXITS * more,
	   "total of %d %s exits is %d * %lu more: %lu, was %lu", EXITS, of, EXITS, more,
	   now->total, total);
	ok(now->min == min + more, "%s: min is %lu more: %lu, was %lu", of, more, now->min, min);
	ok(now->max == max + more, "%s: max is %lu more: %lu, was %lu", of, more, now->max, max);
}

static const struct kind *find_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (!strcmp(name, kinds[i].name))
			return &kinds[i];
	}
	errx(2, "no kind of exit is called %s", name);
}

int main(int argc, char **argv)
{
	const struct kind *kind;
	struct stats_row now;

	if (argc != 2 && argc != 6)
		errx(2, "usage: exit_cost cpuid|wrmsr [TOTAL MIN MAX MORE]");
	kind = find_kind(argv[1]);
	param_set("exit_stats_dump_interval", "0");
	now = cheapest_round(kind);
	param_set("exit_stats_dump_interval", "500");
	if (argc == 6) {
		check(kind->says, &now, argv + 2);
		return done_testing();
	}
	printf("%lu %lu %lu\n", now.total, now.min, now.max);
	return 0;
}
