// SPDX-License-Identifier: GPL-2.0-only
/*
 * What two programs at kvm_exit and kvm_entry cannot do without, to measure their cost: the
 * command's programs (exits.bpf.c) do all of it, and count besides.
 *
 *	PATH	nothing: the way from the tracepoint to the program and back
 *	CLOCK	both read the clock
 *	READ	the one at kvm_exit reads the reason too, as exits.bpf.c does
 */
#include <stdbool.h>

#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "kvm_types.h"

char LICENSE[] SEC("license") = "GPL";

__u64 start, end;
__u32 reason;

#ifdef READ

extern void *bpf_rdonly_cast(const void *, __u32)
__ksym __weak;

static __always_inline __u32 read_u32(const void *from)
{
	const struct refcount_struct *p;
	__u32 n = 0;

	if (bpf_rdonly_cast) {
		p = bpf_rdonly_cast(from, bpf_core_type_id_kernel(struct refcount_struct));
		return p->refs;
	}
	bpf_probe_read_kernel(&n, sizeof(n), from);
	return n;
}

#endif

SEC("tp_btf/kvm_exit")
int BPF_PROG(at_exit, struct kvm_vcpu *vcpu)
{
#ifdef READ
	const struct vcpu_vmx *vmx = (const void *)vcpu;

	if (!vcpu)
		return 0;
	reason = read_u32(__builtin_preserve_access_index(&vmx->exit_reason.full));
#endif
#ifndef PATH
	start = bpf_ktime_get_ns();
#endif
	return 0;
}

SEC("tp_btf/kvm_entry")
int BPF_PROG(at_entry, struct kvm_vcpu *vcpu)
{
#ifndef PATH
	end = bpf_ktime_get_ns();
#endif
	return 0;
}
