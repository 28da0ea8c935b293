/* SPDX-License-Identifier: GPL-2.0-only */
/* The APIC of a vCPU, in a VM with APICs in the kernel. */
#ifndef APIC_H
#define APIC_H

#include "guest.h"

#define APIC_EOI      0xb0
#define APIC_SVR      0xf0
#define LVTT_PERIODIC (1u << 17)
#define LVTT_DEADLINE (2u << 17)
#define LVTT_MASKED   (1u << 16)
#define DEADLINE_FAR  (1ul << 31) /* ticks: longer than any run */

/* Enable the APIC. @lvtt is the timer's register: LVTT_* and a vector. */
void vcpu_start_apic(struct vm *vm, int n, uint32_t lvtt);
/* The same in x2APIC mode. */
void vcpu_start_x2apic(struct vm *vm, int n, uint32_t lvtt);

#endif
