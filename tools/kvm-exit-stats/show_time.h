/* SPDX-License-Identifier: GPL-2.0-only */
/* show --time: where the time of vCPUs goes. */
#ifndef SHOW_TIME_H
#define SHOW_TIME_H

#include "command.h"

/*
 * Prints a table every @interval seconds, @count times (0: without end): a line for each VM, or
 * with @vm for the VM and each of its vCPUs. Returns when the VM ends, or at Ctrl-C.
 */
void show_time(const struct common *c, struct output *o, struct source *s, const char *vm,
	       double interval, unsigned long count);

#endif
