// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of guests whose APIC is in the kernel: timers, whose exits VMX's fast path
 * handles by re-entry; interrupts to the vCPU itself and to another one, and their EOI;
 * accesses to the APIC page.
 *
 * SVM's fast path is not tested: it needs NRIPS, which QEMU's TCG lacks.
 */
#include "apic.h"
#include "guest.h"
#include "stats.h"
#include "exit_case.h"

/* Ticks to a deadline: soon, but after the exit of the WRMSR that sets it. */
#define SOON 20000

static void xapic(struct vm *vm, int n)
{
	vcpu_start_apic(vm, n, LVTT_MASKED);
}

static void x2apic(struct vm *vm, int n)
{
	vcpu_start_x2apic(vm, n, LVTT_MASKED);
}

static void masked_timer(struct vm *vm, int n)
{
	vcpu_start_x2apic(vm, n, LVTT_DEADLINE | LVTT_MASKED | GUEST_VECTOR);
}

static void timer(struct vm *vm, int n)
{
	vcpu_start_x2apic(vm, n, LVTT_DEADLINE | GUEST_VECTOR);
}

static void stepped_timer(struct vm *vm, int n)
{
	masked_timer(vm, n);
	vcpu_debug(vm, n, KVM_GUESTDBG_SINGLESTEP);
}

static bool on_step(struct share *s)
{
	return s->vm->vcpu[s->n].run->exit_reason != KVM_EXIT_DEBUG && exit_user_exit(s);
}

#define N 60

#define NO_APICV "no APICv: kvm_intel.enable_apicv=N"
#define NO_AVIC	 "QEMU's TCG has no AVIC"

/* clang-format off */
static const struct exit_case cases[] = {
	/*
	 * VMX: the fast path, by re-entry. SVM: the slow path, as NRIPS is missing; and KVM uses
	 * hrtimers, as SVM has no preemption timer.
	 */
	{ "TSC deadline moved", exit_deadline_moved, N, DEADLINE_FAR, .setup = masked_timer,
	  .vmx.expect = { { VMX_MSR_WRITE, 1 } }, .svm.expect = { { SVM_MSR, 1 } } },
	/*
	 * The same with single steps: eleven instructions and, once, the JMP. VMX's fast path
	 * handles the WRMSR, and from 6.12 on returns to user space (EXIT_FASTPATH_EXIT_USERSPACE).
	 * Bochs 2.7 saves the WRMSR's step as pending (BS) although the WRMSR exits, so the next
	 * entry makes a #DB before any instruction. A processor saves none and makes 10 each.
	 */
	{ "TSC deadline moved, single step", exit_deadline_moved, N, DEADLINE_FAR,
	  .setup = stepped_timer, .user_exit = on_step,
	  .vmx.expect = { { VMX_MSR_WRITE, 1 }, { VMX_EXCEPTION_NMI, 11, 1 } },
	  .svm.expect = { { SVM_MSR, 1 }, { SVM_EXCP_DB, 10, 1 } } },
	/*
	 * If the vCPU is scheduled out before the WRMSR, the deadline may be past already and no
	 * timer runs. The fast path handles the timer's exit too. But an expired timer makes a
	 * request (apic_timer_expired()), so vcpu_enter_guest() leaves its loop. Only with APICv
	 * there is no request, in 6.1, 6.12 and 7.2.
	 */
	{ "TSC deadline passed", exit_deadline_passed, N, SOON, .setup = masked_timer,
	  .vmx.expect = { { VMX_PREEMPTION_TIMER, 1, .slack = LESS_PER_INTERRUPT },
			  { VMX_MSR_WRITE, 1 } },
	  .svm.expect = { { SVM_MSR, 1 } } },
	/*
	 * The deadline and the EOI. SVM: an interrupt that is due before STI waits for a window,
	 * one that is due after STI does not.
	 */
	{ "timer interrupt", exit_timer, N, SOON, .setup = timer,
	  .vmx.expect = { { VMX_PREEMPTION_TIMER, 1, .slack = LESS_PER_INTERRUPT },
			  { VMX_MSR_WRITE, 2 } },
	  .svm.expect = { { SVM_MSR, 2 }, { SVM_VINTR, .slack = MINIMUM } } },
	/*
	 * The other vCPU has interrupts off and never takes the IPI. A single vCPU sends its IPIs
	 * to nobody.
	 */
	{ "IPI to another vCPU", exit_ipi, N, 0, 1, .setup = x2apic,
	  .vmx.expect = { { VMX_MSR_WRITE, 1 } }, .svm.expect = { { SVM_MSR, 1 } } },
	/* The ICR and the EOI. */
	{ "IPI to itself", exit_self_ipi, N, .setup = x2apic,
	  .vmx.expect = { { VMX_MSR_WRITE, 2 } }, .svm.expect = { { SVM_MSR, 2 } } },
	{ "IPI to itself, interrupts off", exit_self_ipi_window, N, .setup = x2apic,
	  .vmx.expect = { { VMX_INTERRUPT_WINDOW, 1 }, { VMX_MSR_WRITE, 2 } },
	  .svm.expect = { { SVM_VINTR, 1 }, { SVM_MSR, 2 } } },
	{ "IPI to itself, TPR above it", exit_tpr, N, .setup = x2apic,
	  .vmx.expect = { { VMX_TPR_BELOW_THRESHOLD, 1 }, { VMX_MSR_WRITE, 2 } },
	  .svm.expect = { { SVM_WRITE_CR8, 1 }, { SVM_MSR, 2 } } },
	/*
	 * Without APICv 6.1 maps no APIC page: each access is an EPT violation. A read makes two
	 * in 6.1, as KVM first tries whether a page table's write protection was the cause.
	 */
	{ "read of the APIC's page", exit_read, N, APIC_PAGE + APIC_SVR, .touch = APIC_PAGE,
	  .setup = xapic,
	  .vmx.expect = { { VMX_EPT_VIOLATION, 1, .each_6_1 = 2 } },
	  .svm.expect = { { SVM_NPF, 1 } } },
	{ "EOI in the APIC's page", exit_write, N, APIC_PAGE + APIC_EOI, .touch = APIC_PAGE,
	  .setup = xapic,
	  .vmx.expect = { { VMX_EPT_VIOLATION, 1 } }, .svm.expect = { { SVM_NPF, 1 } } },
	{ "APIC_ACCESS", exit_read, N, APIC_PAGE + APIC_SVR, .touch = APIC_PAGE, .setup = xapic,
	  .vmx = { { { VMX_APIC_ACCESS, 1 } }, .why_none = NO_APICV }, .svm.why_not = NO_AVIC },
	{ "APIC_WRITE", exit_self_ipi, N, .setup = x2apic,
	  .vmx = { { { VMX_APIC_WRITE, 1 } }, .why_none = NO_APICV }, .svm.why_not = NO_AVIC },
	{ "EOI_INDUCED", exit_self_ipi, N, .setup = x2apic,
	  .vmx = { { { VMX_EOI_INDUCED, 1 } }, .why_none = NO_APICV }, .svm.why_not = NO_AVIC },
};

/* clang-format on */

int main(void)
{
	return exit_cases_main(cases, sizeof(cases) / sizeof(*cases), vm_create_irqchip);
}
