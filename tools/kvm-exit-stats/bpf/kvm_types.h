/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the BPF programs read of KVM's structures. libbpf finds the members in the BTF of the
 * running kernel and its modules, so only their names and types matter here. A name with
 * "___" is another form of the structure: see each.
 */
#ifndef BPF_KVM_TYPES_H
#define BPF_KVM_TYPES_H

#include <stdbool.h>

#include <linux/types.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct task_struct {
	unsigned int __state;
};

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

/* Indexes of regs[], and bits of regs_avail. 7.2 has other names for the last two. */
enum kvm_reg {
	VCPU_REGS_RAX = 0,
	VCPU_REGS_RCX = 1,
	VCPU_REGS_RIP = 16,
	VCPU_EXREG_EXIT_INFO_1, /* the exit qualification, in vcpu_vmx or vcpu_vt */
	VCPU_EXREG_EXIT_INFO_2, /* the interrupt information, as well */
};

enum kvm_reg___7_2 {
	VCPU_REG_EXIT_INFO_1,
	VCPU_REG_EXIT_INFO_2,
};

struct kvm_vcpu_arch {
	unsigned long regs[17];
	__u32 regs_avail; /* a bit for each register that was read since the exit */
	__u32 hflags;
	void *complete_userspace_io; /* a function */
};

struct kvm_vcpu_arch___7_2 {
	unsigned long rip; /* in the others regs[16] */
	unsigned long regs_avail[1];
};

struct kvm_run {
	__u32 exit_reason;
};

struct kvm_vcpu {
	struct kvm *kvm;
	int vcpu_id;
	int cpu; /* -1 until it is first loaded */
	struct kvm_run *run;
	bool wants_to_run; /* in KVM_RUN, which is not to return at once */
	bool preempted;
	struct kvm_vcpu_stat stat;
	struct kvm_vcpu_arch arch;
};

struct kvm_vcpu___7_2 {
	struct kvm_vcpu_arch___7_2 arch;
};

union vmx_exit_reason {
	__u32 full;
};

struct kvm_memory_slot {
	short id;
};

struct kvm_page_fault {
	struct kvm_memory_slot *slot;
};

/* kvm_intel of 6.1 and 6.12 */
struct vcpu_vmx {
	union vmx_exit_reason exit_reason;
	unsigned long exit_qualification;
	__u32 exit_intr_info;
};

/* kvm_intel of 7.2, where TDX has it too */
struct vcpu_vt {
	union vmx_exit_reason exit_reason;
	unsigned long exit_qualification;
	__u32 exit_intr_info;
};

struct vcpu_vmx___vt {
	struct vcpu_vt vt;
};

/* kvm_amd. In 7.2 the code has 64 bits, and the low half is at the same place. */
struct vmcb_control_area {
	__u32 exit_code;
	__u64 exit_info_1;
};

struct vmcb_save_area {
	__u64 rip;
};

struct vmcb {
	struct vmcb_control_area control;
	struct vmcb_save_area save;
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
