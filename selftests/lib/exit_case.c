// SPDX-License-Identifier: GPL-2.0-only
/* Runs a case and compares its exits with what is known of them. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <x86intrin.h>

#include "tap.h"
#include "exit_case.h"
#include "witness.h"

#define GP_VECTOR	    13
#define UD_VECTOR	    6
#define MAX_EXIT_CASE_VCPUS 4

/* Which tables are read. */
enum {
	SCOPE_HOST,
	SCOPE_VM,
	SCOPE_VCPU,
	NR_SCOPES = SCOPE_VCPU + MAX_EXIT_CASE_VCPUS
};

struct growth {
	uint64_t exits, cycles;
	uint64_t count[WITNESS_REASONS], total[WITNESS_REASONS];
};

static struct stats before[NR_SCOPES], after[NR_SCOPES];
static struct growth grown[NR_SCOPES], *const of_vcpu = &grown[SCOPE_VCPU];
static struct share shares[MAX_EXIT_CASE_VCPUS];
static uint64_t stat_exits[MAX_EXIT_CASE_VCPUS];
static struct witness witness;
static struct vm vm;

/* ---- the run */

bool exit_user_exit(struct share *s)
{
	struct kvm_run *run = s->vm->vcpu[s->n].run;

	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		return run->io.port == PORT_DONE;
	case KVM_EXIT_HLT:
	case KVM_EXIT_MMIO:
	case KVM_EXIT_SET_TPR:
	case KVM_EXIT_INTR:
		return false;
	}
	/* The numbers in parentheses are those of an internal error. */
	bail_out("%s: KVM_RUN: exit reason %u (%u: %#llx %#llx %#llx)", s->c->name,
		 run->exit_reason, run->internal.suberror, run->internal.data[0],
		 run->internal.data[1], run->internal.data[2]);
}

static void run_share(struct share *s)
{
	bool (*user_exit)(struct share *) = s->c->user_exit ? s->c->user_exit : exit_user_exit;

	do {
		if (ioctl(s->vm->vcpu[s->n].fd, KVM_RUN, 0) && errno != EINTR)
			bail_out("%s: KVM_RUN", s->c->name);
	} while (!user_exit(s));
}

static void *share_thread(void *arg)
{
	struct share *s = arg;
	uint64_t start = __rdtsc();

	run_share(s);
	s->cycles = __rdtsc() - start;
	return NULL;
}

static void run_shares(int nr)
{
	pthread_t thread[MAX_EXIT_CASE_VCPUS];

	for (int n = 0; n < nr; n++) {
		if (pthread_create(&thread[n], NULL, share_thread, &shares[n]))
			bail_out("pthread_create");
	}
	for (int n = 0; n < nr; n++)
		pthread_join(thread[n], NULL);
}

static void warm_up(const struct exit_case *c, int n)
{
	struct exit_case once = { .name = c->name, .routine = exit_warm_up };
	struct share s = { .vm = &vm, .n = n, .c = &once };

	vcpu_call(&vm, n, exit_warm_up, c->touch, 0, 0);
	run_share(&s);
}

static void add_cr4(int n, uint64_t bits)
{
	struct kvm_sregs sregs;

	vcpu_get_sregs(&vm, n, &sregs);
	sregs.cr4 |= bits;
	vcpu_set_sregs(&vm, n, &sregs);
}

static void prepare(const struct exit_case *c, int nr)
{
	vm_set_gate(&vm, UD_VECTOR, exit_skip);
	vm_set_gate(&vm, GP_VECTOR, exit_skip_error);
	vm_set_gate(&vm, GUEST_VECTOR, exit_interrupt);
	for (int n = 0; n < nr; n++) {
		uint64_t times = c->times + n * (c->times / 3 + 1);

		shares[n] = (struct share){ &vm, n, c, times, times };
		vcpu_set_tables(&vm, n);
		add_cr4(n, c->cr4);
		warm_up(c, n);
		vcpu_call(&vm, n, c->routine, times, c->rsi + n * c->rsi_step, 0);
		if (c->setup)
			c->setup(&vm, n);
	}
}

/* ---- what grew */

static void read_scopes(struct stats *s, int nr)
{
	read_host_table(&s[SCOPE_HOST]);
	read_vm_table(&s[SCOPE_VM], &vm);
	for (int n = 0; n < nr; n++)
		read_vcpu_table(&s[SCOPE_VCPU + n], &vm, n);
}

static void diff(const struct stats *from, const struct stats *to, struct growth *g)
{
	g->exits = to->exits - from->exits;
	g->cycles = to->cycles - from->cycles;
	for (int i = 0; i < WITNESS_REASONS; i++) {
		const struct stats_row *old = stats_row(from, witness_reason(i));
		const struct stats_row *new = stats_row(to, witness_reason(i));

		g->count[i] = new->count - old->count;
		g->total[i] = new->total - old->total;
	}
}

static void measure(int nr)
{
	read_scopes(before, nr);
	for (int n = 0; n < nr; n++)
		stat_exits[n] = witness_stat_exits(&vm.vcpu[n]);
	witness_clear();

	run_shares(nr);

	witness_read(&witness);
	for (int n = 0; n < nr; n++)
		stat_exits[n] = witness_stat_exits(&vm.vcpu[n]) - stat_exits[n];
	read_scopes(after, nr);
	for (int i = 0; i < SCOPE_VCPU + nr; i++)
		diff(&before[i], &after[i], &grown[i]);
}

/* ---- checks */

static const struct exit_side *side_of(const struct exit_case *c)
{
	return BY_VENDOR(&c->vmx, &c->svm);
}

static bool on_6_1(void)
{
	struct utsname kernel;

	return !uname(&kernel) && !strncmp(kernel.release, "6.1.", 4);
}

/* How many exits of a reason are expected of a vCPU: from @low to @high. */
static void expected(const struct share *s, long reason, uint64_t *low, uint64_t *high)
{
	uint64_t interrupts = of_vcpu[s->n].count[EXTERNAL_INTERRUPT];
	const struct exit_case *c = s->c;
	long each;

	*low = 0;
	*high = 0;
	for (int i = 0; i < MAX_EXPECT; i++) {
		const struct expect *e = &side_of(c)->expect[i];

		if (e->reason != reason || !(e->each || e->once || e->slack))
			continue;
		each = e->each_6_1 && on_6_1() ? e->each_6_1 : e->each;
		*low = *high = each * s->times + e->once;
		if (e->slack == MORE_PER_INTERRUPT)
			*high += interrupts;
		else if (e->slack == LESS_PER_INTERRUPT)
			*low -= interrupts < *low ? interrupts : *low;
		else if (e->slack == MINIMUM)
			*high = UINT64_MAX;
	}
	if (reason == IO_INSTRUCTION && !c->no_done) {
		*low += 1;
		*high += 1;
	}
}

static bool as_expected(const struct share *s)
{
	const uint64_t *count = of_vcpu[s->n].count;
	uint64_t low, high;
	bool good = true;

	for (int i = 0; i < WITNESS_REASONS; i++) {
		expected(s, witness_reason(i), &low, &high);
		if (i == EXTERNAL_INTERRUPT || (low <= count[i] && count[i] <= high))
			continue;
		diag("vCPU %d, reason %#lx: %lu, not %lu to %lu", s->n, witness_reason(i), count[i],
		     low, high);
		good = false;
	}
	return good;
}

static bool as_witnessed(int n)
{
	const uint64_t *count = of_vcpu[n].count, *hits = witness.hits[n];
	uint64_t sum = 0;
	bool good = true;

	for (int i = 0; i < WITNESS_REASONS; i++) {
		sum += hits[i];
		if (count[i] == hits[i])
			continue;
		diag("vCPU %d, reason %#lx: %lu, but %lu tracepoints", n, witness_reason(i),
		     count[i], hits[i]);
		good = false;
	}
	/* The sum shows that none is in OTHER. */
	return good && sum == of_vcpu[n].exits;
}

/*
 * stat.exits counts each round of KVM's loop: also rounds whose entry fails, and rounds that
 * enter no guest but emulate up to 130 instructions, because VMX cannot run the guest's
 * state. There are at least as many of these as the instructions need.
 */
static bool stat_fits(const struct share *s)
{
	uint64_t rounds = stat_exits[s->n] - of_vcpu[s->n].exits;
	uint64_t needed = (s->c->emulated * s->times + 129) / 130;
	uint64_t vmfails = s->c->vmfails * s->times;
	bool good = needed ? rounds >= needed : rounds == vmfails;

	if (!good)
		diag("vCPU %d: stat.exits %lu, exits %lu, rounds without one %lu", s->n,
		     stat_exits[s->n], of_vcpu[s->n].exits, needed ? needed : vmfails);
	return good;
}

static const char *but_for(const struct exit_case *c)
{
	if (c->emulated)
		return " minus the rounds of emulation";
	return c->vmfails ? " minus the entries that failed" : "";
}

/* Compares the rounds of all vCPUs that entered no guest with those that the witnesses count. */
static void check_rounds(const struct exit_case *c, const char *on, int nr)
{
	uint64_t rounds = 0;

	for (int n = 0; n < nr; n++)
		rounds += stat_exits[n] - of_vcpu[n].exits;
	ok(rounds == witness.runs - witness.entries,
	   "%s %s: stat.exits also counts the %lu rounds that entered no guest", c->name, on,
	   rounds);
}

static bool is_sum(const struct growth *g, int nr)
{
	struct growth sum = { 0 };

	for (int n = 0; n < nr; n++) {
		sum.exits += of_vcpu[n].exits;
		sum.cycles += of_vcpu[n].cycles;
		for (int i = 0; i < WITNESS_REASONS; i++) {
			sum.count[i] += of_vcpu[n].count[i];
			sum.total[i] += of_vcpu[n].total[i];
		}
	}
	return !memcmp(&sum, g, sizeof(sum));
}

/* Each row of the VM's table is made of the rows of its vCPUs. All of them are new. */
static bool vm_is_its_vcpus(int nr)
{
	const struct stats *all = &after[SCOPE_VM];
	bool good = true;

	for (int i = 0; i < all->rows; i++) {
		struct stats_row sum = { .min = UINT64_MAX };

		for (int n = 0; n < nr; n++) {
			const struct stats_row *r =
				stats_row(&after[SCOPE_VCPU + n], all->row[i].reason);

			if (!r->count)
				continue;
			sum.count += r->count;
			sum.total += r->total;
			sum.min = r->min < sum.min ? r->min : sum.min;
			sum.max = r->max > sum.max ? r->max : sum.max;
		}
		good &= sum.count == all->row[i].count && sum.total == all->row[i].total &&
			sum.min == all->row[i].min && sum.max == all->row[i].max;
	}
	return good && all->rows;
}

/* The ticks of the TSC around the run contain the cycles of all exits. */
static bool cycles_fit(const struct share *s)
{
	const struct growth *g = &of_vcpu[s->n];
	bool good = g->cycles <= s->cycles;

	for (int i = 0; i < WITNESS_REASONS; i++)
		good &= !g->count[i] || (g->total[i] > 0 && g->total[i] <= s->cycles);
	if (!good)
		diag("vCPU %d: %lu cycles in exits, %lu around the run", s->n, g->cycles,
		     s->cycles);
	return good;
}

static void check(const struct exit_case *c, int nr)
{
	bool counts = true, witnessed = true, stat = true, cycles = true;
	char on[32], figures[64] = "";
	int len = 0;

	for (int n = 0; n < nr; n++) {
		counts &= as_expected(&shares[n]);
		witnessed &= as_witnessed(n);
		stat &= stat_fits(&shares[n]);
		cycles &= cycles_fit(&shares[n]);
		len += snprintf(figures + len, sizeof(figures) - len, " %lu",
				of_vcpu[n].count[witness_index(side_of(c)->expect[0].reason)]);
	}
	snprintf(on, sizeof(on), "on %d vCPU%s", nr, nr > 1 ? "s" : "");

	ok(counts, "%s %s: as many exits as are known beforehand:%s", c->name, on, figures);
	ok(witnessed, "%s %s: as many exits of each reason as the tracepoint has", c->name, on);
	ok(stat, "%s %s: as many exits as vcpu->stat.exits%s", c->name, on, but_for(c));
	if (c->emulated)
		check_rounds(c, on, nr);
	ok((is_sum(&grown[SCOPE_VM], nr) && is_sum(&grown[SCOPE_HOST], nr) && vm_is_its_vcpus(nr)),
	   "%s %s: VM and host have the sums of the vCPUs, the VM also min and max", c->name, on);
	ok(cycles, "%s %s: all cycles are within the ticks of the TSC around the run", c->name, on);
}

/* True if the exit that the case is named for did not occur at all. */
static bool is_none(const struct exit_case *c)
{
	int i = witness_index(side_of(c)->expect[0].reason);

	return side_of(c)->why_none && !grown[SCOPE_HOST].count[i] && !witness.hits[0][i];
}

/* Returns false if there is no such exit on this host. */
static bool run_case(const struct exit_case *c, int nr, void (*create)(struct vm *, int))
{
	bool none;

	create(&vm, nr);
	prepare(c, nr);
	measure(nr);
	none = is_none(c);
	if (none)
		skip(side_of(c)->why_none, "%s: %lu tried, none made an exit", c->name, c->times);
	else
		check(c, nr);
	vm_destroy(&vm);
	return !none;
}

/* User space and our modules read the same TSC. */
static void check_tsc(void)
{
	char path[96], first[16] = "", package[16];
	bool one = true;

	read_host_table(&before[SCOPE_HOST]);
	for (int cpu = 0;; cpu++) {
		snprintf(path, sizeof(path),
			 "/sys/devices/system/cpu/cpu%d/topology/physical_package_id", cpu);
		if (read_file(path, package, sizeof(package)) < 0)
			break;
		if (!cpu)
			strcpy(first, package);
		one &= !strcmp(first, package);
	}
	ok(!strcmp(before[SCOPE_HOST].tsc, "stable") && *first && one,
	   "the TSC is stable, and all processors are in one package");
}

static void run_cases(const struct exit_case *cases, size_t nr, void (*create)(struct vm *, int))
{
	check_tsc();
	for (size_t i = 0; i < nr; i++) {
		if (side_of(&cases[i])->why_not) {
			skip(side_of(&cases[i])->why_not, "%s", cases[i].name);
			continue;
		}
		for (int vcpus = 1; vcpus <= MAX_EXIT_CASE_VCPUS; vcpus *= 2) {
			if (!run_case(&cases[i], vcpus, create))
				break;
		}
	}
}

int exit_cases_main(const struct exit_case *cases, size_t nr, void (*create)(struct vm *, int))
{
	param_set("exit_stats_dump_interval", "0");
	witness_open();
	run_cases(cases, nr, create);
	witness_close();
	param_set("exit_stats_dump_interval", "500");
	return done_testing();
}
