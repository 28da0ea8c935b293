// SPDX-License-Identifier: GPL-2.0-only
/* Exits that user space finishes: whose each return of KVM_RUN is, and what it adds. */
#include "shim_vendor.h"

static struct vm vm;
static struct kvm_run run;
static struct vcpu vcpu = { .vcpu.run = &run };

static void leave(int ret, u32 why)
{
	run.exit_reason = why;
	kvm_exit_stats_to_user(&vcpu.vcpu, ret);
}

/* KVM clears the callback before it calls it. */
static void come_back(u64 cycles)
{
	shim_tsc += cycles;
	kvm_exit_stats_from_user(&vcpu.vcpu);
	vcpu.vcpu.arch.complete_userspace_io = NULL;
}

static int callback(struct kvm_vcpu *unused)
{
	return 0;
}

/* A return of KVM_RUN after which KVM goes on with its callback. */
static void leave_midway(u32 why)
{
	leave(0, why);
	vcpu.vcpu.arch.complete_userspace_io = callback;
}

/* An exit that KVM handles in 10 cycles, and the return of KVM_RUN for it. */
static void exit_and_leave(u32 reason, int ret, u32 why)
{
	make_exit(&vcpu, reason, 10);
	leave(ret, why);
}

static void start_afresh(void)
{
	kvm_exit_stats_vcpu_free(&vcpu.vcpu);
	create_vcpu(&vcpu, &vm);
}

/* The scope shows these of CPUID, and nothing of HLT. */
static bool shows(struct exit_stats_scope *scope, u64 count, u64 user_count, u64 user_total)
{
	struct exit_stats_snap *s = snapshot(scope);
	const struct exit_stats_row *r = &s->row[row_of_exit(CPUID)];
	const struct exit_stats_row *other = &s->row[row_of_exit(HLT)];
	bool good = r->count == count && r->total == 10 * count && r->user_count == user_count &&
		    r->user_total == user_total && !other->user_count && !other->user_total;

	if (!good)
		diag("count %llu total %llu user %llu %llu", r->count, r->total, r->user_count,
		     r->user_total);
	kvfree(s);
	return good;
}

#define SCOPE (&vcpu.stats->scope)

static void check_whose(void)
{
	static const struct {
		int ret;
		u32 why;
		bool counts;
		const char *what;
	} cases[] = {
		{ 0, KVM_EXIT_IO, true, "a port" },
		{ 0, KVM_EXIT_MMIO, true, "MMIO" },
		{ -EFAULT, KVM_EXIT_MEMORY_FAULT, true, "a memory fault" },
		{ -EHWPOISON, KVM_EXIT_MEMORY_FAULT, true, "a poisoned page" },
		{ 0, KVM_EXIT_INTR, false, "a signal" },
		{ -EINTR, KVM_EXIT_INTR, false, "a signal, as an error" },
		{ -EINTR, KVM_EXIT_IO, false, "a signal during page-in" },
		{ -EFAULT, KVM_EXIT_IO, false, "an address that does not exist" },
		{ -ENOMEM, KVM_EXIT_MEMORY_FAULT, false, "no memory" },
		{ 0, KVM_EXIT_IRQ_WINDOW_OPEN, false, "an interrupt window" },
		{ 0, KVM_EXIT_DIRTY_RING_FULL, false, "a full dirty ring" },
	};
	const char *whose;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		start_afresh();
		exit_and_leave(CPUID, cases[i].ret, cases[i].why);
		come_back(500);
		whose = cases[i].counts ? "the exit's" : "nobody's";
		ok(shows(SCOPE, 1, cases[i].counts, cases[i].counts ? 500 : 0), "%s is %s",
		   cases[i].what, whose);
	}
}

static void check_once(void)
{
	start_afresh();
	/* More exits than go to user space: a table shows no more of these than of all. */
	for (int i = 0; i < 5; i++)
		make_exit(&vcpu, CPUID, 10);
	exit_and_leave(CPUID, 0, KVM_EXIT_IO);
	come_back(500);
	come_back(7);
	ok(shows(SCOPE, 6, 1, 500), "the time ends at the first KVM_RUN");

	leave(0, KVM_EXIT_IO);
	come_back(1000);
	ok(shows(SCOPE, 6, 1, 500),
	   "a return without an exit, and without a callback, is nobody's");
	make_exit(&vcpu, HLT, 10);
	leave(-EINTR, KVM_EXIT_INTR);
	come_back(1000);
	leave(0, KVM_EXIT_IO);
	come_back(1000);
	ok(shows(SCOPE, 6, 1, 500), "nor is one after a signal has interrupted the exit");
	exit_and_leave(CPUID, 0, KVM_EXIT_IO);
	come_back(100);
	leave(-EINTR, KVM_EXIT_INTR);
	come_back(1000);
	leave(0, KVM_EXIT_IO);
	come_back(1000);
	ok(shows(SCOPE, 7, 2, 600), "nor one after a signal, though the exit before left so too");

	end_exit(&vcpu);
	leave(0, KVM_EXIT_IO);
	come_back(1000);
	ok(shows(SCOPE, 7, 2, 600), "nor is one after an end without a start");
	make_exit(&vcpu, HLT, 10);
	end_exit(&vcpu);
	leave(0, KVM_EXIT_IO);
	come_back(1000);
	ok(shows(SCOPE, 7, 2, 600), "nor if an exit ended before that");
	exit_and_leave(CPUID, 0, KVM_EXIT_IO);
	come_back(100);
	ok(shows(SCOPE, 8, 3, 700), "the next exit counts");

	vcpu.vcpu.guest_mode = true;
	exit_and_leave(CPUID, 0, KVM_EXIT_IO);
	vcpu.vcpu.guest_mode = false;
	come_back(50);
	ok(shows(SCOPE, 9, 4, 750), "so does one of L2");
	exit_and_leave(CPUID, 0, KVM_EXIT_IO);
	come_back(-500);
	ok(shows(SCOPE, 10, 5, 750), "a TSC that goes backwards adds nothing");
}

/* KVM_RUN begins with KVM's callback, and returns for another part of the same exit. */
static void check_parts(void)
{
	start_afresh();
	/* As above. */
	for (int i = 0; i < 5; i++)
		make_exit(&vcpu, CPUID, 10);
	make_exit(&vcpu, CPUID, 10);
	leave_midway(KVM_EXIT_IO);
	come_back(500);
	leave_midway(KVM_EXIT_IO);
	come_back(30);
	leave(0, KVM_EXIT_MMIO);
	come_back(2);
	ok(shows(SCOPE, 6, 1, 532),
	   "further parts of an exit, for another reason too, add their time and no count");
	leave(0, KVM_EXIT_MMIO);
	come_back(1000);
	ok(shows(SCOPE, 6, 1, 532), "after the last part a return without an exit is nobody's");

	make_exit(&vcpu, CPUID, 10);
	leave_midway(KVM_EXIT_IO);
	come_back(60);
	exit_and_leave(CPUID, 0, KVM_EXIT_IO);
	come_back(8);
	ok(shows(SCOPE, 8, 3, 600), "an exit after the callback has finished counts");

	make_exit(&vcpu, CPUID, 10);
	leave_midway(KVM_EXIT_IO);
	come_back(100);
	end_exit(&vcpu);
	leave_midway(KVM_EXIT_MMIO);
	come_back(1000);
	leave(0, KVM_EXIT_MMIO);
	come_back(1000);
	ok(shows(SCOPE, 9, 4, 700), "no part of an exit without a start is another exit's");
}

static void check_switches(void)
{
	start_afresh();
	exit_and_leave(CPUID, 0, KVM_EXIT_IO);
	kvm_exit_stats_discard_starts();
	come_back(500);
	ok(shows(SCOPE, 1, 0, 0),
	   "what user space has when recording is switched off does not count");

	start_afresh();
	start_exit(&vcpu, CPUID);
	kvm_exit_stats_discard_starts();
	end_exit(&vcpu);
	leave(0, KVM_EXIT_IO);
	come_back(500);
	ok(shows(SCOPE, 0, 0, 0), "nor does an exit that was discarded before it ended");

	start_afresh();
	make_exit(&vcpu, CPUID, 10);
	kvm_exit_stats_discard_starts();
	leave_midway(KVM_EXIT_IO);
	come_back(500);
	leave(0, KVM_EXIT_IO);
	come_back(500);
	ok(shows(SCOPE, 1, 0, 0), "nor one made while recording was off, for the exit before it");
	start_afresh();

	kvm_exit_stats_on = false;
	kvm_exit_stats_set_keys();
	make_exit(&vcpu, CPUID, 10);
	leave(0, KVM_EXIT_IO);
	kvm_exit_stats_on = true;
	kvm_exit_stats_set_keys();
	come_back(500);
	ok(shows(SCOPE, 0, 0, 0), "nor one that was never recorded");
	exit_and_leave(CPUID, 0, KVM_EXIT_IO);
	come_back(500);
	ok(shows(SCOPE, 1, 1, 500), "the next one does");
}

static void check_reset(void)
{
	start_afresh();
	exit_and_leave(CPUID, 0, KVM_EXIT_IO);
	come_back(500);
	exit_and_leave(CPUID, 0, KVM_EXIT_IO);
	ok(!kvm_exit_stats_reset(&kvm_exit_stats_host.scope) && shows(SCOPE, 0, 0, 0),
	   "after a reset all is 0");
	come_back(300);
	ok(shows(SCOPE, 0, 0, 0), "an exit from before the reset that comes back stays invisible");
	make_exit(&vcpu, CPUID, 10);
	ok(shows(SCOPE, 1, 1, 300), "until the reason has a count, which is never exceeded");
	exit_and_leave(CPUID, 0, KVM_EXIT_IO);
	kvm_exit_stats_vcpu_free(&vcpu.vcpu);
	ok(shows(&kvm_exit_stats_host.scope, 2, 1, 300),
	   "the host keeps what a destroyed vCPU had, but for what never came back");
	create_vcpu(&vcpu, &vm);
}

static bool halted(struct exit_stats_scope *scope, u64 poll, u64 wait)
{
	struct exit_stats_snap *s = snapshot(scope);
	bool good = s->halt_poll_ns == poll && s->halt_wait_ns == wait;

	if (!good)
		diag("halted %llu %llu", s->halt_poll_ns, s->halt_wait_ns);
	kvfree(s);
	return good;
}

static void check_halts(void)
{
	struct kvm_vcpu_stat_generic *stat = &vcpu.vcpu.stat.generic;
	struct exit_stats_scope *host = &kvm_exit_stats_host.scope;

	start_afresh();
	*stat = (struct kvm_vcpu_stat_generic){ 100, 20, 3 };
	ok(halted(SCOPE, 120, 3) && halted(&vm.stats->scope, 120, 3) && halted(host, 120, 3),
	   "how long the vCPU was halted is KVM's own number, in each scope");
	kvm_exit_stats_reset(SCOPE);
	stat->halt_wait_ns += 50;
	ok(halted(SCOPE, 0, 50) && halted(&vm.stats->scope, 120, 53),
	   "a reset of the vCPU starts it again, and the VM's stays");
	*stat = (struct kvm_vcpu_stat_generic){ 0 };
	ok(halted(SCOPE, 0, 0), "a counter that KVM set to 0 is no negative number");
	*stat = (struct kvm_vcpu_stat_generic){ 100, 20, 3 };
	kvm_exit_stats_vcpu_free(&vcpu.vcpu);
	*stat = (struct kvm_vcpu_stat_generic){ 0 };
	ok(halted(host, 120, 3), "the host keeps that of a destroyed vCPU");
	create_vcpu(&vcpu, &vm);
}

int main(void)
{
	register_vendor();
	create_vm(&vm);
	create_vcpu(&vcpu, &vm);
	check_whose();
	check_once();
	check_parts();
	check_switches();
	check_reset();
	check_halts();
	kvm_exit_stats_vcpu_free(&vcpu.vcpu);
	kvm_exit_stats_vm_destroy(&vm.kvm);
	kvm_exit_stats_unregister();
	return done_testing();
}
