/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads what the kernel shows: tables and histograms in debugfs, module
 * parameters, and our lines in the kernel log.
 */
#ifndef STATS_H
#define STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"

#define HOST_STATS   "/sys/kernel/debug/kvm/exit_stats"
#define MAX_ROWS     256
#define REASON_OTHER -1

/* VMX exit reasons that the tests make; SDM vol. 3, appendix C. */
enum {
	EXCEPTION_NMI = 0,
	EXTERNAL_INTERRUPT = 1,
	TRIPLE_FAULT = 2,
	INTERRUPT_WINDOW = 7,
	CPUID = 10,
	HLT = 12,
	INVD = 13,
	INVLPG = 14,
	RDPMC = 15,
	RDTSC = 16,
	VMCALL = 18,
	VMCLEAR = 19,
	VMXOFF = 26,
	CR_ACCESS = 28,
	DR_ACCESS = 29,
	IO_INSTRUCTION = 30,
	MSR_READ = 31,
	MSR_WRITE = 32,
	INVALID_STATE = 33,
	MWAIT_INSTRUCTION = 36,
	MONITOR_INSTRUCTION = 39,
	PAUSE_INSTRUCTION = 40,
	TPR_BELOW_THRESHOLD = 43,
	APIC_ACCESS = 44,
	EOI_INDUCED = 45,
	GDTR_IDTR = 46,
	LDTR_TR = 47,
	EPT_VIOLATION = 48,
	EPT_MISCONFIG = 49,
	PREEMPTION_TIMER = 52,
	WBINVD = 54,
	XSETBV = 55,
	APIC_WRITE = 56,
};

struct stats_row {
	long reason;
	char name[32];
	uint64_t count, total, min, max, avg, nested_count, nested_total;
	uint64_t hist[EXIT_STATS_BUCKETS]; /* from a _hist file only */
};

struct stats {
	char scope[8], vendor[8], tsc[12];
	uint64_t version, tsc_khz, epoch, vms, vcpus, exits, cycles, nested, tsc_backwards;
	uint64_t dumps, merged, buckets;
	int rows;
	struct stats_row row[MAX_ROWS];
};

/* Returns 0 or -errno; -EPROTO for a file that breaks the grammar. */
int stats_read(const char *path, struct stats *s);
int stats_read_hist(const char *path, struct stats *s);
int stats_parse(const char *text, bool hist, struct stats *s);
/* The row of a reason, or a row of zeros. */
const struct stats_row *stats_row(const struct stats *s, long reason);
/* What is wrong with a table by rule 7 and its own sums; NULL if nothing. */
const char *stats_fault(const struct stats *s);

/* Write a string to a file. Returns 0 or -errno. */
int write_file(const char *path, const char *text);
int read_file(const char *path, char *buf, int size);
int param_set(const char *name, const char *val);
const char *param_get(const char *name);

/* Our lines of the kernel log from now on. */
void log_open(void);
/* The next line without time and prefix; waits at most @ms for it, then NULL. */
const char *log_line(int ms);

#endif
