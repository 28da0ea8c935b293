/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SVM's exit codes: APM vol. 2, appendix C, "SVM Intercept Exit Codes". Names
 * are the kernel's where its uapi header has the code, without SVM_EXIT_;
 * otherwise the APM's, without VMEXIT_. Kernel and tools include this.
 */
#ifndef EXIT_STATS_REASONS_SVM_H
#define EXIT_STATS_REASONS_SVM_H

/*
 * All that can reach KVM: one row each. Most of them it never intercepts for itself;
 * but an L1 hypervisor may intercept any, and its L2's exit then comes to KVM first.
 */
#define SVM_REASONS(X)			\
	X(0x000, READ_CR0)		\
	X(0x001, READ_CR1)		\
	X(0x002, READ_CR2)		\
	X(0x003, READ_CR3)		\
	X(0x004, READ_CR4)		\
	X(0x005, READ_CR5)		\
	X(0x006, READ_CR6)		\
	X(0x007, READ_CR7)		\
	X(0x008, READ_CR8)		\
	X(0x009, READ_CR9)		\
	X(0x00a, READ_CR10)		\
	X(0x00b, READ_CR11)		\
	X(0x00c, READ_CR12)		\
	X(0x00d, READ_CR13)		\
	X(0x00e, READ_CR14)		\
	X(0x00f, READ_CR15)		\
	X(0x010, WRITE_CR0)		\
	X(0x011, WRITE_CR1)		\
	X(0x012, WRITE_CR2)		\
	X(0x013, WRITE_CR3)		\
	X(0x014, WRITE_CR4)		\
	X(0x015, WRITE_CR5)		\
	X(0x016, WRITE_CR6)		\
	X(0x017, WRITE_CR7)		\
	X(0x018, WRITE_CR8)		\
	X(0x019, WRITE_CR9)		\
	X(0x01a, WRITE_CR10)		\
	X(0x01b, WRITE_CR11)		\
	X(0x01c, WRITE_CR12)		\
	X(0x01d, WRITE_CR13)		\
	X(0x01e, WRITE_CR14)		\
	X(0x01f, WRITE_CR15)		\
	X(0x020, READ_DR0)		\
	X(0x021, READ_DR1)		\
	X(0x022, READ_DR2)		\
	X(0x023, READ_DR3)		\
	X(0x024, READ_DR4)		\
	X(0x025, READ_DR5)		\
	X(0x026, READ_DR6)		\
	X(0x027, READ_DR7)		\
	X(0x028, READ_DR8)		\
	X(0x029, READ_DR9)		\
	X(0x02a, READ_DR10)		\
	X(0x02b, READ_DR11)		\
	X(0x02c, READ_DR12)		\
	X(0x02d, READ_DR13)		\
	X(0x02e, READ_DR14)		\
	X(0x02f, READ_DR15)		\
	X(0x030, WRITE_DR0)		\
	X(0x031, WRITE_DR1)		\
	X(0x032, WRITE_DR2)		\
	X(0x033, WRITE_DR3)		\
	X(0x034, WRITE_DR4)		\
	X(0x035, WRITE_DR5)		\
	X(0x036, WRITE_DR6)		\
	X(0x037, WRITE_DR7)		\
	X(0x038, WRITE_DR8)		\
	X(0x039, WRITE_DR9)		\
	X(0x03a, WRITE_DR10)		\
	X(0x03b, WRITE_DR11)		\
	X(0x03c, WRITE_DR12)		\
	X(0x03d, WRITE_DR13)		\
	X(0x03e, WRITE_DR14)		\
	X(0x03f, WRITE_DR15)		\
	X(0x040, EXCP_DE)		\
	X(0x041, EXCP_DB)		\
	X(0x042, EXCP_2)		\
	X(0x043, EXCP_BP)		\
	X(0x044, EXCP_OF)		\
	X(0x045, EXCP_BR)		\
	X(0x046, EXCP_UD)		\
	X(0x047, EXCP_NM)		\
	X(0x048, EXCP_DF)		\
	X(0x049, EXCP_9)		\
	X(0x04a, EXCP_TS)		\
	X(0x04b, EXCP_NP)		\
	X(0x04c, EXCP_SS)		\
	X(0x04d, EXCP_GP)		\
	X(0x04e, EXCP_PF)		\
	X(0x04f, EXCP_15)		\
	X(0x050, EXCP_MF)		\
	X(0x051, EXCP_AC)		\
	X(0x052, EXCP_MC)		\
	X(0x053, EXCP_XM)		\
	X(0x054, EXCP_20)		\
	X(0x055, EXCP_CP)		\
	X(0x056, EXCP_22)		\
	X(0x057, EXCP_23)		\
	X(0x058, EXCP_24)		\
	X(0x059, EXCP_25)		\
	X(0x05a, EXCP_26)		\
	X(0x05b, EXCP_27)		\
	X(0x05c, EXCP_HV)		\
	X(0x05d, EXCP_VC)		\
	X(0x05e, EXCP_SX)		\
	X(0x05f, EXCP_31)		\
	X(0x060, INTR)			\
	X(0x061, NMI)			\
	X(0x062, SMI)			\
	X(0x063, INIT)			\
	X(0x064, VINTR)			\
	X(0x065, CR0_SEL_WRITE)		\
	X(0x066, IDTR_READ)		\
	X(0x067, GDTR_READ)		\
	X(0x068, LDTR_READ)		\
	X(0x069, TR_READ)		\
	X(0x06a, IDTR_WRITE)		\
	X(0x06b, GDTR_WRITE)		\
	X(0x06c, LDTR_WRITE)		\
	X(0x06d, TR_WRITE)		\
	X(0x06e, RDTSC)			\
	X(0x06f, RDPMC)			\
	X(0x070, PUSHF)			\
	X(0x071, POPF)			\
	X(0x072, CPUID)			\
	X(0x073, RSM)			\
	X(0x074, IRET)			\
	X(0x075, SWINT)			\
	X(0x076, INVD)			\
	X(0x077, PAUSE)			\
	X(0x078, HLT)			\
	X(0x079, INVLPG)		\
	X(0x07a, INVLPGA)		\
	X(0x07b, IOIO)			\
	X(0x07c, MSR)			\
	X(0x07d, TASK_SWITCH)		\
	X(0x07e, FERR_FREEZE)		\
	X(0x07f, SHUTDOWN)		\
	X(0x080, VMRUN)			\
	X(0x081, VMMCALL)		\
	X(0x082, VMLOAD)		\
	X(0x083, VMSAVE)		\
	X(0x084, STGI)			\
	X(0x085, CLGI)			\
	X(0x086, SKINIT)		\
	X(0x087, RDTSCP)		\
	X(0x088, ICEBP)			\
	X(0x089, WBINVD)		\
	X(0x08a, MONITOR)		\
	X(0x08b, MWAIT)			\
	X(0x08c, MWAIT_COND)		\
	X(0x08d, XSETBV)		\
	X(0x08e, RDPRU)			\
	X(0x08f, EFER_WRITE_TRAP)	\
	X(0x090, CR0_WRITE_TRAP)	\
	X(0x091, CR1_WRITE_TRAP)	\
	X(0x092, CR2_WRITE_TRAP)	\
	X(0x093, CR3_WRITE_TRAP)	\
	X(0x094, CR4_WRITE_TRAP)	\
	X(0x095, CR5_WRITE_TRAP)	\
	X(0x096, CR6_WRITE_TRAP)	\
	X(0x097, CR7_WRITE_TRAP)	\
	X(0x098, CR8_WRITE_TRAP)	\
	X(0x099, CR9_WRITE_TRAP)	\
	X(0x09a, CR10_WRITE_TRAP)	\
	X(0x09b, CR11_WRITE_TRAP)	\
	X(0x09c, CR12_WRITE_TRAP)	\
	X(0x09d, CR13_WRITE_TRAP)	\
	X(0x09e, CR14_WRITE_TRAP)	\
	X(0x09f, CR15_WRITE_TRAP)	\
	X(0x0a0, INVLPGB)		\
	X(0x0a1, INVLPGB_ILLEGAL)	\
	X(0x0a2, INVPCID)		\
	X(0x0a3, MCOMMIT)		\
	X(0x0a4, TLBSYNC)		\
	X(0x0a5, BUS_LOCK)		\
	X(0x0a6, IDLE_HLT)		\
	X(0x400, NPF)			\
	X(0x401, AVIC_INCOMPLETE_IPI)	\
	X(0x402, AVIC_UNACCELERATED_ACCESS)	\
	X(0x403, VMGEXIT)		\
	X(0xffffffff, ERR)

/* How else than with ERR the VMRUN of an SNP guest fails: named, counted as OTHER. */
#define SVM_OTHER_REASONS(X)		\
	X(0xfffffffc, INVALID_PMC)	\
	X(0xfffffffd, IDLE_REQUIRED)	\
	X(0xfffffffe, BUSY)

#endif
