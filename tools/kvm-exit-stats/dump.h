/* SPDX-License-Identifier: GPL-2.0-only */
/* Puts a dump of the kernel log together again, line by line. */
#ifndef DUMP_H
#define DUMP_H

#include "table.h"

struct dump {
	uint64_t number, due, taken, cycles, merged;
	size_t rows;	/* that the first line promised */
	struct table t; /* those that came */
	bool open;	/* the first line was there, and not yet all rows */
};

/*
 * Takes a line of the log, with or without what printk or dmesg put before it. Returns true
 * when it ends a dump, which is whole then; the caller frees @d->t before the next line.
 * A dump whose lines were lost is dropped when the next one begins.
 */
bool dump_line(struct dump *d, const char *line);

#endif
