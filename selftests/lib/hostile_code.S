/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What hostile guests execute. Position-independent; arguments in rdi, rsi.
 * Every loop makes exits: with interrupts off Bochs would never leave it.
 */
	.section .rodata
	.globl hostile_code_start, hostile_code_end
	.globl hostile_cpuid_for, hostile_sweep

	/* RAX = TSC */
	.macro	tsc
	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	.endm

hostile_code_start:

hostile_cpuid_for:
	xor	%r9d, %r9d
	tsc
	lea	(%rax,%rdi), %r8
1:	mov	%esi, %eax
	xor	%ecx, %ecx
	cpuid
	inc	%r9
	tsc
	cmp	%r8, %rax
	jb	1b
	mov	%r9, %rbx
	hlt

hostile_sweep:
	mov	(%rdi), %r8d
	mov	4(%rdi), %r9d
	mov	24(%rdi), %r10
	mov	$0x100000001b3, %r11	/* FNV's prime */
1:	mov	8(%rdi), %rsi
	mov	16(%rdi), %rbp
	mov	$0xcbf29ce484222325, %r12
2:	mov	%r8d, %eax
	mov	(%rsi), %ecx
	/* A register that CPUID leaves alone would show. */
	mov	$0xdeadbeef, %ebx
	mov	$0xdeadbeef, %edx
	cpuid
	.irp	reg, rax, rbx, rcx, rdx
	xor	%\reg, %r12
	imul	%r11, %r12
	.endr
	add	$4, %rsi
	dec	%rbp
	jnz	2b
	mov	%r12, (%r10)
	add	$8, %r10
	inc	%r8d
	dec	%r9d
	jnz	1b
	hlt

hostile_code_end:
	.section .note.GNU-stack, "", @progbits
