/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses in a guest's memory and ports, for C and for guest_code.S. */
#ifndef GUEST_LAYOUT_H
#define GUEST_LAYOUT_H

#define GUEST_GDT   0x4000 /* vcpu_set_tables() */
#define GUEST_IDT   0x5000
#define GUEST_CODE  0x10000  /* guest_code.S is copied here; less than a page */
#define GUEST_DATA  0x100000 /* free for tests; stacks are below it */
#define GUEST_PAGES 0x200000 /* the rest: only tests access it */

#define EXIT_CASE_MMIO 0x10000000 /* no memory, for GUEST_DATA bytes */

#define PORT_POST   0x80 /* no device answers */
#define PORT_DONE   0xd0 /* a routine's end */
#define PORT_WINDOW 0xd1 /* asks user space for an interrupt window */

#define GUEST_VECTOR 0x41 /* of timers and IPIs */

/* In R13 they ask the KVM of test-only.patch for an entry that fails. */
#define VMFAIL_WANTED	0x7fa17
#define MSR_FAIL_WANTED 0x7fa18
/* vCPU ids that fail in that KVM: no memory for the record, or a failure after it. */
#define NO_MEMORY_VCPU	 77
#define FAILS_LATER_VCPU 78

#endif
