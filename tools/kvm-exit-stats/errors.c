// SPDX-License-Identifier: GPL-2.0-only
/* What can be wrong, in words. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "errors.h"
#include "json.h"

static const struct {
	int status;
	const char *name, *text, *hint;
} errors[NR_ERRORS] = {
	[ERR_OTHER] = { 1, "error", "an error of the system", NULL },
	[ERR_USAGE] = { 2, "wrong-usage", "wrong usage", NULL },
	[ERR_NO_KVM] = { 3, "no-kvm", "KVM is not loaded", "modprobe kvm_intel (or kvm_amd)" },
	[ERR_STOCK] = { 4, "stock-kvm", "the loaded KVM does not record exits",
			"load ours: kvm-exit-stats-modules load, or in a clone make load; or count without "
			"them: kvm-exit-stats show --source bpf" },
	[ERR_NO_VENDOR] = { 5, "no-vendor-module", "neither kvm_intel nor kvm_amd is loaded",
			    "unload and load the modules again: kvm-exit-stats-modules unload, then "
			    "load; in a clone make unload, then make load" },
	[ERR_NO_HOOKS] = { 6, "vendor-module-without-hooks",
			   "the loaded kvm_intel or kvm_amd was not built with this kvm: "
			   "no exits are counted",
			   "with no VM running: kvm-exit-stats-modules unload, then load; in a clone make "
			   "unload, then make load" },
	[ERR_NO_DEBUGFS] = { 7, "no-debugfs", "debugfs is not mounted",
			     "mount -t debugfs debugfs /sys/kernel/debug" },
	[ERR_LOCKED] = { 8, "locked-down", "the kernel is locked down and refuses this file",
			 "tables can be read there, but VMs and vCPUs cannot be reset" },
	[ERR_NOT_ROOT] = { 9, "not-root", "only root may read debugfs", "run this as root" },
	[ERR_NO_VM] = { 10, "no-such-vm", "no such VM", "kvm-exit-stats list shows the VMs" },
	[ERR_RECORDING] = { 11, "bad-recording", "the file is no recording, or is damaged", NULL },
	[ERR_NO_TERMINAL] = { 12, "no-terminal", "standard output is no terminal",
			      "use kvm-exit-stats show, or top --batch" },
	[ERR_NO_LEAVES] = { 13, "no-leaves", "this machine's CPUID has no exit counts",
			    "in a guest: the host must run kvm-exit-stats with "
			    "exit_stats_cpuid=vm or host" },
	[ERR_NO_BTF] = { 14, "no-btf", "the kernel has no type information (BTF) of KVM",
			 "boot a kernel with CONFIG_DEBUG_INFO_BTF_MODULES=y and load the KVM "
			 "modules built for it" },
	[ERR_BPF] = { 15, "bpf-refused", "the kernel refuses the BPF programs",
		      "run this as root, with CAP_SYS_ADMIN; a kernel that was booted with "
		      "lockdown=confidentiality lets nobody read its memory by BPF" },
};

static bool as_json;

void errors_as_json(bool yes)
{
	as_json = yes;
}

bool errors_are_json(void)
{
	return as_json;
}

int error_status(enum error e)
{
	return errors[e].status;
}

const char *error_text(enum error e)
{
	return errors[e].text;
}

const char *error_hint(enum error e)
{
	return errors[e].hint;
}

void error_tell(enum error e, const char *text)
{
	struct json j = { stderr, false };

	if (!as_json) {
		fprintf(stderr, "kvm-exit-stats: %s\n", text);
		if (errors[e].hint)
			fprintf(stderr, "to resolve this: %s\n", errors[e].hint);
		return;
	}
	json_begin_object(&j, NULL);
	json_put_string(&j, "error", errors[e].name);
	json_put_string(&j, "text", text);
	if (errors[e].hint)
		json_put_string(&j, "hint", errors[e].hint);
	json_end_object(&j);
	fputc('\n', stderr);
}

/* fail() has told an error. */
static bool failed;

static void (*close_screen)(void);

void fail_after(void (*close)(void))
{
	close_screen = close;
}

void fail(enum error e, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fflush(stdout);
	failed = true;
	if (close_screen)
		close_screen();
	error_tell(e, text);
	exit(errors[e].status);
}

static void check_output(void)
{
	int err = fflush(stdout) ? errno : 0;
	char text[160];

	if (failed || (!err && !ferror(stdout)))
		return;
	/* The errno of an earlier write is gone. */
	snprintf(text, sizeof(text), "the output cannot be written%s%s", err ? ": " : "",
		 err ? strerror(err) : "");
	error_tell(ERR_OTHER, text);
	_exit(errors[ERR_OTHER].status);
}

void errors_of_output(void)
{
	/* argp ends the program after --help, and others end it by exit() too. */
	atexit(check_output);
}

static bool no_warnings;

void warn_never(bool yes)
{
	no_warnings = yes;
}

void warn(const char *fmt, ...)
{
	struct json j = { stderr, false };
	char text[1024];
	va_list ap;

	if (no_warnings)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!as_json) {
		fprintf(stderr, "kvm-exit-stats: %s\n", text);
		return;
	}
	json_begin_object(&j, NULL);
	json_put_string(&j, "warning", text);
	json_end_object(&j);
	fputc('\n', stderr);
}

static bool exists(const char *path)
{
	return !access(path, F_OK);
}

static bool debugfs_mounted(void)
{
	FILE *f = fopen("/proc/mounts", "re");
	char line[512];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = strstr(line, " /sys/kernel/debug debugfs ");
	if (f)
		fclose(f);
	return found;
}

/* A vendor module with hooks creates the file. If no module counts, the file says vendor=none. */
static bool counts(FILE *table)
{
	char line[256];

	return fgets(line, sizeof(line), table) && !strstr(line, " vendor=none ");
}

static int vendor_error(void)
{
	return exists("/sys/module/kvm_intel") || exists("/sys/module/kvm_amd") ? ERR_NO_HOOKS
										: ERR_NO_VENDOR;
}

int bpf_error(void)
{
	if (!exists("/sys/module/kvm"))
		return ERR_NO_KVM;
	if (!exists("/sys/module/kvm_intel") && !exists("/sys/module/kvm_amd"))
		return ERR_NO_VENDOR;
	if (!debugfs_mounted())
		return ERR_NO_DEBUGFS;
	if (access("/sys/kernel/debug", R_OK | X_OK))
		return ERR_NOT_ROOT;
	if (!exists("/sys/kernel/btf/kvm") ||
	    (!exists("/sys/kernel/btf/kvm_intel") && !exists("/sys/kernel/btf/kvm_amd")))
		return ERR_NO_BTF;
	return -1;
}

int host_error(void)
{
	FILE *table;
	bool ok;

	if (!exists("/sys/module/kvm"))
		return ERR_NO_KVM;
	if (!exists("/sys/module/kvm/parameters/exit_stats"))
		return ERR_STOCK;
	if (!debugfs_mounted())
		return ERR_NO_DEBUGFS;
	table = fopen("/sys/kernel/debug/kvm/exit_stats", "re");
	if (table) {
		ok = counts(table);
		fclose(table);
		return ok ? -1 : vendor_error();
	}
	if (errno == EACCES)
		return ERR_NOT_ROOT;
	if (errno == EPERM)
		return ERR_LOCKED;
	return vendor_error();
}
