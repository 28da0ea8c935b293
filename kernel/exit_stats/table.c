// SPDX-License-Identifier: GPL-2.0-only
/*
 * A snapshot as text: the table and the histogram of debugfs. Pure.
 * Documentation/abi.md has the grammar.
 */
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/seq_file.h>

#include "exit_stats.h"

static const char *const scope_name[] = {
	[EXIT_STATS_SCOPE_VM]	= "vm",
	[EXIT_STATS_SCOPE_HOST]	= "host",
	[EXIT_STATS_SCOPE_VCPU]	= "vcpu",
};

/* Average cycles, rounded down; 0 if nothing was counted. */
u64 exit_stats_avg(const struct exit_stats_row *row)
{
	return row->count ? div64_u64(row->total, row->count) : 0;
}

/**
 * exit_stats_format_code - a row's reason as users see it
 * @table: the vendor's
 * @row: of the table
 * @buf: where to
 * @len: its size
 */
void exit_stats_format_code(const struct exit_stats_table *table, unsigned int row,
			    char *buf, size_t len)
{
	if (row == EXIT_STATS_ROW_OTHER)
		snprintf(buf, len, "-");
	else
		snprintf(buf, len, table->hex ? "0x%x" : "%u", table->row[row].code);
}

/**
 * exit_stats_next_row - walk over the rows that count something
 * @snap: the snapshot
 * @pos: 0 to begin with
 * @row: set to the row's number
 *
 * In order of reason, OTHER last.
 *
 * Return: the next row, or NULL.
 */
const struct exit_stats_row *exit_stats_next_row(const struct exit_stats_snap *snap,
						 unsigned int *pos, unsigned int *row)
{
	while (++*pos < snap->rows) {
		/* From the row after OTHER's on, and OTHER's at the end. */
		*row = *pos + 1 < snap->rows ? *pos + 1 : EXIT_STATS_ROW_OTHER;
		if (snap->row[*row].count)
			return &snap->row[*row];
	}
	return NULL;
}

static void show_header(struct seq_file *m, const struct exit_stats_snap *snap)
{
	seq_printf(m, "# kvm exit_stats %u scope=%s vendor=%s tsc_khz=%u tsc=%s epoch=%llu",
		   EXIT_STATS_TABLE_VERSION, scope_name[snap->scope],
		   snap->table ? snap->table->vendor : "none", snap->tsc_khz,
		   snap->tsc_stable ? "stable" : "unstable", snap->epoch);
	seq_printf(m, " vms=%u vcpus=%u exits=%llu cycles=%llu nested=%llu tsc_backwards=%llu",
		   snap->vms, snap->vcpus, snap->exits, snap->cycles, snap->nested,
		   snap->backwards);
	seq_printf(m, " dumps=%llu merged=%llu", snap->dumps, snap->merged);
}

void exit_stats_show_table(struct seq_file *m, const struct exit_stats_snap *snap)
{
	const struct exit_stats_row *r;
	unsigned int pos = 0, row;
	char code[12];

	show_header(m, snap);
	seq_printf(m, "\n%8s %-20s %12s %16s %12s %12s %12s %13s %16s\n", "# reason", "name",
		   "count", "total", "min", "max", "avg", "nested_count", "nested_total");
	while ((r = exit_stats_next_row(snap, &pos, &row))) {
		exit_stats_format_code(snap->table, row, code, sizeof(code));
		seq_printf(m, "%8s %-20s %12llu %16llu %12llu %12llu %12llu %13llu %16llu\n",
			   code, snap->table->row[row].name, r->count, r->total, r->min, r->max,
			   exit_stats_avg(r), r->nested_count, r->nested_total);
	}
}

void exit_stats_show_hist(struct seq_file *m, const struct exit_stats_snap *snap)
{
	const struct exit_stats_row *r;
	unsigned int pos = 0, row, i;
	char code[12];

	show_header(m, snap);
	seq_printf(m, " buckets=%u\n%8s %-20s %12s", EXIT_STATS_BUCKETS, "# reason", "name",
		   "count");
	for (i = 0; i < EXIT_STATS_BUCKETS; i++)
		seq_printf(m, " 2^%u", i);
	seq_putc(m, '\n');
	while ((r = exit_stats_next_row(snap, &pos, &row))) {
		exit_stats_format_code(snap->table, row, code, sizeof(code));
		seq_printf(m, "%8s %-20s %12llu", code, snap->table->row[row].name, r->count);
		for (i = 0; i < EXIT_STATS_BUCKETS; i++)
			seq_printf(m, " %llu", snap->hist[row].bucket[i]);
		seq_putc(m, '\n');
	}
}
