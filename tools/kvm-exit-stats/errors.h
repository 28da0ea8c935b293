/* SPDX-License-Identifier: GPL-2.0-only */
/* Errors that a user or a script has to tell apart: cause, how to resolve it, exit status. */
#ifndef ERRORS_H
#define ERRORS_H

#include <stdbool.h>
#include <stdnoreturn.h>

/* In the order of their statuses. */
enum error {
	ERR_OTHER,	/* the system's: a file, memory */
	ERR_USAGE,	/* wrong usage, as argp's own errors */
	ERR_NO_KVM,	/* the kernel has no kvm module loaded */
	ERR_STOCK,	/* KVM is loaded, and not ours */
	ERR_NO_VENDOR,	/* our kvm without kvm_intel or kvm_amd */
	ERR_NO_HOOKS,	/* our kvm with a vendor module that counts nothing */
	ERR_NO_DEBUGFS, /* debugfs is not mounted */
	ERR_LOCKED,	/* the kernel is locked down */
	ERR_NOT_ROOT,
	ERR_NO_VM,     /* no VM of that name */
	ERR_RECORDING, /* no recording, or a broken one */
	ERR_NO_TERMINAL,
	ERR_NO_LEAVES, /* in a guest: the host shows none */
	ERR_NO_BTF,    /* the kernel or its KVM modules have no type information */
	ERR_BPF,       /* the kernel refuses our BPF programs */
	NR_ERRORS
};

/* Errors and warnings as JSON on stderr from now on: where stdout is JSON. */
void errors_as_json(bool yes);
bool errors_are_json(void);

/* The exit status of an error. */
int error_status(enum error e);

/* Says the cause and what to do about it. */
void error_tell(enum error e, const char *text);

/* The same, and ends the program with the error's status. */
noreturn void fail(enum error e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* From now on the program does not end well if standard output could not be written. */
void errors_of_output(void);

/* Before it says so, fail() calls @close: a full screen would take the text with it. */
void fail_after(void (*close)(void));

/* An error in words, for lists of them and where it needs no detail; and how to resolve it. */
const char *error_text(enum error e);
const char *error_hint(enum error e);

/* A warning changes no status. It goes to stderr, unless a full screen would be written over. */
void warn_never(bool yes);
void warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Why this host has no numbers to read: the first cause that applies, or -1 where it has.
 * Looks at /sys and /proc/mounts only.
 */
int host_error(void);

/* Why BPF cannot count here, as far as can be seen without trying; or -1. */
int bpf_error(void);

#endif
