// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests that make an exactly known number of exits of one kind, on 1, 2 and 4
 * vCPUs. All that is proved of each is in lib/truth.c; this is the table.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "guest.h"
#include "stats.h"
#include "tap.h"
#include "truth.h"
#include "witness.h"

#define X86_CR4_UMIP	(1ul << 11)
#define X86_CR4_OSXSAVE (1ul << 18)
#define DR7_FIXED	0x400
#define MSR_APIC_BASE	0x1b
#define MSR_STAR	0xc0000081

/* rep insb into it begins 100 bytes before a page's end. */
#define INSB_BUFFER (GUEST_PAGES + 0x1000 - 100)

/* ---- set-up */

static void drop_pages(struct vm *vm, int n)
{
	if (madvise(vm->mem + GUEST_PAGES + n * TRUTH_PAGES, TRUTH_PAGES, MADV_DONTNEED))
		bail_out("MADV_DONTNEED");
}

static void set_debug(struct vm *vm, int n, uint32_t control)
{
	struct kvm_guest_debug debug = {
		.control = KVM_GUESTDBG_ENABLE | control,
		.arch.debugreg[7] = DR7_FIXED,
	};

	if (ioctl(vm->vcpu[n].fd, KVM_SET_GUEST_DEBUG, &debug))
		bail_out("KVM_SET_GUEST_DEBUG");
}

static void debug_breakpoints(struct vm *vm, int n)
{
	set_debug(vm, n, KVM_GUESTDBG_USE_SW_BP);
}

static void debug_steps(struct vm *vm, int n)
{
	set_debug(vm, n, KVM_GUESTDBG_SINGLESTEP);
}

static void debug_registers(struct vm *vm, int n)
{
	set_debug(vm, n, KVM_GUESTDBG_USE_HW_BP);
}

/* An interrupt that cannot be delivered, nor #GP, nor #DF. */
static void no_idt(struct vm *vm, int n)
{
	struct kvm_sregs sregs;

	vcpu_get_sregs(vm, n, &sregs);
	sregs.idt.limit = 0;
	vcpu_set_sregs(vm, n, &sregs);
}

/* KVM checks no segment when the processor runs unrestricted guests; an entry does. */
static void no_task_register(struct vm *vm, int n)
{
	struct kvm_sregs sregs;

	vcpu_get_sregs(vm, n, &sregs);
	sregs.tr.unusable = 1;
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
		return truth_user_exit(s);
	skip_instruction(s, 1);
	return false;
}

static bool on_step(struct share *s)
{
	return run_of(s)->exit_reason != KVM_EXIT_DEBUG && truth_user_exit(s);
}

/* The guest cannot go on: begin again. */
static bool again(struct share *s, uint32_t exit_reason)
{
	if (run_of(s)->exit_reason != exit_reason)
		return truth_user_exit(s);
	vcpu_call(s->vm, s->n, s->c->routine, 1, 0, 0);
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

/* The guest asks with interrupts off; the window opens when it allows them. */
static bool on_window(struct share *s)
{
	struct kvm_run *run = run_of(s);

	run->request_interrupt_window = run->exit_reason == KVM_EXIT_IO &&
					run->io.port == PORT_WINDOW;
	return run->exit_reason != KVM_EXIT_IRQ_WINDOW_OPEN && truth_user_exit(s);
}

/* ---- the table */

#define N 60

/* clang-format off */
static const struct truth_case cases[] = {
	{ "CPUID", truth_cpuid, 500, .expect = { { CPUID, 1 } } },
	{ "HLT", truth_hlt, N, .expect = { { HLT, 1 } } },
	{ "VMCALL", truth_vmcall, N, .expect = { { VMCALL, 1 } } },
	{ "OUT", truth_out, N, .expect = { { IO_INSTRUCTION, 1 } } },
	{ "IN", truth_in, N, .expect = { { IO_INSTRUCTION, 1 } } },
	/*
	 * KVM takes a byte to user space and enters the guest again at the same REP OUTSB,
	 * the last time with RCX = 0.
	 */
	{ "REP OUTSB", truth_outsb, N, GUEST_DATA, .expect = { { IO_INSTRUCTION, 1, 1 } } },
	/*
	 * It reads up to 1024 bytes ahead, not beyond a page: 100, 1024 ..., 924; and
	 * RCX = 0 again.
	 */
	{ "REP INSB", truth_insb, 9, INSB_BUFFER, TRUTH_PAGES,
	  .expect = { { IO_INSTRUCTION, 1, 2 } } },
	{ "RDMSR", truth_rdmsr, N, MSR_APIC_BASE, .expect = { { MSR_READ, 1 } } },
	{ "WRMSR", truth_wrmsr, N, MSR_STAR, .expect = { { MSR_WRITE, 1 } } },
	{ "WBINVD", truth_wbinvd, N, .expect = { { WBINVD, 1 } } },
	{ "INVD", truth_invd, N, .expect = { { INVD, 1 } } },
	{ "XSETBV", truth_xsetbv, N, .cr4 = X86_CR4_OSXSAVE, .expect = { { XSETBV, 1 } } },
	{ "CR0.AM", truth_cr0, N, .expect = { { CR_ACCESS, 1 } } },
	{ "CR3", truth_cr3, N, .expect = { { CR_ACCESS, 2 } }, .why_none = "no need with EPT" },
	{ "CR4.MCE", truth_cr4, N, .expect = { { CR_ACCESS, 1 } } },
	{ "CR8", truth_cr8, N, .expect = { { CR_ACCESS, 3 } } },
	/*
	 * After an access KVM leaves the registers to the guest until the next exit, which
	 * may be a host interrupt before the access is made again.
	 */
	{ "DR", truth_dr_out, N,
	  .expect = { { DR_ACCESS, 1, .slack = MORE_PER_INTERRUPT }, { IO_INSTRUCTION, 1 } } },
	{ "DR under guest debug", truth_dr, N, .setup = debug_registers,
	  .expect = { { DR_ACCESS, 1 } } },
	{ "read of fresh pages", truth_read_page, 40, GUEST_PAGES, TRUTH_PAGES,
	  .expect = { { EPT_VIOLATION, 1 } } },
	{ "write of fresh pages", truth_write_page, 40, GUEST_PAGES, TRUTH_PAGES,
	  .expect = { { EPT_VIOLATION, 1 } } },
	{ "read of pages that the host lacks", truth_read_page, 40, GUEST_PAGES, TRUTH_PAGES,
	  .setup = drop_pages, .expect = { { EPT_VIOLATION, 1 } } },
	/*
	 * The read maps the zero page. The write gets a page of its own, whose coming makes
	 * KVM try again, as may the coming of another vCPU's.
	 */
	{ "read and write of pages that the host lacks", truth_read_write_page, 40, GUEST_PAGES,
	  TRUTH_PAGES, .setup = drop_pages, .expect = { { EPT_VIOLATION, 3, .slack = MINIMUM } } },
	/* The first access makes the entry that is a misconfiguration. */
	{ "MMIO read", truth_read, N, TRUTH_MMIO, 0x1000,
	  .expect = { { EPT_MISCONFIG, 1, -1 }, { EPT_VIOLATION, 0, 1 } } },
	{ "MMIO write", truth_write, N, TRUTH_MMIO, 0x1000,
	  .expect = { { EPT_MISCONFIG, 1, -1 }, { EPT_VIOLATION, 0, 1 } } },
	{ "#UD", truth_ud2, N, .expect = { { EXCEPTION_NMI, 1 } } },
	{ "#BP under guest debug", truth_int3, N, .setup = debug_breakpoints,
	  .user_exit = on_breakpoint, .expect = { { EXCEPTION_NMI, 1 } } },
	/* NOP, DEC, JNZ; and the JMP to the end. */
	{ "single step", truth_nop, N, .setup = debug_steps, .user_exit = on_step,
	  .expect = { { EXCEPTION_NMI, 3, 1 } } },
	{ "triple fault", truth_triple_fault, N, .setup = no_idt, .user_exit = on_shutdown,
	  .no_done = true, .expect = { { TRIPLE_FAULT, 1 } } },
	{ "interrupt window", truth_window, N, .user_exit = on_window,
	  .expect = { { INTERRUPT_WINDOW, 1 }, { IO_INSTRUCTION, 1 } } },
	{ "failed entry", truth_cpuid, N, .setup = no_task_register, .user_exit = on_failed_entry,
	  .no_done = true, .expect = { { INVALID_STATE, 1 } } },
	{ "RDPMC", truth_rdpmc, N, .expect = { { RDPMC, 1 } } },
	{ "RDTSC", truth_rdtsc, N, .expect = { { RDTSC, 1 } },
	  .why_none = "KVM leaves it to the guest" },
	{ "INVLPG", truth_invlpg, N, GUEST_DATA, .expect = { { INVLPG, 1 } },
	  .why_none = "no need with EPT" },
	{ "MONITOR", truth_monitor, N, GUEST_DATA, .expect = { { MONITOR_INSTRUCTION, 1 } } },
	{ "MWAIT", truth_mwait, N, .expect = { { MWAIT_INSTRUCTION, 1 } } },
	/* Only in a tight loop, at intervals that KVM doubles and, scheduled out, resets. */
	{ "PAUSE", truth_pause, 20000, .expect = { { PAUSE_INSTRUCTION, 0, 1, MINIMUM } } },
	{ "SGDT", truth_sgdt, N, .cr4 = X86_CR4_UMIP, .expect = { { GDTR_IDTR, 1 } } },
	{ "SLDT", truth_sldt, N, .cr4 = X86_CR4_UMIP, .expect = { { LDTR_TR, 1 } } },
	{ "VMCLEAR", truth_vmclear, N, .expect = { { VMCLEAR, 1 } } },
	{ "VMXOFF", truth_vmxoff, N, .expect = { { VMXOFF, 1 } } },
	{ "mix of all", truth_mix, 40, GUEST_PAGES, TRUTH_PAGES,
	  .expect = { { EXCEPTION_NMI, 1 }, { CPUID, 1 }, { HLT, 1 }, { VMCALL, 1 },
		      { IO_INSTRUCTION, 2 }, { MSR_READ, 1 }, { MSR_WRITE, 1 }, { WBINVD, 1 },
		      { INVD, 1 }, { CR_ACCESS, 1 }, { EPT_VIOLATION, 1 } } },
};

/* clang-format on */

int main(void)
{
	param_set("exit_stats_dump_interval", "0");
	witness_open();
	truth_run(cases, sizeof(cases) / sizeof(*cases), vm_create);
	witness_close();
	param_set("exit_stats_dump_interval", "500");
	return done_testing();
}
