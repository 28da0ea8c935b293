// SPDX-License-Identifier: GPL-2.0-only
/* kvm-exit-stats-guest: the subcommand guest alone, as a small static program for guests. */
#include "command.h"
#include "errors.h"

const char *argp_program_version = "kvm-exit-stats-guest " VERSION;

int main(int argc, char **argv)
{
	argp_err_exit_status = 2;
	errors_of_output();
	return cmd_guest.run(argc, argv);
}
