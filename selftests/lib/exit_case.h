/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guests whose number of exits is known beforehand. It is compared with our tables in all
 * three scopes, with the tracepoint, with KVM's own count, and the cycles with the TSC.
 *
 * A case is a routine that does the same thing a number of times and ends in an OUT to
 * PORT_DONE. It runs on 1, 2 and 4 vCPUs, with a different number on each. Before the
 * counting starts each vCPU runs once and touches the memory that the routines share, so
 * that the page faults of the start are not counted.
 */
#ifndef EXIT_CASE_H
#define EXIT_CASE_H

#include "guest.h"
#include "stats.h"

#define MAX_EXPECT	16
#define EXIT_CASE_PAGES 0x80000ul /* fresh memory for each vCPU, from GUEST_PAGES */
#define APIC_PAGE	0xfee00000ul

/* How many exits of a reason: each * times + once. */
struct expect {
	long reason;
	long each;
	long once;
	enum {
		EXACT,
		/* One more, or one less, for each host interrupt. */
		MORE_PER_INTERRUPT,
		LESS_PER_INTERRUPT,
		/* Only the tracepoint knows how many more. */
		MINIMUM,
	} slack;
	long each_6_1; /* if not 0, in place of @each on 6.1 */
};

/* The exits of a case on the processors of one vendor. */
struct exit_side {
	/* No exits of other reasons, but for EXTERNAL_INTERRUPT and the last OUT. */
	struct expect expect[MAX_EXPECT];
	/* If set: why the first reason may not occur on this host. The case is then skipped. */
	const char *why_none;
	/* If set: why the case is skipped. */
	const char *why_not;
};

/* The part of one vCPU in a case. */
struct share {
	struct vm *vm;
	int n;
	const struct exit_case *c;
	uint64_t times;
	uint64_t left;	 /* for user_exit */
	uint64_t cycles; /* of the TSC, around the run */
};

struct exit_case {
	const char *name;
	const char *routine; /* rdi = times */
	uint64_t times;
	uint64_t rsi;
	uint64_t rsi_step; /* is added to rsi for each further vCPU */
	uint64_t touch;	   /* an address to read before the counting starts */
	uint64_t cr4;	   /* bits to add */
	/* Called before the run. Must not change control registers: that would make exits. */
	void (*setup)(struct vm *vm, int n);
	/* What user space does on an exit to it. Returns true at the end of the run. */
	bool (*user_exit)(struct share *s);
	unsigned int emulated; /* instructions that KVM emulates without an exit, each time */
	unsigned int vmfails;  /* entries at which VMLAUNCH or VMRESUME fails, each time */
	bool no_done;	       /* the run never reaches the last OUT */
	struct exit_side vmx, svm;
};

/* The default user_exit. */
bool exit_user_exit(struct share *s);

/* The whole main() of a test. @create is vm_create or vm_create_irqchip. */
int exit_cases_main(const struct exit_case *cases, size_t nr,
		    void (*create)(struct vm *vm, int nr_vcpus));

/* Routines (guest_code.S). */
extern char exit_warm_up[], exit_skip[], exit_skip_error[], exit_interrupt[];
extern char exit_cpuid[], exit_hlt[], exit_vmcall[], exit_out[], exit_in[];
extern char exit_outsb[], exit_insb[], exit_rdmsr[], exit_wrmsr[], exit_wbinvd[];
extern char exit_invd[], exit_xsetbv[], exit_cr0[], exit_cr3[], exit_cr4[], exit_cr8[];
extern char exit_dr[], exit_dr_out[], exit_invlpg[], exit_invpcid[], exit_rdtsc[];
extern char exit_rdpmc[], exit_monitor[], exit_mwait[], exit_pause[], exit_sgdt[], exit_sldt[];
extern char exit_vmclear[], exit_vmxoff[], exit_vmmcall[], exit_vmrun[], exit_vmload[];
extern char exit_vmsave[], exit_invlpga[], exit_skinit[], exit_mix_svm[], exit_ud2[], exit_int3[],
	exit_nop[];
extern char exit_triple_fault[], exit_window[], exit_read_page[], exit_write_page[];
extern char exit_read_write_page[], exit_read[], exit_write[], exit_mix[];
extern char exit_deadline_moved[], exit_deadline_passed[], exit_timer[], exit_ipi[];
extern char exit_in_port[], exit_none[], exit_ticks[], exit_sweep[], exit_own_clock[];
extern char exit_cpuid_failure[], exit_deadline_vmfail[];
extern char exit_self_ipi[], exit_self_ipi_window[], exit_tpr[];

#endif
