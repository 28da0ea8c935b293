/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guests of /dev/kvm: a VM with a few MiB, vCPUs that start in 64-bit mode, and small
 * routines that make a known number of exits (guest_code.S).
 */
#ifndef GUEST_H
#define GUEST_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest_layout.h"

#define GUEST_MEM	(4ul << 20)
#define MAX_VCPUS	512
#define MAX_CPUID_CALLS 2000

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

/* One CPUID instruction of guest_cpuid_list, and its answer. */
struct cpuid_call {
	uint32_t leaf;
	uint32_t subleaf;
	uint32_t eax;
	uint32_t ebx;
	uint32_t ecx;
	uint32_t edx;
};

/* The count that a leaf of ours has in EDX:EAX, and the cycles in EBX:ECX. */
static inline uint64_t cpuid_exits(const struct cpuid_call *c)
{
	return (uint64_t)c->edx << 32 | c->eax;
}

static inline uint64_t cpuid_cycles(const struct cpuid_call *c)
{
	return (uint64_t)c->ebx << 32 | c->ecx;
}

/* Routines of guest_code.S, with arguments in rdi, rsi, rdx. Each ends in one HLT. */
extern char guest_cpuid_loop[]; /* rdi times CPUID leaf esi, subleaf edx */
extern char guest_out_loop[];	/* rdi times OUT to port esi */
extern char guest_hlt_loop[];	/* rdi times HLT, before the last one */
extern char guest_cpuid_list[]; /* rdi calls, at rsi in guest memory */

void vm_create(struct vm *vm, int nr_vcpus);
/* The same with APICs in the kernel. Its vCPUs offer x2APIC and the TSC deadline. */
void vm_create_irqchip(struct vm *vm, int nr_vcpus);
void vm_destroy(struct vm *vm);
void vcpu_create(struct vm *vm);

void vcpu_get_sregs(struct vm *vm, int n, struct kvm_sregs *sregs);
void vcpu_set_sregs(struct vm *vm, int n, const struct kvm_sregs *sregs);

/* Replace the vCPU's CPUID by @entry and what 64-bit mode needs. */
void vcpu_set_cpuid(struct vm *vm, int n, struct kvm_cpuid_entry2 entry);

/* After vcpu_call(): set a state that KVM accepts and the processor refuses to enter. */
void vcpu_invalid_state(struct vm *vm, int n);

/* Make a routine the handler of an exception or interrupt; for vCPUs with vcpu_set_tables(). */
void vm_set_gate(struct vm *vm, int vector, const char *routine);
/* Load the GDT and the IDT of guest_layout.h. */
void vcpu_set_tables(struct vm *vm, int n);

/* KVM_SET_GUEST_DEBUG with KVM_GUESTDBG_* bits. */
void vcpu_debug(struct vm *vm, int n, uint32_t control);

/* Set a vCPU to the start of a routine, in 64-bit mode with interrupts off. */
void vcpu_call(struct vm *vm, int n, const char *routine, uint64_t rdi, uint64_t rsi, uint64_t rdx);
/* Run until the @hlts-th HLT. Port I/O is ignored. */
void vcpu_run(struct vm *vm, int n, uint64_t hlts);
/* Run to the OUT to PORT_DONE, which ends each routine of exit_case.h. */
void vcpu_run_to_done(struct vm *vm, int n);
/* Call a routine and run it to its end. */
void guest_cpuid(struct vm *vm, int n, uint64_t times, uint32_t leaf, uint32_t subleaf);
void guest_out(struct vm *vm, int n, uint64_t times);
void guest_hlt(struct vm *vm, int n, uint64_t times);
/* Execute up to MAX_CPUID_CALLS CPUID instructions in the guest, in one run. */
void guest_cpuid_calls(struct vm *vm, int n, struct cpuid_call *calls, size_t nr);
/* Execute one. */
struct cpuid_call guest_cpuid_call(struct vm *vm, int n, uint32_t leaf, uint32_t subleaf);

#endif
