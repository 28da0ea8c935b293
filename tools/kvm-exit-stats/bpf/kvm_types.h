/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the BPF programs read of KVM's structures. libbpf finds the members in the BTF of the
 * running kernel and its modules, so only their names and types matter here. A name with
 * "___" is another form of the structure: see each.
 */
#ifndef BPF_KVM_TYPES_H
#define BPF_KVM_TYPES_H

#include <linux/types.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct qstr d_name;
};

struct kvm {
	struct dentry *debugfs_dentry;
};

struct kvm_vcpu_stat_generic {
	__u64 halt_poll_success_ns;
	__u64 halt_poll_fail_ns;
	__u64 halt_wait_ns;
};

struct kvm_vcpu_stat {
	struct kvm_vcpu_stat_generic generic;
};

struct kvm_vcpu_arch {
	__u32 hflags;
};

struct kvm_run {
	__u32 exit_reason;
};

struct kvm_vcpu {
	struct kvm *kvm;
	int vcpu_id;
	struct kvm_run *run;
	struct kvm_vcpu_stat stat;
	struct kvm_vcpu_arch arch;
};

union vmx_exit_reason {
	__u32 full;
};

/* kvm_intel of 6.1 and 6.12 */
struct vcpu_vmx {
	union vmx_exit_reason exit_reason;
};

/* kvm_intel of 7.2, where TDX has it too */
struct vcpu_vt {
	union vmx_exit_reason exit_reason;
};

struct vcpu_vmx___vt {
	struct vcpu_vt vt;
};

/* kvm_amd. In 7.2 the code has 64 bits, and the low half is at the same place. */
struct vmcb_control_area {
	__u32 exit_code;
};

struct vmcb {
	struct vmcb_control_area control;
};

struct vcpu_svm {
	struct vmcb *vmcb;
};

#pragma clang attribute pop

/*
 * Structures that begin with an int and with a pointer, for bpf_rdonly_cast(); their
 * first member needs no relocation.
 */
struct refcount_struct {
	int refs;
};

struct list_head {
	struct list_head *next;
};

#endif
