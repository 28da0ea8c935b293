/* SPDX-License-Identifier: GPL-2.0-only */
/* What the guests execute. Position-independent; arguments in rdi, rsi, rdx. */
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
	/* A register that CPUID leaves alone would show. */
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

guest_code_end:
	.section .note.GNU-stack, "", @progbits
