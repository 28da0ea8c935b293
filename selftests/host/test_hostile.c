// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests that mean harm: that exit without end, read every leaf with every
 * subleaf, read without end, flood the log, look for another VM's numbers, or
 * die while their files are read.
 *
 *	test_hostile [-l]
 *
 *	-l	the long form: a minute of CPUID, all subleaves from 0 to 4096
 *
 * Loads the distribution's modules and then ours again, for a comparison: the
 * host's numbers begin anew. Times are the emulated host's: in Bochs (VMX) a TSC
 * tick is an instruction, and a timing is held against a wide bound. In QEMU's TCG
 * (SVM) it is the machine's own time, and a timing is printed only.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "dump_log.h"
#include "guest.h"
#include "hostile.h"
#include "stats.h"
#include "tap.h"

#define SCRIPTS	    "/exit-stats/tools/modules/"
#define FLOOD_MS    8000
#define FLOOD_LONG  60000
#define PER_MIN	    10
#define MAX_GROWTH  1024 /* KiB: that would be 2 bytes an exit in the short form */
#define LOG_READS   20000
#define READ_DEATHS 40

static bool long_form;

static void read_or_bail(const char *path, struct stats *s)
{
	if (stats_read(path, s))
		bail_out("%s", path);
}

static void read_host(struct stats *s)
{
	read_or_bail(HOST_STATS, s);
}

static void read_vm(const struct vm *vm, struct stats *s)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/vm_exit_stats", vm->dir);
	read_or_bail(path, s);
}

/* ok(), where the machine that emulates the host has no part in it. */
#define timing_ok(cond, ...)                                                         \
	do {                                                                         \
		if (on_svm())                                                        \
			skip("in QEMU's TCG a tick is no instruction", __VA_ARGS__); \
		else                                                                 \
			ok(cond, __VA_ARGS__);                                       \
	} while (0)

static void set_dumps(const char *interval, const char *per_min)
{
	param_set("exit_stats_dump_interval", interval);
	param_set("exit_stats_dump_per_min", per_min);
}

/* ---- leaves and subleaves */

/* Where a sweep's data are in guest memory. */
#define SWEEP_AT     GUEST_DATA
#define HASHES_AT    (GUEST_DATA + 0x1000)
#define SUBLEAVES_AT (GUEST_DATA + 0x4000)
#define MAX_SUBLEAF  8192

static const struct leaf_range {
	uint32_t first, nr;
} ranges[] = {
	{ 0x40000000, 0x100 },
	{ 0x4fffff00, 0x100 },
	{ 0x50000000, 0x100 },
};

#define SWEPT 0x300

static uint32_t subleaves[MAX_SUBLEAF];
static int nr_subleaves;

/* 0-4096, or in the short form 0-127 and 4096; the powers of two and beside them. */
static void choose_subleaves(void)
{
	uint32_t last = long_form ? 4096 : 127;
	int nr = 0;

	for (uint32_t i = 0; i <= last; i++)
		subleaves[nr++] = i;
	for (uint32_t i = 7; i < 32; i++) {
		subleaves[nr++] = (1u << i) - 1;
		subleaves[nr++] = 1u << i;
		subleaves[nr++] = (1u << i) + 1;
	}
	subleaves[nr++] = 0xffffffff;
	nr_subleaves = nr;
}

static void sweep_range(struct vm *vm, const struct leaf_range *range, uint64_t *hashes)
{
	struct sweep sweep = {
		.leaf = range->first,
		.nr_leaves = range->nr,
		.subleaves = SUBLEAVES_AT,
		.nr_subleaves = nr_subleaves,
		.hashes = HASHES_AT,
	};

	memcpy(vm->mem + SWEEP_AT, &sweep, sizeof(sweep));
	memcpy(vm->mem + SUBLEAVES_AT, subleaves, sizeof(subleaves));
	hostile_call(vm, 0, hostile_sweep, SWEEP_AT, 0);
	vcpu_run(vm, 0, 1);
	memcpy(hashes, vm->mem + HASHES_AT, range->nr * sizeof(*hashes));
}

/* Whoever watches a slow emulator sees that it goes on. */
static void sweep(uint64_t *hashes)
{
	struct vm vm;

	vm_create(&vm, 1);
	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++) {
		diag("from leaf %#x", ranges[i].first);
		sweep_range(&vm, &ranges[i], hashes);
		hashes += ranges[i].nr;
	}
	vm_destroy(&vm);
}

static uint32_t swept_leaf(int i)
{
	return ranges[i / 0x100].first + i % 0x100;
}

static bool is_ours(uint32_t leaf)
{
	return leaf >= EXIT_STATS_LEAF_AVG && leaf <= EXIT_STATS_LEAF_TOTAL
		       ? true
		       : leaf == EXIT_STATS_LEAF_INFO || leaf == EXIT_STATS_LEAF_ID;
}

/* Before anything here holds /dev/kvm open: the same sweep on stock modules. */
static uint64_t *sweep_stock(void)
{
	uint64_t *hashes = mmap(NULL, SWEPT * sizeof(*hashes), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;

	if (hashes == MAP_FAILED)
		bail_out("memory");
	if (system(SCRIPTS "unload >/dev/null"))
		bail_out("unload");
	diag("%d leaves with %d subleaves each, on the stock modules first", SWEPT, nr_subleaves);
	if (!fork()) {
		sweep(hashes);
		_exit(0);
	}
	wait(&status);
	if (system(SCRIPTS "load >/dev/null"))
		bail_out("load");
	diag("ours again");
	return hashes;
}

static void count_differences(const uint64_t *a, const uint64_t *b, int *ours, int *others)
{
	*ours = 0;
	*others = 0;
	for (int i = 0; i < SWEPT; i++) {
		if (a[i] == b[i])
			continue;
		++*(is_ours(swept_leaf(i)) ? ours : others);
		if (!is_ours(swept_leaf(i)))
			diag("leaf %#x differs", swept_leaf(i));
	}
}

static void check_sweep(const uint64_t *stock)
{
	static const char *const modes[] = { "off", "vm", "host" };
	static uint64_t hashes[SWEPT];
	int ours, others;

	for (int i = 0; i < 3; i++) {
		param_set("exit_stats_cpuid", modes[i]);
		diag("the same with exit_stats_cpuid=%s", modes[i]);
		sweep(hashes);
		count_differences(stock, hashes, &ours, &others);
		ok(!others && ours == (i ? 9 : 0),
		   "exit_stats_cpuid=%s: %d leaves differ from the stock modules', none but ours",
		   modes[i], ours);
	}
	param_set("exit_stats_cpuid", "vm");
}

/* ---- registers */

#define LIST_MAX 1800

static const uint32_t reason_leaves[] = {
	EXIT_STATS_LEAF_MIXED, EXIT_STATS_LEAF_COUNT, EXIT_STATS_LEAF_CYCLES,
	EXIT_STATS_LEAF_MIN,   EXIT_STATS_LEAF_MAX,   EXIT_STATS_LEAF_AVG,
};

/* Tables of a scope, read before its leaves and after them. */
struct bounds {
	struct stats before, after;
};

static void read_scope(struct vm *vm, uint32_t scope, struct stats *s)
{
	if (scope == EXIT_STATS_SCOPE_HOST)
		read_host(s);
	else
		read_vm(vm, s);
}

static uint64_t pair_of(const struct cpuid_call *c)
{
	return (uint64_t)c->ebx << 32 | c->ecx;
}

static bool id_fault(const struct cpuid_call *c, uint32_t scope)
{
	uint32_t vendor = BY_VENDOR(EXIT_STATS_VENDOR_VMX, EXIT_STATS_VENDOR_SVM);

	return c->eax != (EXIT_STATS_ABI_VERSION | scope << EXIT_STATS_ID_SCOPE_SHIFT |
			  vendor << EXIT_STATS_ID_VENDOR_SHIFT) ||
	       c->ebx != EXIT_STATS_SIG_EBX || c->ecx != EXIT_STATS_SIG_ECX ||
	       c->edx != EXIT_STATS_SIG_EDX;
}

static bool info_fault(const struct cpuid_call *c, const struct stats *s)
{
	return c->eax != s->tsc_khz || c->ebx != HIGHEST_REASON || c->ecx != (uint32_t)s->epoch ||
	       c->edx;
}

/* What EBX:ECX of a per-reason leaf may be, of the reason's rows before and after. */
static void pair_bounds(uint32_t leaf, const struct bounds *b, const struct stats_row *before,
			const struct stats_row *after, uint64_t *least, uint64_t *most)
{
	*least = 0;
	*most = 0;
	switch (leaf) {
	case EXIT_STATS_LEAF_MIXED:
		*least = b->before.cycles;
		*most = b->after.cycles;
		break;
	case EXIT_STATS_LEAF_CYCLES:
		*least = before->total;
		*most = after->total;
		break;
	case EXIT_STATS_LEAF_MIN:
		*least = after->min;
		*most = before->count ? before->min : after->max;
		break;
	case EXIT_STATS_LEAF_MAX:
		*least = before->count ? before->max : after->min;
		*most = after->max;
		break;
	case EXIT_STATS_LEAF_AVG:
		*least = after->count ? before->total / after->count : 0;
		*most = before->count ? after->total / before->count : after->max;
		break;
	}
}

/*
 * Is a register anything but its number? Of a reason that did not occur meanwhile
 * the tables have it exactly.
 */
static bool register_fault(const struct cpuid_call *c, uint32_t scope, const struct bounds *b)
{
	const struct stats_row *before = stats_row(&b->before, c->subleaf);
	const struct stats_row *after = stats_row(&b->after, c->subleaf);
	uint64_t count = (uint64_t)c->edx << 32 | c->eax, pair = pair_of(c), least, most;

	if (c->leaf == EXIT_STATS_LEAF_ID)
		return id_fault(c, scope);
	if (c->leaf == EXIT_STATS_LEAF_INFO)
		return info_fault(c, &b->after);
	if (c->leaf == EXIT_STATS_LEAF_TOTAL)
		return count < b->before.exits || count > b->after.exits ||
		       pair < b->before.cycles || pair > b->after.cycles;
	pair_bounds(c->leaf, b, before, after, &least, &most);
	if (!reason_defined(c->subleaf))
		return c->eax || c->edx != EXIT_STATS_NOT_DEFINED || pair < least || pair > most;
	if (count < before->count || count > after->count)
		return true;
	/* Without an exit of the reason there is nothing but the mixed leaf's sum. */
	if (!count && c->leaf != EXIT_STATS_LEAF_MIXED)
		return pair;
	return pair < least || pair > most;
}

static int check_calls(struct vm *vm, uint32_t scope, struct cpuid_call *calls, int nr)
{
	static struct bounds b;
	int faults = 0;

	read_scope(vm, scope, &b.before);
	if (scope == EXIT_STATS_SCOPE_HOST)
		usleep(2000); /* an answer may be 1 ms old */
	guest_cpuid_calls(vm, 0, calls, nr);
	read_scope(vm, scope, &b.after);
	for (int i = 0; i < nr; i++) {
		if (!register_fault(&calls[i], scope, &b))
			continue;
		if (!faults++)
			diag("leaf %#x, ECX %#x: %#x %#x %#x %#x", calls[i].leaf, calls[i].subleaf,
			     calls[i].eax, calls[i].ebx, calls[i].ecx, calls[i].edx);
	}
	return faults;
}

/* Our nine leaves with each subleaf from 0 to 4096 and the powers of two. */
static void check_registers(const char *name, uint32_t scope)
{
	static struct cpuid_call calls[LIST_MAX];
	int nr = 0, faults = 0, all = 0;
	struct vm vm;

	param_set("exit_stats_cpuid", name);
	vm_create(&vm, 1);
	guest_out(&vm, 0, 10);
	for (uint32_t leaf = EXIT_STATS_LEAF_ID; leaf; leaf++) {
		if (leaf > EXIT_STATS_LEAF_TOTAL)
			break;
		if (!is_ours(leaf))
			continue;
		for (uint32_t i = 0; i <= 4096 + 20; i++, all++) {
			calls[nr++] = (struct cpuid_call){ leaf, i <= 4096 ? i : 1u << (i - 4085) };
			if (nr == LIST_MAX) {
				faults += check_calls(&vm, scope, calls, nr);
				nr = 0;
			}
		}
	}
	faults += check_calls(&vm, scope, calls, nr);
	vm_destroy(&vm);
	param_set("exit_stats_cpuid", "vm");
	ok(!faults, "%s: in %d answers of our nine leaves every register has its number, no more",
	   name, all);
}

/* ---- another VM's numbers */

struct looper {
	struct vm vm;
	pthread_t thread;
	atomic_bool stop;
	struct cpuid_call calls[LIST_MAX];
	int nr_calls; /* 0: OUT and HLT */
	atomic_ulong times;
};

static void *loop(void *arg)
{
	struct looper *l = arg;

	while (!l->stop) {
		if (l->nr_calls) {
			guest_cpuid_calls(&l->vm, 0, l->calls, l->nr_calls);
			l->times += l->nr_calls;
		} else {
			guest_out(&l->vm, 0, 200);
			guest_hlt(&l->vm, 0, 50);
			l->times += 200;
		}
	}
	return NULL;
}

static void start_looper(struct looper *l)
{
	l->stop = false;
	l->times = 0;
	vm_create(&l->vm, 1);
	pthread_create(&l->thread, NULL, loop, l);
	while (!l->times)
		usleep(1000);
}

static void stop_looper(struct looper *l)
{
	l->stop = true;
	pthread_join(l->thread, NULL);
	vm_destroy(&l->vm);
}

/* The reader makes CPUID exits, HLT to end, and what starting costs. */
static bool may_have(uint32_t reason)
{
	return reason == CPUID || reason == HLT || reason == EPT_VIOLATION ||
	       reason == EXTERNAL_INTERRUPT || reason == EXCEPTION_NMI ||
	       reason == PREEMPTION_TIMER;
}

/* Every per-reason leaf with every reason that it can ask for. */
static int list_all(struct cpuid_call *calls)
{
	int nr = 0;

	for (size_t i = 0; i < sizeof(reason_leaves) / sizeof(*reason_leaves); i++) {
		for (uint32_t reason = 0; reason <= HIGHEST_REASON; reason++) {
			if (reason_defined(reason))
				calls[nr++] = (struct cpuid_call){ reason_leaves[i], reason };
		}
	}
	return nr;
}

/* What an answer says of a reason that its VM cannot have, or of more cycles than it has. */
static uint64_t strange_answers(const struct cpuid_call *calls, int nr, uint64_t cycles)
{
	uint64_t strange = 0;

	for (int i = 0; i < nr; i++) {
		if (calls[i].leaf == EXIT_STATS_LEAF_MIXED)
			strange += !pair_of(&calls[i]) || pair_of(&calls[i]) > cycles;
		else if (!calls[i].eax)
			strange += pair_of(&calls[i]) != 0;
		strange += calls[i].eax && !may_have(calls[i].subleaf);
	}
	return strange;
}

/* All of that, while the other makes I/O and HLT exits. */
static void check_apart(void)
{
	static struct cpuid_call calls[LIST_MAX];
	struct cpuid_call last[] = { { EXIT_STATS_LEAF_TOTAL },
				     { EXIT_STATS_LEAF_COUNT, EXTERNAL_INTERRUPT } };
	uint64_t strange = 0, hlts = 0, asked = 0, rounds = 0, total, cycles, interrupts, other;
	static struct looper l;
	static struct stats s;
	struct vm vm;
	int nr;

	start_looper(&l);
	vm_create(&vm, 1);
	for (; rounds < 10 || l.times < 2000; rounds++) {
		nr = list_all(calls);
		guest_cpuid_calls(&vm, 0, calls, nr);
		asked += nr;
		read_vm(&vm, &s);
		strange += strange_answers(calls, nr, s.cycles);
		for (int i = 0; i < nr; i++) {
			if (calls[i].subleaf == HLT && calls[i].leaf == EXIT_STATS_LEAF_COUNT)
				hlts = calls[i].eax;
		}
	}
	guest_cpuid_calls(&vm, 0, last, 2);
	total = last[0].eax;
	cycles = pair_of(&last[0]);
	interrupts = last[1].eax;
	read_vm(&vm, &s);
	other = l.times;
	stop_looper(&l);
	vm_destroy(&vm);
	ok(!strange, "vm: beside %lu I/O exits of another VM a guest sees none, nor their cycles",
	   other);
	ok(hlts == rounds - 1, "of the HLTs it sees its own %lu (%lu), not the other's thousands",
	   rounds - 1, hlts);
	/* Beside those it asks with, a HLT a round, what starting costs, interrupts. */
	ok(total >= asked && total < asked + rounds + 100 + interrupts,
	   "its total is its own %lu and little more: %lu (%lu interrupts)", asked, total,
	   interrupts);
	ok(cycles && cycles <= s.cycles, "and %lu cycles, of the %lu that its own table has then",
	   cycles, s.cycles);
}

/* ---- host scope, read without end */

#define OTHER_TIMES 10000

struct others_life {
	double create_ms, run_ms;
	bool exact;
};

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}

/* Another VM is created and makes exits: the best of some, and are they all counted? */
static struct others_life live_beside(void)
{
	struct others_life best = { 1e9, 1e9, true };
	static struct stats s;
	double start, created, end;
	struct vm vm;

	for (int i = 0; i < 4; i++) {
		start = now_us();
		vm_create(&vm, 1);
		created = now_us();
		guest_cpuid(&vm, 0, OTHER_TIMES, 0, 0);
		end = now_us();
		read_vm(&vm, &s);
		best.exact &= stats_row(&s, CPUID)->count == OTHER_TIMES;
		vm_destroy(&vm);
		if (created - start < best.create_ms * 1e3)
			best.create_ms = (created - start) / 1e3;
		if (end - created < best.run_ms * 1e3)
			best.run_ms = (end - created) / 1e3;
	}
	return best;
}

/* Beside one that asks for a leaf and, if that has some, each reason in turn. */
static struct others_life live_beside_looper(uint32_t leaf, uint64_t *looped)
{
	uint32_t reasons = leaf == EXIT_STATS_LEAF_CYCLES ? HIGHEST_REASON + 1 : 1;
	static struct looper l;
	struct others_life life;

	for (l.nr_calls = 0; l.nr_calls < LIST_MAX; l.nr_calls++)
		l.calls[l.nr_calls] = (struct cpuid_call){ leaf, l.nr_calls % reasons };
	start_looper(&l);
	life = live_beside();
	*looped = l.times;
	stop_looper(&l);
	return life;
}

static void print_life(const char *beside, struct others_life life)
{
	diag("another VM %s: created in %.1f ms, %.0f exits a second", beside, life.create_ms,
	     OTHER_TIMES * 1e3 / life.run_ms);
}

/*
 * The host's lock, RCU and the scheduler's choice of a processor have a part in creating
 * a VM; that exits take longer would be the reads' doing.
 */
#define MAX_CREATE 2
#define MAX_RUN	   1.3

/* The share of the other VMs is kept row by row: to ask for another row each time is worst. */
static void check_no_delay(void)
{
	static const uint32_t leaves[] = { EXIT_STATS_LEAF_TOTAL, EXIT_STATS_LEAF_CYCLES };
	struct others_life alone, plain, ours;
	uint64_t looped;
	char what[80];
	bool little;

	param_set("exit_stats_cpuid", "host");
	alone = live_beside();
	plain = live_beside_looper(1, &looped);
	print_life("alone", alone);
	print_life("beside a loop on leaf 1", plain);
	for (int i = 0; i < 2; i++) {
		ours = live_beside_looper(leaves[i], &looped);
		snprintf(what, sizeof(what), "beside a loop on %#x%s", leaves[i],
			 i ? ", each reason" : "");
		print_life(what, ours);
		ok(ours.exact && looped, "host: all exits are counted beside %lu reads of %#x",
		   looped, leaves[i]);
		little = ours.create_ms < MAX_CREATE * plain.create_ms &&
			 ours.run_ms < MAX_RUN * plain.run_ms;
		timing_ok(little,
			  "such reads delay another VM as any exits do (%.2f, %.2f times as long)",
			  ours.create_ms / plain.create_ms, ours.run_ms / plain.run_ms);
	}
	param_set("exit_stats_cpuid", "vm");
}

/* ---- a flood of exits */

static long kib_of(const char *name)
{
	char text[8192], key[40];
	const char *at;

	if (read_file("/proc/meminfo", text, sizeof(text)) < 0)
		bail_out("/proc/meminfo");
	snprintf(key, sizeof(key), "\n%s:", name);
	at = strstr(text, key);
	return at ? atol(at + strlen(key)) : 0;
}

/* Free pages in the processors' own lists, which MemAvailable does not know. */
static long listed_kib(void)
{
	static char text[64 * 1024];
	const char *at = text;
	long pages = 0;

	if (read_file("/proc/zoneinfo", text, sizeof(text)) < 0)
		bail_out("/proc/zoneinfo");
	while ((at = strstr(at, " count: "))) {
		at += strlen(" count: ");
		pages += atol(at);
	}
	return pages * (getpagesize() / 1024);
}

struct memory {
	long available, slab, vmalloc;
};

static struct memory memory(void)
{
	/* What was freed by RCU is free by then. */
	usleep(1000000);
	return (struct memory){ kib_of("MemAvailable") + listed_kib(), kib_of("Slab"),
				kib_of("VmallocUsed") };
}

/*
 * kvfree_rcu() frees within five seconds or so, from 6.1 on (KFREE_DRAIN_JIFFIES): what
 * is still in use after ten times that will be for ever.
 */
#define FREED_MS 5000

static void check_memory(const char *what, struct memory before)
{
	uint64_t end = now_ms() + 10 * FREED_MS;
	long used, slab, vmalloc;
	struct memory after;
	bool little;

	do {
		after = memory();
		used = before.available - after.available;
		slab = after.slab - before.slab;
		vmalloc = after.vmalloc - before.vmalloc;
		diag("memory, KiB: used %+ld, of it slab %+ld, vmalloc %+ld", used, slab, vmalloc);
		little = used < MAX_GROWTH && slab < MAX_GROWTH && vmalloc < MAX_GROWTH;
	} while (!little && now_ms() < end);
	ok(little, "%s: memory in use grows by less than %d KiB", what, MAX_GROWTH);
}

/* CPUID for so long. Returns how many. */
static uint64_t flood(struct vm *vm, uint64_t ticks)
{
	struct kvm_regs regs;

	hostile_call(vm, 0, hostile_cpuid_for, ticks, 0);
	vcpu_run(vm, 0, 1);
	if (ioctl(vm->vcpu[0].fd, KVM_GET_REGS, &regs))
		bail_out("KVM_GET_REGS");
	return regs.rbx;
}

/* The due point that the log shows last, with nothing held back. */
static uint64_t last_due(struct vm *vm)
{
	struct dump_log log = {};

	set_dumps("500", "0");
	/* Twice a batch of interval 0: the vCPU knows the interval then. */
	guest_cpuid(vm, 0, 9000, 0, 0);
	dump_log_wait(&log, &log.dumps, 1);
	dump_log_take(&log, 2000);
	return log.last_due;
}

/*
 * The most lines or dumps that the limit lets through from @start, by now_ms(), until now:
 * the burst, and what was refilled meanwhile. now_ms() cuts off, so a ms more may have gone by.
 */
static uint64_t allowed_since(uint64_t start)
{
	return PER_MIN + (now_ms() + 1 - start) * PER_MIN / 60000;
}

static void check_flood(void)
{
	int ms = long_form ? FLOOD_LONG : FLOOD_MS;
	static struct stats before, after;
	uint64_t due, start, took, times, allowed;
	struct dump_log log = {};
	struct memory mem;
	const char *what;
	struct vm vm;

	vm_create(&vm, 1);
	last_due(&vm);
	read_host(&before);
	flood(&vm, before.tsc_khz * 100);
	due = last_due(&vm);
	mem = memory();
	read_host(&before);

	set_dumps("500", "10");
	diag("CPUID for %d s", ms / 1000);
	start = now_ms();
	times = flood(&vm, before.tsc_khz * ms);
	took = now_ms() - start;
	dump_log_take(&log, 0);
	allowed = allowed_since(start);
	ok(log.dumps <= allowed && log.dumps >= PER_MIN,
	   "%lu CPUID exits in %.1f s: %lu dumps, at most %lu are allowed", times, took / 1e3,
	   log.dumps, allowed);
	/* One more comes when there is a token. */
	dump_log_take(&log, 7000);
	read_host(&after);
	what = dump_log_fault(&log);
	ok(!what && log.most_rows <= after.rows,
	   "each has a line a reason in use, %d at most, and one (%s)", log.most_rows,
	   what ? what : "no fault");
	ok(log.dumps + log.merged == (log.last_due - due) / 500,
	   "%lu printed and %lu merged are all that was due, from %lu to %lu", log.dumps,
	   log.merged, due, log.last_due);
	ok(stats_row(&after, CPUID)->count - stats_row(&before, CPUID)->count == times,
	   "and every exit was counted");
	ok(after.dumps - before.dumps == log.dumps && after.merged - before.merged == log.merged,
	   "the table's dumps= and merged= say the same");
	check_memory("after the flood", mem);
	vm_destroy(&vm);
}

/* ---- a flood of leaf reads, logged */

static void check_log_reads(void)
{
	struct dump_log log = {};
	uint64_t start, allowed, reads;
	struct memory mem;
	const char *what;
	struct vm vm;

	set_dumps("0", "0");
	vm_create(&vm, 1);
	dump_log_take(&log, 500);
	memset(&log, 0, sizeof(log));
	mem = memory();
	param_set("exit_stats_dump_per_min", "10");
	param_set("exit_stats_log_reads", "Y");
	start = now_ms();
	guest_cpuid(&vm, 0, LOG_READS, EXIT_STATS_LEAF_COUNT, CPUID);
	dump_log_wait(&log, &log.reads, PER_MIN);
	dump_log_take(&log, 300);
	allowed = allowed_since(start);
	ok(log.reads <= allowed && log.reads >= PER_MIN,
	   "exit_stats_log_reads: of %d reads %lu lines get into the log, at most %lu", LOG_READS,
	   log.reads, allowed);
	diag("logged: %lu; now the rest", log.reads);
	/* One more read tells the rest. */
	param_set("exit_stats_dump_per_min", "0");
	reads = log.reads;
	guest_cpuid(&vm, 0, 1, EXIT_STATS_LEAF_COUNT, CPUID);
	dump_log_wait(&log, &log.reads, reads + 1);
	dump_log_take(&log, 500);
	what = dump_log_fault(&log);
	ok(log.reads + log.held_back == LOG_READS + 1 && !what,
	   "%lu lines and %lu held back are all reads (%s)", log.reads, log.held_back,
	   what ? what : "no fault");
	param_set("exit_stats_log_reads", "N");
	check_memory("after the reads", mem);
	vm_destroy(&vm);
}

/* ---- files of VMs that die */

static atomic_bool stop_reading;
static atomic_long opened, was_gone, bad_texts;

/* As a whole, or in two halves between which the VM may die. */
static void read_late(const char *path)
{
	static __thread char text[64 * 1024];
	static __thread struct stats s;
	int fd = open(path, O_RDONLY | O_CLOEXEC), n, len;

	if (fd < 0) {
		was_gone++;
		bad_texts += errno != ENOENT && errno != EIO;
		return;
	}
	opened++;
	len = read(fd, text, 100);
	usleep(opened % 5 * 1000);
	n = len;
	while (n > 0) {
		n = read(fd, text + len, sizeof(text) - 1 - len);
		len += n;
	}
	if (n < 0) {
		was_gone++;
		bad_texts += errno != EIO;
	} else {
		text[len] = '\0';
		bad_texts += stats_parse(text, false, &s) || stats_fault(&s);
	}
	close(fd);
}

static void *read_dying(void *unused)
{
	const char *const names[] = { "vm_exit_stats", "vcpu0/exit_stats", "vcpu1/exit_stats" };
	struct dirent *entry;
	char path[400];
	DIR *dir;

	while (!stop_reading) {
		dir = opendir("/sys/kernel/debug/kvm");
		while (dir && (entry = readdir(dir))) {
			if (!strchr(entry->d_name, '-'))
				continue;
			for (int i = 0; i < 3; i++) {
				snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%s/%s",
					 entry->d_name, names[i]);
				read_late(path);
			}
		}
		if (dir)
			closedir(dir);
		/* The VMs that are to die need the processors too. */
		usleep(1000);
	}
	return unused;
}

/* And on, until the readers found so many files. */
static void live_and_die(int times)
{
	struct vm vm;

	for (; times > 0 || (opened <= READ_DEATHS && times > -1000); times--) {
		if (times % 10 == 0)
			diag("%ld files were open, %ld gone", opened, was_gone);
		vm_create(&vm, 2);
		guest_cpuid(&vm, 0, 20, 0, 0);
		guest_out(&vm, 1, 20);
		vm_destroy(&vm);
	}
}

static void read_and_die(int times)
{
	pthread_t reader[3];

	stop_reading = false;
	for (int i = 0; i < 3; i++)
		pthread_create(&reader[i], NULL, read_dying, NULL);
	live_and_die(times);
	stop_reading = true;
	for (int i = 0; i < 3; i++)
		pthread_join(reader[i], NULL);
}

static void check_dying(void)
{
	static struct stats after;
	struct memory mem;

	diag("VMs that die while their files are read");
	/* Caches of files, threads and CPUs fill in the first round. */
	read_and_die(READ_DEATHS / 2);
	usleep(2 * FREED_MS * 1000);
	mem = memory();
	read_and_die(long_form ? 10 * READ_DEATHS : READ_DEATHS);
	read_host(&after);
	ok(opened > READ_DEATHS && !bad_texts,
	   "VMs die while files are read: whole tables, EIO or ENOENT, %ld times (%ld gone)",
	   opened + was_gone, was_gone);
	ok(!after.vms && !after.vcpus, "an open file keeps no VM alive");
	check_memory("after their deaths", mem);
}

/* ---- what an exit costs */

#define COST_EXITS  20000
#define COST_ROUNDS 3
#define UNBOUND	    "/sys/devices/virtual/workqueue/cpumask"

struct cost {
	double own;    /* ticks an exit of the vCPU's thread, by its CPU clock */
	double others; /* ticks in all that went by besides: the worker that prints */
	uint64_t dumps;
};

static uint64_t thread_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* The CPU clock's nanosecond in ticks, as this kernel calibrated it. */
static double ticks_per_ns(void)
{
	uint64_t start = thread_ns(), tick = __rdtsc();

	while (__rdtsc() - tick < 20000000)
		;
	return (double)(__rdtsc() - tick) / (thread_ns() - start);
}

/* Some batches: the thread's share is that of the one in which it took the least. */
static struct cost cost_of(struct vm *vm, double per_ns)
{
	struct cost cost = { .own = 1e9 };
	struct dump_log log = {};
	uint64_t thread, tick;
	double own;

	for (int i = 0; i < COST_ROUNDS; i++) {
		vcpu_call(vm, 0, guest_cpuid_loop, COST_EXITS, 0, 0);
		thread = thread_ns();
		tick = __rdtsc();
		vcpu_run(vm, 0, 1);
		tick = __rdtsc() - tick;
		own = (thread_ns() - thread) * per_ns;
		cost.others += tick - own;
		if (own / COST_EXITS < cost.own)
			cost.own = own / COST_EXITS;
	}
	dump_log_take(&log, 0);
	cost.dumps = log.dumps;
	dump_log_take(&log, 300);
	return cost;
}

static struct cost cost_with(struct vm *vm, const char *interval, const char *per_min)
{
	static double per_ns;
	struct dump_log log = {};
	struct cost cost;

	if (per_ns == 0)
		per_ns = ticks_per_ns();
	set_dumps(interval, per_min);
	/* Until the vCPU knows of the interval, and the burst is over. */
	guest_cpuid(vm, 0, 9000, 0, 0);
	dump_log_take(&log, 300);
	cost = cost_of(vm, per_ns);
	diag("interval %3s, %2s a minute: %.2f ticks an exit, %.0f of other threads, %lu dumps",
	     interval, per_min, cost.own, cost.others, cost.dumps);
	return cost;
}

/*
 * On one processor, the worker too: a second one stays idle, as it is without dumps.
 * Then only the worker's share is in the time that goes by, and not in the thread's.
 */
static void share_one_cpu(char *unbound, int size)
{
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_setaffinity(0, sizeof(first), &first))
		bail_out("sched_setaffinity");
	if (read_file(UNBOUND, unbound, size) < 0 || write_file(UNBOUND, "1"))
		bail_out(UNBOUND);
}

/*
 * A dump takes tens of thousands of instructions: were it printed in the vCPU's thread, an
 * exit would cost several percent more. What the hand-in costs exactly, selftests/bench/cost/goals holds.
 */
static void check_cost(void)
{
	struct cost off, limited, every;
	char unbound[80];
	struct vm vm;

	share_one_cpu(unbound, sizeof(unbound));
	vm_create(&vm, 1);
	off = cost_with(&vm, "0", "0");
	limited = cost_with(&vm, "500", "10");
	every = cost_with(&vm, "500", "0");
	set_dumps("0", "0");
	vm_destroy(&vm);
	write_file(UNBOUND, unbound);
	diag("without a limit the worker takes %.0f ticks a dump",
	     (every.others - off.others) / every.dumps);
	timing_ok(limited.own < off.own * 1.01,
		  "the dump, by default, adds less than 1 %% to a vCPU's own instructions (%.2f)",
		  (limited.own / off.own - 1) * 100);
	timing_ok(every.own < off.own * 1.01 && every.dumps > COST_ROUNDS,
		  "so it does without a limit a minute (%.2f), where %lu are printed",
		  (every.own / off.own - 1) * 100, every.dumps);
}

int main(int argc, char **argv)
{
	uint64_t *stock;

	long_form = argc > 1 && !strcmp(argv[1], "-l");
	choose_subleaves();
	stock = sweep_stock();
	log_open();
	set_dumps("0", "0");
	check_sweep(stock);
	check_registers("vm", EXIT_STATS_SCOPE_VM);
	check_registers("host", EXIT_STATS_SCOPE_HOST);
	check_apart();
	check_no_delay();
	check_dying();
	check_log_reads();
	check_flood();
	check_cost();
	set_dumps("500", "10");
	return done_testing();
}
