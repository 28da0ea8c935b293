// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes a folder that the command kvm-exit-stats reads with --root, as a host with VMs would
 * fill it, and goes on writing it: each step adds exits. All numbers follow from the VM's
 * number and the step, so that a test knows them:
 *
 *	exits of a vCPU in a step, by reason r from 0:	(VM + 1) * (reasons - r)
 *	cycles of each of these exits:			1000 << r
 *
 * VMs are 0, 1, ...; their names vm000, vm001, ...; the first reason is the cheapest.
 */
#include <argp.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi.h"

#define MAX_VMS	    1000
#define MAX_REASONS 16

static struct {
	const char *folder;
	unsigned int vms, vcpus, reasons, steps;
	double interval;
	int svm, churn;
} env = { .vms = 3, .vcpus = 2, .reasons = 6, .steps = 1, .interval = 1 };

static const struct {
	const char *vmx, *svm, *name;
} reasons[MAX_REASONS] = {
	{ "1", "0x60", "INTERRUPT" },	    { "7", "0x64", "VINTR" },
	{ "10", "0x72", "CPUID" },	    { "12", "0x78", "HLT" },
	{ "18", "0x81", "VMCALL" },	    { "28", "0x10", "CR_ACCESS" },
	{ "30", "0x7b", "IO_INSTRUCTION" }, { "31", "0x7c", "MSR_READ" },
	{ "32", "0x7d", "MSR_WRITE" },	    { "40", "0x77", "PAUSE_INSTRUCTION" },
	{ "46", "0x6a", "GDTR_IDTR" },	    { "48", "0x400", "EPT_VIOLATION" },
	{ "49", "0x401", "EPT_MISCONFIG" }, { "52", "0x402", "PREEMPTION_TIMER" },
	{ "54", "0x89", "WBINVD" },	    { "55", "0x8d", "XSETBV" },
};

/* A scope's exits by reason; they cost 1000 << reason cycles each. */
struct counts {
	uint64_t n[MAX_REASONS];
};

/* The text becomes the file's at once, as a snapshot of debugfs. */
static void write_file(const char *path, const char *text, size_t len)
{
	char new[4096];
	FILE *f;

	snprintf(new, sizeof(new), "%s.new", path);
	f = fopen(new, "we");
	if (!f || fwrite(text, 1, len, f) != len || fclose(f) || rename(new, path)) {
		fprintf(stderr, "fake-host: %s: %s\n", path, strerror(errno));
		exit(1);
	}
}

static uint64_t cost(unsigned int reason)
{
	return 1000ull << reason;
}

static void write_rows(FILE *f, const struct counts *c, int hist)
{
	for (unsigned int r = 0; r < env.reasons; r++) {
		unsigned long long n = c->n[r], one = cost(r);

		if (!n)
			continue;
		fprintf(f, "%8s %-20s %12llu", env.svm ? reasons[r].svm : reasons[r].vmx,
			reasons[r].name, n);
		if (!hist)
			fprintf(f, " %llu %llu %llu %llu 0 0", n * one, one, one, one);
		for (int k = 0; hist && k < EXIT_STATS_BUCKETS; k++)
			fprintf(f, " %llu", one >> k == 1 ? n : 0ull);
		fputc('\n', f);
	}
}

static void write_scope(const char *path, const char *scope, unsigned int vms, unsigned int vcpus,
			const struct counts *c)
{
	unsigned long long exits = 0, cycles = 0;
	char file[4096];
	char *text;
	size_t len;
	FILE *f;

	for (unsigned int r = 0; r < env.reasons; r++) {
		exits += c->n[r];
		cycles += c->n[r] * cost(r);
	}
	for (int hist = 0; hist < 2; hist++) {
		f = open_memstream(&text, &len);
		fprintf(f,
			"# kvm exit_stats 1 scope=%s vendor=%s tsc_khz=2000000 tsc=stable "
			"epoch=1234567 vms=%u vcpus=%u exits=%llu cycles=%llu nested=0 "
			"tsc_backwards=0 dumps=0 merged=0%s\n",
			scope, env.svm ? "svm" : "vmx", vms, vcpus, exits, cycles,
			hist ? " buckets=32" : "");
		fprintf(f, "# reason name count%s\n",
			hist ? "" : " total min max avg nested_count nested_total");
		write_rows(f, c, hist);
		fclose(f);
		snprintf(file, sizeof(file), "%s%s", path, hist ? "_hist" : "");
		write_file(file, text, len);
		free(text);
	}
}

/* The path DIR/..., whose folders are made. Static memory. */
__attribute__((format(printf, 1, 2))) static const char *path_of(const char *fmt, ...)
{
	static char path[4096];
	int len = snprintf(path, sizeof(path), "%s/", env.folder);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path + len, sizeof(path) - len, fmt, ap);
	va_end(ap);
	for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	return path;
}

static int thread_of(unsigned int vm)
{
	return 1000 + 10 * vm;
}

__attribute__((format(printf, 3, 4))) static void write_proc(unsigned int vm, const char *file,
							     const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	write_file(path_of("proc/%d/%s", thread_of(vm), file), text, len);
}

static void begin_vm(unsigned int vm)
{
	write_proc(vm, "comm", "qemu-system-x86\n");
	write_proc(vm, "status", "Name:\tqemu-system-x86\nTgid:\t%d\n", thread_of(vm));
	write_proc(vm, "cgroup", "0::/machine.slice/machine-qemu\\x2d%u\\x2dvm%03u.scope\n", vm + 1,
		   vm);
	write_proc(vm, "cmdline",
		   "qemu%c-name%cguest=vm%03u%c-uuid%c00000000-0000-4000-8000-%012u%c", 0, 0, vm, 0,
		   0, vm, 0);
}

static void end_vm(unsigned int vm)
{
	char command[8192];

	/* What the kernel removes at once a reader may find half gone: sources bear that. */
	snprintf(command, sizeof(command), "rm -rf '%s/%d-11' '%s/proc/%d'", env.folder,
		 thread_of(vm), env.folder, thread_of(vm));
	if (system(command))
		exit(1);
}

static void write_vm(unsigned int vm, const struct counts *vcpu)
{
	struct counts all = {};

	for (unsigned int r = 0; r < env.reasons; r++)
		all.n[r] = vcpu->n[r] * env.vcpus;
	for (unsigned int i = 0; i < env.vcpus; i++)
		write_scope(path_of("%d-11/vcpu%u/exit_stats", thread_of(vm), i), "vcpu", 1, 1,
			    vcpu);
	write_scope(path_of("%d-11/vm_exit_stats", thread_of(vm)), "vm", 1, env.vcpus, &all);
}

/* VMs @first to @first + env.vms are there; those before have ended. */
static void step(unsigned int first)
{
	static struct counts vcpu[MAX_VMS], host;

	for (unsigned int i = first; i < first + env.vms; i++) {
		for (unsigned int r = 0; r < env.reasons; r++) {
			uint64_t n = (uint64_t)(i + 1) * (env.reasons - r);

			vcpu[i].n[r] += n;
			host.n[r] += n * env.vcpus;
		}
		write_vm(i, &vcpu[i]);
	}
	write_scope(path_of("exit_stats"), "host", env.vms, env.vms * env.vcpus, &host);
}

static const struct argp_option options[] = {
	{ "vms", 'n', "N", 0, "VMs (3)", 0 },
	{ "vcpus", 'c', "N", 0, "vCPUs of each (2)", 0 },
	{ "reasons", 'r', "N", 0, "Exit reasons of each, at most 16 (6)", 0 },
	{ "svm", 's', NULL, 0, "AMD's numbers of reasons", 0 },
	{ "steps", 't', "N", 0, "Write N times (1)", 0 },
	{ "interval", 'i', "SECONDS", 0, "Between two steps (1)", 0 },
	{ "churn", 'x', NULL, 0, "In each step but the first the oldest VM ends, another begins",
	  0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'n':
		env.vms = atoi(arg);
		break;
	case 'c':
		env.vcpus = atoi(arg);
		break;
	case 'r':
		env.reasons = atoi(arg);
		break;
	case 's':
		env.svm = 1;
		break;
	case 't':
		env.steps = atoi(arg);
		break;
	case 'i':
		env.interval = atof(arg);
		break;
	case 'x':
		env.churn = 1;
		break;
	case ARGP_KEY_ARG:
		env.folder = arg;
		break;
	case ARGP_KEY_END:
		if (!env.folder || env.reasons > MAX_REASONS ||
		    env.vms + (env.churn ? env.steps : 0) > MAX_VMS)
			argp_error(state, "a folder; at most %d reasons and %d VMs", MAX_REASONS,
				   MAX_VMS);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct argp argp = { options, parse, "FOLDER", NULL, NULL, NULL, NULL };
	unsigned int first = 0;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	for (unsigned int i = 0; i < env.vms; i++)
		begin_vm(i);
	for (unsigned int n = 0; n < env.steps; n++) {
		if (n && env.churn) {
			end_vm(first);
			begin_vm(++first + env.vms - 1);
		}
		step(first);
		if (n + 1 < env.steps)
			usleep(env.interval * 1e6);
	}
	return 0;
}
