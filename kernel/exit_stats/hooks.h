/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What KVM's own files call: a line each.
 *
 * The vendor module latches an exit where the processor is back in host state
 * (interrupts off), and closes it where KVM is done with it. With the exit_stats
 * parameter at N, and while no hooked vendor module is loaded, each is a jump over
 * its code, which is a NOP otherwise.
 */
#ifndef EXIT_STATS_HOOKS_H
#define EXIT_STATS_HOOKS_H

#include <linux/jump_label.h>
#include <linux/kvm_host.h>
#include <asm/svm.h>

#include "reasons.h"
#include "hot.h"

#ifndef CONFIG_X86_64
#error "readers need 64-bit loads that are never torn"
#endif

DECLARE_STATIC_KEY_TRUE(kvm_exit_stats_latches);
DECLARE_STATIC_KEY_TRUE(kvm_exit_stats_closes);

/* Where the vendor's vCPU structure has the record's pointer. */
extern size_t exit_stats_vcpu_offset;

/**
 * kvm_exit_stats_latch_vmx - remember a VMX exit: reason, TSC, was this L2
 * @v: where the vCPU's record is pointed to
 * @vcpu: the vCPU; in guest mode the exit left an L2 guest
 * @reason: the VMCS's exit reason with its flag bits (SDM vol. 3, "Basic
 *	VM-Exit Information"); the flags are masked
 *
 * Pointers, so that nothing is read for it while recording is off. The vCPU's flags
 * need no mask: with VMX those besides HF_GUEST_MASK are SMM's.
 *
 * Context: vmx_vcpu_run() once an exit, interrupts off.
 */
static __always_inline void kvm_exit_stats_latch_vmx(struct exit_stats_vcpu *const *v,
						     struct kvm_vcpu *vcpu, const u32 *reason)
{
	if (static_branch_likely(&kvm_exit_stats_latches))
		exit_stats_latch(*v, exit_stats_slot_vmx(reason), vcpu->arch.hflags);
}

/**
 * kvm_exit_stats_latch_svm - remember an SVM exit: code, TSC, was this L2
 * @v: where the vCPU's record is pointed to
 * @vcpu: the vCPU; in guest mode the exit left an L2 guest
 * @control: of the VMCB that ran; an SEV-ES guest's exits are VMGEXIT whatever
 *	its GHCB says
 *
 * 6.1 has GIF among the vCPU's flags, which is nearly always set: it is masked.
 *
 * Context: svm_vcpu_run() once an exit, interrupts off.
 */
static __always_inline void kvm_exit_stats_latch_svm(struct exit_stats_vcpu *const *v,
						     struct kvm_vcpu *vcpu,
						     const struct vmcb_control_area *control)
{
	if (static_branch_likely(&kvm_exit_stats_latches))
		exit_stats_latch(*v, exit_stats_slot_svm(control->exit_code),
				 vcpu->arch.hflags & HF_GUEST_MASK);
}

/**
 * kvm_exit_stats_close - the exit is handled: count it, if one is latched
 * @v: where the vCPU's record is pointed to
 * @ret: what the handler returned
 *
 * @ret goes through here so that it makes way for RDTSC only while recording is
 * on: the compiler must not know that it is the same value afterwards.
 *
 * Context: the vCPU's thread, when the vendor's handle_exit returns.
 *
 * Return: @ret.
 */
static __always_inline int kvm_exit_stats_close(struct exit_stats_vcpu *const *v, int ret)
{
	if (static_branch_likely(&kvm_exit_stats_closes)) {
		OPTIMIZER_HIDE_VAR(ret);
		exit_stats_close(*v);
		OPTIMIZER_HIDE_VAR(ret);
	}
	return ret;
}

/**
 * kvm_exit_stats_close_fastpath - the fast path answered the exit: count it
 * @vcpu: the vCPU
 *
 * Where the guest is entered again at once, and where KVM returns to user space and
 * leaves out the vendor's handle_exit, which would have closed it (6.12).
 *
 * Context: vcpu_enter_guest(), between two calls of the vendor's vcpu_run,
 * interrupts off; or before it returns. The vCPU has a record: no TDX guest's comes here.
 */
static __always_inline void kvm_exit_stats_close_fastpath(struct kvm_vcpu *vcpu)
{
	if (static_branch_likely(&kvm_exit_stats_closes)) {
		struct exit_stats_vcpu **v = (void *)vcpu + exit_stats_vcpu_offset;

		exit_stats_close(*v);
	}
}

void kvm_exit_stats_init(void);
int kvm_exit_stats_register(unsigned int vendor, size_t vcpu_offset, size_t vm_offset,
			    const void *handlers, unsigned int nr);
void kvm_exit_stats_start(void);
void kvm_exit_stats_unregister(void);

int kvm_exit_stats_vm_create(struct kvm *kvm);
void kvm_exit_stats_vm_destroy(struct kvm *kvm);
int kvm_exit_stats_vcpu_create(struct kvm_vcpu *vcpu);
void kvm_exit_stats_vcpu_free(struct kvm_vcpu *vcpu);

bool kvm_exit_stats_cpuid(struct kvm_vcpu *vcpu, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx);
void kvm_exit_stats_vm_debugfs(struct kvm *kvm, struct dentry *dir);
void kvm_exit_stats_vcpu_debugfs(struct kvm_vcpu *vcpu, struct dentry *dir);

#endif
