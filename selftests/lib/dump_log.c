// SPDX-License-Identifier: GPL-2.0-only
/* Dumps and leaf reads in the kernel log. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "dump_log.h"
#include "stats.h"

static void __attribute__((format(printf, 2, 3))) fault(struct dump_log *log, const char *fmt, ...)
{
	va_list ap;

	if (*log->fault)
		return;
	va_start(ap, fmt);
	vsnprintf(log->fault, sizeof(log->fault), fmt, ap);
	va_end(ap);
}

static void close_dump(struct dump_log *log)
{
	struct dump_now *d = &log->now;

	if (!d->open)
		return;
	d->open = false;
	if (d->rows != d->reasons)
		fault(log, "dump %lu has %d rows, not %d", d->nr, d->rows, d->reasons);
	if (d->sum_count != d->exits)
		fault(log, "dump %lu: counts add up to %lu, not %lu", d->nr, d->sum_count,
		      d->exits);
	if (d->sum_total != d->cycles)
		fault(log, "dump %lu: totals add up to %lu, not %lu", d->nr, d->sum_total,
		      d->cycles);
	if (d->rows > log->most_rows)
		log->most_rows = d->rows;
}

static bool open_dump(struct dump_log *log, const char *line)
{
	struct dump_now d = { .open = true };
	uint64_t due, merged = 0;

	if (sscanf(line, "dump %lu: due at %lu, taken at %lu exits, %lu cycles, %d reasons (%lu",
		   &d.nr, &due, &d.exits, &d.cycles, &d.reasons, &merged) < 5)
		return false;
	close_dump(log);
	if (log->dumps && d.nr != log->last_nr + 1)
		fault(log, "dump %lu follows dump %lu", d.nr, log->last_nr);
	if (log->dumps && due <= log->last_due)
		fault(log, "dump %lu is due at %lu, the one before it at %lu", d.nr, due,
		      log->last_due);
	log->dumps++;
	log->merged += merged;
	log->last_nr = d.nr;
	log->last_due = due;
	log->now = d;
	return true;
}

static bool add_row(struct dump_log *log, const char *line)
{
	uint64_t nr, count, total, min, max, avg;

	if (sscanf(line, "%lu: exit reason %*s %*s count %lu total %lu min %lu max %lu avg %lu",
		   &nr, &count, &total, &min, &max, &avg) != 6)
		return false;
	if (!log->now.open) {
		/* Of a dump that began before this log did. */
		if (log->dumps)
			fault(log, "a row of dump %lu outside of any", nr);
		return true;
	}
	if (nr != log->now.nr)
		fault(log, "a row of dump %lu in dump %lu", nr, log->now.nr);
	if (!count || min > avg || avg > max || avg != total / count)
		fault(log, "not min <= avg <= max: %s", line);
	log->now.rows++;
	log->now.sum_count += count;
	log->now.sum_total += total;
	return true;
}

static bool add_read(struct dump_log *log, const char *line)
{
	const char *tail = strrchr(line, '(');
	uint64_t held;

	if (strncmp(line, "guest read 0x", strlen("guest read 0x")))
		return false;
	log->reads++;
	if (tail && sscanf(tail, "(%lu held back)", &held) == 1)
		log->held_back += held;
	return true;
}

static void take_line(struct dump_log *log, const char *line)
{
	if (!open_dump(log, line) && !add_row(log, line) && !add_read(log, line) &&
	    !strstr(line, "every guest can read"))
		fault(log, "what is this: %s", line);
	if (log->now.open && log->now.rows == log->now.reasons)
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

const char *dump_log_fault(struct dump_log *log)
{
	close_dump(log);
	return *log->fault ? log->fault : NULL;
}

uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ul + ts.tv_nsec / 1000000;
}
