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
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

#include "dump_log.h"
#include "guest.h"
#include "hostile.h"
#include "stats.h"
#include "tap.h"

#define SCRIPTS	     "/exit-stats/scripts/"
#define FLOOD_MS     8000
#define FLOOD_LONG   60000
#define PER_MIN	     10
#define MAX_GROWTH   1024 /* KiB: that would be 2 bytes an exit in the short form */
#define LOG_READS    20000
#define READ_DEATHS  40
#define TIME_SAMPLES 30000

_Static_assert(TIME_SAMPLES * sizeof(uint32_t) <= GUEST_MEM - GUEST_PAGES, "memory for samples");

static bool long_form;

static void read_host(struct stats *s)
{
	if (stats_read(HOST_STATS, s))
		bail_out(HOST_STATS);
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

/*
 * Is a register more than its number? @most is the most that a number can be: the
 * ticks that went by, and exits are fewer. A part of a pointer is more, as a rule.
 */
static bool register_fault(const struct cpuid_call *c, uint64_t most)
{
	uint64_t pair = (uint64_t)c->ebx << 32 | c->ecx;

	if (c->leaf == EXIT_STATS_LEAF_ID)
		return c->eax != (EXIT_STATS_ABI_VERSION |
				  EXIT_STATS_SCOPE_VM << EXIT_STATS_ID_SCOPE_SHIFT |
				  BY_VENDOR(EXIT_STATS_VENDOR_VMX, EXIT_STATS_VENDOR_SVM)
					  << EXIT_STATS_ID_VENDOR_SHIFT) ||
		       c->ebx != EXIT_STATS_SIG_EBX || c->ecx != EXIT_STATS_SIG_ECX ||
		       c->edx != EXIT_STATS_SIG_EDX;
	if (c->leaf == EXIT_STATS_LEAF_INFO)
		return c->ebx != HIGHEST_REASON || c->edx;
	if (c->leaf != EXIT_STATS_LEAF_TOTAL && !reason_defined(c->subleaf))
		return c->eax || pair || c->edx != EXIT_STATS_NOT_DEFINED;
	if (c->leaf == EXIT_STATS_LEAF_COUNT && pair)
		return true;
	/* Without an exit of the reason there is nothing but the mixed leaf's sum. */
	if (!c->eax && c->leaf != EXIT_STATS_LEAF_MIXED && pair)
		return true;
	return c->edx || c->eax > most || pair > most;
}

static int check_calls(struct vm *vm, struct cpuid_call *calls, int nr, uint64_t start)
{
	uint64_t most;
	int faults = 0;

	guest_cpuid_calls(vm, 0, calls, nr);
	most = __rdtsc() - start;
	for (int i = 0; i < nr; i++) {
		if (!register_fault(&calls[i], most))
			continue;
		if (!faults++)
			diag("leaf %#x, ECX %#x: %#x %#x %#x %#x", calls[i].leaf, calls[i].subleaf,
			     calls[i].eax, calls[i].ebx, calls[i].ecx, calls[i].edx);
	}
	return faults;
}

/* Our nine leaves with each subleaf from 0 to 4096 and the powers of two. */
static void check_registers(void)
{
	static struct cpuid_call calls[LIST_MAX];
	uint64_t start = __rdtsc();
	int nr = 0, faults = 0, all = 0;
	struct vm vm;

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
				faults += check_calls(&vm, calls, nr, start);
				nr = 0;
			}
		}
	}
	faults += check_calls(&vm, calls, nr, start);
	vm_destroy(&vm);
	ok(!faults, "in %d answers of our nine leaves every register has its number, no more", all);
}

/* ---- another VM's numbers */

struct looper {
	struct vm vm;
	pthread_t thread;
	atomic_bool stop;
	uint32_t leaf; /* 0: OUT and HLT */
	atomic_ulong times;
};

static void *loop(void *arg)
{
	struct looper *l = arg;

	while (!l->stop) {
		if (l->leaf != 0) {
			guest_cpuid(&l->vm, 0, 2000, l->leaf, 0);
			l->times += 2000;
		} else {
			guest_out(&l->vm, 0, 200);
			guest_hlt(&l->vm, 0, 50);
			l->times += 200;
		}
	}
	return NULL;
}

static void start_looper(struct looper *l, uint32_t leaf)
{
	memset(l, 0, sizeof(*l));
	l->leaf = leaf;
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

/* All of that, while the other makes I/O and HLT exits. */
static void check_apart(void)
{
	static struct cpuid_call calls[LIST_MAX];
	struct cpuid_call last[] = { { EXIT_STATS_LEAF_TOTAL },
				     { EXIT_STATS_LEAF_COUNT, EXTERNAL_INTERRUPT } };
	uint64_t strange = 0, hlts = 0, asked = 0, rounds = 0, total, interrupts, other;
	static struct looper l;
	struct vm vm;
	int nr;

	start_looper(&l, 0);
	vm_create(&vm, 1);
	for (; rounds < 10 || l.times < 2000; rounds++) {
		nr = list_all(calls);
		guest_cpuid_calls(&vm, 0, calls, nr);
		asked += nr;
		for (int i = 0; i < nr; i++) {
			strange += calls[i].eax && !may_have(calls[i].subleaf);
			if (calls[i].subleaf == HLT && calls[i].leaf == EXIT_STATS_LEAF_COUNT)
				hlts = calls[i].eax;
		}
	}
	guest_cpuid_calls(&vm, 0, last, 2);
	total = last[0].eax;
	interrupts = last[1].eax;
	other = l.times;
	stop_looper(&l);
	vm_destroy(&vm);
	ok(!strange, "vm: beside %lu I/O exits of another VM a guest sees none", other);
	ok(hlts == rounds - 1, "of the HLTs it sees its own %lu (%lu), not the other's thousands",
	   rounds - 1, hlts);
	/* Beside those it asks with, a HLT a round, what starting costs, interrupts. */
	ok(total >= asked && total < asked + rounds + 100 + interrupts,
	   "its total is its own %lu and little more: %lu (%lu interrupts)", asked, total,
	   interrupts);
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
	char path[128];
	struct vm vm;

	for (int i = 0; i < 4; i++) {
		start = now_us();
		vm_create(&vm, 1);
		created = now_us();
		guest_cpuid(&vm, 0, OTHER_TIMES, 0, 0);
		end = now_us();
		snprintf(path, sizeof(path), "%s/vm_exit_stats", vm.dir);
		if (stats_read(path, &s))
			bail_out("%s", path);
		best.exact &= stats_row(&s, CPUID)->count == OTHER_TIMES;
		vm_destroy(&vm);
		if (created - start < best.create_ms * 1e3)
			best.create_ms = (created - start) / 1e3;
		if (end - created < best.run_ms * 1e3)
			best.run_ms = (end - created) / 1e3;
	}
	return best;
}

static struct others_life live_beside_looper(uint32_t leaf, uint64_t *looped)
{
	static struct looper l;
	struct others_life life;

	start_looper(&l, leaf);
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

static void check_no_delay(void)
{
	struct others_life alone, plain, ours;
	uint64_t looped;
	bool little;

	param_set("exit_stats_cpuid", "host");
	alone = live_beside();
	plain = live_beside_looper(1, &looped);
	ours = live_beside_looper(EXIT_STATS_LEAF_TOTAL, &looped);
	param_set("exit_stats_cpuid", "vm");
	print_life("alone", alone);
	print_life("beside a loop on leaf 1", plain);
	print_life("beside a loop on 0x4fffffff", ours);
	ok(ours.exact && looped, "host: all exits are counted beside %lu reads of 0x4fffffff",
	   looped);
	little = ours.create_ms < 5 * plain.create_ms && ours.run_ms < 5 * plain.run_ms;
	timing_ok(little, "such reads delay another VM as any exits do (bound: 5 times)");
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

static void check_flood(void)
{
	int ms = long_form ? FLOOD_LONG : FLOOD_MS, allowed;
	static struct stats before, after;
	uint64_t due, start, took, times;
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
	allowed = PER_MIN + took * PER_MIN / 60000 + 1;
	ok(log.dumps <= (uint64_t)allowed && log.dumps,
	   "%lu CPUID exits in %.1f s: %lu dumps, at most %d are allowed", times, took / 1e3,
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
	allowed = PER_MIN + (now_ms() - start) * PER_MIN / 60000 + 1;
	ok(log.reads <= allowed && log.reads >= PER_MIN,
	   "exit_stats_log_reads: of %d reads %lu lines get into the log, at most %lu", LOG_READS,
	   log.reads, allowed);
	diag("logged: %lu; now the rest", log.reads);
	/* What waits in line comes out, and one more read tells the rest. */
	param_set("exit_stats_dump_per_min", "0");
	dump_log_take(&log, 500);
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

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (x == y)
		return 0;
	return x < y ? -1 : 1;
}

/* Ticks that the guest sees go by in a CPUID. */
struct cost {
	double median; /* of an exit without a timer tick or another thread */
	double own;    /* mean of those below the cut, hand-ins among them */
	double all;    /* mean of all: other threads' share too */
};

static struct cost cost_of(struct vm *vm)
{
	uint32_t *ticks = (uint32_t *)(vm->mem + GUEST_PAGES);
	double own = 0, all = 0;
	struct cost cost;
	int n = 0;

	hostile_call(vm, 0, hostile_time, TIME_SAMPLES, GUEST_PAGES);
	vcpu_run(vm, 0, 1);
	qsort(ticks, TIME_SAMPLES, sizeof(*ticks), by_value);
	cost.median = ticks[TIME_SAMPLES / 2];
	for (int i = 0; i < TIME_SAMPLES; i++) {
		/* A tick with its softirqs is several thousand instructions. */
		if (ticks[i] < cost.median + 1500) {
			own += ticks[i];
			n++;
		}
		all += ticks[i];
	}
	cost.own = own / n;
	cost.all = all / TIME_SAMPLES;
	return cost;
}

static struct cost cost_with(struct vm *vm, const char *interval, const char *per_min)
{
	struct dump_log log = {};
	struct cost cost;

	set_dumps(interval, per_min);
	/* Until the vCPU knows of the interval, and the burst is over. */
	guest_cpuid(vm, 0, 9000, 0, 0);
	dump_log_take(&log, 300);
	cost = cost_of(vm);
	dump_log_take(&log, 300);
	diag("interval %3s, %2s a minute: ticks an exit: median %.0f, own %.2f, with all %.2f",
	     interval, per_min, cost.median, cost.own, cost.all);
	return cost;
}

/*
 * While a limit holds dumps back, no vCPU hands in. Without one, hand-ins and wake-ups
 * are among its own ticks; what one of them costs exactly, bench/goals holds.
 */
static void check_cost(void)
{
	struct cost off, limited, every;
	struct vm vm;

	vm_create(&vm, 1);
	set_dumps("0", "0");
	cost_of(&vm);
	off = cost_with(&vm, "0", "0");
	limited = cost_with(&vm, "500", "10");
	every = cost_with(&vm, "500", "0");
	set_dumps("0", "0");
	/* The worker runs at once on the same CPU, or the rest is the wake-up of another. */
	diag("without a limit the wake-up and the worker add %.1f ticks an exit, %.0f a dump",
	     every.all - off.all, 500 * (every.all - off.all));
	timing_ok(limited.own < off.own * 1.01,
		  "the dump, by default, adds less than 1 %% to a vCPU's own instructions (%.2f)",
		  (limited.own / off.own - 1) * 100);
	timing_ok(every.own < off.own * 1.01, "so it does without a limit a minute (%.2f)",
		  (every.own / off.own - 1) * 100);
	vm_destroy(&vm);
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
	check_registers();
	check_apart();
	check_no_delay();
	check_dying();
	check_log_reads();
	check_flood();
	check_cost();
	set_dumps("500", "10");
	return done_testing();
}
