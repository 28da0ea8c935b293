/* SPDX-License-Identifier: GPL-2.0-only */
/* What the BPF programs write and the command reads: a slot for each vCPU. */
#ifndef BPF_EXITS_H
#define BPF_EXITS_H

#include <linux/types.h>

#define EXIT_BUCKETS 32 /* bucket k: 2^k ns <= time < 2^(k+1) ns; 0 has 0 too, 31 all above */
#define SLOT_PROBES  8	/* slots in which a vCPU can be, from the one that its address chooses */
#define SLOT_DEAD    1	/* in place of a vCPU that was destroyed; its numbers are kept */

/* The vCPU's reasons have a row each, by number; the last row is for all others. */
#define VMX_ROWS      87   /* 0 to 85 */
#define SVM_LOW_CODES 0xa8 /* -1 to 0xa6 */
#define SVM_NPF	      0x400
#define SVM_ROWS      (SVM_LOW_CODES + 4 + 1) /* and 0x400 to 0x403 */
#define MAX_ROWS      SVM_ROWS

struct exit_row {
	__u64 count;
	__u64 total; /* all times are in ns */
	__u64 min;   /* if count is not 0 */
	__u64 max;
	__u64 nested_count;
	__u64 nested_total;
	__u64 user_count;
	__u64 user_total;
	__u64 hist[EXIT_BUCKETS];
};

/*
 * Only the vCPU's thread writes a slot, but for a dead one, which belongs to the command. The
 * thread makes @sequence odd while it writes a row: a reader copies the row, and takes the
 * copy if @sequence was even and is still the same.
 */
struct slot {
	__u64 vcpu; /* tells vCPUs apart; 0: the slot is free */
	__u64 sequence;
	__u64 start; /* of the pending exit; 0: none is pending */
	__u32 row;   /* of the latest exit */
	__u32 nested;
	__u64 user_start;    /* when the thread returned to user space for the latest exit, or 0 */
	__u64 user_sequence; /* @sequence when KVM_RUN began */
	__u32 user_counts;   /* that return is the exit's first */
	__u64 vmm_start;     /* when the thread returned to user space, not for an exit; or 0 */
	__u64 vmm_ns;	     /* how long it was there, not for an exit */
	__s32 vcpu_id;
	__u64 vcpu_address;
	/*
	 * How long the vCPU was halted since it has this slot. live_*: as of the last read_halts(),
	 * while the vCPU lives. halt_*: in all, set when the vCPU is destroyed.
	 */
	__u64 live_poll_ns, live_wait_ns;
	__u64 halt_poll_ns, halt_wait_ns;
	__u64 halted_poll, halted_wait; /* before that */
	char vm[32];			/* the VM's folder in debugfs; empty if it has none */
	struct exit_row rows[];
};

#endif
