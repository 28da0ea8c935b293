/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interfaces between the files of exit_stats/, callees first. Data flows in one direction:
 * hook -> record -> snapshot -> {cpuid.c, debugfs.c, dump.c}. Those three never read records.
 */
#ifndef EXIT_STATS_H
#define EXIT_STATS_H

#undef pr_fmt
#define pr_fmt(fmt) "kvm_exit_stats: " fmt

#include <linux/mutex.h>

#include "abi.h"
#include "compat.h"
#include "reasons.h"
#include "record.h"

struct kvm;
struct kvm_vcpu;
struct seq_file;

/* snapshot.c: a copy of a scope's numbers at one moment */
struct exit_stats_snap {
	const struct exit_stats_table *table;	/* NULL: no vendor module is registered */
	u64 epoch;
	unsigned int scope;
	unsigned int rows;
	u32 tsc_khz;
	bool tsc_stable;
	bool hist;			/* false: without histograms, all buckets are 0 */
	/* kvm_exit_stats_snap_clear() empties the rest. */
	unsigned int vms, vcpus;
	u64 exits, cycles, nested;	/* sums of all rows */
	u64 backwards, dumps, merged;
	u64 halt_poll_ns, halt_wait_ns;	/* KVM's own */
	struct exit_stats_row row[];
};

/* The numbers of a scope at its last reset (reset.c), without those that were 0. */
struct exit_stats_baseline {
	struct rcu_head rcu;
	struct exit_stats_baseline *next;	/* in the list of unpublished baselines */
	struct exit_stats_scope *scope;
	u64 epoch;
	u64 backwards;
	u64 halt_poll_ns, halt_wait_ns;
	u64 exits, cycles;		/* sums of all rows */
	unsigned int nr;
	struct {
		u16 row;
		u16 word;		/* in the row; 0: count, 1: total, ... */
		u64 value;
	} __packed __aligned(4) sum[];	/* sorted by row, then by word */
};

struct exit_stats_vm {
	struct exit_stats_scope scope;
	struct list_head node;		/* host.vms */
	struct list_head vcpus;		/* RCU */
	unsigned int users;		/* references: the VM and each of its records */
};

/* Under kvm_exit_stats_mutex. table, vm_offset, enabled do not change while a VM exists. */
struct exit_stats_host {
	struct exit_stats_scope scope;
	struct list_head vms;
	struct exit_stats_snap *retired;	/* the numbers of destroyed vCPUs */
	/* The registered vendor module. Without one, table is NULL. */
	const struct exit_stats_table *table;
	size_t vm_offset;		/* of our pointer in the vendor's VM structure */
	unsigned long *enabled;		/* bitmap of rows for which KVM has a handler */
	u64 dumps;			/* dumps that were printed */
	u64 merged;			/* dumps that were merged into a later one */
};

extern struct exit_stats_host kvm_exit_stats_host;

/*
 * Protects creation, destruction, resets, and all reads but those of leaves. Taken inside
 * kernel_param_lock(). The holder does not print, switch a static key, or wait for work or for
 * a grace period. A vCPU's thread does not take it to handle an exit.
 */
extern struct mutex kvm_exit_stats_mutex;

struct exit_stats_snap *kvm_exit_stats_snap_alloc(const struct exit_stats_table *table, bool hist);
u64 kvm_exit_stats_avg(const struct exit_stats_row *r);
void kvm_exit_stats_snap_clear(struct exit_stats_snap *snap);
void kvm_exit_stats_snap_add_vcpu(struct exit_stats_snap *snap, const struct exit_stats_vcpu *v);
void kvm_exit_stats_snap_add(struct exit_stats_snap *to, const struct exit_stats_snap *from);
void kvm_exit_stats_snap_take(struct exit_stats_snap *snap, struct exit_stats_scope *scope);
struct exit_stats_snap *kvm_exit_stats_snapshot(struct exit_stats_scope *scope, bool hist);
void kvm_exit_stats_read_vm(struct exit_stats_vm *vm, unsigned int row,
			    struct exit_stats_leaf_row *out);

/* scope.c: creation and destruction of VMs and vCPUs */
u64 kvm_exit_stats_new_epoch(void);
struct exit_stats_vcpu *kvm_exit_stats_vcpu_of(struct kvm_vcpu *vcpu);
struct exit_stats_vm *kvm_exit_stats_vm_of(struct kvm *kvm);
void kvm_exit_stats_discard_starts(void);

/* shared.c: the shared snapshot, from which all leaves in host scope are answered */
int kvm_exit_stats_share(void);
void kvm_exit_stats_unshare(void);
void kvm_exit_stats_share_snap(void);
void kvm_exit_stats_read_host(unsigned int row, struct exit_stats_leaf_row *out);

/* reset.c: baselines */
int kvm_exit_stats_reset(struct exit_stats_scope *scope);

/* table.c: a snapshot as text */
void kvm_exit_stats_show(struct seq_file *m, const struct exit_stats_snap *snap);
const struct exit_stats_row *kvm_exit_stats_next_row(const struct exit_stats_snap *snap,
						     unsigned int *pos, unsigned int *row);
void kvm_exit_stats_format_code(const struct exit_stats_table *table, unsigned int row,
				char *buf, size_t len);

/* leaf.c: encodes a CPUID leaf into registers */
struct exit_stats_regs {
	u32 eax, ebx, ecx, edx;
};

struct exit_stats_leaf {
	u32 leaf;
	unsigned int layout;		/* EXIT_STATS_LAYOUT_* */
	bool low_first;
	bool defined;			/* the architecture defines the reason in ECX */
	unsigned int scope, vendor;
	u32 tsc_khz, highest;
	struct exit_stats_leaf_row numbers;
};

bool kvm_exit_stats_leaf_known(u32 leaf, unsigned int layout);
bool kvm_exit_stats_leaf_has_numbers(u32 leaf, unsigned int layout);
bool kvm_exit_stats_leaf_has_reason(u32 leaf, unsigned int layout);
void kvm_exit_stats_leaf_encode(const struct exit_stats_leaf *in, struct exit_stats_regs *out);

/* limit.c: a token bucket, which limits events per minute */
struct exit_stats_limit {
	u64 level_ns;			/* saved time; a token takes 60 s / per_min of it */
	u64 at;				/* last update of level_ns: ktime in ns; 0: full */
};

u64 kvm_exit_stats_limit_take(struct exit_stats_limit *b, u64 now, unsigned int per_min);

/* cpuid.c: answers a guest's CPUID leaves */
enum exit_stats_cpuid_mode { EXIT_STATS_CPUID_OFF, EXIT_STATS_CPUID_VM, EXIT_STATS_CPUID_HOST };

extern unsigned int kvm_exit_stats_cpuid_mode;
extern unsigned int kvm_exit_stats_layout;
extern bool kvm_exit_stats_low_first;
extern bool kvm_exit_stats_log_reads;

/* dump.c: the dump in the kernel log */
extern unsigned int kvm_exit_stats_per_min;

void kvm_exit_stats_set_interval(unsigned int interval);
void kvm_exit_stats_dump_kick(void);
void kvm_exit_stats_dump_start(void);
void kvm_exit_stats_dump_stop(void);

/* vendor.c: registration of the vendor module, and switching recording on and off */
extern bool kvm_exit_stats_on;

void kvm_exit_stats_set_keys(void);

#endif
