// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts VM exits of any kvm: how many, and how long each took, for each vCPU and reason.
 *
 * An exit begins at the tracepoint kvm_exit. It ends at the next tracepoint kvm_entry of the
 * vCPU, when KVM_RUN returns to user space, or (if the command attached end_at_handler) when the
 * vendor's handler returns: at whichever comes first. What user space does until it calls
 * KVM_RUN again is kept apart.
 *
 * The programs that run at every exit call no helper but the clock, and on kernels that cannot
 * cast a pointer (bpf_rdonly_cast, since 6.2) one that reads the reason. The address of a vCPU
 * leads to its slot. Only the vCPU's thread writes there, so nothing is locked.
 */
#include <stdbool.h>

#include <linux/bpf.h>
#include <linux/errno.h>
#include <linux/types.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "exits.h"
#include "kvm_run.h"
#include "kvm_types.h"

#define GOLDEN_RATIO 0x9e3779b97f4a7c15ull

char LICENSE[] SEC("license") = "GPL";

/* Set by the command before it loads the programs. */
const volatile bool svm;
const volatile bool can_cast; /* the kernel has bpf_rdonly_cast() */
const volatile __u32 nr_rows = MAX_ROWS;
const volatile __u32 guest_mode_bit; /* of hflags */
const volatile __u32 slot_shift;     /* 64 - log2(slots) */
const volatile __u8 log2_of[256];

/* What could not be counted; and how often a slot changed its owner. */
__u64 no_slot, unmatched, changes;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct slot) + MAX_ROWS * sizeof(struct exit_row));
	__uint(max_entries, 1);
} slots SEC(".maps");

extern void *bpf_rdonly_cast(const void *, __u32)
__ksym __weak;

/*
 * Reads of memory that no type of the arguments describes. The cast needs any structure that
 * begins with such a member: a load from it costs a few instructions, and is 0 where the
 * address is bad, as from the helper.
 */
static __always_inline __u32 read_u32(const void *from)
{
	const struct refcount_struct *p;
	__u32 n = 0;

	if (can_cast) {
		p = bpf_rdonly_cast(from, bpf_core_type_id_kernel(struct refcount_struct));
		return p->refs;
	}
	bpf_probe_read_kernel(&n, sizeof(n), from);
	return n;
}

static __always_inline const void *read_pointer(const void *from)
{
	const struct list_head *p;
	const void *pointer = NULL;

	if (can_cast) {
		p = bpf_rdonly_cast(from, bpf_core_type_id_kernel(struct list_head));
		return p->next;
	}
	bpf_probe_read_kernel(&pointer, sizeof(pointer), from);
	return pointer;
}

static __always_inline __u32 exit_reason(const struct kvm_vcpu *vcpu)
{
	const struct vcpu_vmx___vt *vt = (const void *)vcpu;
	const struct vcpu_svm *amd = (const void *)vcpu;
	const struct vcpu_vmx *vmx = (const void *)vcpu;
	const struct vmcb *vmcb;

	if (svm) {
		vmcb = read_pointer(__builtin_preserve_access_index(&amd->vmcb));
		return read_u32(__builtin_preserve_access_index(&vmcb->control.exit_code));
	}
	if (bpf_core_field_exists(vmx->exit_reason))
		return read_u32(__builtin_preserve_access_index(&vmx->exit_reason.full)) & 0xffff;
	return read_u32(__builtin_preserve_access_index(&vt->vt.exit_reason.full)) & 0xffff;
}

static __always_inline __u32 row_of(__u32 reason)
{
	__u32 other = nr_rows - 1;

	if (svm) {
		reason++;
		if (reason > SVM_NPF && reason <= SVM_NPF + 4)
			reason += SVM_LOW_CODES - SVM_NPF - 1;
		else if (reason >= SVM_LOW_CODES)
			reason = other;
	}
	return reason < other ? reason : other;
}

/* The verifier lets no program multiply a pointer; the difference of two is a number. */
static __always_inline __u64 number_of(const struct kvm_vcpu *vcpu)
{
	__u64 n = (__u64)vcpu, base = (__u64)&no_slot;

	asm volatile("%0 -= %1" : "+r"(n) : "r"(base));
	return n;
}

static __always_inline struct slot *slot_at(__u32 i)
{
	return bpf_map_lookup_elem(&slots, &i);
}

/* Fibonacci hashing: vCPUs lie at multiples of their size. */
static __always_inline __u32 first_slot(__u64 number)
{
	return number * GOLDEN_RATIO >> slot_shift;
}

/* The k-th slot in which a vCPU can be. */
static __always_inline __u32 next_slot(__u64 number, __u32 k)
{
	return (first_slot(number) + k) & ((1 << (64 - slot_shift)) - 1);
}

/* KVM keeps how long a vCPU was halted; no tracepoint tells whose time it is. */
static __always_inline __u64 halted_polling(const struct kvm_vcpu *vcpu)
{
	return BPF_CORE_READ(vcpu, stat.generic.halt_poll_success_ns) +
	       BPF_CORE_READ(vcpu, stat.generic.halt_poll_fail_ns);
}

static __always_inline __u64 halted_asleep(const struct kvm_vcpu *vcpu)
{
	return BPF_CORE_READ(vcpu, stat.generic.halt_wait_ns);
}

static __always_inline void describe(struct slot *s, const struct kvm_vcpu *vcpu)
{
	struct dentry *folder = BPF_CORE_READ(vcpu, kvm, debugfs_dentry);

	s->vcpu_id = BPF_CORE_READ(vcpu, vcpu_id);
	s->vcpu_address = (__u64)vcpu;
	s->halted_poll = halted_polling(vcpu);
	s->halted_wait = halted_asleep(vcpu);
	if (bpf_probe_read_kernel_str(s->vm, sizeof(s->vm), BPF_CORE_READ(folder, d_name.name)) < 0)
		s->vm[0] = '\0';
}

/* The number of a vCPU's slot, or -ENOENT. */
static __attribute__((noinline)) int find_slot(__u64 number)
{
	struct slot *s;

	for (int k = 0; k < SLOT_PROBES; k++) {
		s = slot_at(next_slot(number, k));
		if (s && s->vcpu == number)
			return next_slot(number, k);
	}
	return -ENOENT;
}

/*
 * A free slot becomes the vCPU's. Only the vCPU's thread asks for one, so it cannot get two.
 * Returns its number, or -ENOSPC.
 */
static __attribute__((noinline)) int claim_slot(__u64 number, const struct kvm_vcpu *vcpu)
{
	struct slot *s;

	for (int k = 0; k < SLOT_PROBES; k++) {
		s = slot_at(next_slot(number, k));
		if (!s || s->vcpu || __sync_val_compare_and_swap(&s->vcpu, 0, number))
			continue;
		describe(s, vcpu);
		__sync_fetch_and_add(&changes, 1);
		return next_slot(number, k);
	}
	__sync_fetch_and_add(&no_slot, 1);
	return -ENOSPC;
}

static __always_inline struct slot *slot_of(const struct kvm_vcpu *vcpu, bool claim)
{
	struct slot *s;
	__u64 number;
	int i;

	/* No tracepoint has NULL, but newer verifiers want to see it. */
	if (!vcpu)
		return NULL;
	number = number_of(vcpu);
	s = slot_at(first_slot(number));
	if (s && s->vcpu == number)
		return s;
	/* The first can still belong to a destroyed vCPU that had this address. */
	s = slot_at(next_slot(number, 1));
	if (s && s->vcpu == number)
		return s;
	i = find_slot(number);
	if (i < 0 && claim)
		i = claim_slot(number, vcpu);
	return i < 0 ? NULL : slot_at(i);
}

/* BPF has no instruction for the highest bit. Most exits take 256 ns to 65 us. */
static __always_inline __u32 bucket_of(__u64 ns)
{
	if (ns < 1 << 8)
		return log2_of[ns];
	if (ns < 1 << 16)
		return 8 + log2_of[(ns >> 8) & 0xff];
	if (ns < 1 << 24)
		return 16 + log2_of[(ns >> 16) & 0xff];
	if (ns < 1ull << 32)
		return 24 + log2_of[(ns >> 24) & 0xff];
	return EXIT_BUCKETS - 1;
}

static __always_inline void end_exit(struct slot *s, __u64 now)
{
	__u64 ns = now - s->start;
	struct exit_row *row;
	__u32 i = s->row;

	if (i >= nr_rows)
		return;
	row = &s->rows[i];
	s->start = 0;
	s->sequence++;
	barrier();
	if (!row->count || ns < row->min)
		row->min = ns;
	if (ns > row->max)
		row->max = ns;
	row->count++;
	row->total += ns;
	if (s->nested) {
		row->nested_count++;
		row->nested_total += ns;
	}
	row->hist[bucket_of(ns) & (EXIT_BUCKETS - 1)]++;
	barrier();
	s->sequence++;
}

/* Read the clock first: what the program does itself is not the exit's time. */
static __always_inline int end_pending(const struct kvm_vcpu *vcpu)
{
	__u64 now = bpf_ktime_get_ns();
	struct slot *s = slot_of(vcpu, false);

	if (s && s->start)
		end_exit(s, now);
	return 0;
}

SEC("tp_btf/kvm_exit")
int BPF_PROG(start_exit, struct kvm_vcpu *vcpu)
{
	struct slot *s = slot_of(vcpu, true);

	if (!s)
		return 0;
	if (s->start)
		__sync_fetch_and_add(&unmatched, 1);
	s->row = row_of(exit_reason(vcpu));
	s->nested = vcpu->arch.hflags & guest_mode_bit;
	s->start = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/kvm_entry")
int BPF_PROG(end_at_entry, struct kvm_vcpu *vcpu)
{
	return end_pending(vcpu);
}

/* Attached to vmx_handle_exit() or svm_handle_exit(). */
SEC("fexit/vmx_handle_exit")
int BPF_PROG(end_at_handler, struct kvm_vcpu *vcpu)
{
	return end_pending(vcpu);
}

/*
 * An exit that KVM could not finish ends here. For split MMIO accesses and string I/O KVM returns
 * once for each part. If complete_userspace_io is set again, this return is a further part of the
 * same exit. Any other return without a new exit is not for an exit; mostly it is for a signal.
 */
SEC("fentry/kvm_arch_vcpu_put")
int BPF_PROG(leave_kvm, struct kvm_vcpu *vcpu)
{
	struct slot *s;
	bool first;
	__u64 now;

	if (!ends_kvm_run(vcpu))
		return 0;
	now = bpf_ktime_get_ns();
	s = slot_of(vcpu, false);
	if (!s)
		return 0;
	if (s->start)
		end_exit(s, now);
	first = s->sequence != s->user_sequence;
	if (!user_finishes(vcpu) || (!first && !vcpu->arch.complete_userspace_io)) {
		s->vmm_start = now;
		return 0;
	}
	s->user_counts = first;
	s->user_start = now;
	return 0;
}

/* Counts the exit that user space has finished. */
static void count_user(struct slot *s, __u64 now)
{
	__u32 i = s->row;
	struct exit_row *row;

	if (i >= nr_rows)
		return;
	row = &s->rows[i];
	s->sequence++;
	barrier();
	row->user_count += s->user_counts;
	row->user_total += now - s->user_start;
	barrier();
	s->sequence++;
	s->user_start = 0;
}

static void retire(struct slot *s)
{
	s->vcpu = SLOT_DEAD;
	__sync_fetch_and_add(&changes, 1);
}

/* A vCPU that did not leave is loaded because its thread runs again. */
SEC("fentry/kvm_arch_vcpu_load")
int BPF_PROG(enter_kvm, struct kvm_vcpu *vcpu)
{
	struct slot *s;
	__u64 now;

	if (vcpu->cpu < 0) {
		/* A new vCPU. The kernel can have skipped retire_vcpu() for one at this address. */
		s = slot_of(vcpu, false);
		if (s)
			retire(s);
		return 0;
	}
	if (!in_kvm_run(vcpu))
		return 0;
	now = bpf_ktime_get_ns();
	s = slot_of(vcpu, false);
	if (!s || !(s->user_start || s->vmm_start))
		return 0;
	if (s->vmm_start) {
		s->vmm_ns += now - s->vmm_start;
		s->vmm_start = 0;
	}
	if (s->user_start)
		count_user(s, now);
	s->user_sequence = s->sequence;
	return 0;
}

/* The memory of a vCPU is used again for others: its numbers must not become theirs. */
SEC("fentry/kvm_arch_vcpu_destroy")
int BPF_PROG(retire_vcpu, struct kvm_vcpu *vcpu)
{
	struct slot *s = slot_of(vcpu, false);

	if (!s)
		return 0;
	s->halt_poll_ns = halted_polling(vcpu) - s->halted_poll;
	s->halt_wait_ns = halted_asleep(vcpu) - s->halted_wait;
	retire(s);
	return 0;
}

static long read_halt(__u32 i, void *unused)
{
	const struct kvm_vcpu *vcpu;
	struct slot *s = slot_at(i);

	if (!s || s->vcpu <= SLOT_DEAD)
		return 0;
	vcpu = (const struct kvm_vcpu *)s->vcpu_address;
	s->live_poll_ns = halted_polling(vcpu) - s->halted_poll;
	s->live_wait_ns = halted_asleep(vcpu) - s->halted_wait;
	return 0;
}

/* The command runs this before it reads the slots. */
SEC("syscall")
int read_halts(void *ctx)
{
	bpf_loop(1u << (64 - slot_shift), read_halt, NULL, 0);
	return 0;
}
