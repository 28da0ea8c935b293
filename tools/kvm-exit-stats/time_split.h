/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the time of vCPUs goes: in exits, in user space, halted, waiting; the rest is the guest. */
#ifndef TIME_SPLIT_H
#define TIME_SPLIT_H

#include "source.h"

/* The parts of a vCPU's time, in the order in which they are shown. */
enum time_part {
	PART_EXITS,
	PART_USER,
	PART_VMM,
	PART_POLLING,
	PART_ASLEEP,
	PART_WAITING,
	PART_GUEST, /* the rest */
	NR_TIME_PARTS
};

/* All are ns, summed over the scope's vCPUs. */
struct time_split {
	double whole; /* the interval, for each vCPU */
	double exits;
	bool has_user, has_vmm, has_wait;
	double user; /* until user space has finished an exit */
	double vmm;  /* in user space, not for an exit: a signal, work of the VMM's own */
	double polling, asleep;
	double waiting; /* runnable, for a CPU */
	/*
	 * What is left: the guest, entries and exits of the processor, KVM's work between exit
	 * and entry, and, if no source tells it apart, user space that is not for an exit.
	 * Negative: the parts overlap, as where a vCPU's thread waits for a CPU within an exit.
	 * A halt and the work of user space are added when they end: one that lasts longer than
	 * the interval is in the rest of this one, and all of it in a part of a later one.
	 */
	double rest;
	const struct row *costliest; /* reason, by its time in exits and user space */
	double costliest_ns;
};

/* What happened in @seconds: @d is a difference. @waited is NULL if that is not known. */
void time_split(struct time_split *s, const struct table *d, double seconds,
		const uint64_t *waited);

/* ns of each part; they add up to the whole. */
void time_parts(const struct time_split *s, double parts[NR_TIME_PARTS]);

/* Adds a further interval of the same scope. time_find_costliest() comes afterwards. */
void time_add(struct time_split *s, const struct time_split *more);

/* Sets the costliest reason from @d, which is of the same time. */
void time_find_costliest(struct time_split *s, const struct table *d);

/* ns of a reason: in exits, and until user space has finished them. */
double row_exit_ns(const struct table *t, const struct row *row);
double row_user_ns(const struct table *t, const struct row *row);

/* The thread that ran the vCPU last. False: the kernel does not tell. */
bool vcpu_thread(const struct vm *vm, int vcpu, uint64_t *thread);

/*
 * For how long a vCPU's thread was runnable and had no CPU, in ns since the thread's start; with
 * NO_VCPU the sum of the VM's vCPUs. False: the kernel does not tell (/proc/PID/schedstat of
 * the thread in the vCPU's file pid in debugfs).
 */
bool vcpu_waited(const struct vm *vm, int vcpu, uint64_t *ns);

#endif
