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
#ifndef TRUTH_H
#define TRUTH_H

#include "guest.h"
#include "stats.h"

#define MAX_EXPECT  16
#define TRUTH_PAGES 0x80000ul /* fresh memory, of each vCPU, from GUEST_PAGES */
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
struct truth_side {
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
	const struct truth_case *c;
	uint64_t times;
	uint64_t left;	 /* for user_exit */
	uint64_t cycles; /* of the TSC, around the run */
};

struct truth_case {
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
	struct truth_side vmx, svm;
};

/* The user_exit of cases that have none of their own. */
bool truth_user_exit(struct share *s);

/* All that main() has to do. @create: vm_create or vm_create_irqchip. */
int truth_main(const struct truth_case *cases, size_t nr,
	       void (*create)(struct vm *vm, int nr_vcpus));

/* Routines (guest_code.S). */
extern char truth_warm_up[], truth_skip[], truth_skip_error[], truth_interrupt[];
extern char truth_cpuid[], truth_hlt[], truth_vmcall[], truth_out[], truth_in[];
extern char truth_outsb[], truth_insb[], truth_rdmsr[], truth_wrmsr[], truth_wbinvd[];
extern char truth_invd[], truth_xsetbv[], truth_cr0[], truth_cr3[], truth_cr4[], truth_cr8[];
extern char truth_dr[], truth_dr_out[], truth_invlpg[], truth_invpcid[], truth_rdtsc[];
extern char truth_rdpmc[], truth_monitor[], truth_mwait[], truth_pause[], truth_sgdt[],
	truth_sldt[];
extern char truth_vmclear[], truth_vmxoff[], truth_vmmcall[], truth_vmrun[], truth_vmload[];
extern char truth_vmsave[], truth_invlpga[], truth_skinit[], truth_mix_svm[], truth_ud2[],
	truth_int3[], truth_nop[];
extern char truth_triple_fault[], truth_window[], truth_read_page[], truth_write_page[];
extern char truth_read_write_page[], truth_read[], truth_write[], truth_mix[];
extern char truth_deadline_moved[], truth_deadline_passed[], truth_timer[], truth_ipi[];
extern char truth_cpuid_failure[], truth_deadline_vmfail[];
extern char truth_self_ipi[], truth_self_ipi_window[], truth_tpr[];

#endif
