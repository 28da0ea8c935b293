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

struct vm;

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

/* True if this host has kvm_amd: its reasons are SVM's exit codes. */
bool on_svm(void);
#define BY_VENDOR(vmx, svm) (on_svm() ? (svm) : (vmx))

/* Reasons that a plain guest makes, as numbers of this host's vendor. */
#define CPUID		   BY_VENDOR(VMX_CPUID, SVM_CPUID)
#define HLT		   BY_VENDOR(VMX_HLT, SVM_HLT)
#define IO_INSTRUCTION	   BY_VENDOR(VMX_IO_INSTRUCTION, SVM_IOIO)
#define EPT_VIOLATION	   BY_VENDOR(VMX_EPT_VIOLATION, SVM_NPF)
#define EXTERNAL_INTERRUPT BY_VENDOR(VMX_EXTERNAL_INTERRUPT, SVM_INTR)
#define EXCEPTION_NMI	   BY_VENDOR(VMX_EXCEPTION_NMI, SVM_NMI)
/* SVM has none. */
#define PREEMPTION_TIMER BY_VENDOR(VMX_PREEMPTION_TIMER, SVM_INTR)

/* The highest reason, without SVM's negative codes. */
#define HIGHEST_REASON BY_VENDOR(85u, 0x403u)

/* True if the architecture defines the reason. */
bool reason_defined(uint32_t reason);

struct stats_row {
	long reason;
	char name[32];
	uint64_t count, total, min, max, avg, nested_count, nested_total, user_count, user_total;
	uint64_t hist[EXIT_STATS_BUCKETS]; /* from a _hist file only */
};

struct stats {
	char scope[8], vendor[8], tsc[12];
	uint64_t version, tsc_khz, epoch, vms, vcpus, exits, cycles, nested, tsc_backwards;
	uint64_t dumps, merged, halt_poll_ns, halt_wait_ns, buckets;
	int rows;
	struct stats_row row[MAX_ROWS];
};

/*
 * Read a table, or a histogram, which has buckets= in its header. Returns 0 or -errno;
 * -EPROTO for a file that breaks the grammar.
 */
int stats_read(const char *path, struct stats *s);
int stats_parse(const char *text, struct stats *s);
/* The same. The test ends if the file cannot be read; a check fails if it has a fault. */
void read_table(struct stats *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void read_host_table(struct stats *s);
void read_vm_table(struct stats *s, const struct vm *vm);
void read_vcpu_table(struct stats *s, const struct vm *vm, int n);
/* The row of a reason, or a row of zeros. */
const struct stats_row *stats_row(const struct stats *s, long reason);
/*
 * Returns what is wrong, or NULL: the rows have to add up to the header. A row of a table
 * needs a count and min <= avg <= max, the buckets of a histogram add up to the count.
 */
const char *stats_fault(const struct stats *s);
/* Returns which number is lower in @now than it was in @before, or NULL. */
const char *stats_went_down(const struct stats *now, const struct stats *before);

/* The clock, in ms. */
uint64_t now_ms(void);
/* Write a string to a file. Returns 0 or -errno. */
int write_file(const char *path, const char *text);
int read_file(const char *path, char *buf, int size);
/* Set a parameter of the kvm module. Returns 0 or -errno. */
int param_try(const char *name, const char *val);
/* The same; the test ends if it fails. */
void param_set(const char *name, const char *val);
const char *param_get(const char *name);
/* Reset the host scope. The test ends if it fails. */
void host_reset(void);

/* Begin to read our lines of the kernel log, from now on. */
void log_open(void);
/* The next line, without time and prefix; NULL if none comes within @ms. */
const char *log_line(int ms);
/* The level of the line that log_line() returned last: 6 is KERN_INFO. */
int log_level(void);

#endif
