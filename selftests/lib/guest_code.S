/* SPDX-License-Identifier: GPL-2.0-only */
/* The code of the guests: position-independent, arguments in rdi, rsi, rdx. */
#include "guest_layout.h"

#define MSR_TSC_DEADLINE 0x6e0
#define MSR_X2APIC_EOI	 0x80b
#define MSR_X2APIC_ICR	 0x830
#define MSR_X2APIC_TMICT 0x838
#define MSR_PAT		 0x277
#define X86_CR0_AM	 0x40000
#define X86_CR4_MCE	 0x40
#define SELF_IPI	 (0x40000|GUEST_VECTOR)

	.section .rodata
	.globl guest_code_start, guest_code_end
	.globl guest_cpuid_loop, guest_out_loop, guest_hlt_loop, guest_cpuid_list

guest_code_start:

guest_cpuid_loop:
	mov	%edx, %r8d
1:	mov	%esi, %eax
	mov	%r8d, %ecx
	cpuid
	dec	%rdi
	jnz	1b
	hlt

guest_out_loop:
	mov	%esi, %edx
1:	out	%al, %dx
	dec	%rdi
	jnz	1b
	hlt

guest_hlt_loop:
1:	hlt
	dec	%rdi
	jnz	1b
	hlt

/* Each call: leaf, subleaf, eax, ebx, ecx, edx. */
guest_cpuid_list:
1:	mov	(%rsi), %eax
	mov	4(%rsi), %ecx
	/* A register that CPUID does not set keeps these values, and a test sees them. */
	mov	$0xdeadbeef, %ebx
	mov	$0xdeadbeef, %edx
	cpuid
	mov	%eax, 8(%rsi)
	mov	%ebx, 12(%rsi)
	mov	%ecx, 16(%rsi)
	mov	%edx, 20(%rsi)
	add	$24, %rsi
	dec	%rdi
	jnz	1b
	hlt

/*
 * Routines of exit_case.h: the same thing rdi times, then the OUT to PORT_DONE. r15 is the
 * length of an instruction that faults.
 */
#define ROUTINE(name, ...)		\
	.globl	exit_##name;		\
exit_##name:				\
1:	__VA_ARGS__;			\
	dec	%rdi;			\
	jnz	1b;			\
	jmp	done

	/* EDX:EAX = now + rsi, in r8 too */
	.macro	deadline
	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	add	%rsi, %rax
	mov	%rax, %r8
	mov	%rax, %rdx
	shr	$32, %rdx
	mov	$MSR_TSC_DEADLINE, %ecx
	wrmsr
	.endm

	/* The handler counts in r14. */
	.macro	await_interrupt
2:	cmp	%r14, %r9
	je	2b
	.endm

	.macro	send_ipi low
	mov	$\low, %eax
	mov	%esi, %edx
	mov	$MSR_X2APIC_ICR, %ecx
	wrmsr
	.endm

	.globl	exit_warm_up, exit_skip, exit_skip_error, exit_interrupt

exit_warm_up:
	push	%rax
	mov	GUEST_GDT, %al
	mov	GUEST_IDT, %al
	test	%rdi, %rdi
	jz	done
	mov	(%rdi), %eax
done:
	out	%al, $PORT_DONE

	/* Handlers of exceptions: skip the instruction. */
exit_skip_error:
	add	$8, %rsp
exit_skip:
	add	%r15, (%rsp)
	iretq

	/* Handler of interrupts. */
exit_interrupt:
	inc	%r14
	push	%rax
	push	%rcx
	push	%rdx
	mov	$MSR_X2APIC_EOI, %ecx
	xor	%eax, %eax
	xor	%edx, %edx
	wrmsr
	pop	%rdx
	pop	%rcx
	pop	%rax
	iretq

ROUTINE(cpuid, mov %esi, %eax; cpuid)
ROUTINE(cpuid_failure, xor %eax, %eax; mov %esi, %r13d; cpuid)
ROUTINE(hlt, hlt)
ROUTINE(vmcall, mov $-1, %eax; vmcall)
ROUTINE(vmmcall, mov $-1, %eax; vmmcall)
ROUTINE(out, out %al, $PORT_POST)
ROUTINE(in, in $PORT_POST, %al)
ROUTINE(in_port, mov %esi, %edx; in %dx, %eax)
ROUTINE(rdmsr, mov %esi, %ecx; rdmsr)
ROUTINE(wrmsr, mov %esi, %ecx; xor %eax, %eax; xor %edx, %edx; wrmsr)
ROUTINE(wbinvd, wbinvd)
ROUTINE(invd, invd)
ROUTINE(xsetbv, mov $1, %eax; xor %edx, %edx; xor %ecx, %ecx; xsetbv)
ROUTINE(cr0, mov %cr0, %rax; xor $X86_CR0_AM, %eax; mov %rax, %cr0)
ROUTINE(cr3, mov %cr3, %rax; mov %rax, %cr3)
ROUTINE(cr4, mov %cr4, %rax; xor $X86_CR4_MCE, %eax; mov %rax, %cr4)
	/* Up, down, read. */
ROUTINE(cr8,
	mov $5, %eax; mov %rax, %cr8; xor %eax, %eax; mov %rax, %cr8; mov %cr8, %rax)
ROUTINE(dr, mov %rax, %dr0)
ROUTINE(dr_out, mov %rax, %dr0; out %al, $PORT_POST)
ROUTINE(invlpg, invlpg (%rsi))
	/* All contexts; the descriptor at rsi is 0. */
ROUTINE(invpcid, mov $2, %eax; invpcid (%rsi), %rax)
ROUTINE(rdtsc, rdtsc)
ROUTINE(rdpmc, mov $2, %r15d; xor %ecx, %ecx; rdpmc)
ROUTINE(monitor, mov %rsi, %rax; xor %ecx, %ecx; xor %edx, %edx; monitor)
ROUTINE(mwait, xor %eax, %eax; xor %ecx, %ecx; mwait)
ROUTINE(pause, pause)
ROUTINE(sgdt, sgdt -16(%rsp))
ROUTINE(sldt, sldt %eax)
ROUTINE(vmclear, mov $6, %r15d; mov $0x100000, %eax; vmclear -8(%rsp))
ROUTINE(vmxoff, mov $3, %r15d; vmxoff)
	/* EFER.SVME is off: KVM answers the exit with #UD. */
ROUTINE(vmrun, mov $3, %r15d; mov $GUEST_DATA, %eax; vmrun)
ROUTINE(vmload, mov $3, %r15d; mov $GUEST_DATA, %eax; vmload)
ROUTINE(vmsave, mov $3, %r15d; mov $GUEST_DATA, %eax; vmsave)
ROUTINE(invlpga, mov $3, %r15d; mov $GUEST_DATA, %eax; xor %ecx, %ecx; invlpga)
ROUTINE(skinit, mov $3, %r15d; xor %eax, %eax; skinit)
ROUTINE(ud2, mov $2, %r15d; ud2)
ROUTINE(int3, int3)
ROUTINE(nop, nop)
ROUTINE(triple_fault, int $0x20)
ROUTINE(window, cli; out %al, $PORT_WINDOW; sti; nop; nop)
ROUTINE(read_page, mov (%rsi), %al; add $4096, %rsi)
ROUTINE(write_page, mov %al, (%rsi); add $4096, %rsi)
ROUTINE(read_write_page, mov (%rsi), %al; mov %al, (%rsi); add $4096, %rsi)
ROUTINE(read, mov (%rsi), %eax)
ROUTINE(write, mov %eax, (%rsi))
	/* rdi bytes from rsi; and rdi KiB to rsi */
	.globl	exit_outsb, exit_insb
exit_outsb:
	mov	%rdi, %rcx
	mov	$PORT_POST, %edx
	rep outsb
	jmp	done
exit_insb:
	mov	%rdi, %rcx
	shl	$10, %rcx
	mov	%rsi, %rdi
	mov	$PORT_POST, %edx
	rep insb
	jmp	done

	/*
	 * One of each, in this order; the hypercall is the vendor's. Each vCPU has its own MMIO
	 * page, as it has its own stack. There is an exit between the MMIO and the #GP of RDPMC:
	 * TCG leaves the type of the injected event in EXITINTINFO, not valid. 7.2 takes it for
	 * an event in delivery, during which MMIO fails (KVM_INTERNAL_ERROR_DELIVERY_EV).
	 */
#define MIX(hypercall)							\
	xor %eax, %eax; cpuid; hlt; mov $-1, %eax; hypercall;		\
	out %al, $PORT_POST;						\
	mov $MSR_PAT, %ecx; rdmsr; wrmsr; wbinvd; invd;			\
	mov %cr0, %rax; xor $X86_CR0_AM, %eax; mov %rax, %cr0;		\
	mov %cr4, %rax; xor $X86_CR4_MCE, %eax; mov %rax, %cr4;		\
	mov $5, %eax; mov %rax, %cr8;					\
	xor %eax, %eax; mov %rax, %cr8; mov %cr8, %rax;			\
	mov %rax, %dr0;							\
	mov $2, %r15d; ud2; xor %ecx, %ecx; rdpmc; in $PORT_POST, %al;	\
	mov EXIT_CASE_MMIO(%rsp), %eax;					\
	mov %al, (%rsi); add $4096, %rsi;				\
	mov %rsi, %r10; mov $GUEST_DATA, %esi; mov $3, %ecx;		\
	mov $PORT_POST, %edx; rep outsb; mov %r10, %rsi;		\
	out %al, $PORT_WINDOW; sti; nop; nop; cli
ROUTINE(mix, MIX(vmcall); mov $1, %eax; xor %edx, %edx; xor %ecx, %ecx; xsetbv)
ROUTINE(mix_svm, MIX(vmmcall))

	/* For vCPUs with an APIC in the kernel. */
ROUTINE(deadline_moved, deadline)
ROUTINE(deadline_vmfail, mov $VMFAIL_WANTED, %r13d; deadline)
	.globl	exit_deadline_passed
exit_deadline_passed:
1:	deadline
	add	%rsi, %r8
2:	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	cmp	%r8, %rax
	jb	2b
	dec	%rdi
	jnz	1b
	jmp	done

ROUTINE(timer, mov %r14, %r9; deadline; sti; await_interrupt; cli)
	/* From APIC 0 to 1 and 1 to 0, from 2 to 3 and 3 to 2: rsi is the sender's id. */
ROUTINE(ipi, xor $1, %esi; send_ipi GUEST_VECTOR; xor $1, %esi)
	/* No exits, but for interrupts of the host: Bochs delivers them only if they are enabled. */
	.globl	exit_none
exit_none:
	sti
1:	dec	%rdi
	jnz	1b
	cli
	jmp	done

	/*
	 * For rdi ticks of the TSC; adds up the steps from one RDTSC to the next at rdx, but those
	 * above rsi: there the guest did not run.
	 */
	.globl	exit_own_clock
exit_own_clock:
	sti
	mov	%rdx, %r8
	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	mov	%rax, %r9
	add	%rax, %rdi
1:	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	mov	%rax, %rcx
	sub	%r9, %rax
	mov	%rcx, %r9
	cmp	%rsi, %rax
	ja	2f
	add	%rax, (%r8)
2:	cmp	%rdi, %rcx
	jb	1b
	cli
	jmp	done

	/* rdi halts, each until the next tick of the APIC's timer, which has esi as its count */
	.globl	exit_ticks
exit_ticks:
	mov	%esi, %eax
	xor	%edx, %edx
	mov	$MSR_X2APIC_TMICT, %ecx
	wrmsr
1:	sti
	hlt
	cli
	dec	%rdi
	jnz	1b
	jmp	done

	/* rdi times: write to each of rdx pages from rsi */
	.globl	exit_sweep
exit_sweep:
	mov	%rsi, %rax
	mov	%rdx, %rcx
2:	mov	%al, (%rax)
	add	$4096, %rax
	dec	%rcx
	jnz	2b
	dec	%rdi
	jnz	exit_sweep
	jmp	done

ROUTINE(self_ipi, sti; mov %r14, %r9; send_ipi SELF_IPI; await_interrupt)
ROUTINE(self_ipi_window, cli; mov %r14, %r9; send_ipi SELF_IPI; sti; nop; await_interrupt)
ROUTINE(tpr,
	sti; mov %r14, %r9; mov $15, %eax; mov %rax, %cr8; send_ipi SELF_IPI;
	xor %eax, %eax; mov %rax, %cr8; await_interrupt)

	/* At most a page: the first run of a vCPU maps it. */
	.org	guest_code_start + 4096
guest_code_end:
	.section .note.GNU-stack, "", @progbits
