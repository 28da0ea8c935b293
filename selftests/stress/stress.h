/* SPDX-License-Identifier: GPL-2.0-only */
/* What the threads of the stress test share: guests, threads, the scenario that runs. */
#ifndef STRESS_H
#define STRESS_H

#include "rules.h"
#include "shim_vendor.h"

#define MAX_WRITERS 4
#define MAX_GUESTS  2
#define BURST	    2000 /* exits that a writer makes before it chooses a guest again */
#define INTERVAL    97	 /* exits between dumps */
#define HANG	    120	 /* seconds without a writer's burst until the program is killed */

#define host kvm_exit_stats_host

struct cpu {
	struct vcpu vcpu;
	bool exists; /* from its creation to its guest's end */
	u64 made;    /* exits that ended */
};

struct guest {
	struct vm vm;
	int refs;
	struct cpu cpu[MAX_WRITERS];
};

struct scenario {
	const char *name;
	unsigned int writers;
	unsigned int guests;
	unsigned int readers;
	unsigned int what;
};

#define RESET_HOST  1
#define RESET_INNER 2  /* VMs and vCPUs */
#define CHURN	    4  /* guests come and go, and some vCPUs' creation fails */
#define FLIPS	    8  /* recording is switched off and on */
#define GO_BACK	    16 /* some exits end at an earlier TSC */

struct thread {
	pthread_t id;
	void (*turn)(struct thread *t);
	unsigned int nr;
	u64 random;
	struct shim_thread met;
	u64 snapshots;
	u64 leaves;
	u64 turns; /* resets, new guests, flips, stops */
	/* A writer's: */
	u64 to_make; /* else 0 */
	u64 made;
	struct exit_stats_row tally[MAX_ROWS];
};

/* stress.c */
extern const struct scenario *now;
extern struct thread threads[16]; /* the first are the writers, the last the stopper */

u64 next_random(struct thread *t);
void wait_at_most(struct thread *t, unsigned int us);

/* guests.c: guests, and the exits that they make */
void make_guests(void);
void put_guests(void);
struct guest *get_guest(unsigned int slot);
void put_guest(struct guest *g);
bool exists(const struct cpu *c);
u32 reason_of(u64 random);
void write_turn(struct thread *t);
void churn_turn(struct thread *t);
void fail_turn(struct thread *t);

/* readers.c: snapshots, and leaves */
extern u64 resets; /* begun and ended: odd while one runs */

struct exit_stats_leaf_row read_leaf(struct exit_stats_vm *vm, bool of_host, unsigned int row);
void read_turn(struct thread *t);

/* resets.c */
void reset_turn(struct thread *t);

#endif
