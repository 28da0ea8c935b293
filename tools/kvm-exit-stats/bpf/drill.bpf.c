// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts the exits of one reason by what exactly the guest did: the port, the MSR, the page.
 *
 * It runs only while somebody looks, so it may cost more than exits.bpf.c: the pending exit of
 * each vCPU's thread is in a hash, and so is what was counted. An exit takes the same time as
 * there, from kvm_exit to the next kvm_entry or the return of KVM_RUN.
 *
 * SVM has the details in the VMCB when the exit begins. VMX's are in the VMCS, which BPF cannot
 * read; KVM reads them when its handler needs them and keeps them until the next entry, so
 * they are taken when the exit ends. Guest-physical addresses come from KVM's tracepoints.
 */
#include <stdbool.h>

#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "drill.h"
#include "kvm_run.h"
#include "kvm_types.h"

#define PAGE_MASK   (~0xfffull)
#define MAX_THREADS 4096 /* the one that ran longest ago makes room for a new one */

char LICENSE[] SEC("license") = "GPL";

/* Set by the command before it loads the programs. */
const volatile bool svm;
const volatile __u32 wanted_reason;
const volatile __s32 wanted_vcpu;  /* -1: all */
const volatile char wanted_vm[32]; /* the VM's folder in debugfs; empty: all VMs */
const volatile __u32 by;	   /* enum drill_by */
const volatile __u32 instruction;  /* bytes of it, if KVM has skipped it when the exit ends */
const volatile __u64 qualification_mask;
const struct drill_entry new_entry = { .row.min = ~0ull, .slot = -1 };

__u64 lost; /* exits that were not counted: too many details, or no memory */

struct pending {
	__u64 start; /* 0: the exit has ended */
	struct drill_key key;
	__s32 slot;
	__u64 user_start; /* when the thread returned to user space; 0: it is in KVM */
	bool counts;	  /* the thread's latest exit is one of those that are wanted */
	bool user_counts; /* that return is the exit's first */
};

/* Not task storage: 7.2 allocates it without locks, which fails on a CPU without cmpxchg16b. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_THREADS);
	__type(key, __u32); /* of the thread */
	__type(value, struct pending);
} pendings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DRILL_DETAILS);
	__type(key, struct drill_key);
	__type(value, struct drill_entry);
} details SEC(".maps");

static struct pending *pending(bool create)
{
	__u32 thread = bpf_get_current_pid_tgid();
	struct pending *p = bpf_map_lookup_elem(&pendings, &thread);
	struct pending none;

	if (p || !create)
		return p;
	__builtin_memset(&none, 0, sizeof(none));
	bpf_map_update_elem(&pendings, &thread, &none, BPF_ANY);
	return bpf_map_lookup_elem(&pendings, &thread);
}

static bool is_wanted(struct kvm_vcpu *vcpu)
{
	char vm[sizeof(wanted_vm)] = "";

	if (wanted_vcpu >= 0 && vcpu->vcpu_id != wanted_vcpu)
		return false;
	if (!wanted_vm[0])
		return true;
	bpf_probe_read_kernel_str(vm, sizeof(vm),
				  BPF_CORE_READ(vcpu, kvm, debugfs_dentry, d_name.name));
	return !bpf_strncmp(vm, sizeof(vm), (const char *)wanted_vm);
}

/* ---- what the guest did */

static __u32 exit_reason(struct kvm_vcpu *vcpu)
{
	struct vcpu_vmx___vt *vt = (void *)vcpu;
	struct vcpu_svm *amd = (void *)vcpu;
	struct vcpu_vmx *vmx = (void *)vcpu;

	if (svm)
		return BPF_CORE_READ(amd, vmcb, control.exit_code);
	if (bpf_core_field_exists(vmx->exit_reason))
		return BPF_CORE_READ(vmx, exit_reason.full) & 0xffff;
	return BPF_CORE_READ(vt, vt.exit_reason.full) & 0xffff;
}

static __u64 vmx_qualification(struct kvm_vcpu *vcpu)
{
	struct vcpu_vmx___vt *vt = (void *)vcpu;
	struct vcpu_vmx *vmx = (void *)vcpu;

	if (bpf_core_field_exists(vmx->exit_qualification))
		return BPF_CORE_READ(vmx, exit_qualification);
	return BPF_CORE_READ(vt, vt.exit_qualification);
}

static __u32 vmx_interrupt_info(struct kvm_vcpu *vcpu)
{
	struct vcpu_vmx___vt *vt = (void *)vcpu;
	struct vcpu_vmx *vmx = (void *)vcpu;

	if (bpf_core_field_exists(vmx->exit_intr_info))
		return BPF_CORE_READ(vmx, exit_intr_info);
	return BPF_CORE_READ(vt, vt.exit_intr_info);
}

/* SDM volume 3, table "Exit Qualification for I/O Instructions" */
static void port_of_vmx(struct drill_key *key, __u64 qualification)
{
	key->value = qualification >> 16 & 0xffff;
	key->how = (qualification & 7) + 1;
	key->how |= qualification & 8 ? DRILL_READ : DRILL_WRITE;
	key->how |= qualification & 16 ? DRILL_STRING : 0;
}

/* APM volume 2, "IOIO Intercept": EXITINFO1 */
static void port_of_svm(struct drill_key *key, __u64 info)
{
	key->value = info >> 16 & 0xffff;
	key->how = info >> 4 & 7;
	key->how |= info & 1 ? DRILL_READ : DRILL_WRITE;
	key->how |= info & 4 ? DRILL_STRING : 0;
}

/* When the exit begins: what is in a register, or in the VMCB. */
static void look_at_begin(struct drill_key *key, struct kvm_vcpu *vcpu)
{
	struct vcpu_svm *amd = (void *)vcpu;

	key->value = 0;
	key->how = DRILL_UNKNOWN;
	switch (by) {
	case DRILL_MSR:
		key->value = (__u32)vcpu->arch.regs[VCPU_REGS_RCX];
		key->how = 0;
		if (svm)
			key->how = BPF_CORE_READ(amd, vmcb, control.exit_info_1) & 1 ? DRILL_WRITE
										     : DRILL_READ;
		break;
	case DRILL_LEAF:
		key->value = (__u32)vcpu->arch.regs[VCPU_REGS_RAX];
		key->how = 0;
		break;
	case DRILL_HYPERCALL:
		key->value = vcpu->arch.regs[VCPU_REGS_RAX];
		key->how = 0;
		break;
	case DRILL_PORT:
		if (svm)
			port_of_svm(key, BPF_CORE_READ(amd, vmcb, control.exit_info_1));
		break;
	case DRILL_RIP:
		if (!svm)
			break;
		key->value = BPF_CORE_READ(amd, vmcb, save.rip);
		key->how = 0;
		break;
	}
}

static bool is_available(struct kvm_vcpu *vcpu, __u32 reg)
{
	struct kvm_vcpu___7_2 *newer = (void *)vcpu;

	if (bpf_core_field_exists(newer->arch.regs_avail[0]))
		return BPF_CORE_READ(newer, arch.regs_avail[0]) & 1ull << reg;
	return BPF_CORE_READ(vcpu, arch.regs_avail) & 1u << reg;
}

static bool has_qualification(struct kvm_vcpu *vcpu)
{
	if (bpf_core_enum_value_exists(enum kvm_reg, VCPU_EXREG_EXIT_INFO_1))
		return is_available(vcpu,
				    bpf_core_enum_value(enum kvm_reg, VCPU_EXREG_EXIT_INFO_1));
	return is_available(vcpu, bpf_core_enum_value(enum kvm_reg___7_2, VCPU_REG_EXIT_INFO_1));
}

static bool has_interrupt_info(struct kvm_vcpu *vcpu)
{
	if (bpf_core_enum_value_exists(enum kvm_reg, VCPU_EXREG_EXIT_INFO_2))
		return is_available(vcpu,
				    bpf_core_enum_value(enum kvm_reg, VCPU_EXREG_EXIT_INFO_2));
	return is_available(vcpu, bpf_core_enum_value(enum kvm_reg___7_2, VCPU_REG_EXIT_INFO_2));
}

/* The guest's RIP at the next entry. */
static __u64 next_rip(struct kvm_vcpu *vcpu)
{
	struct kvm_vcpu___7_2 *newer = (void *)vcpu;

	if (bpf_core_field_exists(newer->arch.rip))
		return BPF_CORE_READ(newer, arch.rip);
	return BPF_CORE_READ(vcpu, arch.regs[VCPU_REGS_RIP]);
}

/* When it ends: what KVM's handler has read of the VMCS. */
static void look_at_end(struct drill_key *key, struct kvm_vcpu *vcpu)
{
	if (by == DRILL_RIP && is_available(vcpu, VCPU_REGS_RIP)) {
		key->value = next_rip(vcpu) - instruction;
		key->how = 0;
	} else if (by == DRILL_PORT && has_qualification(vcpu)) {
		port_of_vmx(key, vmx_qualification(vcpu));
	} else if (by == DRILL_QUALIFICATION && has_qualification(vcpu)) {
		key->value = vmx_qualification(vcpu) & qualification_mask;
		key->how = 0;
	} else if (by == DRILL_VECTOR && has_interrupt_info(vcpu)) {
		key->value = vmx_interrupt_info(vcpu) & 0xff;
		key->how = 0;
	}
}

/* The first address that KVM names is the one that the guest accessed. */
static void look_at_address(__u64 address, __u64 how)
{
	struct pending *p = pending(false);

	if (!p || !p->start || !(p->key.how & DRILL_UNKNOWN))
		return;
	p->key.value = address;
	p->key.how = how;
}

/*
 * @error is VMX's exit qualification (bit 1: write, 2: fetch) or SVM's error code (1: write,
 * 3: reserved bit, with which KVM marks MMIO, 4: fetch).
 */
SEC("tp_btf/kvm_page_fault")
int BPF_PROG(see_page_fault, struct kvm_vcpu *vcpu, __u64 address, __u64 error)
{
	bool fetch = error & (svm ? 1 << 4 : 1 << 2);
	__u64 how = error & 2 ? DRILL_WRITE : fetch ? DRILL_FETCH : DRILL_READ;

	if (svm && error & 8)
		look_at_address(address, how | DRILL_MMIO);
	else
		look_at_address(address & PAGE_MASK, how);
	return 0;
}

/* @type: 2 is a write, the others are reads */
SEC("tp_btf/kvm_mmio")
int BPF_PROG(see_mmio, int type, int len, __u64 address)
{
	look_at_address(address, (type == 2 ? DRILL_WRITE : DRILL_READ) | DRILL_MMIO);
	return 0;
}

SEC("tp_btf/kvm_fast_mmio")
int BPF_PROG(see_fast_mmio, __u64 address)
{
	look_at_address(address, DRILL_WRITE | DRILL_MMIO);
	return 0;
}

SEC("fexit/kvm_tdp_page_fault")
int BPF_PROG(see_slot, struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
{
	struct pending *p = pending(false);
	struct kvm_memory_slot *slot = fault->slot;

	if (p && p->start && slot)
		p->slot = BPF_CORE_READ(slot, id);
	return 0;
}

/* ---- counting */

static void lower(__u64 *min, __u64 ns)
{
	for (int i = 0; i < 8; i++) {
		__u64 old = *(volatile __u64 *)min;

		if (ns >= old || __sync_val_compare_and_swap(min, old, ns) == old)
			return;
	}
}

static void raise(__u64 *max, __u64 ns)
{
	for (int i = 0; i < 8; i++) {
		__u64 old = *(volatile __u64 *)max;

		if (ns <= old || __sync_val_compare_and_swap(max, old, ns) == old)
			return;
	}
}

static __u32 bucket_of(__u64 ns)
{
	__u32 k = 0;

	while (ns > 1 && k < EXIT_BUCKETS - 1) {
		ns >>= 1;
		k++;
	}
	return k;
}

/* vCPUs share the entries. */
static void add(struct drill_entry *e, const struct pending *p, __u64 ns)
{
	__sync_fetch_and_add(&e->row.count, 1);
	__sync_fetch_and_add(&e->row.total, ns);
	lower(&e->row.min, ns);
	raise(&e->row.max, ns);
	__sync_fetch_and_add(&e->row.hist[bucket_of(ns) & (EXIT_BUCKETS - 1)], 1);
	if (p->slot >= 0)
		e->slot = p->slot;
}

static void end_exit(struct pending *p, struct kvm_vcpu *vcpu, __u64 now)
{
	__u64 ns = now - p->start;
	struct drill_entry *e;

	p->start = 0;
	if (!svm)
		look_at_end(&p->key, vcpu);
	e = bpf_map_lookup_elem(&details, &p->key);
	if (!e) {
		bpf_map_update_elem(&details, &p->key, &new_entry, BPF_NOEXIST);
		e = bpf_map_lookup_elem(&details, &p->key);
	}
	if (e)
		add(e, p, ns);
	else
		__sync_fetch_and_add(&lost, 1);
}

SEC("tp_btf/kvm_exit")
int BPF_PROG(start_exit, struct kvm_vcpu *vcpu)
{
	struct pending *p = pending(false);

	if (p)
		p->counts = false;
	/* No tracepoint has NULL, but newer verifiers want to see it. */
	if (!vcpu || exit_reason(vcpu) != wanted_reason || !is_wanted(vcpu))
		return 0;
	p = pending(true);
	if (!p) {
		__sync_fetch_and_add(&lost, 1);
		return 0;
	}
	p->counts = true;
	p->slot = -1;
	p->user_start = 0;
	look_at_begin(&p->key, vcpu);
	p->start = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/kvm_entry")
int BPF_PROG(end_at_entry, struct kvm_vcpu *vcpu)
{
	__u64 now = bpf_ktime_get_ns();
	struct pending *p = pending(false);

	if (!vcpu || !p)
		return 0;
	if (p->start)
		end_exit(p, vcpu, now);
	p->counts = false;
	return 0;
}

/* User space and the parts of one exit: as in exits.bpf.c. */
SEC("fentry/kvm_arch_vcpu_put")
int BPF_PROG(leave_kvm, struct kvm_vcpu *vcpu)
{
	struct pending *p;
	bool first;
	__u64 now;

	if (!ends_kvm_run(vcpu))
		return 0;
	now = bpf_ktime_get_ns();
	p = pending(false);
	if (!p || !p->counts)
		return 0;
	first = p->start;
	if (first)
		end_exit(p, vcpu, now);
	if (!user_finishes(vcpu) || (!first && !vcpu->arch.complete_userspace_io))
		return 0;
	p->user_counts = first;
	p->user_start = now;
	return 0;
}

SEC("fentry/kvm_arch_vcpu_load")
int BPF_PROG(enter_kvm, struct kvm_vcpu *vcpu)
{
	struct drill_entry *e;
	struct pending *p;

	if (!in_kvm_run(vcpu))
		return 0;
	p = pending(false);
	if (!p || !p->user_start)
		return 0;
	e = bpf_map_lookup_elem(&details, &p->key);
	if (e) {
		__sync_fetch_and_add(&e->row.user_count, p->user_counts);
		__sync_fetch_and_add(&e->row.user_total, bpf_ktime_get_ns() - p->user_start);
	}
	p->user_start = 0;
	return 0;
}
