/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Our lines of the kernel log as they come. Dumps are put together from their lines and
 * checked, whatever other lines of ours come in between.
 */
#ifndef DUMP_LOG_H
#define DUMP_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "stats.h"

struct dump {
	bool open; /* rows are still to come */
	bool info; /* each line has the level KERN_INFO */
	uint64_t nr, due, exits, cycles, merged;
	int reasons, rows;
	struct stats_row row[MAX_ROWS];
};

/* All 0 at the start. */
struct dump_log {
	uint64_t dumps, merged; /* printed, and merged into those */
	uint64_t last_due;
	uint64_t last_nr;
	int most_rows;
	uint64_t reads, not_logged; /* leaf reads: logged, and not logged */
	struct dump last;
	char fault[160]; /* the first fault, or empty */
};

/* Take all lines that are there or come, until none has come for @ms. */
void dump_log_take(struct dump_log *log, int ms);
/* Take lines for @ms in all. */
void dump_log_take_for(struct dump_log *log, int ms);
/* Take lines until a number of the log is at least @least, for a minute at most. */
void dump_log_wait(struct dump_log *log, const uint64_t *number, uint64_t least);
/* Take lines to the end of a dump. Returns the dump, or NULL if no line comes within @ms. */
const struct dump *dump_log_next(struct dump_log *log, int ms);
/* True if a dump has all its rows, and they add up to its first line. */
bool dump_adds_up(const struct dump *d);
/* Returns the first fault of all the dumps, or NULL. The last dump has to be whole too. */
const char *dump_log_fault(struct dump_log *log);

#endif
