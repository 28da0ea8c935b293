/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ground truth: guests whose number of exits is known beforehand, held against
 * our tables in all three scopes, the tracepoint, KVM's own count, and the TSC.
 *
 * A case is a routine that does the same so and so many times and ends in an
 * OUT to PORT_DONE. It runs on 1, 2 and 4 vCPUs, each with a number of its own.
 * Before what is counted begins, each vCPU has run once and touched what the
 * routines share, so that the page faults of a start are not among the exits.
 */
#ifndef EXIT_CASE_H
#define EXIT_CASE_H

#include "guest.h"
#include "stats.h"

#define MAX_EXPECT  16
#define EXIT_CASE_PAGES 0x80000ul /* fresh memory, of each vCPU, from GUEST_PAGES */
#define APIC_PAGE   0xfee00000ul

/* Exits of a reason: each * times + once. */
struct expect {
	long reason;
	long each;
	long once;
	enum {
		EXACT,
		/* One more, or less, may be for each host interrupt. */
		MORE_PER_INTERRUPT,
		LESS_PER_INTERRUPT,
		/* How many more, only the tracepoint knows. */
		MINIMUM,
	} slack;
	long each_6_1; /* instead of each, on 6.1, if not 0: the one place for such */
};

/* What a case makes on one vendor's processors. */
struct exit_side {
	/* Reasons not listed: none, but for EXTERNAL_INTERRUPT and the OUT that ends it. */
	struct expect expect[MAX_EXPECT];
	/* Why the first of them may not exist here: then SKIP. */
	const char *why_none;
	/* Why there is no such case: then it is not run, and SKIP. */
	const char *why_not;
};

/* One vCPU's part in a case. */
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
	uint64_t rsi_step; /* rsi is that more on each further vCPU */
	uint64_t touch;	   /* an address to read before counting begins */
	uint64_t cr4;	   /* bits to add */
	/* Before it runs; to change control registers here would cost exits. */
	void (*setup)(struct vm *vm, int n);
	/* What user space does on an exit to it; true: the run is over. */
	bool (*user_exit)(struct share *s);
	unsigned int emulated; /* of times: instructions that KVM emulates without an exit */
	unsigned int vmfails;  /* of times: entries at which VMLAUNCH or VMRESUME fails */
	bool no_done;	       /* it never comes to the OUT that ends a routine */
	struct exit_side vmx, svm;
};

/* The user_exit of cases that have none of their own. */
bool exit_user_exit(struct share *s);

/* All that main() has to do. @create: vm_create or vm_create_irqchip. */
int exit_cases_main(const struct exit_case *cases, size_t nr,
	       void (*create)(struct vm *vm, int nr_vcpus));

/* Routines (guest_code.S). */
extern char exit_warm_up[], exit_skip[], exit_skip_error[], exit_interrupt[];
extern char exit_cpuid[], exit_hlt[], exit_vmcall[], exit_out[], exit_in[];
extern char exit_outsb[], exit_insb[], exit_rdmsr[], exit_wrmsr[], exit_wbinvd[];
extern char exit_invd[], exit_xsetbv[], exit_cr0[], exit_cr3[], exit_cr4[], exit_cr8[];
extern char exit_dr[], exit_dr_out[], exit_invlpg[], exit_invpcid[], exit_rdtsc[];
extern char exit_rdpmc[], exit_monitor[], exit_mwait[], exit_pause[], exit_sgdt[],
	exit_sldt[];
extern char exit_vmclear[], exit_vmxoff[], exit_vmmcall[], exit_vmrun[], exit_vmload[];
extern char exit_vmsave[], exit_invlpga[], exit_skinit[], exit_mix_svm[], exit_ud2[],
	exit_int3[], exit_nop[];
extern char exit_triple_fault[], exit_window[], exit_read_page[], exit_write_page[];
extern char exit_read_write_page[], exit_read[], exit_write[], exit_mix[];
extern char exit_deadline_moved[], exit_deadline_passed[], exit_timer[], exit_ipi[];
extern char exit_cpuid_failure[], exit_deadline_vmfail[];
extern char exit_self_ipi[], exit_self_ipi_window[], exit_tpr[];

#endif
