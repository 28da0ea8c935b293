// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cycles of two kinds of exits: of CPUID, and of WRMSR to the TSC deadline, which VMX's
 * fast path handles. In Bochs an instruction takes one cycle, so a handler that is slower by
 * 1000 instructions adds exactly 1000 cycles:
 *
 *	base=$(exit_cost)	prints total, min and max of a round for each of the two
 *	exit_cost 1000 $base	TAP: each exit takes 1000 cycles more now
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
	const char *name;
	long reason;
	const char *routine;
	uint64_t rsi;
} kinds[] = {
	{ "CPUID", VMX_CPUID, exit_cpuid },
	{ "fast-path WRMSR", VMX_MSR_WRITE, exit_deadline_moved, DEADLINE_FAR },
};

/*
 * A round without a tick of the host's clock has the smallest total. The first round has
 * page faults and is left out.
 */
static struct stats_row cheapest_round(const struct kind *kind)
{
	struct stats_row best = { .total = UINT64_MAX };
	static struct stats s;
	char reset[128];
	struct vm vm;

	vm_create_irqchip(&vm, 1);
	vcpu_start_x2apic(&vm, 0, LVTT_DEADLINE | LVTT_MASKED | GUEST_VECTOR);
	snprintf(reset, sizeof(reset), "%s/vcpu0/exit_stats_reset", vm.dir);
	for (int i = 0; i <= ROUNDS; i++) {
		if (write_file(reset, "1"))
			bail_out("%s", reset);
		vcpu_call(&vm, 0, kind->routine, EXITS, kind->rsi, 0);
		vcpu_run_to_done(&vm, 0);
		read_vcpu_table(&s, &vm, 0);
		if (stats_row(&s, kind->reason)->count != EXITS)
			bail_out("not %d exits", EXITS);
		if (i && stats_row(&s, kind->reason)->total < best.total)
			best = *stats_row(&s, kind->reason);
	}
	vm_destroy(&vm);
	return best;
}

static void check(const char *of, const struct stats_row *now, uint64_t more, char **base)
{
	uint64_t total = strtoull(base[0], NULL, 0), min = strtoull(base[1], NULL, 0);
	uint64_t max = strtoull(base[2], NULL, 0);

	ok(now->total == total + EXITS * more,
	   "the total of %d %s exits is %d * %lu higher: %lu, was %lu", EXITS, of, EXITS, more,
	   now->total, total);
	ok(now->min == min + more, "the min of %s exits is %lu higher: %lu, was %lu", of, more,
	   now->min, min);
	ok(now->max == max + more, "the max of %s exits is %lu higher: %lu, was %lu", of, more,
	   now->max, max);
}

int main(int argc, char **argv)
{
	struct stats_row now;

	if (argc != 1 && argc != 8)
		errx(2, "usage: exit_cost [MORE TOTAL MIN MAX TOTAL MIN MAX]");
	param_set("exit_stats_dump_interval", "0");
	for (int i = 0; i < 2; i++) {
		now = cheapest_round(&kinds[i]);
		if (argc == 1)
			printf("%lu %lu %lu\n", now.total, now.min, now.max);
		else
			check(kinds[i].name, &now, strtoull(argv[1], NULL, 0), &argv[2 + 3 * i]);
	}
	param_set("exit_stats_dump_interval", "500");
	return argc == 1 ? 0 : done_testing();
}
