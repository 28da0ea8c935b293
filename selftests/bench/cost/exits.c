// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an exit costs, in ticks of the TSC, which in Bochs are instructions.
 *
 *	exits LOAD...
 *
 * Prints a line a load: its name, ticks an exit, how far the figure is from
 * exact, ticks an exit of a long run.
 *
 * A raw guest makes many batches of exits, of several sizes. The smallest time of
 * a size is that of an undisturbed batch. The slope between the sizes does not
 * contain the fixed cost of a batch; if the slopes agree, the figure is exact.
 * The long run contains everything: the host's timer, what happens once in many
 * exits, and a measuring tool's own process.
 */
#include <stdio.h>
#include <x86intrin.h>

#include "loads.h"

#define ROUNDS	 15
#define NR_SIZES 3
#define LONG	 3000

/* The host's timer ticks each 1.6 million ticks of the TSC. */
#define LONGEST_BATCH 500000

static uint64_t batch(struct vm *vm, const struct load *load, uint64_t exits)
{
	uint64_t start;

	load_begin(load, vm, exits);
	start = __rdtsc();
	vcpu_run_to_done(vm, 0);
	return __rdtsc() - start;
}

/* The smallest size. The largest, NR_SIZES times as large, fits between two ticks. */
static int unit_of(struct vm *vm, const struct load *load)
{
	int unit;

	batch(vm, load, 8);
	unit = LONGEST_BATCH / NR_SIZES * 8 / batch(vm, load, 8);
	if (load->most && unit > load->most / NR_SIZES)
		unit = load->most / NR_SIZES;
	return unit > 0 ? unit : 1;
}

/* best[i] becomes the smallest time of a batch of (i + 1) units. */
static void best_batches(struct vm *vm, const struct load *load, int unit, uint64_t *best)
{
	uint64_t took;

	for (int i = 0; i < NR_SIZES; i++)
		best[i] = UINT64_MAX;
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < NR_SIZES; i++) {
			took = batch(vm, load, (i + 1) * unit);
			if (took < best[i])
				best[i] = took;
		}
	}
}

static void measure(const struct load *load)
{
	uint64_t best[NR_SIZES], took, exits = load->most ? load->most : LONG;
	double exact, first, off;
	struct vm vm;
	int unit;

	load_create(load, &vm);
	unit = unit_of(&vm, load);
	best_batches(&vm, load, unit, best);
	exact = (double)(int64_t)(best[NR_SIZES - 1] - best[0]) / (unit * (NR_SIZES - 1));
	first = (double)(int64_t)(best[1] - best[0]) / unit;
	off = first > exact ? first - exact : exact - first;
	took = batch(&vm, load, exits);
	printf("%s\t%.2f\t%.2f\t%.1f\n", load->name, exact, off, (double)took / exits);
	fflush(stdout);
	vm_destroy(&vm);
}

int main(int argc, char **argv)
{
	const struct load *load;

	for (int i = 1; i < argc; i++) {
		load = load_find(argv[i]);
		if (!load)
			return 2;
		measure(load);
	}
	return 0;
}
