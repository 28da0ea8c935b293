/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of exit_stats/ offer each other, callees first. The data has one way: hook ->
 * record -> snapshot -> {cpuid, debugfs, dump}. No surface reads a record.
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

/* snapshot.c: the scopes, and a copy of a scope's numbers at one moment */
struct exit_stats_snap {
	const struct exit_stats_table *table;	/* NULL: no vendor, no rows */
	unsigned int scope;
	u64 epoch;
	unsigned int vms, vcpus;
	u64 exits, cycles, nested;	/* the sums of the rows */
	u64 backwards, dumps, merged;
	u32 tsc_khz;
	bool tsc_stable;
	bool hist;			/* with histograms, or their buckets are 0 */
	u64 begun;			/* ktime, ns */
	struct rcu_head rcu;
	unsigned int rows;
	struct exit_stats_row row[];
};

/* What was not 0 in a scope when it was reset. reset.c makes it. */
struct exit_stats_baseline {
	struct rcu_head rcu;
	struct exit_stats_baseline *next;	/* until it is published */
	struct exit_stats_scope *scope;
	u64 epoch;
	u64 backwards;
	u64 exits, cycles;		/* of all rows */
	unsigned int nr;
	struct {
		u16 row;
		u16 word;		/* of the row, 0 is its count */
		u64 value;
	} __packed __aligned(4) sum[];	/* in ascending order */
};

struct exit_stats_vm {
	struct exit_stats_scope scope;
	struct list_head node;		/* host.vms */
	struct list_head vcpus;		/* RCU */
	unsigned int users;		/* the VM, and each vCPU's record */
	struct rcu_head rcu;
};

/* Under the mutex. What vCPUs read without it does not change while a VM exists. */
struct exit_stats_host {
	struct exit_stats_scope scope;
	struct list_head vms;
	struct exit_stats_snap *retired;	/* the numbers of vCPUs that are gone */
	/* The vendor module that is registered; table is NULL without one. */
	const struct exit_stats_table *table;
	size_t vm_offset;		/* of our pointer in the vendor's VM */
	unsigned long *enabled;		/* bitmap by row: the vendor has a handler */
	u64 dumps;			/* printed */
	u64 merged;			/* due, and merged into one of those */
};

extern struct exit_stats_host kvm_exit_stats_host;

/*
 * Covers creation, destruction, resets, and everybody who reads more than one VM. Taken inside
 * kernel_param_lock(). Nobody prints, switches a static key, or waits for work or for a grace
 * period under it. No guest takes it.
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

/* scope.c: the scopes come and go */
u64 kvm_exit_stats_new_epoch(void);
struct exit_stats_vcpu *kvm_exit_stats_vcpu_of(struct kvm_vcpu *vcpu);
struct exit_stats_vm *kvm_exit_stats_vm_of(struct kvm *kvm);
void kvm_exit_stats_discard_starts(void);

/* shared.c: the snapshot of the host that all guests' leaves share */
int kvm_exit_stats_share(void);
void kvm_exit_stats_unshare(void);
void kvm_exit_stats_share_snap(struct exit_stats_snap *snap);
void kvm_exit_stats_read_host(unsigned int row, struct exit_stats_leaf_row *out);

/* reset.c */
int kvm_exit_stats_reset(struct exit_stats_scope *scope);

/* table.c: a snapshot as text */
void kvm_exit_stats_show(struct seq_file *m, const struct exit_stats_snap *snap);
const struct exit_stats_row *kvm_exit_stats_next_row(const struct exit_stats_snap *snap,
						     unsigned int *pos, unsigned int *row);
void kvm_exit_stats_format_code(const struct exit_stats_table *table, unsigned int row,
				char *buf, size_t len);

/* leaf.c: the registers of a leaf */
struct exit_stats_regs {
	u32 eax, ebx, ecx, edx;
};

struct exit_stats_leaf {
	u32 leaf;
	unsigned int layout;		/* EXIT_STATS_LAYOUT_* */
	bool low_first;
	bool defined;			/* the architecture has the reason asked for */
	unsigned int scope, vendor;
	u32 tsc_khz, highest;
	struct exit_stats_leaf_row numbers;
};

bool kvm_exit_stats_leaf_known(u32 leaf, unsigned int layout);
bool kvm_exit_stats_leaf_has_numbers(u32 leaf, unsigned int layout);
bool kvm_exit_stats_leaf_has_reason(u32 leaf, unsigned int layout);
void kvm_exit_stats_leaf_encode(const struct exit_stats_leaf *in, struct exit_stats_regs *out);

/* bucket.c: so many a minute */
struct exit_stats_bucket {
	u64 level_ns;			/* time saved up: 60 s / per_min buys one */
	u64 at;				/* ktime of level_ns, 0 = full */
};

u64 kvm_exit_stats_bucket_take(struct exit_stats_bucket *b, u64 now, unsigned int per_min);

/* cpuid.c: what guests may read */
enum exit_stats_cpuid_mode { EXIT_STATS_CPUID_OFF, EXIT_STATS_CPUID_VM, EXIT_STATS_CPUID_HOST };

extern unsigned int kvm_exit_stats_cpuid_mode;
extern unsigned int kvm_exit_stats_layout;
extern bool kvm_exit_stats_low_first;
extern bool kvm_exit_stats_log_reads;

/* dump.c: the kernel log */
extern unsigned int kvm_exit_stats_per_min;

void kvm_exit_stats_set_interval(unsigned int interval);
void kvm_exit_stats_dump_kick(void);
void kvm_exit_stats_dump_start(void);
void kvm_exit_stats_dump_stop(void);

/* vendor.c: a vendor module comes and goes */
extern bool kvm_exit_stats_on;

void kvm_exit_stats_set_keys(void);

#endif
