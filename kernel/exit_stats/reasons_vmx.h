/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMX's exit reasons: SDM vol. 3, appendix C, "VMX Basic Exit Reasons". Names
 * are the kernel's where its uapi header has the reason (it has only those that
 * KVM handles). Kernel and tools include this.
 */
#ifndef EXIT_STATS_REASONS_VMX_H
#define EXIT_STATS_REASONS_VMX_H

/* All that can reach KVM: one row each. */
#define VMX_REASONS(X)			\
	X(0, EXCEPTION_NMI)		\
	X(1, EXTERNAL_INTERRUPT)	\
	X(2, TRIPLE_FAULT)		\
	X(3, INIT_SIGNAL)		\
	X(4, SIPI_SIGNAL)		\
	X(7, INTERRUPT_WINDOW)		\
	X(8, NMI_WINDOW)		\
	X(9, TASK_SWITCH)		\
	X(10, CPUID)			\
	X(11, GETSEC)			\
	X(12, HLT)			\
	X(13, INVD)			\
	X(14, INVLPG)			\
	X(15, RDPMC)			\
	X(16, RDTSC)			\
	X(18, VMCALL)			\
	X(19, VMCLEAR)			\
	X(20, VMLAUNCH)			\
	X(21, VMPTRLD)			\
	X(22, VMPTRST)			\
	X(23, VMREAD)			\
	X(24, VMRESUME)			\
	X(25, VMWRITE)			\
	X(26, VMOFF)			\
	X(27, VMON)			\
	X(28, CR_ACCESS)		\
	X(29, DR_ACCESS)		\
	X(30, IO_INSTRUCTION)		\
	X(31, MSR_READ)			\
	X(32, MSR_WRITE)		\
	X(33, INVALID_STATE)		\
	X(34, MSR_LOAD_FAIL)		\
	X(36, MWAIT_INSTRUCTION)		\
	X(37, MONITOR_TRAP_FLAG)	\
	X(39, MONITOR_INSTRUCTION)	\
	X(40, PAUSE_INSTRUCTION)		\
	X(41, MCE_DURING_VMENTRY)	\
	X(43, TPR_BELOW_THRESHOLD)	\
	X(44, APIC_ACCESS)		\
	X(45, EOI_INDUCED)		\
	X(46, GDTR_IDTR)		\
	X(47, LDTR_TR)			\
	X(48, EPT_VIOLATION)		\
	X(49, EPT_MISCONFIG)		\
	X(50, INVEPT)			\
	X(51, RDTSCP)			\
	X(52, PREEMPTION_TIMER)		\
	X(53, INVVPID)			\
	X(54, WBINVD)			\
	X(55, XSETBV)			\
	X(56, APIC_WRITE)		\
	X(57, RDRAND)			\
	X(58, INVPCID)			\
	X(59, VMFUNC)			\
	X(60, ENCLS)			\
	X(61, RDSEED)			\
	X(62, PML_FULL)			\
	X(63, XSAVES)			\
	X(64, XRSTORS)			\
	X(65, PCONFIG)			\
	X(66, SPP)			\
	X(67, UMWAIT)			\
	X(68, TPAUSE)			\
	X(69, LOADIWKEY)		\
	X(70, ENCLV)			\
	X(72, ENQCMD_PASID)		\
	X(73, ENQCMDS_PASID)		\
	X(74, BUS_LOCK)			\
	X(75, NOTIFY)			\
	X(76, SEAMCALL)			\
	X(77, TDCALL)			\
	X(78, RDMSRLIST)		\
	X(79, WRMSRLIST)		\
	X(80, URDMSR)			\
	X(81, UWRMSR)			\
	X(84, MSR_READ_IMM)		\
	X(85, MSR_WRITE_IMM)

/* The numbers up to the last one that the SDM gives no meaning. */
#define VMX_NO_REASONS(X)		\
	X(35, NONE)			\
	X(38, NONE)			\
	X(42, NONE)			\
	X(71, NONE)			\
	X(82, NONE)			\
	X(83, NONE)

/*
 * Delivered to the SMM-transfer monitor only (SDM vol. 3, "SMM VM Exits"),
 * never to KVM: named, without a row.
 */
#define VMX_SMM_REASONS(X)		\
	X(5, IO_SMI)			\
	X(6, OTHER_SMI)			\
	X(17, RSM)

#endif
