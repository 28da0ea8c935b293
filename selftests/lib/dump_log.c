// SPDX-License-Identifier: GPL-2.0-only
/* Dumps and leaf reads in the kernel log. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dump_log.h"
#include "stats.h"

#define INFO 6 /* the level KERN_INFO */

static void __attribute__((format(printf, 2, 3))) fault(struct dump_log *log, const char *fmt, ...)
{
	va_list ap;

	if (*log->fault)
		return;
	va_start(ap, fmt);
	vsnprintf(log->fault, sizeof(log->fault), fmt, ap);
	va_end(ap);
}

bool dump_adds_up(const struct dump *d)
{
	uint64_t exits = 0, cycles = 0;

	for (int i = 0; i < d->rows; i++) {
		exits += d->row[i].count;
		cycles += d->row[i].total;
	}
	return d->rows == d->reasons && exits == d->exits && cycles == d->cycles;
}

static void close_dump(struct dump_log *log)
{
	struct dump *d = &log->last;

	if (!d->open)
		return;
	d->open = false;
	if (!dump_adds_up(d))
		fault(log, "dump %lu has %d of %d rows, or they do not add up", d->nr, d->rows,
		      d->reasons);
	if (d->rows > log->most_rows)
		log->most_rows = d->rows;
}

static bool open_dump(struct dump_log *log, const char *line)
{
	struct dump *d = &log->last;
	uint64_t nr, due, exits, cycles, merged = 0;
	int reasons;

	if (sscanf(line, "dump %lu: due at %lu, taken at %lu exits, %lu cycles, %d reasons (%lu",
		   &nr, &due, &exits, &cycles, &reasons, &merged) < 5)
		return false;
	close_dump(log);
	if (log->dumps && nr != log->last_nr + 1)
		fault(log, "dump %lu follows dump %lu", nr, log->last_nr);
	if (log->dumps && due <= log->last_due)
		fault(log, "dump %lu is due at %lu, the one before it at %lu", nr, due,
		      log->last_due);
	*d = (struct dump){ true, log_level() == INFO, nr, due, exits, cycles, merged, reasons };
	log->dumps++;
	log->merged += merged;
	log->last_nr = nr;
	log->last_due = due;
	return true;
}

static bool add_row(struct dump_log *log, const char *line)
{
	struct dump *d = &log->last;
	struct stats_row r = {};
	char reason[16];
	uint64_t nr;

	if (sscanf(line,
		   "%lu: exit reason %15s %31[^:]: count %lu total %lu min %lu max %lu avg %lu",
		   &nr, reason, r.name, &r.count, &r.total, &r.min, &r.max, &r.avg) != 8)
		return false;
	if (!d->open || d->rows == MAX_ROWS) {
		/* The dump may have begun before this log did. */
		if (log->dumps)
			fault(log, "dump %lu has a row too many", nr);
		return true;
	}
	if (nr != d->nr)
		fault(log, "a row of dump %lu in dump %lu", nr, d->nr);
	if (!r.count || r.min > r.avg || r.avg > r.max || r.avg != r.total / r.count)
		fault(log, "not min <= avg <= max: %s", line);
	r.reason = strcmp(reason, "-") ? strtol(reason, NULL, 0) : REASON_OTHER;
	d->info &= log_level() == INFO;
	d->row[d->rows++] = r;
	return true;
}

static bool add_read(struct dump_log *log, const char *line)
{
	const char *tail = strrchr(line, '(');
	uint64_t not_logged;

	if (strncmp(line, "guest read 0x", strlen("guest read 0x")))
		return false;
	log->reads++;
	if (tail && sscanf(tail, "(%lu not logged)", &not_logged) == 1)
		log->not_logged += not_logged;
	return true;
}

static void take_line(struct dump_log *log, const char *line)
{
	if (!open_dump(log, line) && !add_row(log, line) && !add_read(log, line) &&
	    !strstr(line, "every guest can read"))
		fault(log, "an unknown line: %s", line);
	if (log->last.rows == log->last.reasons)
		close_dump(log);
}

void dump_log_take(struct dump_log *log, int ms)
{
	const char *line;

	while ((line = log_line(ms)))
		take_line(log, line);
}

void dump_log_take_for(struct dump_log *log, int ms)
{
	uint64_t end = now_ms() + ms, now;
	const char *line;

	for (now = now_ms(); now < end; now = now_ms()) {
		line = log_line(end - now);
		if (line)
			take_line(log, line);
	}
}

void dump_log_wait(struct dump_log *log, const uint64_t *number, uint64_t least)
{
	uint64_t end = now_ms() + 60000;

	while (*number < least && now_ms() < end)
		dump_log_take_for(log, 100);
}

const struct dump *dump_log_next(struct dump_log *log, int ms)
{
	uint64_t dumps = log->dumps;
	const char *line;

	while (log->dumps == dumps || log->last.open) {
		line = log_line(log->last.open ? 2000 : ms);
		if (!line)
			return NULL;
		take_line(log, line);
	}
	return &log->last;
}

const char *dump_log_fault(struct dump_log *log)
{
	close_dump(log);
	return *log->fault ? log->fault : NULL;
}
