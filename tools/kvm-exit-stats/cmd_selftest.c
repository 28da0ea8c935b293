// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm-exit-stats selftest: does it count right on this machine, and what does it cost here? A
 * small guest makes known exits. Its VM's numbers are compared with them, with the tracepoint
 * kvm:kvm_exit, and with KVM's own count.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bpf_load.h"
#include "command.h"
#include "errors.h"
#include "numbers.h"
#include "small_guest.h"

#define PARAMETER "/sys/module/kvm/parameters/exit_stats"
#define ROUNDS	  15
#define EXITS	  5000 /* of a round */

static struct {
	struct origin origin;
	bool force;
} env;

static const char doc[] =
	"Check on this machine that the numbers are right, and measure what counting costs. A small "
	"guest makes known exits through /dev/kvm; the result is a report that ends in a verdict. "
	"With the modules of kvm-exit-stats it checks them, otherwise counting by BPF.\v"
	"To measure the cost of the modules it switches recording off and on. Each switch drops the "
	"pending exit of every vCPU of the host, so it does this only if no other VM runs, or with "
	"--force. With BPF it switches nothing. It takes a few seconds. The status is 1 if a check "
	"fails.\n\n"
	"EXAMPLES:\n"
	"  kvm-exit-stats selftest\n"
	"  kvm-exit-stats selftest --source bpf";

static const struct argp_option options[] = {
	{ "force", 'F', NULL, 0, "Measure the cost also while other VMs run", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &env.origin;
		break;
	case 'F':
		env.force = true;
		break;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s': selftest takes no name", arg);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_child children[] = { { &origin_argp, 0, "Source:", 10 }, { 0 } };
static const struct argp argp = { options, parse, "", doc, children, NULL, NULL };

static int failures;

__attribute__((format(printf, 2, 3))) static void check(bool good, const char *fmt, ...)
{
	va_list ap;

	printf("%-7s ", good ? "ok" : "FAILED");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	failures += !good;
}

/* ---- the machine */

/* The first value of a key of /proc/cpuinfo. */
static void cpuinfo(const char *key, char *value, size_t size)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	char line[256];

	snprintf(value, size, "?");
	while (f && fgets(line, sizeof(line), f)) {
		char *colon = strstr(line, ": ");

		if (strncmp(line, key, strlen(key)) || !colon)
			continue;
		colon[strcspn(colon, "\n")] = '\0';
		snprintf(value, size, "%s", colon + 2);
		break;
	}
	if (f)
		fclose(f);
}

static void describe(const struct table *t)
{
	char model[128], microcode[32];
	struct utsname kernel;

	uname(&kernel);
	cpuinfo("model name", model, sizeof(model));
	cpuinfo("microcode", microcode, sizeof(microcode));
	printf("CPU:       %s, microcode %s\n", model, microcode);
	printf("kernel:    %s, %s, %s\n", kernel.release, kernel.version,
	       host_is_svm() ? "kvm_amd" : "kvm_intel");
	if (t->measured == MEASURED_HANDLER)
		printf("counts:    the modules of kvm-exit-stats; TSC %s, %.3f GHz\n",
		       t->tsc_stable ? "stable" : "UNSTABLE", t->tsc_khz / 1e6);
	else
		printf("counts:    %s\n", measured_text(t->measured));
}

/* ---- the witnesses */

static bool number_of(const char *path, uint64_t *n)
{
	FILE *f = fopen(path, "re");
	unsigned long long value;
	bool good;

	if (!f)
		return false;
	good = fscanf(f, "%llu", &value) == 1;
	fclose(f);
	*n = good ? value : 0;
	return good;
}

/* Counts this thread's kvm:kvm_exit. -1: there is no such event here. */
static int open_tracepoint(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr) };
	uint64_t id;

	if (!number_of("/sys/kernel/tracing/events/kvm/kvm_exit/id", &id))
		return -1;
	attr.config = id;
	return syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static bool tracepoint_count(int fd, uint64_t *n)
{
	return fd >= 0 && read(fd, n, sizeof(*n)) == sizeof(*n);
}

static bool kvm_count(const struct small_guest *g, uint64_t *n)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%s/exits", g->folder);
	return number_of(path, n);
}

/* ---- the checks */

static uint64_t count_of(const struct table *t, int64_t reason, enum number n)
{
	const struct row *row = table_row(t, reason);

	return row ? row->n[n] : 0;
}

/* One reading: the table, and the counts of the tracepoint and of KVM. */
struct reading {
	struct table t;
	uint64_t traced, kvm;
	bool has_trace, has_kvm;
};

static void take(struct reading *r, struct source *s, const struct small_guest *g,
		 const struct vm *vm, int tracepoint)
{
	r->has_trace = tracepoint_count(tracepoint, &r->traced);
	r->has_kvm = kvm_count(g, &r->kvm);
	common_read(s, vm, NO_VCPU, true, &r->t);
}

static void must(const char *error)
{
	if (error)
		fail(ERR_OTHER, "the guest does not run: %s (%s)", error, strerror(errno));
}

static uint64_t hist_sum(const struct table *t, int64_t reason)
{
	const struct row *row = table_row(t, reason);
	const uint64_t *hist = row ? table_hist(t, row) : NULL;

	return hist ? hist_count(hist) : 0;
}

static void check_kind(struct source *s, struct small_guest *g, const struct vm *vm, int tracepoint,
		       enum small_exit kind)
{
	static const struct {
		const char *name;
		int64_t vmx, svm;
		uint32_t times;
		bool user;
	} kinds[NR_SMALL_EXITS] = {
		[SMALL_CPUID] = { "CPUID", 10, 0x72, 3000, false },
		[SMALL_OUT] = { "port I/O", 30, 0x7b, 1500, true },
		[SMALL_RDMSR] = { "RDMSR", 31, 0x7c, 2000, false },
		[SMALL_HLT] = { "HLT", 12, 0x78, 700, true },
	};
	int64_t reason = host_is_svm() ? kinds[kind].svm : kinds[kind].vmx;
	uint32_t times = kinds[kind].times, wanted = times + (kind == SMALL_HLT);
	struct reading then, now;
	struct table d;
	uint64_t count;

	take(&then, s, g, vm, tracepoint);
	must(small_guest_run(g, kind, times, NULL));
	take(&now, s, g, vm, tracepoint);
	table_since(&then.t, &now.t, &d);
	count = count_of(&d, reason, COUNT);
	check(count == wanted, "%s: %llu of %u exits", kinds[kind].name, (unsigned long long)count,
	      wanted);
	check(hist_sum(&d, reason) == count, "%s: the histogram has as many", kinds[kind].name);
	/* User space finishes the last exit at the next KVM_RUN. */
	count = count_of(&d, reason, USER_COUNT);
	check(kinds[kind].user ? count + 1 >= wanted && count <= wanted + 1 : !count,
	      "%s: user space finished %llu of them", kinds[kind].name, (unsigned long long)count);
	if (then.has_trace)
		check(now.traced - then.traced == d.exits,
		      "%s: with all others %llu exits, and as many by the tracepoint kvm:kvm_exit "
		      "(%llu)",
		      kinds[kind].name, (unsigned long long)d.exits,
		      (unsigned long long)(now.traced - then.traced));
	if (then.has_kvm && d.measured == MEASURED_HANDLER)
		check(now.kvm - then.kvm == d.exits, "%s: and as many by KVM's own count (%llu)",
		      kinds[kind].name, (unsigned long long)(now.kvm - then.kvm));
	table_free(&d);
	table_free(&then.t);
	table_free(&now.t);
}

/* ---- the cost */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values)
{
	qsort(values, ROUNDS, sizeof(*values), compare);
	return values[ROUNDS / 2];
}

static double exit_ns(struct small_guest *g)
{
	uint64_t ns;

	must(small_guest_run(g, SMALL_CPUID, EXITS, &ns));
	return (double)ns / EXITS;
}

static bool records(void)
{
	FILE *f = fopen(PARAMETER, "re");
	bool on = f && fgetc(f) == 'Y';

	if (f)
		fclose(f);
	return on;
}

static bool switch_recording(bool on)
{
	FILE *f = fopen(PARAMETER, "we");
	bool good = f && fputs(on ? "Y" : "N", f) >= 0;

	if (f && fclose(f))
		good = false;
	return good;
}

/* Runs at every exit of the program. */
static void switch_on_again(void)
{
	if (!switch_recording(true))
		warn("RECORDING IS OFF: %s cannot be written: %s", PARAMETER, strerror(errno));
}

static void print_cost(double on, double off, const char *what)
{
	printf("cost:      a CPUID exit takes %.0f ns, %.0f ns %s: %+.1f ns (%+.1f %%)\n", on, off,
	       what, on - off, 100 * (on - off) / off);
}

/* Recording on and off, in turn, so that what else changes on the host falls on both. */
static void cost_of_modules(struct small_guest *g, size_t vms)
{
	double on[ROUNDS], off[ROUNDS];

	if (vms > 1 && !env.force) {
		printf("cost:      not measured: %zu other VMs run (--force)\n", vms - 1);
		return;
	}
	if (!records()) {
		printf("cost:      not measured: recording is off (" PARAMETER ")\n");
		return;
	}
	/* Recording must not stay off. */
	atexit(switch_on_again);
	common_catch_signals();
	signal(SIGHUP, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	for (int i = 0; i < ROUNDS; i++) {
		if (!switch_recording(false)) {
			printf("cost:      not measured: %s: %s\n", PARAMETER, strerror(errno));
			return;
		}
		off[i] = exit_ns(g);
		switch_recording(true);
		on[i] = exit_ns(g);
		if (interrupted) {
			printf("cost:      not measured: interrupted\n");
			return;
		}
	}
	print_cost(median(on), median(off), "with recording off");
}

static void measure(struct small_guest *g, double *ns)
{
	for (int i = 0; i < ROUNDS; i++)
		ns[i] = exit_ns(g);
}

static int verdict(void)
{
	if (failures)
		printf("verdict:   %d checks FAILED: please report this, with all of the above\n",
		       failures);
	else
		puts("verdict:   the numbers are right on this machine");
	return failures != 0;
}

static int run(int argc, char **argv)
{
	double on[ROUNDS], off[ROUNDS];
	struct small_guest g;
	struct vm_list vms = {};
	const struct vm *vm;
	struct source *s;
	struct table t;
	bool by_bpf;
	int tracepoint;

	parse_arguments(&argp, argc, argv);
	if (env.origin.root)
		fail(ERR_OTHER, "selftest needs this machine, not saved files");
	by_bpf = origin_by_bpf(&env.origin);
	if (by_bpf)
		env.origin.source = ORIGIN_BPF_HANDLER;
	s = origin_open(&env.origin);
	must(small_guest_create(&g));
	/* Pages are mapped, and BPF knows the vCPU. */
	must(small_guest_run(&g, SMALL_OUT, 10, NULL));
	common_vms(s, &vms);
	vm = vm_by_folder(&vms, g.folder);
	if (!vm)
		fail(ERR_NO_VM, "the guest's own VM %s has no folder in debugfs", g.folder);
	common_read(s, vm, NO_VCPU, false, &t);
	describe(&t);
	tracepoint = open_tracepoint();
	if (tracepoint < 0)
		puts("note:      the tracepoint kvm:kvm_exit cannot be counted here");
	for (int kind = 0; kind < NR_SMALL_EXITS; kind++)
		check_kind(s, &g, vm, tracepoint, kind);
	if (tracepoint >= 0)
		close(tracepoint);
	if (by_bpf)
		measure(&g, on);
	else
		cost_of_modules(&g, vms.nr);
	table_free(&t);
	source_close(s);
	if (by_bpf) {
		measure(&g, off);
		print_cost(median(on), median(off), "without BPF");
	}
	small_guest_destroy(&g);
	vm_list_free(&vms);
	return verdict();
}

const struct command cmd_selftest = {
	"selftest",
	"does it count right on this machine, and what does it cost here?",
	&argp,
	run,
};
