// SPDX-License-Identifier: GPL-2.0-only
/* The setters of the parameters: what they accept, what they refuse, and what they cause. */
#include "shim_vendor.h"

/* clang-format off */
#define PARAM(name) (&shim_param_##name)
#define EXTERN(name) extern const struct shim_param shim_param_##name
EXTERN(exit_stats);
EXTERN(exit_stats_cpuid);
EXTERN(exit_stats_dump_interval);
EXTERN(exit_stats_dump_per_min);
EXTERN(exit_stats_leaf_layout);
EXTERN(exit_stats_log_reads);
EXTERN(exit_stats_low_first);
EXTERN(exit_stats_reset);
/* clang-format on */

static bool reads(const struct shim_param *p, const char *val)
{
	char buf[64];

	p->ops->get(buf, &p->kp);
	return !strncmp(buf, val, strlen(val)) && !strcmp(buf + strlen(val), "\n");
}

/* The setter returns @err for each of @vals and changes nothing. A NULL ends @vals. */
static bool refuses(const struct shim_param *p, int err, const char *const *vals)
{
	char before[64] = "", after[64] = "";
	bool good = true;

	for (; *vals; vals++) {
		if (p->ops->get)
			p->ops->get(before, &p->kp);
		good &= shim_set_param(p, *vals) == err;
		if (p->ops->get)
			p->ops->get(after, &p->kp);
		good &= !strcmp(before, after);
	}
	return good;
}

#define REFUSES(p, err, ...) refuses(p, err, (const char *const[]){ __VA_ARGS__, NULL })

static int warnings;

static void count_warnings(const char *line)
{
	warnings += !strncmp(line, "<4>", 3);
}

static bool recording(bool on)
{
	return kvm_exit_stats_starts.on == on && kvm_exit_stats_ends.on == on;
}

/* What happened since the last call. */
static bool events_were(const char *expect)
{
	bool same = !strcmp(shim.events, expect);

	if (!same)
		diag("events: %s", shim.events);
	shim.events[0] = '\0';
	return same;
}

static struct vm vm;
static struct vcpu vcpu;

static void check_on(void)
{
	const struct shim_param *on = PARAM(exit_stats);

	ok(recording(true), "with a vendor module the static keys are on");
	start_exit(&vcpu, CPUID);
	shim.events[0] = '\0';
	ok((!shim_set_param(on, "N\n") && reads(on, "N") && recording(false) &&
	    events_were("-&kvm_exit_stats_starts rcu lock -&kvm_exit_stats_ends ")),
	   "N: stop starts; wait for running starts; discard pending exits; stop ends");
	make_exit(&vcpu, CPUID, 100);
	ok((!shim_set_param(on, "1") && reads(on, "Y") && recording(true) &&
	    events_were("+&kvm_exit_stats_ends +&kvm_exit_stats_starts ")),
	   "1: allow ends before starts");
	end_exit(&vcpu);
	ok(!vcpu.stats->exits, "an exit made or pending while exit_stats is N does not count");
	make_exit(&vcpu, CPUID, 100);
	ok(vcpu.stats->exits == 1, "the next exit counts");
	ok(REFUSES(on, -EINVAL, "", "x", "2") && recording(true), "a bad value changes nothing");
}

static void check_names(void)
{
	const struct shim_param *mode = PARAM(exit_stats_cpuid);
	const struct shim_param *layout = PARAM(exit_stats_leaf_layout);
	static const char *const layouts[] = { "two-leaf", "four-leaf", "four-leaf-reversed",
					       "by-reason", "default" };
	bool good = true;

	ok(!shim_set_param(mode, "off") && kvm_exit_stats_cpuid_mode == EXIT_STATS_CPUID_OFF,
	   "cpuid=off");
	shim.fail_alloc = 1;
	ok(shim_set_param(mode, "host") == -ENOMEM && reads(mode, "off") && !warnings,
	   "cpuid=host without memory for the snapshot changes nothing");
	ok((!shim_set_param(mode, "host\n") && kvm_exit_stats_cpuid_mode == EXIT_STATS_CPUID_HOST &&
	    warnings),
	   "cpuid=host with memory warns in the log");
	ok(REFUSES(mode, -EINVAL, "hos", "hosts", "", "2", "Host", "host vm"),
	   "cpuid accepts no abbreviation and no number");
	ok(!shim_set_param(mode, "vm") && reads(mode, "vm"), "cpuid=vm");

	for (unsigned int i = 0; i < EXIT_STATS_NR_LAYOUTS; i++)
		good &= !shim_set_param(layout, layouts[i]) && reads(layout, layouts[i]) &&
			kvm_exit_stats_layout == (i + 1) % EXIT_STATS_NR_LAYOUTS;
	ok(good, "leaf_layout accepts each layout's name");
	ok(REFUSES(layout, -EINVAL, "four", "two_leaf", "", "5", "0", "by-reason2"),
	   "leaf_layout accepts nothing else");
}

static void check_numbers(void)
{
	const struct shim_param *interval = PARAM(exit_stats_dump_interval);
	const struct shim_param *limit = PARAM(exit_stats_dump_per_min);
	const struct shim_param *low_first = PARAM(exit_stats_low_first);
	const struct shim_param *log_reads = PARAM(exit_stats_log_reads);

	shim.events[0] = '\0';
	ok((!shim_set_param(interval, "0x10\n") && kvm_exit_stats_interval == 16 &&
	    reads(interval, "16") && events_were("lock ")),
	   "dump_interval accepts hex, and is set under the mutex");
	ok((shim_queued() < 0 && !shim_set_param(limit, "0") && !kvm_exit_stats_per_min &&
	    !shim_queued()),
	   "a new limit wakes the worker at once");
	shim_run_work();
	shim.events[0] = '\0';
	ok((REFUSES(limit, -ERANGE, "4294967296", "0x100000000") &&
	    REFUSES(limit, -EINVAL, "-1", "1x", "", " 1") && shim_queued() < 0 &&
	    REFUSES(interval, -ERANGE, "4294967296") &&
	    REFUSES(interval, -EINVAL, "-1", "1x", "", "5 5") && events_were("")),
	   "a bad number changes nothing and wakes nothing");
	ok((!shim_set_param(low_first, "y") && kvm_exit_stats_low_first &&
	    !shim_set_param(low_first, "0") && !kvm_exit_stats_low_first &&
	    !shim_set_param(log_reads, "1") && kvm_exit_stats_log_reads &&
	    !shim_set_param(log_reads, "n") && !kvm_exit_stats_log_reads &&
	    REFUSES(low_first, -EINVAL, "", "2") && REFUSES(log_reads, -EINVAL, "", "-")),
	   "low_first and log_reads are booleans");
}

static void check_reset(void)
{
	const struct shim_param *reset = PARAM(exit_stats_reset);
	struct exit_stats_scope *host = &kvm_exit_stats_host.scope;
	u64 epoch = epoch_of(host);

	ok(reset->mode == 0200 && !reset->ops->get, "reset is write-only");
	ok((REFUSES(reset, -EINVAL, "", "0", "2", "11", "1 ", " 1", "1\n\n", "\n1", "Y", "0x1") &&
	    epoch_of(host) == epoch),
	   "reset accepts only 1");
	shim.fail_alloc = 1;
	ok(shim_set_param(reset, "1") == -ENOMEM && epoch_of(host) == epoch,
	   "reset without memory is -ENOMEM");
	shim.killed = true;
	ok(shim_set_param(reset, "1") == -EINTR, "reset by a killed writer is -EINTR");
	shim.killed = false;
	ok(!shim_set_param(reset, "1") && epoch_of(host) != epoch, "1 resets the host");
	epoch = epoch_of(host);
	ok(!shim_set_param(reset, "1\n") && epoch_of(host) != epoch,
	   "1 and a newline reset the host too");
}

int main(void)
{
	const struct shim_param *on = PARAM(exit_stats);

	shim_log = count_warnings;
	ok((reads(on, "Y") && reads(PARAM(exit_stats_cpuid), "vm") &&
	    reads(PARAM(exit_stats_leaf_layout), "default") &&
	    reads(PARAM(exit_stats_dump_interval), "500") &&
	    reads(PARAM(exit_stats_dump_per_min), "10") &&
	    reads(PARAM(exit_stats_low_first), "N") && reads(PARAM(exit_stats_log_reads), "N")),
	   "defaults: Y, vm, default, 500, 10, N, N");
	ok((!shim_set_param(on, "1") && recording(false) &&
	    !shim_set_param(PARAM(exit_stats_reset), "1") &&
	    !shim_set_param(PARAM(exit_stats_dump_per_min), "10") && shim_queued() < 0),
	   "without a vendor module the keys are off, a reset is no error, and no worker is woken");
	register_vendor();
	create_vm(&vm);
	create_vcpu(&vcpu, &vm);
	check_on();
	check_names();
	check_numbers();
	check_reset();
	kvm_exit_stats_vcpu_free(&vcpu.vcpu);
	kvm_exit_stats_vm_destroy(&vm.kvm);
	kvm_exit_stats_unregister();
	ok(recording(false), "after the vendor module is gone the keys are off");
	return done_testing();
}
