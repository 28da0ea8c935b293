// SPDX-License-Identifier: GPL-2.0-only
/*
 * User space that takes a known time to finish known exits, on 1, 2 and 4 vCPUs: user_count is
 * how many exits it finished, and user_total lies between the cycles that it measured itself
 * and those of the whole run. Exits that KVM handles add nothing.
 */
#include <errno.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <x86intrin.h>

#include "exit_case.h"
#include "guest.h"
#include "stats.h"
#include "tap.h"

#define SLEEP_US 1500
#define IO	 BY_VENDOR(VMX_IO_INSTRUCTION, SVM_IOIO)
#define MMIO	 BY_VENDOR(VMX_EPT_MISCONFIG, SVM_NPF)

struct run {
	struct vm *vm;
	int n;
	uint64_t returns; /* of KVM_RUN */
	uint64_t apart;	  /* cycles between a return and the next KVM_RUN */
	uint64_t whole;	  /* cycles from the first return on */
};

/* Run a routine to its end, and sleep before each KVM_RUN but the first. */
static void run_slowly(struct run *r, const char *routine, uint64_t times, uint64_t rsi)
{
	struct vcpu *vcpu = &r->vm->vcpu[r->n];
	uint64_t left = 0, first = 0;

	vcpu_call(r->vm, r->n, routine, times, rsi, 0);
	for (;;) {
		if (left) {
			usleep(SLEEP_US);
			r->apart += __rdtsc() - left;
		}
		if (ioctl(vcpu->fd, KVM_RUN, 0))
			bail_out("KVM_RUN");
		left = __rdtsc();
		first = first ? first : left;
		r->returns++;
		if (vcpu->run->exit_reason == KVM_EXIT_IO && vcpu->run->io.port == PORT_DONE)
			break;
		if (vcpu->run->exit_reason == KVM_EXIT_HLT && routine == guest_cpuid_loop)
			break;
	}
	r->whole += left - first;
	/* The last exit is finished here. */
	vcpu->run->immediate_exit = 1;
	if (!ioctl(vcpu->fd, KVM_RUN, 0) || errno != EINTR)
		bail_out("KVM_RUN: immediate_exit");
	vcpu->run->immediate_exit = 0;
	r->whole += __rdtsc() - left;
}

static void *out_thread(void *arg)
{
	struct run *r = arg;

	run_slowly(r, exit_out, 10 + 5 * r->n, 0);
	return NULL;
}

static const struct stats_row *grown(const struct stats *before, const struct stats *after,
				     long reason)
{
	static struct stats_row row;
	const struct stats_row *then = stats_row(before, reason);

	row = *stats_row(after, reason);
	row.count -= then->count;
	row.total -= then->total;
	row.user_count -= then->user_count;
	row.user_total -= then->user_total;
	return &row;
}

static void check_time(const char *what, const struct run *r, const struct stats_row *row)
{
	diag("%s: user space %lu cycles, measured %lu, in all %lu", what, row->user_total, r->apart,
	     r->whole);
	ok(row->user_total >= r->apart && row->user_total <= r->whole,
	   "%s: user_total lies between what user space measured and the whole run", what);
}

static void check_vcpus(int nr)
{
	static struct stats before, after, vm_after;
	struct run runs[4] = {};
	pthread_t thread[4];
	struct vm vm;

	vm_create(&vm, nr);
	for (int n = 0; n < nr; n++) {
		vcpu_call(&vm, n, exit_warm_up, 0, 0, 0);
		vcpu_run_to_done(&vm, n);
		runs[n] = (struct run){ .vm = &vm, .n = n };
		if (pthread_create(&thread[n], NULL, out_thread, &runs[n]))
			bail_out("pthread_create");
	}
	for (int n = 0; n < nr; n++)
		pthread_join(thread[n], NULL);
	for (int n = 0; n < nr; n++) {
		const struct stats_row *row;

		read_vcpu_table(&after, &vm, n);
		row = stats_row(&after, IO);
		/* One more is the end of the warm-up. It came back at the first KVM_RUN. */
		ok(row->count == runs[n].returns + 1 && row->user_count == row->count,
		   "vCPU %d of %d: user space finished each of %lu I/O exits", n, nr, row->count);
		ok(row->user_total >= runs[n].apart,
		   "vCPU %d of %d: its time is not less than what user space measured", n, nr);
		before.row[n] = *row;
	}
	read_vm_table(&vm_after, &vm);
	for (int n = 1; n < nr; n++) {
		before.row[0].user_count += before.row[n].user_count;
		before.row[0].user_total += before.row[n].user_total;
	}
	ok(stats_row(&vm_after, IO)->user_count == before.row[0].user_count &&
		   stats_row(&vm_after, IO)->user_total == before.row[0].user_total,
	   "%d vCPUs: the VM has the sums of its vCPUs", nr);
	vm_destroy(&vm);
}

static void check_kinds(void)
{
	static struct stats before, after;
	const struct stats_row *row;
	struct vm vm;
	struct run r;

	vm_create(&vm, 1);
	/* The first access makes the page's entry, with an exit of another reason. */
	vcpu_call(&vm, 0, exit_warm_up, 0, 0, 0);
	vcpu_run_to_done(&vm, 0);
	r = (struct run){ .vm = &vm };
	run_slowly(&r, exit_read, 1, EXIT_CASE_MMIO);

	read_vcpu_table(&before, &vm, 0);
	r = (struct run){ .vm = &vm };
	run_slowly(&r, exit_out, 40, 0);
	read_vcpu_table(&after, &vm, 0);
	row = grown(&before, &after, IO);
	ok(row->count == 41 && row->user_count == 41, "a port: each of 41 exits (%lu)",
	   row->user_count);
	check_time("a port", &r, row);

	before = after;
	r = (struct run){ .vm = &vm };
	run_slowly(&r, exit_read, 20, EXIT_CASE_MMIO);
	read_vcpu_table(&after, &vm, 0);
	row = grown(&before, &after, MMIO);
	ok(row->count == 20 && row->user_count == 20, "MMIO: each of 20 exits (%lu)",
	   row->user_count);
	ok(row->user_total >= r.apart * 20 / 21 * 9 / 10 && row->user_total <= r.whole,
	   "MMIO: user_total has their time");

	before = after;
	r = (struct run){ .vm = &vm };
	run_slowly(&r, exit_read, 20, EXIT_CASE_MMIO + 0xffe);
	read_vcpu_table(&after, &vm, 0);
	row = grown(&before, &after, MMIO);
	diag("%lu exits, %lu returns", row->count, r.returns);
	ok(r.returns >= 2 * 20 && row->user_count == row->count,
	   "MMIO in two parts: user space returns twice, and each exit counts once (%lu)",
	   row->user_count);

	before = after;
	guest_cpuid(&vm, 0, 200, 0, 0);
	read_vcpu_table(&after, &vm, 0);
	row = grown(&before, &after, CPUID);
	ok(row->count == 200 && !row->user_count && !row->user_total,
	   "CPUID: user space has no part in 200 exits");
	ok(!stats_fault(&after), "the table is sound (%s)",
	   stats_fault(&after) ? stats_fault(&after) : "no fault");
	vm_destroy(&vm);
}

static void check_reset(void)
{
	static struct stats now;
	struct vm vm;

	vm_create(&vm, 1);
	vcpu_call(&vm, 0, exit_out, 5, 0, 0);
	if (ioctl(vm.vcpu[0].fd, KVM_RUN, 0))
		bail_out("KVM_RUN");
	host_reset();
	usleep(20000);
	read_vm_table(&now, &vm);
	ok(!now.exits && !now.rows, "a reset while user space finishes an exit: all is 0");
	vcpu_run_to_done(&vm, 0);
	read_vm_table(&now, &vm);
	ok(!stats_fault(&now) && stats_row(&now, IO)->count == 5 &&
		   stats_row(&now, IO)->user_count == 5,
	   "after it the counts fit together (%lu of %lu)", stats_row(&now, IO)->user_count,
	   stats_row(&now, IO)->count);
	param_set("exit_stats", "N");
	param_set("exit_stats", "Y");
	vcpu_call(&vm, 0, exit_out, 1, 0, 0);
	vcpu_run_to_done(&vm, 0);
	read_vm_table(&now, &vm);
	ok(stats_row(&now, IO)->count == 7 && stats_row(&now, IO)->user_count == 6,
	   "switching recording off discards what user space has (%lu of %lu)",
	   stats_row(&now, IO)->user_count, stats_row(&now, IO)->count);
	vm_destroy(&vm);
}

int main(void)
{
	param_set("exit_stats_dump_interval", "0");
	check_vcpus(1);
	check_vcpus(2);
	check_vcpus(4);
	check_kinds();
	check_reset();
	param_set("exit_stats_dump_interval", "500");
	return done_testing();
}
