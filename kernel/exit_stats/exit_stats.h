/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside exit_stats/: scopes, snapshots, and what one file offers the others.
 *
 * The data has one way: hook -> record -> snapshot -> {cpuid, debugfs, dump}.
 * The three surfaces know snapshots and nothing else.
 */
#ifndef EXIT_STATS_H
#define EXIT_STATS_H

#undef pr_fmt
#define pr_fmt(fmt) "kvm_exit_stats: " fmt

#include <linux/jump_label.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/seqlock.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "abi.h"
#include "compat.h"
#include "reasons.h"
#include "record.h"

struct kvm;
struct kvm_vcpu;
struct seq_file;

/* Numbers of vCPUs that died, or that a reset turned into history. */
struct exit_stats_past {
	u64 since;			/* event number from which on they count */
	u64 backwards;
	u64 count;			/* exits and cycles of all rows */
	u64 total;
	struct exit_stats_row *row;	/* by row of the table */
	struct exit_stats_hist *hist;	/* likewise */
};

/* What a VM's CPUID reads keep of a row (answer.c): */
enum exit_stats_kind {
	EXIT_STATS_KEPT_VM,		/* the last good answer in VM scope, */
	EXIT_STATS_KEPT_HOST,		/* in host scope, */
	EXIT_STATS_KEPT_OTHERS,		/* and the share of all VMs but this one */
	EXIT_STATS_NR_KEPT
};

struct exit_stats_kept {
	u64 key;			/* with another one the numbers are stale */
	u64 at;				/* ktime */
	u64 count;
	u64 total;
	u64 min;
	u64 max;
};

struct exit_stats_vm {
	struct exit_stats_scope scope;
	refcount_t ref;			/* one by the VM, one by each vCPU, readers */
	struct list_head node;		/* host.vms */
	raw_spinlock_t lock;		/* vcpus, past, and who moves a record */
	seqcount_raw_spinlock_t seq;
	struct list_head vcpus;		/* RCU */
	struct exit_stats_past past;
	raw_spinlock_t kept_lock;	/* kept, for the copying of an answer */
	struct exit_stats_kept (*kept)[EXIT_STATS_NR_KEPT];	/* by row */
	struct rcu_head rcu;
};

struct exit_stats_host {
	struct exit_stats_scope scope;
	raw_spinlock_t lock;		/* inside a VM's lock */
	seqcount_raw_spinlock_t seq;
	struct list_head vms;		/* RCU */
	u64 event;			/* number of the latest reset or creation */
	unsigned int nr_vms;
	unsigned int nr_vcpus;
	struct exit_stats_past past;
	/* The vendor module that is registered; table is NULL without one. */
	const struct exit_stats_table *table;
	size_t vm_offset;		/* of the record's pointer in the vendor's VM */
	unsigned long *enabled;		/* bitmap by row: the vendor has a handler */
};

extern struct exit_stats_host exit_stats_host;
/*
 * Outside all locks. Who dies or resets has it for reading; a snapshot that must get done
 * for writing: then only what was asked for before is still carried out, once a vCPU.
 */
extern struct rw_semaphore exit_stats_movers;

struct exit_stats_vcpu *exit_stats_vcpu_of(struct kvm_vcpu *vcpu);
struct exit_stats_vm *exit_stats_vm_of(struct kvm *kvm);
void exit_stats_settle(struct exit_stats_vcpu *v);
bool exit_stats_counts(const struct exit_stats_scope *scope);
int exit_stats_reset(struct exit_stats_scope *scope);
void exit_stats_poke(struct exit_stats_vm *vm);
void exit_stats_drop_latched(void);
u64 exit_stats_floor(struct exit_stats_scope *scope);
u64 exit_stats_epoch(const struct exit_stats_scope *scope, u64 floor);
u64 exit_stats_host_floor(void);
u64 exit_stats_vm_floor(const struct exit_stats_vm *vm);
u64 exit_stats_vcpu_floor(const struct exit_stats_vcpu *v);
struct exit_stats_vm *exit_stats_next_vm(struct exit_stats_vm *vm);
void exit_stats_put_vm(struct exit_stats_vm *vm);

/* A copy of a scope's numbers at one moment. */
struct exit_stats_snap {
	const struct exit_stats_table *table;	/* NULL: no vendor, no rows */
	unsigned int scope;
	u64 epoch;
	unsigned int vms;
	unsigned int vcpus;
	u64 exits;			/* these three are the sums of the rows */
	u64 cycles;
	u64 nested;
	u64 backwards;
	u64 dumps;
	u64 merged;
	u32 tsc_khz;
	bool tsc_stable;
	struct exit_stats_hist *hist;	/* by row, or NULL: not asked for */
	unsigned int rows;
	struct exit_stats_row row[];
};

struct exit_stats_snap *exit_stats_snapshot(struct exit_stats_scope *scope, bool hist);

/* answer.c: what a CPUID leaf asks for */
struct exit_stats_answer {
	unsigned int row;		/* asked for; EXIT_STATS_ROW_ALL: none */
	bool all;			/* the sums of all rows are asked for */
	struct exit_stats_row reason;	/* count, total, min and max */
	struct exit_stats_row total;	/* count and total */
};

void exit_stats_answer_vm(struct exit_stats_vm *vm, struct exit_stats_answer *a);
void exit_stats_answer_host(struct exit_stats_vm *vm, struct exit_stats_answer *a);

/* table.c: a snapshot as text */
void exit_stats_show_table(struct seq_file *m, const struct exit_stats_snap *snap);
void exit_stats_show_hist(struct seq_file *m, const struct exit_stats_snap *snap);
const struct exit_stats_row *exit_stats_next_row(const struct exit_stats_snap *snap,
						 unsigned int *pos, unsigned int *row);
void exit_stats_format_code(const struct exit_stats_table *table, unsigned int row,
			    char *buf, size_t len);
u64 exit_stats_avg(const struct exit_stats_row *row);

/* leaf.c: the registers of a leaf */
struct exit_stats_regs {
	u32 eax;
	u32 ebx;
	u32 ecx;
	u32 edx;
};

struct exit_stats_leaf {
	u32 leaf;
	bool low_first;
	bool defined;			/* the architecture has the reason asked for */
	unsigned int scope;
	unsigned int vendor;
	u32 tsc_khz;
	u32 highest;
	u32 epoch;
	struct exit_stats_answer answer;
};

bool exit_stats_leaf_known(u32 leaf);
bool exit_stats_leaf_has_reason(u32 leaf);
bool exit_stats_leaf_has_total(u32 leaf);
void exit_stats_leaf_encode(const struct exit_stats_leaf *in, struct exit_stats_regs *out);

/* bucket.c: so many a minute */
struct exit_stats_bucket {
	u64 level_ns;			/* time saved up: 60 s / per_min buys one */
	u64 at;				/* ktime of level_ns, 0 = full */
};

u64 exit_stats_bucket_take(struct exit_stats_bucket *b, u64 now, unsigned int per_min);

/* dump.c and readlog.c: the kernel log */
void exit_stats_hand_in(struct exit_stats_vcpu *v);
void exit_stats_first_batch(struct exit_stats_vcpu *v);
void exit_stats_dump_counts(u64 *dumps, u64 *merged);
void exit_stats_dump_kick(void);
void exit_stats_dump_start(void);
void exit_stats_dump_stop(void);
void exit_stats_log_read(const struct exit_stats_leaf *leaf, u32 code);
void exit_stats_log_kick(void);
void exit_stats_log_stop(void);

/* debugfs.c */
void exit_stats_host_debugfs(void);

/* params.c: /sys/module/kvm/parameters */
enum exit_stats_cpuid_mode { EXIT_STATS_CPUID_OFF, EXIT_STATS_CPUID_VM, EXIT_STATS_CPUID_HOST };

DECLARE_STATIC_KEY_TRUE(kvm_exit_stats_latches);
DECLARE_STATIC_KEY_TRUE(kvm_exit_stats_closes);
void exit_stats_set_vendor(bool there);
extern unsigned int exit_stats_dump_interval;
extern unsigned int exit_stats_dump_per_min;
extern unsigned int exit_stats_cpuid_mode;
extern bool exit_stats_low_first;
extern bool exit_stats_log_reads;

#endif
