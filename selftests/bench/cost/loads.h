/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The loads: raw guests that make a number of exits, and end.
 */
#ifndef LOADS_H
#define LOADS_H

#include <stdint.h>

#include "guest.h"

struct load {
	const char *name;
	const char *routine;
	uint64_t rsi;
	void (*create)(struct vm *vm, int nr_vcpus);
	void (*setup)(struct vm *vm);	/* once */
	void (*prepare)(struct vm *vm); /* before each batch */
	int most;			/* exits in a batch, 0 = any number */
};

/* Returns NULL, with a message on stderr, if there is no load of that name. */
const struct load *load_find(const char *name);
/* A VM with one vCPU that is ready for batches. */
void load_create(const struct load *load, struct vm *vm);
/* A batch is begun, and then run with vcpu_run_to_done(). */
void load_begin(const struct load *load, struct vm *vm, uint64_t exits);

#endif
