/* SPDX-License-Identifier: GPL-2.0-only */
/* Subcommands, and the options that all subcommands with tables have. */
#ifndef COMMAND_H
#define COMMAND_H

#include <argp.h>
#include <stdbool.h>

#include "output.h"
#include "source.h"

struct command {
	const char *name;
	const char *brief; /* one line, for kvm-exit-stats --help */
	const struct argp *argp;
	/* @argv[0] is "kvm-exit-stats NAME". Returns the exit status. */
	int (*run)(int argc, char **argv);
	unsigned int views; /* 1 << enum view: of its tables whose columns can be chosen */
};

extern const struct command cmd_top, cmd_list, cmd_show, cmd_export, cmd_record, cmd_report,
	cmd_diff, cmd_log, cmd_guest, cmd_status, cmd_set, cmd_reset, cmd_verify, cmd_drill,
	cmd_explain, cmd_selftest;

/* All subcommands; the last pointer is NULL. */
extern const struct command *const commands[];

/* What the common options say. A subcommand sets the view before it parses. */
struct common {
	enum view view;
	const struct output_format *format;
	const char *columns; /* NULL: the default ones */
	const char *sort;    /* NULL: the view's default */
	bool reverse;
	bool cycles;
	bool list_columns;
	unsigned long top; /* lines, 0: all */
	struct column_set set;
	const struct column *by;
};

/*
 * For a subcommand's argp: children = { { &common_argp, 0, "Output:", 10 }, { 0 } }. Its
 * parser hands &common to state->child_inputs[0] at ARGP_KEY_INIT.
 */
extern const struct argp common_argp;

/* Where a subcommand's numbers come from: the options --root and --source. */
struct origin {
	const char *root; /* NULL: this kernel */
	enum {
		ORIGIN_ANY, /* the modules' files, or BPF where these modules are not loaded */
		ORIGIN_FILES,
		ORIGIN_BPF,
		ORIGIN_BPF_HANDLER
	} source;
};

/* As common_argp, with a struct origin. */
extern const struct argp origin_argp;

/* Will the numbers be counted by BPF, from the opening on? */
bool origin_by_bpf(const struct origin *o);

/* Warns that BPF counts only from now on, so one second is measured. */
void origin_tell_second(void);

/* Opens it; exits with an error message if there are no numbers. */
struct source *origin_open(const struct origin *o);

/* Exits with an error message if BPF cannot count, as far as can be seen without trying. */
void origin_need_bpf(void);

/* After that: source_open_drill(); exits with an error message if it fails. */
struct source *origin_open_drill(const struct vm *vm, int vcpu, int64_t reason);

/* Errors as JSON if these arguments ask for JSON, as far as can be seen without parsing them. */
void errors_as_asked(char **argv);

/*
 * Parses the arguments; exits with an error message if they are wrong, in JSON if the output is
 * in JSON.
 */
void parse_arguments(const struct argp *argp, int argc, char **argv);

/*
 * After parsing: resolves format, columns and the column to sort by; exits with an error message
 * that names what is accepted if one is wrong. @rates: the table has an interval. With
 * --list-columns it prints them and ends the program.
 */
void common_resolve(struct common *c, bool rates, const char *sort_default);

/* Ends the output; exits with an error message if it could not be written. Returns the status. */
int common_end(struct output *o);

/* Flushes standard output; exits with an error message if it could not be written. */
void common_flush(void);

/* Sorts as the options say. Returns how many of the items --top leaves, the first ones. */
size_t common_sort(const struct common *c, struct item *items, size_t nr);

/* Standard output in the format and with the columns of the options. */
struct output common_output(const struct common *c);

/*
 * The same for a path: a folder of saved files or a recording; NULL: this kernel's files.
 * Exits with an error message if there is none.
 */
struct source *common_open(const char *path);

/* The VMs that are there; exits with an error message if they cannot be listed. */
void common_vms(struct source *s, struct vm_list *vms);

/* The VM that the user means; else exits with an error message that has the nearest name. */
const struct vm *common_vm(const struct vm_list *vms, const char *what);

/* A table that must be there; exits with an error message if it cannot be read. */
void common_read(struct source *s, const struct vm *vm, int vcpu, bool hist, struct table *t);

/* A positive number of seconds, or an error of argp's that names the option. */
double parse_seconds(const char *text, struct argp_state *state, const char *what);
/* The number of a vCPU, of the option --vcpu. */
int parse_vcpu(const char *text, struct argp_state *state);
unsigned long parse_count(const char *text, struct argp_state *state, const char *what);

/* UNIX time now. */
double unix_time(void);

/* Sleeps until @next (CLOCK_MONOTONIC) and moves it on by @interval. False: interrupted. */
bool wait_until(double *next, double interval);
double monotonic(void);

/* Set by SIGINT and SIGTERM once common_catch_signals() was called. */
extern volatile bool interrupted;
void common_catch_signals(void);

#endif
