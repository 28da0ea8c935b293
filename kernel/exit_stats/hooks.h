/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The functions that KVM's own files call (kernel/hooks/).
 *
 * The vendor module notes the start of an exit when the processor is back in host state, and the
 * end when KVM has handled the exit. While recording is off, static keys (vendor.c) skip both.
 *
 * In 32-bit kernels readers could see half of a 64-bit number; without debugfs there is no place
 * for the files. In both configurations the hooks are empty and Kbuild omits our objects.
 */
#ifndef EXIT_STATS_HOOKS_H
#define EXIT_STATS_HOOKS_H

#include <linux/kvm_host.h>

#include "abi.h"

#if defined(CONFIG_X86_64) && defined(CONFIG_DEBUG_FS)

#include <linux/jump_label.h>
#include <asm/svm.h>

#include "hot.h"
#include "reasons.h"

DECLARE_STATIC_KEY_FALSE(kvm_exit_stats_starts);
DECLARE_STATIC_KEY_FALSE(kvm_exit_stats_ends);

/* The offset of the record's pointer in the vendor's vCPU structure. */
extern size_t kvm_exit_stats_vcpu_offset;

/*
 * Start a VMX exit: note its reason, the TSC, and whether it left an L2 guest. @reason is the exit
 * reason of the VMCS. Its flag bits are masked (SDM vol. 3, "Basic VM-Exit Information").
 * @v and @reason are pointers, so that neither is loaded while recording is off.
 * Context: vmx_vcpu_run(), once per exit, interrupts off.
 */
static __always_inline void kvm_exit_stats_start_vmx(struct exit_stats_vcpu *const *v,
						     struct kvm_vcpu *vcpu, const u32 *reason)
{
	if (static_branch_likely(&kvm_exit_stats_starts))
		exit_stats_start(*v, exit_stats_offset_vmx(*reason), vcpu);
}

/* Start an SVM exit, in svm_vcpu_run(). @control is the control area of the VMCB that ran. */
static __always_inline void kvm_exit_stats_start_svm(struct exit_stats_vcpu *const *v,
						     struct kvm_vcpu *vcpu,
						     const struct vmcb_control_area *control)
{
	if (static_branch_likely(&kvm_exit_stats_starts))
		exit_stats_start(*v, exit_stats_offset_svm(control->exit_code), vcpu);
}

/*
 * End the pending exit, if there is one, and count it. Return: @ret, unchanged. RDTSC overwrites
 * the register of @ret. @ret is an argument, so that the compiler saves it only while recording
 * is on.
 * Context: the vCPU's thread, after the vendor module has handled the exit with result @ret.
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
 * End an exit that the fast path handled: KVM enters the guest again, or (6.12) returns to user
 * space without calling handle_exit. Context: vcpu_enter_guest(), but not for a TDX guest.
 */
static __always_inline void kvm_exit_stats_end_fastpath(struct kvm_vcpu *vcpu)
{
	if (static_branch_likely(&kvm_exit_stats_ends)) {
		struct exit_stats_vcpu **v = (void *)vcpu + kvm_exit_stats_vcpu_offset;

		exit_stats_end(*v);
	}
}

void __kvm_exit_stats_to_user(struct exit_stats_vcpu *v, int ret, u32 why);
void __kvm_exit_stats_from_user(struct exit_stats_vcpu *v, bool more);

/* KVM_RUN returns @ret to user space. Context: kvm_arch_vcpu_ioctl_run(). */
static __always_inline void kvm_exit_stats_to_user(struct kvm_vcpu *vcpu, int ret)
{
	if (static_branch_likely(&kvm_exit_stats_ends)) {
		struct exit_stats_vcpu **v = (void *)vcpu + kvm_exit_stats_vcpu_offset;

		__kvm_exit_stats_to_user(*v, ret, READ_ONCE(vcpu->run->exit_reason));
	}
}

/* User space calls KVM_RUN. Context: as above, before KVM calls complete_userspace_io. */
static __always_inline void kvm_exit_stats_from_user(struct kvm_vcpu *vcpu)
{
	if (static_branch_likely(&kvm_exit_stats_ends)) {
		struct exit_stats_vcpu **v = (void *)vcpu + kvm_exit_stats_vcpu_offset;

		__kvm_exit_stats_from_user(*v, vcpu->arch.complete_userspace_io);
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
#define kvm_exit_stats_to_user(vcpu, ret)		do {} while (0)
#define kvm_exit_stats_from_user(vcpu)			do {} while (0)
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
