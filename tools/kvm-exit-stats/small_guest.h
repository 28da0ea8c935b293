/* SPDX-License-Identifier: GPL-2.0-only */
/* A guest that makes a known number of exits: for kvm-exit-stats selftest. */
#ifndef SMALL_GUEST_H
#define SMALL_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kvm_run;

struct small_guest {
	int kvm, vm, vcpu;
	unsigned char *memory;
	struct kvm_run *run;
	size_t run_size;
	char folder[32]; /* in debugfs */
};

/* What each turn of its loop does: an exit of one reason. */
enum small_exit {
	SMALL_CPUID,
	SMALL_OUT,   /* port 0x80: user space finishes it */
	SMALL_RDMSR, /* IA32_APIC_BASE */
	SMALL_HLT,   /* user space finishes it: there is no APIC */
	NR_SMALL_EXITS
};

/*
 * A VM with one vCPU in 64-bit mode. Returns NULL, or what failed (static text; errno says why).
 * To be called from the thread that runs it.
 */
const char *small_guest_create(struct small_guest *g);
void small_guest_destroy(struct small_guest *g);

/*
 * Makes @times exits of a kind, and one HLT at the end. Returns NULL, or what went wrong; in
 * *ns, if not NULL, how long it took.
 */
const char *small_guest_run(struct small_guest *g, enum small_exit kind, uint32_t times,
			    uint64_t *ns);

#endif
