/* SPDX-License-Identifier: GPL-2.0-only */
/* What drill.bpf.c counts: the exits of one reason, by what exactly the guest did. */
#ifndef BPF_DRILL_H
#define BPF_DRILL_H

#include <linux/types.h>

#include "exits.h"

#define DRILL_DETAILS 1024 /* that are told apart; exits with others are counted as lost */

/* What tells the exits of a reason apart, and where that is read. */
enum drill_by {
	DRILL_RIP, /* the guest's instruction: for reasons that say nothing more */
	DRILL_PORT,
	DRILL_MSR,
	DRILL_PAGE, /* guest-physical, by page; MMIO by address */
	DRILL_LEAF, /* of CPUID */
	DRILL_HYPERCALL,
	DRILL_VECTOR,	     /* of an exception or an interrupt */
	DRILL_QUALIFICATION, /* VMX's exit qualification */
};

/* drill_key.how: bits 0 to 7 are the size of an I/O access */
#define DRILL_WRITE   0x100
#define DRILL_READ    0x200
#define DRILL_FETCH   0x400
#define DRILL_STRING  0x800
#define DRILL_MMIO    0x1000
#define DRILL_UNKNOWN 0x2000 /* KVM did not read it: @value says nothing */

struct drill_key {
	__u64 value;
	__u64 how;
};

struct drill_entry {
	struct exit_row row;
	__s32 slot; /* of the VM's memory, that the page is in; -1: in none that was seen */
};

#endif
