// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything at once: vCPUs exit as fast as they can, in VMs that are created and destroyed,
 * while all files are read, scopes are reset, parameters change and dumps are printed. Each
 * table is checked. Then the same with recording always on and no reset of the host: no exit
 * is lost or counted twice.
 *
 *	test_concurrent [-l] [-s SEED]
 *
 *	-l	the long form: at least 20,000 tables, not 1,500
 *	-s	the seed of the random choices; the threads' timing still differs
 *
 * With one CPU each VM has one vCPU, not two.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dump_log.h"
#include "guest.h"
#include "stats.h"
#include "tap.h"
#include "witness.h"

#define SLOTS	     2 /* VMs at a time */
#define READERS	     2
#define TABLES	     1500
#define TABLES_LONG  20000
#define EXACT_VMS    6 /* VMs of a slot in the exact part */
#define EXACT_LONG   20
#define PROGRESS     500 /* a line of progress each so many tables */
#define MAX_LEAVES   200
#define READ_TIMEOUT 600000 /* ms; too few tables by then are a failure */

enum {
	HOST_SCOPE,
	VM_SCOPE,
	VCPU_SCOPE,
	NR_SCOPES,
};

/* One VM at a time. Threads that look for its files take a copy of @dir under @lock. */
struct slot {
	int nr;
	struct vm vm;
	pthread_mutex_t lock;
	char dir[64];
};

static struct slot slots[SLOTS] = {
	{ .nr = 0, .lock = PTHREAD_MUTEX_INITIALIZER },
	{ .nr = 1, .lock = PTHREAD_MUTEX_INITIALIZER },
};

static uint32_t seed;
static int cpus, vcpus; /* vCPUs of a VM */
static atomic_bool stop;
static atomic_int slots_running;
static bool exact; /* the second part */
static int exact_vms;

/* What was done so far. */
static atomic_long tables, gone, flips, vms_made, same_epoch;
static atomic_long tables_of[NR_SCOPES], resets_of[NR_SCOPES]; /* by scope */
static atomic_ulong made_cpuid, made_out, made_hlt, stat_exits;

/*
 * Events that give a file a new epoch: resets of the host; in a slot also resets of its VM
 * and of vCPUs, and a new VM. A reader that sees a new epoch checks that there was one.
 */
static struct changes {
	atomic_ulong begun, done;
} host_resets, slot_changes[SLOTS];

struct changes_done {
	unsigned long host, slot[SLOTS];
};

/* The first fault that any thread found. */
static pthread_mutex_t fault_lock = PTHREAD_MUTEX_INITIALIZER;
static char fault_text[512];

static void fault(const char *path, const char *what, const char *text)
{
	pthread_mutex_lock(&fault_lock);
	if (!*fault_text)
		snprintf(fault_text, sizeof(fault_text), "%s: %s: %.300s", path, what, text);
	pthread_mutex_unlock(&fault_lock);
}

/* Each thread has its own sequence. */
static uint32_t pick(uint32_t *state, uint32_t below)
{
	return rand_r(state) % below;
}

static uint32_t thread_seed(uint32_t thread)
{
	return (seed + thread) * 2654435761u;
}

/* ---- vCPUs */

/* In the exact part the leaves have host scope, and the host is not reset. */
static void check_leaves(const struct cpuid_call *calls, int nr)
{
	uint64_t last = 0, now;

	for (int i = 0; i < nr; i++) {
		now = cpuid_exits(&calls[i]);
		if (now < last)
			fault("leaf 0x4ffffffd", "the count went down", "");
		last = now;
	}
}

static void read_leaves(struct vm *vm, int n, uint32_t *state)
{
	struct cpuid_call calls[MAX_LEAVES];
	int nr = 1 + pick(state, MAX_LEAVES);

	for (int i = 0; i < nr; i++) {
		calls[i].leaf = exact ? EXIT_STATS_LEAF_COUNT
				      : EXIT_STATS_LEAF_TOTAL - pick(state, 16);
		calls[i].subleaf = exact ? IO_INSTRUCTION : pick(state, BY_VENDOR(90, 172));
	}
	guest_cpuid_calls(vm, n, calls, nr);
	if (exact)
		check_leaves(calls, nr);
	made_cpuid += nr;
	made_hlt++;
}

static void load(struct vm *vm, int n, uint32_t *state)
{
	uint64_t times = 1 + pick(state, 400);
	int kind = pick(state, 4);

	if (kind == 0) {
		guest_out(vm, n, times / 4 + 1);
		made_out += times / 4 + 1;
		made_hlt++;
	} else if (kind == 1) {
		guest_hlt(vm, n, times / 4 + 1);
		made_hlt += times / 4 + 2;
	} else if (kind == 2 && n == 0) {
		/* One list fits into the VM's memory: only vCPU 0 has it. */
		read_leaves(vm, n, state);
	} else {
		guest_cpuid(vm, n, times, 0, 0);
		made_cpuid += times;
		made_hlt++;
	}
}

static void run_vcpu(struct slot *slot, int n, uint32_t *state)
{
	for (int i = 1 + pick(state, 100); i && !stop; i--)
		load(&slot->vm, n, state);
	stat_exits += witness_stat_exits(&slot->vm.vcpu[n]);
}

static void *second_vcpu(void *arg)
{
	struct slot *slot = arg;
	uint32_t state = thread_seed(10 + slot->nr) ^ (uint32_t)vms_made << 16;

	run_vcpu(slot, 1, &state);
	return NULL;
}

static void publish(struct slot *slot, const char *dir)
{
	pthread_mutex_lock(&slot->lock);
	snprintf(slot->dir, sizeof(slot->dir), "%s", dir);
	pthread_mutex_unlock(&slot->lock);
}

static void one_vm(struct slot *slot, uint32_t *state)
{
	struct vm *vm = &slot->vm;
	pthread_t second;

	slot_changes[slot->nr].begun++;
	vm_create(vm, 1);
	publish(slot, vm->dir);
	slot_changes[slot->nr].done++;
	vms_made++;
	if (vcpus > 1) {
		/* The first vCPU has exits before the second is created. */
		load(vm, 0, state);
		vcpu_create(vm);
		pthread_create(&second, NULL, second_vcpu, slot);
	}
	run_vcpu(slot, 0, state);
	if (vcpus > 1)
		pthread_join(second, NULL);
	/* Not every time, so that files are opened while their VM is destroyed. */
	if (pick(state, 2))
		publish(slot, "");
	vm_destroy(vm);
}

static void *run_slot(void *arg)
{
	struct slot *slot = arg;
	uint32_t state = thread_seed(slot->nr);

	for (int i = 0; !stop && (!exact || i < exact_vms); i++)
		one_vm(slot, &state);
	publish(slot, "");
	slots_running--;
	return NULL;
}

/* ---- readers */

/* The slot of a file, which is @file of random_path() and not the host's. */
static int slot_of(int file)
{
	return (file - 1) / 3;
}

/* Returns the scope. Sets @file to a number of the file; 0 is the host's. */
static int random_path(uint32_t *state, char *path, size_t size, const char *suffix, int *file)
{
	struct slot *slot = &slots[pick(state, SLOTS)];
	int kind = pick(state, NR_SCOPES), n = pick(state, vcpus);
	char dir[sizeof(slot->dir)];

	pthread_mutex_lock(&slot->lock);
	memcpy(dir, slot->dir, sizeof(dir));
	pthread_mutex_unlock(&slot->lock);
	*file = 0;
	if (kind == HOST_SCOPE || !*dir) {
		snprintf(path, size, "%s%s", HOST_STATS, suffix);
		return HOST_SCOPE;
	}
	*file = 1 + slot->nr * 3 + (kind == VM_SCOPE ? 0 : 1 + n);
	if (kind == VM_SCOPE)
		snprintf(path, size, "%s/vm_exit_stats%s", dir, suffix);
	else
		snprintf(path, size, "%s/vcpu%d/exit_stats%s", dir, n, suffix);
	return kind;
}

static struct changes_done changes_done(void)
{
	struct changes_done done = { .host = host_resets.done };

	for (int i = 0; i < SLOTS; i++)
		done.slot[i] = slot_changes[i].done;
	return done;
}

/* True if there was a reason for a new epoch since @done, before the file was last read. */
static bool epoch_may_change(int file, const struct changes_done *done)
{
	return host_resets.begun != done->host ||
	       (file && slot_changes[slot_of(file)].begun != done->slot[slot_of(file)]);
}

/* A number may go down by a reset only, and a reset changes the epoch. */
static const char *went_down(const struct stats *now, const struct stats *before, int file,
			     const struct changes_done *done)
{
	if (now->dumps < before->dumps || now->merged < before->merged)
		return "dumps= or merged= went down";
	if (now->epoch != before->epoch)
		return epoch_may_change(file, done) ? NULL : "a new epoch without a reset";
	same_epoch++;
	return stats_went_down(now, before);
}

/* What a reader saw last of a file, and the changes of its epoch by then. */
struct seen {
	struct stats table;
	struct changes_done done;
};

struct reader {
	uint32_t state;
	char text[64 * 1024];
	struct stats now;
	struct seen seen[2][1 + SLOTS * 3];
};

static void read_path(struct reader *r, const char *path, bool hist, int scope, int file,
		      struct changes_done done)
{
	struct seen *seen = &r->seen[hist][file];
	const char *what = NULL;
	int err;

	err = read_file(path, r->text, sizeof(r->text));
	if (err == -ENOENT || err == -EIO) {
		gone++;
		return;
	}
	if (err < 0)
		what = strerror(-err);
	else if (stats_parse(r->text, &r->now) || hist != (r->now.buckets != 0))
		what = "breaks the grammar";
	if (!what)
		what = stats_fault(&r->now);
	if (!what && seen->table.version)
		what = went_down(&r->now, &seen->table, file, &seen->done);
	if (what)
		fault(path, what, r->text);
	seen->table = r->now;
	seen->done = done;
	tables++;
	tables_of[scope]++;
}

/* Twice: there is seldom a reset between two reads in a row, so these can be compared. */
static void read_twice(struct reader *r)
{
	bool hist = pick(&r->state, 3) == 0;
	struct changes_done done = changes_done();
	char path[128];
	int scope, file;

	scope = random_path(&r->state, path, sizeof(path), hist ? "_hist" : "", &file);
	read_path(r, path, hist, scope, file, done);
	done = changes_done();
	read_path(r, path, hist, scope, file, done);
}

static void *read_files(void *arg)
{
	struct reader *r = calloc(1, sizeof(*r));

	r->state = thread_seed(20 + (intptr_t)arg);
	while (!stop)
		read_twice(r);
	free(r);
	return NULL;
}

/* ---- resets and parameters */

static void *reset_scopes(void *unused)
{
	uint32_t state = thread_seed(30);
	struct changes *changes;
	int err, scope, file;
	char path[128];

	while (!stop) {
		scope = random_path(&state, path, sizeof(path), "_reset", &file);
		if (scope == HOST_SCOPE)
			snprintf(path, sizeof(path), "/sys/module/kvm/parameters/exit_stats_reset");
		if (scope != HOST_SCOPE || !exact) {
			changes = file ? &slot_changes[slot_of(file)] : &host_resets;
			changes->begun++;
			err = write_file(path, "1");
			changes->done++;
			if (err && err != -ENOENT && err != -EIO)
				fault(path, strerror(-err), "");
			resets_of[scope] += !err;
		}
		usleep(1000 * (1 + pick(&state, 15)));
	}
	return unused;
}

static const struct {
	const char *name;
	const char *values[4];
} params[] = {
	{ "exit_stats", { "N", "Y", "Y", "Y" } },
	{ "exit_stats_dump_interval", { "1", "0", "500", "1" } },
	{ "exit_stats_dump_per_min", { "30", "60", "60", "40" } },
	{ "exit_stats_cpuid", { "off", "vm", "host", "vm" } },
	{ "exit_stats_low_first", { "N", "Y", "N", "Y" } },
	{ "exit_stats_log_reads", { "N", "Y", "N", "N" } },
};

#define NR_PARAMS (sizeof(params) / sizeof(*params))

static void set(const char *name, const char *value)
{
	int err = param_try(name, value);

	if (err)
		fault(name, strerror(-err), value);
}

static void *flip_params(void *unused)
{
	uint32_t state = thread_seed(40);

	while (!stop) {
		unsigned int i = pick(&state, NR_PARAMS);

		set(params[i].name, params[i].values[pick(&state, 4)]);
		flips++;
		usleep(1000 * (1 + pick(&state, 20)));
	}
	return unused;
}

static void set_params(const char *interval, const char *per_min, const char *cpuid)
{
	set("exit_stats", "Y");
	set("exit_stats_low_first", "N");
	set("exit_stats_log_reads", "N");
	set("exit_stats_dump_interval", interval);
	set("exit_stats_dump_per_min", per_min);
	set("exit_stats_cpuid", cpuid);
}

/* ---- the parts */

static struct dump_log dumps;

/* A slow emulator takes long: show that the test goes on. */
static void show_progress(void)
{
	static long shown;

	if (tables / PROGRESS != shown) {
		shown = tables / PROGRESS;
		diag("%ld tables", tables);
	}
}

/* Until readers have read @goal tables; in the exact part until each slot is done. */
static void run_all(long goal)
{
	pthread_t slot[SLOTS], reader[READERS], resetter, flipper;
	uint64_t end = now_ms() + READ_TIMEOUT;
	long first = tables;

	stop = false;
	slots_running = SLOTS;
	for (int i = 0; i < SLOTS; i++)
		pthread_create(&slot[i], NULL, run_slot, &slots[i]);
	for (intptr_t i = 0; i < READERS; i++)
		pthread_create(&reader[i], NULL, read_files, (void *)i);
	pthread_create(&resetter, NULL, reset_scopes, NULL);
	if (!exact)
		pthread_create(&flipper, NULL, flip_params, NULL);

	while (exact ? slots_running : tables - first < goal && now_ms() < end) {
		dump_log_take_for(&dumps, 200);
		show_progress();
	}
	stop = true;
	for (int i = 0; i < SLOTS; i++)
		pthread_join(slot[i], NULL);
	for (int i = 0; i < READERS; i++)
		pthread_join(reader[i], NULL);
	pthread_join(resetter, NULL);
	if (!exact)
		pthread_join(flipper, NULL);
}

static void check_storm(long goal)
{
	static struct stats before, after;
	uint64_t start = now_ms();
	const char *what;
	bool same;

	set_params("0", "0", "vm");
	dump_log_take(&dumps, 500);
	read_host_table(&before);
	memset(&dumps, 0, sizeof(dumps));

	run_all(goal);
	/* Prints at once the dump that is held back. */
	set_params("0", "0", "vm");
	dump_log_take(&dumps, 1500);
	read_host_table(&after);

	ok(!*fault_text,
	   "%ld tables add up with min <= avg <= max, and no number goes down without a reset",
	   tables);
	if (*fault_text)
		diag("%s", fault_text);
	diag("%.1f s: %d vCPUs, %ld VMs, %ld changes of parameters, %ld files were gone when read",
	     (now_ms() - start) / 1000.0, SLOTS * vcpus, vms_made, flips, gone);
	ok(tables >= goal && tables_of[HOST_SCOPE] && tables_of[VM_SCOPE] && tables_of[VCPU_SCOPE],
	   "at least %ld tables were read: host %ld, VM %ld, vCPU %ld", goal, tables_of[HOST_SCOPE],
	   tables_of[VM_SCOPE], tables_of[VCPU_SCOPE]);
	ok(same_epoch > goal / 10,
	   "%ld tables were compared with an earlier table, without a reset in between",
	   same_epoch);
	ok(resets_of[HOST_SCOPE] && resets_of[VM_SCOPE] && resets_of[VCPU_SCOPE],
	   "all scopes were reset: host %ld, VM %ld, vCPU %ld times", resets_of[HOST_SCOPE],
	   resets_of[VM_SCOPE], resets_of[VCPU_SCOPE]);
	what = dump_log_fault(&dumps);
	ok(!what && dumps.dumps, "each of %lu dumps in the log is whole and adds up (%s)",
	   dumps.dumps, what ? what : "no fault");
	same = dumps.dumps == after.dumps - before.dumps &&
	       dumps.merged == after.merged - before.merged;
	ok(same, "dumps= and merged= of the table are those of the log: %lu dumps, %lu merged",
	   dumps.dumps, dumps.merged);
}

static uint64_t grown(const struct stats *after, const struct stats *before, long reason)
{
	return stats_row(after, reason)->count - stats_row(before, reason)->count;
}

/* The host keeps all exits of VMs that are created, reset and destroyed. */
static void check_exact(void)
{
	static struct stats before, after;
	long first = tables, vms = vms_made;
	const char *what;

	exact = true;
	made_cpuid = 0;
	made_out = 0;
	made_hlt = 0;
	stat_exits = 0;
	resets_of[VM_SCOPE] = 0;
	resets_of[VCPU_SCOPE] = 0;
	/* Short batches and dumps that are held back: the most work at the end of an exit. */
	set_params("1", "10", "host");
	read_host_table(&before);
	run_all(0);
	read_host_table(&after);

	ok(!*fault_text, "while VMs are created, reset and destroyed, each of %ld tables is right",
	   tables - first);
	if (*fault_text)
		diag("%s", fault_text);
	ok(!after.vms && !after.vcpus && resets_of[VM_SCOPE] && resets_of[VCPU_SCOPE],
	   "%ld VMs are gone after %ld resets of a VM, %ld of a vCPU", vms_made - vms,
	   resets_of[VM_SCOPE], resets_of[VCPU_SCOPE]);
	ok(before.epoch == after.epoch, "the host's epoch has not changed");
	ok(grown(&after, &before, IO_INSTRUCTION) == made_out,
	   "the host has all %lu I/O exits of the VMs (%lu)", made_out,
	   grown(&after, &before, IO_INSTRUCTION));
	ok(grown(&after, &before, CPUID) == made_cpuid,
	   "the host has all %lu CPUID exits of the VMs (%lu)", made_cpuid,
	   grown(&after, &before, CPUID));
	ok(grown(&after, &before, HLT) == made_hlt,
	   "the host has all %lu HLT exits of the VMs (%lu)", made_hlt,
	   grown(&after, &before, HLT));
	ok(after.exits - before.exits == stat_exits,
	   "the host has as many exits as KVM's own counters of the vCPUs: %lu (%lu)", stat_exits,
	   after.exits - before.exits);
	set_params("0", "0", "vm");
	dump_log_take(&dumps, 500);
	what = dump_log_fault(&dumps);
	ok(!what, "each dump adds up (%s)", what ? what : "no fault");
}

int main(int argc, char **argv)
{
	long goal = TABLES;
	int opt;

	seed = time(NULL);
	exact_vms = EXACT_VMS;
	while ((opt = getopt(argc, argv, "ls:")) != -1) {
		if (opt == 'l') {
			goal = TABLES_LONG;
			exact_vms = EXACT_LONG;
		} else if (opt == 's') {
			seed = strtoul(optarg, NULL, 0);
		} else {
			return 2;
		}
	}
	cpus = sysconf(_SC_NPROCESSORS_ONLN);
	vcpus = cpus > 1 ? 2 : 1;
	diag("seed %u, %d CPUs", seed, cpus);

	log_open();
	check_storm(goal);
	check_exact();
	set_params("500", "10", "vm");
	return done_testing();
}
