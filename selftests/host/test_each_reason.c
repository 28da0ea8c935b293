// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of guests that make an exactly known number of exits of one kind, on 1, 2 and 4
 * vCPUs. lib/exit_case.c says what is checked for each.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "guest.h"
#include "stats.h"
#include "tap.h"
#include "exit_case.h"

#define X86_CR4_UMIP	(1ul << 11)
#define X86_CR4_OSXSAVE (1ul << 18)
#define MSR_APIC_BASE	0x1b
#define MSR_PAT		0x277

/* REP INSB starts 100 bytes before the end of a page. */
#define INSB_BUFFER (GUEST_PAGES + 0x1000 - 100)

/* ---- set-up */

static void drop_pages(struct vm *vm, int n)
{
	if (madvise(vm->mem + GUEST_PAGES + n * EXIT_CASE_PAGES, EXIT_CASE_PAGES, MADV_DONTNEED))
		bail_out("MADV_DONTNEED");
}

static void debug_breakpoints(struct vm *vm, int n)
{
	vcpu_debug(vm, n, KVM_GUESTDBG_USE_SW_BP);
}

static void debug_steps(struct vm *vm, int n)
{
	vcpu_debug(vm, n, KVM_GUESTDBG_SINGLESTEP);
}

static void debug_registers(struct vm *vm, int n)
{
	vcpu_debug(vm, n, KVM_GUESTDBG_USE_HW_BP);
}

/* Neither an interrupt nor #GP nor #DF can be delivered. */
static void no_idt(struct vm *vm, int n)
{
	struct kvm_sregs sregs;

	vcpu_get_sregs(vm, n, &sregs);
	sregs.idt.limit = 0;
	vcpu_set_sregs(vm, n, &sregs);
}

/* ---- user space's part */

static struct kvm_run *run_of(const struct share *s)
{
	return s->vm->vcpu[s->n].run;
}

static void skip_instruction(const struct share *s, int length)
{
	int fd = s->vm->vcpu[s->n].fd;
	struct kvm_regs regs;

	if (ioctl(fd, KVM_GET_REGS, &regs))
		bail_out("KVM_GET_REGS");
	regs.rip += length;
	if (ioctl(fd, KVM_SET_REGS, &regs))
		bail_out("KVM_SET_REGS");
}

static bool on_breakpoint(struct share *s)
{
	if (run_of(s)->exit_reason != KVM_EXIT_DEBUG)
		return exit_user_exit(s);
	skip_instruction(s, 1);
	return false;
}

static bool on_step(struct share *s)
{
	return run_of(s)->exit_reason != KVM_EXIT_DEBUG && exit_user_exit(s);
}

/* The guest cannot go on: restart it. */
static bool again(struct share *s, uint32_t exit_reason)
{
	if (run_of(s)->exit_reason != exit_reason)
		return exit_user_exit(s);
	vcpu_call(s->vm, s->n, s->c->routine, 1, 0, 0);
	/* SVM resets a vCPU at a shutdown. */
	s->c->setup(s->vm, s->n);
	return !--s->left;
}

static bool on_shutdown(struct share *s)
{
	return again(s, KVM_EXIT_SHUTDOWN);
}

static bool on_failed_entry(struct share *s)
{
	return again(s, KVM_EXIT_FAIL_ENTRY);
}

/* The guest asks for a window with interrupts off. The window opens when it allows them. */
static bool on_window(struct share *s)
{
	struct kvm_run *run = run_of(s);

	run->request_interrupt_window = run->exit_reason == KVM_EXIT_IO &&
					run->io.port == PORT_WINDOW;
	return run->exit_reason != KVM_EXIT_IRQ_WINDOW_OPEN && exit_user_exit(s);
}

/* ---- the table */

#define N 60

/* clang-format off */
#define NO_NEED	  "no need with nested paging"
#define INTEL	  "an instruction of Intel's"
#define AMD	  "an instruction of AMD's"

static const struct exit_case cases[] = {
	{ "CPUID", exit_cpuid, 500,
	  .vmx.expect = { { VMX_CPUID, 1 } }, .svm.expect = { { SVM_CPUID, 1 } } },
	{ "HLT", exit_hlt, N,
	  .vmx.expect = { { VMX_HLT, 1 } }, .svm.expect = { { SVM_HLT, 1 } } },
	{ "VMCALL", exit_vmcall, N,
	  .vmx.expect = { { VMX_VMCALL, 1 } }, .svm.why_not = "KVM makes it a VMMCALL" },
	{ "VMMCALL", exit_vmmcall, N,
	  .vmx.why_not = "KVM makes it a VMCALL", .svm.expect = { { SVM_VMMCALL, 1 } } },
	{ "OUT", exit_out, N,
	  .vmx.expect = { { VMX_IO_INSTRUCTION, 1 } }, .svm.expect = { { SVM_IOIO, 1 } } },
	{ "IN", exit_in, N,
	  .vmx.expect = { { VMX_IO_INSTRUCTION, 1 } }, .svm.expect = { { SVM_IOIO, 1 } } },
	/*
	 * KVM takes one byte to user space and enters the guest again at the same REP OUTSB,
	 * the last time with RCX = 0.
	 */
	{ "REP OUTSB", exit_outsb, N, GUEST_DATA,
	  .vmx.expect = { { VMX_IO_INSTRUCTION, 1, 1 } }, .svm.expect = { { SVM_IOIO, 1, 1 } } },
	/*
	 * KVM asks for up to 1024 bytes, not beyond the end of a page: 100, 1024 ..., 924. The
	 * last exit is with RCX = 0 again.
	 */
	{ "REP INSB", exit_insb, 9, INSB_BUFFER, EXIT_CASE_PAGES,
	  .vmx.expect = { { VMX_IO_INSTRUCTION, 1, 2 } }, .svm.expect = { { SVM_IOIO, 1, 2 } } },
	{ "RDMSR", exit_rdmsr, N, MSR_APIC_BASE,
	  .vmx.expect = { { VMX_MSR_READ, 1 } }, .svm.expect = { { SVM_MSR, 1 } } },
	{ "WRMSR", exit_wrmsr, N, MSR_PAT,
	  .vmx.expect = { { VMX_MSR_WRITE, 1 } }, .svm.expect = { { SVM_MSR, 1 } } },
	{ "WBINVD", exit_wbinvd, N,
	  .vmx.expect = { { VMX_WBINVD, 1 } }, .svm.expect = { { SVM_WBINVD, 1 } } },
	/* QEMU's TCG reports WBINVD. */
	{ "INVD", exit_invd, N,
	  .vmx.expect = { { VMX_INVD, 1 } }, .svm.expect = { { SVM_WBINVD, 1 } } },
	{ "XSETBV", exit_xsetbv, N, .cr4 = X86_CR4_OSXSAVE,
	  .vmx.expect = { { VMX_XSETBV, 1 } }, .svm.why_not = "QEMU's TCG does not intercept it" },
	/* SVM: a vCPU starts with caches off. KVM hides that and so intercepts each access. */
	{ "CR0.AM", exit_cr0, N,
	  .vmx.expect = { { VMX_CR_ACCESS, 1 } },
	  .svm.expect = { { SVM_WRITE_CR0, 1 }, { SVM_READ_CR0, 1 } } },
	{ "CR3", exit_cr3, N,
	  .vmx = { { { VMX_CR_ACCESS, 2 } }, .why_none = NO_NEED },
	  .svm = { { { SVM_WRITE_CR3, 1 }, { SVM_READ_CR3, 1 } }, .why_none = NO_NEED } },
	{ "CR4.MCE", exit_cr4, N,
	  .vmx.expect = { { VMX_CR_ACCESS, 1 } },
	  .svm.expect = { { SVM_WRITE_CR4, 1 }, { SVM_READ_CR4, 1 } } },
	/* SVM: reads are answered from V_TPR without an exit. */
	{ "CR8", exit_cr8, N,
	  .vmx.expect = { { VMX_CR_ACCESS, 3 } }, .svm.expect = { { SVM_WRITE_CR8, 2 } } },
	/*
	 * After an access KVM gives the registers to the guest until the next exit. If that is
	 * a host interrupt, the access exits once more.
	 */
	{ "DR", exit_dr_out, N,
	  .vmx.expect = { { VMX_DR_ACCESS, 1, .slack = MORE_PER_INTERRUPT },
			  { VMX_IO_INSTRUCTION, 1 } },
	  .svm.expect = { { SVM_WRITE_DR0, 1, .slack = MORE_PER_INTERRUPT }, { SVM_IOIO, 1 } } },
	{ "DR under guest debug", exit_dr, N, .setup = debug_registers,
	  .vmx.expect = { { VMX_DR_ACCESS, 1 } }, .svm.expect = { { SVM_WRITE_DR0, 1 } } },
	{ "read of fresh pages", exit_read_page, 40, GUEST_PAGES, EXIT_CASE_PAGES,
	  .vmx.expect = { { VMX_EPT_VIOLATION, 1 } }, .svm.expect = { { SVM_NPF, 1 } } },
	{ "write of fresh pages", exit_write_page, 40, GUEST_PAGES, EXIT_CASE_PAGES,
	  .vmx.expect = { { VMX_EPT_VIOLATION, 1 } }, .svm.expect = { { SVM_NPF, 1 } } },
	{ "read of pages that the host lacks", exit_read_page, 40, GUEST_PAGES, EXIT_CASE_PAGES,
	  .setup = drop_pages,
	  .vmx.expect = { { VMX_EPT_VIOLATION, 1 } }, .svm.expect = { { SVM_NPF, 1 } } },
	/*
	 * The read maps the zero page. The write allocates a page. That, or another vCPU's page,
	 * invalidates the mapping, so KVM tries again.
	 */
	{ "read and write of pages that the host lacks", exit_read_write_page, 40, GUEST_PAGES,
	  EXIT_CASE_PAGES, .setup = drop_pages,
	  .vmx.expect = { { VMX_EPT_VIOLATION, 3, .slack = MINIMUM } },
	  .svm.expect = { { SVM_NPF, 3, .slack = MINIMUM } } },
	/* VMX: the first access makes an entry that is misconfigured on purpose. */
	{ "MMIO read", exit_read, N, EXIT_CASE_MMIO, 0x1000,
	  .vmx.expect = { { VMX_EPT_MISCONFIG, 1, -1 }, { VMX_EPT_VIOLATION, 0, 1 } },
	  .svm.expect = { { SVM_NPF, 1 } } },
	{ "MMIO write", exit_write, N, EXIT_CASE_MMIO, 0x1000,
	  .vmx.expect = { { VMX_EPT_MISCONFIG, 1, -1 }, { VMX_EPT_VIOLATION, 0, 1 } },
	  .svm.expect = { { SVM_NPF, 1 } } },
	{ "#UD", exit_ud2, N,
	  .vmx.expect = { { VMX_EXCEPTION_NMI, 1 } }, .svm.expect = { { SVM_EXCP_UD, 1 } } },
	{ "#BP under guest debug", exit_int3, N, .setup = debug_breakpoints,
	  .user_exit = on_breakpoint,
	  .vmx.expect = { { VMX_EXCEPTION_NMI, 1 } },
	  .svm.why_not = "QEMU's TCG does not intercept INT3" },
	/* NOP, DEC, JNZ; and the JMP to the end. */
	{ "single step", exit_nop, N, .setup = debug_steps, .user_exit = on_step,
	  .vmx.expect = { { VMX_EXCEPTION_NMI, 3, 1 } }, .svm.expect = { { SVM_EXCP_DB, 3, 1 } } },
	{ "triple fault", exit_triple_fault, N, .setup = no_idt, .user_exit = on_shutdown,
	  .no_done = true,
	  .vmx.expect = { { VMX_TRIPLE_FAULT, 1 } }, .svm.expect = { { SVM_SHUTDOWN, 1 } } },
	{ "interrupt window", exit_window, N, .user_exit = on_window,
	  .vmx.expect = { { VMX_INTERRUPT_WINDOW, 1 }, { VMX_IO_INSTRUCTION, 1 } },
	  .svm.expect = { { SVM_VINTR, 1 }, { SVM_IOIO, 1 } } },
	{ "failed entry", exit_cpuid, N, .setup = vcpu_invalid_state, .user_exit = on_failed_entry,
	  .no_done = true,
	  .vmx.expect = { { VMX_INVALID_STATE, 1 } }, .svm.expect = { { SVM_ERR, 1 } } },
	{ "RDPMC", exit_rdpmc, N,
	  .vmx.expect = { { VMX_RDPMC, 1 } }, .svm.expect = { { SVM_RDPMC, 1 } } },
	{ "RDTSC", exit_rdtsc, N,
	  .vmx = { { { VMX_RDTSC, 1 } }, .why_none = "KVM leaves it to the guest" },
	  .svm.why_not = "KVM never intercepts it" },
	{ "INVLPG", exit_invlpg, N, GUEST_DATA,
	  .vmx = { { { VMX_INVLPG, 1 } }, .why_none = NO_NEED },
	  .svm = { { { SVM_INVLPG, 1 } }, .why_none = NO_NEED } },
	{ "MONITOR", exit_monitor, N, GUEST_DATA,
	  .vmx.expect = { { VMX_MONITOR_INSTRUCTION, 1 } }, .svm.expect = { { SVM_MONITOR, 1 } } },
	{ "MWAIT", exit_mwait, N,
	  .vmx.expect = { { VMX_MWAIT_INSTRUCTION, 1 } }, .svm.expect = { { SVM_MWAIT, 1 } } },
	/* Only in a tight loop, at intervals that KVM doubles, and resets when scheduled out. */
	{ "PAUSE", exit_pause, 20000,
	  .vmx.expect = { { VMX_PAUSE_INSTRUCTION, 0, 1, MINIMUM } },
	  .svm = { { { SVM_PAUSE, 0, 1, MINIMUM } }, .why_none = "no pause filter" } },
	{ "SGDT", exit_sgdt, N, .cr4 = X86_CR4_UMIP,
	  .vmx.expect = { { VMX_GDTR_IDTR, 1 } },
	  .svm.why_not = "KVM leaves UMIP to the processor" },
	{ "SLDT", exit_sldt, N, .cr4 = X86_CR4_UMIP,
	  .vmx.expect = { { VMX_LDTR_TR, 1 } }, .svm.why_not = "KVM leaves UMIP to the processor" },
	{ "VMCLEAR", exit_vmclear, N, .vmx.expect = { { VMX_VMCLEAR, 1 } }, .svm.why_not = INTEL },
	{ "VMXOFF", exit_vmxoff, N, .vmx.expect = { { VMX_VMOFF, 1 } }, .svm.why_not = INTEL },
	{ "VMRUN", exit_vmrun, N, .svm.expect = { { SVM_VMRUN, 1 } }, .vmx.why_not = AMD },
	{ "VMLOAD", exit_vmload, N, .svm.expect = { { SVM_VMLOAD, 1 } }, .vmx.why_not = AMD },
	{ "VMSAVE", exit_vmsave, N, .svm.expect = { { SVM_VMSAVE, 1 } }, .vmx.why_not = AMD },
	{ "INVLPGA", exit_invlpga, N, .svm.expect = { { SVM_INVLPGA, 1 } }, .vmx.why_not = AMD },
	{ "SKINIT", exit_skinit, N, .svm.expect = { { SVM_SKINIT, 1 } }, .vmx.why_not = AMD },
	/* I/O: OUT, IN, four of REP OUTSB, and the OUT that asks for a window. CR8 makes three. */
	{ "mix of all", exit_mix, 40, GUEST_PAGES, EXIT_CASE_PAGES, .cr4 = X86_CR4_OSXSAVE,
	  .user_exit = on_window,
	  .vmx.expect = { { VMX_EXCEPTION_NMI, 1 }, { VMX_CPUID, 1 }, { VMX_HLT, 1 },
			  { VMX_VMCALL, 1 }, { VMX_IO_INSTRUCTION, 7 }, { VMX_MSR_READ, 1 },
			  { VMX_MSR_WRITE, 1 }, { VMX_WBINVD, 1 }, { VMX_INVD, 1 },
			  { VMX_CR_ACCESS, 5 }, { VMX_DR_ACCESS, 1, .slack = MORE_PER_INTERRUPT },
			  { VMX_EPT_VIOLATION, 1, 1 }, { VMX_EPT_MISCONFIG, 1, -1 },
			  { VMX_RDPMC, 1 }, { VMX_XSETBV, 1 }, { VMX_INTERRUPT_WINDOW, 1 } },
	  .svm.why_not = "on AMD the case with VMMCALL runs" },
	{ "mix of all, with VMMCALL", exit_mix_svm, 40, GUEST_PAGES, EXIT_CASE_PAGES,
	  .user_exit = on_window,
	  .vmx.why_not = "on Intel the case with VMCALL runs",
	  .svm.expect = { { SVM_EXCP_UD, 1 }, { SVM_CPUID, 1 }, { SVM_HLT, 1 },
			  { SVM_VMMCALL, 1 }, { SVM_IOIO, 7 }, { SVM_MSR, 2 }, { SVM_WBINVD, 2 },
			  { SVM_READ_CR0, 1 }, { SVM_WRITE_CR0, 1 }, { SVM_READ_CR4, 1 },
			  { SVM_WRITE_CR4, 1 }, { SVM_WRITE_CR8, 2 },
			  { SVM_WRITE_DR0, 1, .slack = MORE_PER_INTERRUPT }, { SVM_NPF, 2 },
			  { SVM_RDPMC, 1 }, { SVM_VINTR, 1 } } },
};

/* clang-format on */

int main(void)
{
	return exit_cases_main(cases, sizeof(cases) / sizeof(*cases), vm_create);
}
