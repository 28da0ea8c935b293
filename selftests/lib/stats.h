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
#include "reasons_svm.h"
#include "reasons_vmx.h"

#define HOST_STATS   "/sys/kernel/debug/kvm/exit_stats"
#define MAX_ROWS     256
#define REASON_OTHER -1

/* Exit reasons as the SDM and the APM number them. */
/* clang-format off */
enum {
#define VMX_REASON(code, name) VMX_##name = code,
	VMX_REASONS(VMX_REASON)
#define SVM_REASON(code, name) SVM_##name = code,
	SVM_REASONS(SVM_REASON)
};

/* clang-format on */

/* Does this host have kvm_amd, so that its reasons are SVM's? */
bool on_svm(void);
#define BY_VENDOR(vmx, svm) (on_svm() ? (svm) : (vmx))

/* Those that a plain guest makes, by the number that they have on this host. */
#define CPUID		   BY_VENDOR(VMX_CPUID, SVM_CPUID)
#define HLT		   BY_VENDOR(VMX_HLT, SVM_HLT)
#define IO_INSTRUCTION	   BY_VENDOR(VMX_IO_INSTRUCTION, SVM_IOIO)
#define EPT_VIOLATION	   BY_VENDOR(VMX_EPT_VIOLATION, SVM_NPF)
#define EXTERNAL_INTERRUPT BY_VENDOR(VMX_EXTERNAL_INTERRUPT, SVM_INTR)
#define EXCEPTION_NMI	   BY_VENDOR(VMX_EXCEPTION_NMI, SVM_NMI)
/* SVM has none. */
#define PREEMPTION_TIMER BY_VENDOR(VMX_PREEMPTION_TIMER, SVM_INTR)

/* The last reason, without SVM's negative codes. */
#define HIGHEST_REASON BY_VENDOR(85u, 0x403u)

/* Does the architecture define it? */
bool reason_defined(uint32_t reason);

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
/* The same of a histogram. */
const char *stats_hist_fault(const struct stats *s);

/* Write a string to a file. Returns 0 or -errno. */
int write_file(const char *path, const char *text);
int read_file(const char *path, char *buf, int size);
/* Set a parameter of ours. Returns 0 or -errno. */
int param_try(const char *name, const char *val);
/* The same, or the test ends. */
void param_set(const char *name, const char *val);
const char *param_get(const char *name);
/* Reset the host and all inside it, or the test ends. */
void host_reset(void);

/* Our lines of the kernel log from now on. */
void log_open(void);
/* The next line without time and prefix; waits at most @ms for it, then NULL. */
const char *log_line(int ms);
/* Of the line that log_line() gave last: 6 is KERN_INFO. */
int log_level(void);

#endif
