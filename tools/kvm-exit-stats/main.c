// SPDX-License-Identifier: GPL-2.0-only
/* kvm-exit-stats: what the VM exits of this host are and what they cost. */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "errors.h"
#include "memory.h"

const char *argp_program_version = "kvm-exit-stats " VERSION;

static void print_usage(FILE *f)
{
	fputs("Usage: kvm-exit-stats [COMMAND] [OPTION...]\n"
	      "Show the VM exits of this host's virtual machines: how many, and what they cost.\n\n",
	      f);
	for (int i = 0; commands[i]; i++)
		fprintf(f, "  %-8s %s\n", commands[i]->name, commands[i]->brief);
	fputs("\nThe default command is top. kvm-exit-stats COMMAND --help explains a command.\n\n"
	      "Exit status:\n  0  all is well\n",
	      f);
	for (int e = 0; e < NR_ERRORS; e++)
		fprintf(f, " %2d  %s\n", error_status(e), error_text(e));
}

static const struct command *find(const char *name)
{
	for (int i = 0; commands[i]; i++) {
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	}
	return NULL;
}

int main(int argc, char **argv)
{
	const struct command *command;
	const char *name = argc > 1 && argv[1][0] != '-' ? argv[1] : "top";
	char *title;
	int status;

	setlocale(LC_CTYPE, "");
	/* End quietly on SIGPIPE. */
	signal(SIGPIPE, SIG_DFL);
	errors_of_output();
	if (argc > 1 &&
	    (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))) {
		print_usage(stdout);
		return 0;
	}
	if (argc > 1 && (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))) {
		puts(argp_program_version);
		return 0;
	}
	command = find(name);
	if (!command) {
		errors_as_asked(argv);
		if (errors_are_json())
			fail(ERR_USAGE, "there is no command '%s'", name);
		fprintf(stderr, "kvm-exit-stats: there is no command '%s'\n", name);
		print_usage(stderr);
		return 2;
	}
	if (argc > 1 && argv[1] == name) {
		argc--;
		argv++;
	}
	title = xasprintf("kvm-exit-stats %s", name);
	argv[0] = title;
	argp_err_exit_status = 2;
	status = command->run(argc, argv);
	free(title);
	return status;
}
