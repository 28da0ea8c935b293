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

/* What the kernel says of threads that run vCPUs, in ns since their start; or a difference. */
struct thread_times {
	uint64_t waited; /* runnable, without a CPU */
	uint64_t user;	 /* CPU time in user space, without the guest's: in timer ticks */
};

/* All are ns, summed over the scope's vCPUs. */
struct time_split {
	double whole; /* the interval, for each vCPU */
	double exits;
	bool has_user, has_vmm, has_wait;
	double user; /* until user space has finished an exit */
	/*
	 * In user space for no exit's sake: a signal, work of the VMM's own. Of a source that
	 * does not measure it, an estimate: the CPU time in user space beyond @user.
	 */
	double vmm;
	double polling, asleep;
	double waiting; /* runnable, for a CPU */
	/*
	 * What is left: the guest, entries and exits of the processor, KVM's work between exit
	 * and entry, and what is not known of user space for no exit's sake.
	 * Negative: the parts overlap, as where a vCPU's thread waits for a CPU within an exit.
	 * A halt and the work of user space are added when they end: one that lasts longer than
	 * the interval is in the rest of this one, and all of it in a part of a later one.
	 */
	double rest;
	const struct row *dearest; /* reason, by its time in exits and user space */
	double dearest_ns;
};

/* What happened in @seconds: @d is a difference. @threads is NULL if that is not known. */
void time_split(struct time_split *s, const struct table *d, double seconds,
		const struct thread_times *threads);

/* ns of each part; they add up to the whole. */
void time_parts(const struct time_split *s, double parts[NR_TIME_PARTS]);

/* Adds a further interval of the same scope. time_find_dearest() comes afterwards. */
void time_add(struct time_split *s, const struct time_split *more);

/* Sets the dearest reason from @d, which is of the same time. */
void time_find_dearest(struct time_split *s, const struct table *d);

/* ns of a reason: in exits, and until user space has finished them. */
double row_exit_ns(const struct table *t, const struct row *row);
double row_user_ns(const struct table *t, const struct row *row);

/* The thread that ran the vCPU last. False: the kernel does not tell. */
bool vcpu_thread(const struct vm *vm, int vcpu, uint64_t *thread);

/*
 * The times of a vCPU's thread; with NO_VCPU the sum of the VM's vCPUs. False: the kernel does not
 * tell (/proc/PID/schedstat and stat of the thread in the vCPU's file pid in debugfs).
 */
bool vcpu_thread_times(const struct vm *vm, int vcpu, struct thread_times *times);

/* What was between two of them. False: another thread runs the vCPU now. */
bool thread_times_since(const struct thread_times *then, const struct thread_times *now,
			struct thread_times *d);

#endif
