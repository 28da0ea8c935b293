/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Our lines of the kernel log as they come, under load: dumps are put together
 * from their lines and have to add up, whatever stands between these.
 */
#ifndef DUMP_LOG_H
#define DUMP_LOG_H

#include <stdbool.h>
#include <stdint.h>

/* A dump whose rows are still to come. */
struct dump_now {
	bool open;
	uint64_t nr, exits, cycles;
	int reasons, rows;
	uint64_t sum_count, sum_total;
};

/* All 0 to begin with. */
struct dump_log {
	uint64_t dumps, merged; /* printed, and said to be merged into those */
	uint64_t last_due;
	uint64_t last_nr;
	int most_rows;
	uint64_t reads, held_back; /* exit_stats_log_reads: the same */
	struct dump_now now;
	char fault[160]; /* the first one, empty if there is none */
};

/* Take in what is there, and what comes until @ms pass without a line. */
void dump_log_take(struct dump_log *log, int ms);
/* The same, but returns after @ms in all. */
void dump_log_take_for(struct dump_log *log, int ms);
/* The same, but until a number of the log is so high; at most a minute. */
void dump_log_wait(struct dump_log *log, const uint64_t *number, uint64_t least);
/* No line is missing: the last dump is whole too. Returns the fault or NULL. */
const char *dump_log_fault(struct dump_log *log);

uint64_t now_ms(void);

#endif
