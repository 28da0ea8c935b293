// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an exit costs, in ticks of the TSC, which in Bochs are instructions.
 *
 *	exits LOAD...
 *
 * Prints a line a load: its name, ticks an exit, how far the figure is from
 * exact, ticks an exit of a long run.
 *
 * A raw guest makes a batch of exits; of many batches of one size the smallest
 * time is that of one which nothing disturbed. The slope between the sizes is
 * free of what a batch costs by itself; if the slopes agree, the figure is exact.
 * The long run has all in it: the host's timer, what happens once in many exits,
 * and a measuring tool's own process.
 */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <x86intrin.h>

#include "apic.h"
#include "guest.h"
#include "measure.h"
#include "tap.h"
#include "truth.h"

#define ROUNDS	 30
#define NR_SIZES 3
#define LONG	 3000
#define PAGE	 4096

/* The host's timer ticks each 400,000 ticks of the TSC. */
#define LONGEST_BATCH 250000

#define MSR_STAR 0xc0000081

struct load {
	const char *name;
	const char *routine;
	uint64_t rsi;
	void (*create)(struct vm *vm, int nr_vcpus);
	void (*setup)(struct vm *vm);	/* once */
	void (*prepare)(struct vm *vm); /* before each batch */
	int most;			/* exits in a batch, 0 = any number */
};

/* A deadline timer, of whose interrupt nobody hears. */
static void start_x2apic(struct vm *vm)
{
	vcpu_start_x2apic(vm, 0, LVTT_DEADLINE | LVTT_MASKED | GUEST_VECTOR);
}

/* Let KVM forget all pages, and map those that every batch touches. */
static void unmap_pages(struct vm *vm)
{
	struct kvm_userspace_memory_region region = { .userspace_addr = (uintptr_t)vm->mem };

	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region))
		bail_out("KVM_SET_USER_MEMORY_REGION: none");
	region.memory_size = GUEST_MEM;
	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region))
		bail_out("KVM_SET_USER_MEMORY_REGION: again");
	vcpu_call(vm, 0, truth_warm_up, GUEST_PAGES, 0, 0);
	vcpu_run_to_done(vm, 0);
}

static const struct load loads[] = {
	{ "cpuid", truth_cpuid, 0, vm_create },
	{ "io", truth_out, 0, vm_create },
	{ "wrmsr", truth_wrmsr, MSR_STAR, vm_create },
	{ "deadline", truth_deadline_moved, DEADLINE_FAR, vm_create_irqchip,
	  .setup = start_x2apic },
	{ "ept", truth_write_page, GUEST_PAGES + PAGE, vm_create, .prepare = unmap_pages,
	  .most = GUEST_MEM / PAGE - GUEST_PAGES / PAGE - 1 },
};

static uint64_t batch(struct vm *vm, const struct load *load, uint64_t exits)
{
	uint64_t start;

	if (load->prepare)
		load->prepare(vm);
	vcpu_call(vm, 0, load->routine, exits, load->rsi, 0);
	start = __rdtsc();
	vcpu_run_to_done(vm, 0);
	return __rdtsc() - start;
}

/* The smallest of the sizes: as large as lets three of it fit between two ticks. */
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

	load->create(&vm, 1);
	if (load->setup)
		load->setup(&vm);
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

static const struct load *find(const char *name)
{
	for (size_t i = 0; i < sizeof(loads) / sizeof(*loads); i++) {
		if (!strcmp(loads[i].name, name))
			return &loads[i];
	}
	fprintf(stderr, "exits: no such load: %s\n", name);
	return NULL;
}

int main(int argc, char **argv)
{
	const struct load *load;

	for (int i = 1; i < argc; i++) {
		load = find(argv[i]);
		if (!load)
			return 2;
		measure(load);
	}
	return 0;
}
