// SPDX-License-Identifier: GPL-2.0-only
/*
 * explain: the rules. Each looks for one problem. A problem costs the time that it causes: in
 * exits and user space, or while vCPUs are halted or wait.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/drill.h"
#include "explain.h"

#define VMX_OR_SVM(e, vmx, svm_code) ((e)->svm ? (svm_code) : (vmx))

/* Exit reasons */
#define EXCEPTION(e)   VMX_OR_SVM(e, 0, 0x41) /* with AMD-V #DB */
#define CPUID(e)       VMX_OR_SVM(e, 10, 0x72)
#define IO(e)	       VMX_OR_SVM(e, 30, 0x7b)
#define WRMSR(e)       VMX_OR_SVM(e, 32, 0x7c)
#define PAUSE(e)       VMX_OR_SVM(e, 40, 0x77)
#define MMIO(e)	       VMX_OR_SVM(e, 49, 0x400)
#define PAGE_FAULT(e)  VMX_OR_SVM(e, 48, 0x400)
#define APIC_ACCESS(e) VMX_OR_SVM(e, 44, -2) /* AMD-V: in NPF */

static double row_ns(const struct evidence *e, const struct row *row)
{
	return row ? row_exit_ns(&e->since, row) + row_user_ns(&e->since, row) : 0;
}

static double rate(const struct evidence *e, const struct row *row)
{
	return e->seconds > 0 ? row->n[COUNT] / e->seconds : 0;
}

/* A row can have time of user space, and no exits: these were before the interval. */
static double per_exit_us(double ns, const struct row *row)
{
	return row->n[COUNT] ? ns / 1000 / row->n[COUNT] : 0;
}

/* ---- details */

/* Does a detail belong to the problem? @value is its port, MSR or address. */
typedef bool (*detail_test)(uint64_t value, const char *what);

/* Of the details of a reason: the share of those that belong, and the costliest of these. */
struct part {
	double share, all_ns, ns;	/* of their time */
	double count_share, all, count; /* of their number */
	const struct row *costliest;
};

static bool part_of(const struct evidence *e, int64_t reason, detail_test belongs, struct part *p)
{
	memset(p, 0, sizeof(*p));
	for (size_t i = 0; i < e->nr_details; i++) {
		const struct table *t = &e->details[i].t;

		if (e->details[i].reason != reason)
			continue;
		for (size_t k = 0; k < t->nr; k++) {
			const struct row *row = &t->row[k];
			double ns = row_exit_ns(t, row) + row_user_ns(t, row);

			p->all_ns += ns;
			p->all += row->n[COUNT];
			if (!belongs(strtoull(row->id, NULL, 0), row->name))
				continue;
			p->ns += ns;
			p->count += row->n[COUNT];
			if (!p->costliest ||
			    ns > row_exit_ns(t, p->costliest) + row_user_ns(t, p->costliest))
				p->costliest = row;
		}
	}
	p->share = p->all_ns > 0 ? p->ns / p->all_ns : 0;
	p->count_share = p->all > 0 ? p->count / p->all : 0;
	return p->costliest;
}

/*
 * The finding costs the reason's time in the first measurement, times the share of these details
 * in the second.
 */
static bool find_part(const struct evidence *e, int64_t reason, detail_test belongs,
		      const char *what, struct finding *f)
{
	const struct row *row = table_row(&e->since, reason);
	struct part p;

	if (!row || !part_of(e, reason, belongs, &p))
		return false;
	f->ns = row_ns(e, row) * p.share;
	snprintf(f->what, sizeof(f->what), "%s %s (%s)", what, p.costliest->id, p.costliest->name);
	snprintf(f->evidence, sizeof(f->evidence),
		 "%.0f exits a second of %s; %.0f %% of their time is this; an exit takes %.1f us "
		 "in KVM and %.1f us in user space",
		 rate(e, row), row->name, 100 * p.share,
		 per_exit_us(row_exit_ns(&e->since, row), row),
		 per_exit_us(row_user_ns(&e->since, row), row));
	snprintf(f->reason, sizeof(f->reason), "%s", row->name);
	return true;
}

static bool is_mmio(const char *what)
{
	return strstr(what, "MMIO");
}

static bool is_clock_port(uint64_t port, const char *what)
{
	(void)what;
	return (port >= 0x608 && port <= 0x60b) || (port >= 0xb008 && port <= 0xb00b) ||
	       (port >= 0x40 && port <= 0x43) || port == 0x70 || port == 0x71;
}

static bool is_other_port(uint64_t port, const char *what)
{
	return !is_clock_port(port, what);
}

static bool is_hpet(uint64_t address, const char *what)
{
	return is_mmio(what) && address >= 0xfed00000 && address < 0xfed00400;
}

static bool is_xapic(uint64_t address, const char *what)
{
	return is_mmio(what) && address >= 0xfee00000 && address < 0xfee01000;
}

static bool is_other_mmio(uint64_t address, const char *what)
{
	return is_mmio(what) && !is_hpet(address, what) && !is_xapic(address, what);
}

static bool is_memory(uint64_t address, const char *what)
{
	(void)address;
	return strstr(what, "memory, slot");
}

static bool is_timer(uint64_t msr, const char *what)
{
	(void)what;
	return msr == 0x6e0 || msr == 0x838;
}

static bool is_ipi(uint64_t msr, const char *what)
{
	(void)what;
	return msr == 0x830 || msr == 0x83f;
}

/* ---- rules */

static bool find_clock_port(const struct evidence *e, struct finding *f)
{
	return find_part(e, IO(e), is_clock_port, "the guest reads a clock at port", f);
}

static bool find_hpet(const struct evidence *e, struct finding *f)
{
	return find_part(e, MMIO(e), is_hpet, "the guest reads the HPET at", f);
}

static bool find_port(const struct evidence *e, struct finding *f)
{
	return find_part(e, IO(e), is_other_port, "port", f);
}

static bool find_mmio(const struct evidence *e, struct finding *f)
{
	return find_part(e, MMIO(e), is_other_mmio, "MMIO at", f);
}

static bool find_xapic(const struct evidence *e, struct finding *f)
{
	const struct row *row = table_row(&e->since, APIC_ACCESS(e));

	if (find_part(e, MMIO(e), is_xapic, "the APIC's page, register", f))
		return true;
	if (!row)
		return false;
	f->ns = row_ns(e, row);
	snprintf(f->what, sizeof(f->what), "the APIC's page");
	snprintf(f->evidence, sizeof(f->evidence), "%.0f exits a second of %s", rate(e, row),
		 row->name);
	snprintf(f->reason, sizeof(f->reason), "%s", row->name);
	return true;
}

static bool find_timer(const struct evidence *e, struct finding *f)
{
	return find_part(e, WRMSR(e), is_timer, "the guest sets its timer, MSR", f);
}

static bool find_ipi(const struct evidence *e, struct finding *f)
{
	return find_part(e, WRMSR(e), is_ipi, "interrupts between vCPUs, MSR", f);
}

static bool find_polling(const struct evidence *e, struct finding *f)
{
	f->ns = e->split.polling;
	snprintf(f->what, sizeof(f->what), "halted vCPUs poll");
	snprintf(f->evidence, sizeof(f->evidence),
		 "KVM's halt_poll_ns counters grew by %.3f s in %.1f s; vCPUs slept %.3f s; the "
		 "parameter halt_poll_ns is %llu",
		 e->split.polling / 1e9, e->seconds, e->split.asleep / 1e9,
		 (unsigned long long)e->halt_poll_ns);
	return f->ns > 0;
}

static bool find_pause(const struct evidence *e, struct finding *f)
{
	const struct row *row = table_row(&e->since, PAUSE(e));

	if (!row)
		return false;
	f->ns = row_ns(e, row) + (e->split.has_wait ? e->split.waiting : 0);
	snprintf(f->what, sizeof(f->what), "vCPUs spin in PAUSE loops");
	snprintf(f->evidence, sizeof(f->evidence),
		 "%.0f exits a second of %s, %.1f us each; %llu vCPUs may use %ld CPUs, and waited "
		 "%.3f s for one in %.1f s",
		 rate(e, row), row->name, per_exit_us(row_exit_ns(&e->since, row), row),
		 (unsigned long long)e->since.vcpus, e->cpus, e->split.waiting / 1e9, e->seconds);
	snprintf(f->reason, sizeof(f->reason), "%s", row->name);
	return rate(e, row) >= 10;
}

/* Exits for the VM's memory, and what one takes: with AMD-V MMIO has the same reason. */
static bool memory_exits(const struct evidence *e, const struct row **row, struct part *p,
			 double *us)
{
	*row = table_row(&e->since, PAGE_FAULT(e));
	if (!*row || !part_of(e, PAGE_FAULT(e), is_memory, p) || !p->count)
		return false;
	*us = p->ns / 1000 / p->count;
	return true;
}

static bool find_swap(const struct evidence *e, struct finding *f)
{
	const struct row *row;
	struct part p;
	double us;

	if (!e->swap_kib || !memory_exits(e, &row, &p, &us))
		return false;
	f->ns = row_ns(e, row) * p.share;
	snprintf(f->what, sizeof(f->what), "the guest's memory is swapped out");
	snprintf(f->evidence, sizeof(f->evidence),
		 "%.0f exits a second of %s for its memory, %.0f us each; "
		 "%llu MiB of the process are in swap",
		 rate(e, row) * p.count_share, row->name, us,
		 (unsigned long long)e->swap_kib / 1024);
	snprintf(f->reason, sizeof(f->reason), "%s", row->name);
	return true;
}

static bool find_page_faults(const struct evidence *e, struct finding *f)
{
	const struct row *row;
	struct part p;
	double us;

	if (e->swap_kib || !memory_exits(e, &row, &p, &us))
		return false;
	f->ns = row_ns(e, row) * p.share;
	snprintf(f->what, sizeof(f->what), "the guest's memory is not mapped");
	snprintf(f->evidence, sizeof(f->evidence),
		 "%.0f exits a second of %s for its memory, %.0f us each; KVM maps "
		 "%llu small pages and %llu of 2 MiB",
		 rate(e, row) * p.count_share, row->name, us, (unsigned long long)e->pages_4k,
		 (unsigned long long)e->pages_2m);
	snprintf(f->reason, sizeof(f->reason), "%s", row->name);
	return true;
}

static bool find_waiting(const struct evidence *e, struct finding *f)
{
	if (!e->split.has_wait)
		return false;
	f->ns = e->split.waiting;
	snprintf(f->what, sizeof(f->what), "vCPUs wait for a CPU");
	snprintf(f->evidence, sizeof(f->evidence),
		 "the scheduler let their threads wait %.3f s in %.1f s; "
		 "%llu vCPUs may use %ld CPUs",
		 f->ns / 1e9, e->seconds, (unsigned long long)e->since.vcpus, e->cpus);
	return f->ns > 0;
}

/* With VT-x NMIs of the host have the same reason: those of perf, and of its watchdog. */
static bool is_exception(uint64_t vector, const char *what)
{
	(void)what;
	return vector != 2;
}

static bool find_debugger(const struct evidence *e, struct finding *f)
{
	const struct row *row = table_row(&e->since, EXCEPTION(e));

	if (!row)
		return false;
	if (!e->svm)
		return find_part(e, EXCEPTION(e), is_exception, "the guest's exceptions, vector",
				 f);
	f->ns = row_ns(e, row);
	snprintf(f->what, sizeof(f->what), "exceptions of the guest");
	snprintf(f->evidence, sizeof(f->evidence), "%.0f exits a second of %s", rate(e, row),
		 row->name);
	snprintf(f->reason, sizeof(f->reason), "%s", row->name);
	return true;
}

static bool find_cpuid(const struct evidence *e, struct finding *f)
{
	const struct row *row = table_row(&e->since, CPUID(e));

	if (!row)
		return false;
	f->ns = row_ns(e, row);
	snprintf(f->what, sizeof(f->what), "the guest executes CPUID");
	snprintf(f->evidence, sizeof(f->evidence), "%.0f exits a second, %.1f us each",
		 rate(e, row), per_exit_us(row_exit_ns(&e->since, row), row));
	snprintf(f->reason, sizeof(f->reason), "%s", row->name);
	return true;
}

/* clang-format off */
const struct rule rules[] = {
	{
		"clock-by-port", find_clock_port,
		"The guest's clock source is a device (ACPI PM timer, PIT, RTC): each reading of the "
		"time is an exit, mostly to user space.",
		"Give the guest a clock that needs no exit: kvm-clock or the TSC (a stable host TSC, "
		"-cpu host; Windows: -cpu ...,hv-time).",
		"in the guest: cat /sys/devices/system/clocksource/clocksource0/current_clocksource; "
		"echo kvm-clock >/sys/devices/system/clocksource/clocksource0/current_clocksource",
		"Linux: Documentation/virt/kvm/x86/timekeeping.rst",
	},
	{
		"clock-by-hpet", find_hpet,
		"The guest's clock source is the HPET: each reading is an exit to user space.",
		"Give the guest kvm-clock or the TSC, and take the HPET away (-machine hpet=off).",
		"in the guest: echo kvm-clock >/sys/devices/system/clocksource/clocksource0/current_clocksource",
		"Linux: Documentation/virt/kvm/x86/timekeeping.rst",
	},
	{
		"port", find_port,
		"The guest drives an emulated device by port I/O, and user space (QEMU) answers each "
		"access: an emulated disk or network card, a serial console, VGA.",
		"Use virtio devices in its place; print less on a serial console (virtio-console); "
		"remove devices that the guest probes.",
		"on the host: 'info mtree -f' in QEMU's monitor names the device; in the guest: "
		"/proc/ioports",
		"Linux: Documentation/virt/kvm/api.rst, KVM_EXIT_IO",
	},
	{
		"mmio", find_mmio,
		"The guest drives an emulated device by MMIO, and user space answers each access.",
		"Use virtio devices, whose doorbells KVM answers itself (ioeventfd), or give the guest "
		"the device (VFIO).",
		"on the host: 'info mtree -f' in QEMU's monitor names the device; in the guest: "
		"/proc/iomem",
		"Linux: Documentation/virt/kvm/api.rst, KVM_EXIT_MMIO and KVM_IOEVENTFD",
	},
	{
		"xapic", find_xapic,
		"The guest uses its local APIC by memory accesses, which KVM emulates one by one.",
		"Let the guest use x2APIC (-cpu ...,x2apic=on; no nox2apic on its command line), or "
		"APICv or AVIC on the host.",
		"in the guest: dmesg | grep -i x2apic; on the host: "
		"cat /sys/module/kvm_intel/parameters/enable_apicv (or kvm_amd's avic)",
		"SDM volume 3, chapter \"Advanced Programmable Interrupt Controller\"; APM volume 2, "
		"\"Advanced Virtual Interrupt Controller\"",
	},
	{
		"timer", find_timer,
		"Each write of the timer is an exit; the guest uses many short timers or ticks.",
		"Fewer timers in the guest: a tickless kernel, a lower CONFIG_HZ, no program that "
		"sleeps for microseconds.",
		"in the guest: perf record -e timer:hrtimer_start -a sleep 5; perf report",
		"SDM volume 3, \"TSC-Deadline Mode\"; Linux: Documentation/timers/no_hz.rst",
	},
	{
		"ipi", find_ipi,
		"vCPUs wake and interrupt each other, and each interrupt that one sends is an exit.",
		"Fewer vCPUs, programs pinned to vCPUs in the guest, APICv with IPI virtualization or "
		"AVIC on the host.",
		"in the guest: watch -d grep -E 'RES|CAL|TLB' /proc/interrupts",
		"SDM volume 3, \"Extended XAPIC (x2APIC)\" and \"IPI Virtualization\"",
	},
	{
		"halt-polling", find_polling,
		"A halted vCPU first polls for a while, in the hope of a quick wake-up: the CPU is busy "
		"and the guest is not.",
		"Lower kvm.halt_poll_ns, or let the guest poll itself (haltpoll) if latency matters "
		"more than CPU time.",
		"on the host: echo 0 >/sys/module/kvm/parameters/halt_poll_ns; it has no effect on a "
		"VM whose VMM sets its own limit (KVM_CAP_HALT_POLL)",
		"Linux: Documentation/virt/kvm/halt-polling.rst",
	},
	{
		"pause-loop", find_pause,
		"A vCPU spins for a lock whose holder does not run: there are more busy vCPUs than CPUs.",
		"Fewer vCPUs, or CPUs of their own for them; paravirtual spinlocks in the guest "
		"(CONFIG_PARAVIRT_SPINLOCKS).",
		"on the host: virsh vcpupin, or taskset -p on the vCPUs' threads",
		"SDM volume 3, \"PAUSE-Loop Exiting\"; APM volume 2, \"Pause Intercept Filtering\"",
	},
	{
		"swapped-out", find_swap,
		"The host has swapped the guest's memory out, and reads a page back at each access.",
		"More memory for the host or less for guests; no swap for this VM (-overcommit "
		"mem-lock=on, memory.swap.max of its cgroup).",
		"on the host: grep VmSwap /proc/PID/status; vmstat 1",
		"Linux: Documentation/admin-guide/mm/concepts.rst, cgroup-v2.rst",
	},
	{
		"memory", find_page_faults,
		"The guest touches memory that the host has not mapped for it: after its start, after a "
		"balloon or a migration, while dirty pages are tracked, or in small pages.",
		"Huge pages (memory backend with hugepages, or transparent ones), memory allocated "
		"before the start (prealloc=on); wait, if the guest has just started.",
		"on the host: grep AnonHugePages /proc/PID/smaps_rollup; "
		"cat /sys/kernel/mm/transparent_hugepage/enabled",
		"Linux: Documentation/admin-guide/mm/transhuge.rst",
	},
	{
		"waiting", find_waiting,
		"The CPUs of the host have other work while the guest could run (steal time).",
		"Pin vCPUs to CPUs of their own, fewer vCPUs on the host, a larger share for the VM "
		"(cpu.weight of its cgroup).",
		"on the host: cat /proc/pressure/cpu; top -H -p PID",
		"Linux: Documentation/scheduler/sched-stats.rst",
	},
	{
		"exceptions", find_debugger,
		"KVM intercepts exceptions for a debugger (single steps, breakpoints), for emulation "
		"(#UD, #GP), or with shadow paging (#PF).",
		"End gdb on QEMU's stub or in the guest; use EPT or NPT.",
		"kvm-exit-stats drill of this reason shows which exception",
		"Linux: Documentation/virt/kvm/api.rst, KVM_SET_GUEST_DEBUG",
	},
	{
		"cpuid", find_cpuid,
		"CPUID always exits. A program uses it as a barrier, or asks for features again and "
		"again.",
		"In the guest: LFENCE or SERIALIZE as the barrier; ask once.",
		"in the guest: perf record -a sleep 5; kvm-exit-stats drill of CPUID shows the leaf",
		"SDM volume 3, \"Instructions That Cause VM Exits Unconditionally\"",
	},
};

/* clang-format on */

const size_t nr_rules = sizeof(rules) / sizeof(*rules);
