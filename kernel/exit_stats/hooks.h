/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What KVM's own files call: a line each.
 *
 * The vendor module starts an exit where the processor is back in host state, and ends it
 * where KVM has handled it. While recording is off each of these jumps over its code.
 *
 * Configurations without 64-bit words, of which readers could see half, and without debugfs
 * have empty hooks, and Kbuild leaves our objects out.
 */
#ifndef EXIT_STATS_HOOKS_H
#define EXIT_STATS_HOOKS_H

#include <linux/kvm_host.h>

#include "abi.h"

#if defined(CONFIG_X86_64) && defined(CONFIG_DEBUG_FS)

#include <linux/jump_label.h>
#include <asm/svm.h>

#include "hot.h"
#include "mmu.h"
#include "reasons.h"

DECLARE_STATIC_KEY_FALSE(kvm_exit_stats_starts);
DECLARE_STATIC_KEY_FALSE(kvm_exit_stats_ends);

/* Where the vendor's vCPU structure has the record's pointer. */
extern size_t kvm_exit_stats_vcpu_offset;

/*
 * A VMX exit starts: note its reason, the TSC, and whether it left an L2 guest. The reason
 * is the VMCS's, whose flag bits are masked (SDM vol. 3, "Basic VM-Exit Information").
 * Pointers, so that nothing is read for it while recording is off.
 * Context: vmx_vcpu_run() once an exit, interrupts off.
 */
static __always_inline void kvm_exit_stats_start_vmx(struct exit_stats_vcpu *const *v,
						     struct kvm_vcpu *vcpu, const u32 *reason)
{
	if (static_branch_likely(&kvm_exit_stats_starts))
		exit_stats_start(*v, exit_stats_offset_vmx(*reason), is_guest_mode(vcpu));
}

/* The same for SVM, in svm_vcpu_run(). @control is that of the VMCB that ran. */
static __always_inline void kvm_exit_stats_start_svm(struct exit_stats_vcpu *const *v,
						     struct kvm_vcpu *vcpu,
						     const struct vmcb_control_area *control)
{
	if (static_branch_likely(&kvm_exit_stats_starts))
		exit_stats_start(*v, exit_stats_offset_svm(control->exit_code),
				 is_guest_mode(vcpu));
}

/*
 * The exit is handled: count it, if one is pending. @ret goes through here so that the compiler
 * keeps it out of RDTSC's registers only in the branch that records: off costs nothing more.
 * Context: the vCPU's thread, when the vendor's handle_exit returns @ret.
 */
static __always_inline int kvm_exit_stats_end(struct exit_stats_vcpu *const *v, int ret)
{
	if (static_branch_likely(&kvm_exit_stats_ends)) {
		OPTIMIZER_HIDE_VAR(ret);
		exit_stats_end(*v);
		OPTIMIZER_HIDE_VAR(ret);
	}
	return ret;
}

/*
 * The fast path handled the exit: the guest is entered again at once, or 6.12 returns to user
 * space without calling handle_exit. Context: vcpu_enter_guest(); no TDX guest's comes here.
 */
static __always_inline void kvm_exit_stats_end_fastpath(struct kvm_vcpu *vcpu)
{
	if (static_branch_likely(&kvm_exit_stats_ends)) {
		struct exit_stats_vcpu **v = (void *)vcpu + kvm_exit_stats_vcpu_offset;

		exit_stats_end(*v);
	}
}

int kvm_exit_stats_register(unsigned int vendor, size_t vcpu_offset, size_t vm_offset,
			    const void *handlers, unsigned int nr);
void kvm_exit_stats_unregister(void);

int kvm_exit_stats_vm_create(struct kvm *kvm);
void kvm_exit_stats_vm_destroy(struct kvm *kvm);
int kvm_exit_stats_vcpu_create(struct kvm_vcpu *vcpu);
void kvm_exit_stats_vcpu_free(struct kvm_vcpu *vcpu);

bool kvm_exit_stats_cpuid(struct kvm_vcpu *vcpu, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx);
void kvm_exit_stats_host_debugfs(void);
void kvm_exit_stats_vm_debugfs(struct kvm *kvm, struct dentry *dir);
void kvm_exit_stats_vcpu_debugfs(struct kvm_vcpu *vcpu, struct dentry *dir);

#else

#define kvm_exit_stats_start_vmx(v, vcpu, reason)	do {} while (0)
#define kvm_exit_stats_start_svm(v, vcpu, control)	do {} while (0)
#define kvm_exit_stats_end(v, ret)			(ret)
#define kvm_exit_stats_end_fastpath(vcpu)		do {} while (0)
#define kvm_exit_stats_register(vendor, vcpu_offset, vm_offset, handlers, nr)	0
#define kvm_exit_stats_unregister()			do {} while (0)
#define kvm_exit_stats_vm_create(kvm)			0
#define kvm_exit_stats_vm_destroy(kvm)			do {} while (0)
#define kvm_exit_stats_vcpu_create(vcpu)		0
#define kvm_exit_stats_vcpu_free(vcpu)			do {} while (0)
#define kvm_exit_stats_cpuid(vcpu, eax, ebx, ecx, edx)	false
#define kvm_exit_stats_host_debugfs()			do {} while (0)
#define kvm_exit_stats_vm_debugfs(kvm, dir)		do {} while (0)
#define kvm_exit_stats_vcpu_debugfs(vcpu, dir)		do {} while (0)

#endif
#endif
