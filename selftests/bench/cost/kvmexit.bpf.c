// SPDX-License-Identifier: GPL-2.0-only
/*
 * BPF programs that count VM exits of stock modules, to measure their cost:
 *
 *	COUNT_TP	exits by thread and reason, from the tracepoint, like bcc's
 *			kvmexit: an array has the numbers of the running thread, a
 *			hash those of the other threads
 *	TIME_TP		exits and time by reason, from the two tracepoints
 *	TIME_BTF	the same by BTF, the cheapest there is
 *
 * Time is from kvm_exit to the next kvm_entry on that CPU, user space included.
 */
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define REASONS 128

/* clang-format off */
#define MAP(name, map_type, entries, key_type, value_type) \
	struct {                                           \
		__uint(type, map_type);                    \
		__uint(max_entries, entries);              \
		__type(key, key_type);                     \
		__type(value, value_type);                 \
	} name SEC(".maps")
/* clang-format on */

char LICENSE[] SEC("license") = "GPL";

/* As in /sys/kernel/tracing/events/kvm/kvm_exit/format. */
struct kvm_exit_args {
	__u64 common;
	__u32 exit_reason;
};

#ifdef COUNT_TP

struct thread {
	__u64 pid_tgid;
	__u64 count[REASONS];
};

MAP(running, BPF_MAP_TYPE_PERCPU_ARRAY, 1, __u32, struct thread);
MAP(others, BPF_MAP_TYPE_HASH, 1024, __u64, struct thread);

static const struct thread none;

/* Store the numbers of the thread that ran before. Load those of this thread, or zeros. */
static __attribute__((noinline)) int change_thread(struct thread *now, __u64 pid_tgid)
{
	const struct thread *kept;
	__u64 before;

	if (!now)
		return 0;
	before = now->pid_tgid;
	if (before)
		bpf_map_update_elem(&others, &before, now, BPF_ANY);
	kept = bpf_map_lookup_elem(&others, &pid_tgid);
	if (!kept)
		kept = &none;
	bpf_probe_read_kernel(now, sizeof(*now), kept);
	now->pid_tgid = pid_tgid;
	return 0;
}

SEC("tp/kvm/kvm_exit")
int count_exit(struct kvm_exit_args *args)
{
	__u32 zero = 0, reason = args->exit_reason;
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	struct thread *now = bpf_map_lookup_elem(&running, &zero);

	if (!now || reason >= REASONS)
		return 0;
	if (now->pid_tgid != pid_tgid)
		change_thread(now, pid_tgid);
	now->count[reason]++;
	return 0;
}

#else

struct pending {
	__u64 time;
	__u32 reason;
};

struct exits {
	__u64 count;
	__u64 total;
	__u64 min;
	__u64 max;
};

MAP(latest, BPF_MAP_TYPE_PERCPU_ARRAY, 1, __u32, struct pending);
MAP(by_reason, BPF_MAP_TYPE_PERCPU_ARRAY, REASONS, __u32, struct exits);

static __always_inline int exit_starts(__u32 reason)
{
	__u32 zero = 0;
	struct pending *l = bpf_map_lookup_elem(&latest, &zero);

	if (!l)
		return 0;
	l->reason = reason;
	l->time = bpf_ktime_get_ns();
	return 0;
}

static __always_inline int exit_ends(void)
{
	__u32 zero = 0, reason;
	struct pending *l = bpf_map_lookup_elem(&latest, &zero);
	struct exits *e;
	__u64 time;

	if (!l || !l->time)
		return 0;
	reason = l->reason;
	e = bpf_map_lookup_elem(&by_reason, &reason);
	if (!e)
		return 0;
	time = bpf_ktime_get_ns() - l->time;
	l->time = 0;
	if (!e->count || time < e->min)
		e->min = time;
	if (time > e->max)
		e->max = time;
	e->count++;
	e->total += time;
	return 0;
}

#ifdef TIME_TP

SEC("tp/kvm/kvm_exit")
int time_exit(struct kvm_exit_args *args)
{
	return exit_starts(args->exit_reason);
}

SEC("tp/kvm/kvm_entry")
int time_entry(void *args)
{
	return exit_ends();
}

#else

/* The members of kvm_intel's structure that are read; libbpf relocates their offsets. */
union vmx_exit_reason {
	__u32 full;
} __attribute__((preserve_access_index));

struct vcpu_vmx {
	union vmx_exit_reason exit_reason;
} __attribute__((preserve_access_index));

SEC("tp_btf/kvm_exit")
int BPF_PROG(time_exit, void *vcpu, __u32 isa)
{
	return exit_starts(BPF_CORE_READ((struct vcpu_vmx *)vcpu, exit_reason.full) & 0xffff);
}

SEC("tp_btf/kvm_entry")
int BPF_PROG(time_entry, void *vcpu)
{
	return exit_ends();
}

#endif
#endif
