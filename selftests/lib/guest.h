/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Raw /dev/kvm guests: a VM with a few MiB, vCPUs that start in 64-bit mode,
 * and small routines that make a known number of exits (guest_code.S).
 */
#ifndef GUEST_H
#define GUEST_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest_layout.h"

#define GUEST_MEM (4ul << 20)
#define MAX_VCPUS 512

struct vcpu {
	int fd;
	struct kvm_run *run;
	size_t run_size;
};

struct vm {
	int fd;
	unsigned char *mem;
	int nr_vcpus;
	bool irqchip;
	struct vcpu vcpu[MAX_VCPUS];
	char dir[64]; /* in debugfs */
};

/* One CPUID that guest_cpuid_list executes, and what it answered. */
struct cpuid_call {
	uint32_t leaf;
	uint32_t subleaf;
	uint32_t eax;
	uint32_t ebx;
	uint32_t ecx;
	uint32_t edx;
};

/* Routines: arguments as in rdi, rsi, rdx. Each of these ends in one HLT. */
extern char guest_cpuid_loop[]; /* rdi times CPUID leaf esi, subleaf edx */
extern char guest_out_loop[];	/* rdi times OUT to port esi */
extern char guest_hlt_loop[];	/* rdi times HLT, before the last one */
extern char guest_cpuid_list[]; /* rdi calls, at rsi in guest memory */

void vm_create(struct vm *vm, int nr_vcpus);
/* With APICs in the kernel; vCPUs offer the guest x2APIC and TSC-deadline. */
void vm_create_irqchip(struct vm *vm, int nr_vcpus);
void vm_destroy(struct vm *vm);
void vcpu_create(struct vm *vm);

void vcpu_get_sregs(struct vm *vm, int n, struct kvm_sregs *sregs);
void vcpu_set_sregs(struct vm *vm, int n, const struct kvm_sregs *sregs);

/* What KVM lets user space set and the processor refuses to enter with. After vcpu_call(). */
void vcpu_invalid_state(struct vm *vm, int n);

/* Let an exception or interrupt enter the guest at a routine ... */
void vm_set_gate(struct vm *vm, int vector, const char *routine);
/* ... on vCPUs whose GDT and IDT are those of guest_layout.h. */
void vcpu_set_tables(struct vm *vm, int n);

/* KVM_SET_GUEST_DEBUG with KVM_GUESTDBG_* bits. */
void vcpu_debug(struct vm *vm, int n, uint32_t control);

/* Let a vCPU begin at a routine; 64-bit mode, interrupts off. */
void vcpu_call(struct vm *vm, int n, const char *routine, uint64_t rdi, uint64_t rsi, uint64_t rdx);
/* Run until the @hlts-th HLT; port I/O is ignored. */
void vcpu_run(struct vm *vm, int n, uint64_t hlts);
/* Run to the OUT to PORT_DONE, which ends the routines of exit_case.h. */
void vcpu_run_to_done(struct vm *vm, int n);
/* vcpu_call() and vcpu_run() to the routine's end. */
void guest_cpuid(struct vm *vm, int n, uint64_t times, uint32_t leaf, uint32_t subleaf);
void guest_out(struct vm *vm, int n, uint64_t times);
void guest_hlt(struct vm *vm, int n, uint64_t times);
/* Execute a list of CPUIDs in the guest, in one run; at most 2,000. */
void guest_cpuid_calls(struct vm *vm, int n, struct cpuid_call *calls, size_t nr);

#endif
