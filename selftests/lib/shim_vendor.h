/* SPDX-License-Identifier: GPL-2.0-only */
/* What a VMX vendor module does: it registers, creates VMs and vCPUs, and runs them. */
#ifndef SHIM_VENDOR_H
#define SHIM_VENDOR_H

#include "exit_stats.h"
#include "hooks.h"
#include "tap.h"

struct vm {
	struct kvm kvm;
	struct exit_stats_vm *stats;
};

struct vcpu {
	struct kvm_vcpu vcpu;
	struct exit_stats_vcpu *stats;
};

enum {
	EXTERNAL_INTERRUPT = 1,
	GETSEC = 11,
	CPUID = 10,
	HLT = 12,
	NOT_DEFINED = 35
};

/* The row that counts an exit, from the offset that the hot path uses. */
static inline unsigned int row_of_exit(u32 reason)
{
	return exit_stats_offset_vmx(reason) / EXIT_STATS_OFFSET(1);
}

/* On an error every vendor module unregisters. */
static inline int try_register(void)
{
	int err;

	/* Each reason that is defined has a handler, but GETSEC. */
	static const void *handlers[EXIT_STATS_VMX_REASONS];

	for (u32 code = 0; code < ARRAY_SIZE(handlers); code++)
		if (row_of_exit(code) != EXIT_STATS_ROW_OTHER && code != GETSEC)
			handlers[code] = handlers;
	err = kvm_exit_stats_register(EXIT_STATS_VENDOR_VMX, offsetof(struct vcpu, stats),
				      offsetof(struct vm, stats), handlers, ARRAY_SIZE(handlers));
	if (err)
		kvm_exit_stats_unregister();
	return err;
}

static inline void register_vendor(void)
{
	if (try_register())
		bail_out("register");
}

/* The caller frees it with kvfree(). */
static inline struct exit_stats_snap *take_snapshot(struct exit_stats_scope *scope, bool hist)
{
	struct exit_stats_snap *s = kvm_exit_stats_snapshot(scope, hist);

	if (IS_ERR(s))
		bail_out("snapshot");
	return s;
}

static inline struct exit_stats_snap *snapshot(struct exit_stats_scope *scope)
{
	return take_snapshot(scope, true);
}

static inline u64 epoch_of(struct exit_stats_scope *scope)
{
	struct exit_stats_snap *s = snapshot(scope);
	u64 epoch = s->epoch;

	kvfree(s);
	return epoch;
}

static inline void create_vm(struct vm *vm)
{
	if (kvm_exit_stats_vm_create(&vm->kvm))
		bail_out("vm_create");
}

static inline void create_vcpu(struct vcpu *c, struct vm *vm)
{
	c->vcpu.kvm = &vm->kvm;
	if (kvm_exit_stats_vcpu_create(&c->vcpu))
		bail_out("vcpu_create");
}

static inline void start_exit(struct vcpu *c, u32 reason)
{
	kvm_exit_stats_start_vmx(&c->stats, &c->vcpu, &reason);
}

static inline void end_exit(struct vcpu *c)
{
	if (kvm_exit_stats_end(&c->stats, 1) != 1)
		bail_out("what the handler returned is lost");
}

static inline void make_exit(struct vcpu *c, u32 reason, u64 cycles)
{
	start_exit(c, reason);
	shim_tsc += cycles;
	end_exit(c);
}

#endif
