// SPDX-License-Identifier: GPL-2.0-only
/* The list of subcommands: help, man pages and completion follow from it. */
#include "command.h"

/* In the order of the help text. */
/* clang-format off */
const struct command *const commands[] = {
	&cmd_top,
	&cmd_list,
	&cmd_show,
	&cmd_drill,
	&cmd_explain,
	&cmd_record,
	&cmd_report,
	&cmd_diff,
	&cmd_export,
	&cmd_log,
	&cmd_guest,
	&cmd_status,
	&cmd_set,
	&cmd_reset,
	&cmd_verify,
	&cmd_selftest,
	NULL,
};

/* clang-format on */
