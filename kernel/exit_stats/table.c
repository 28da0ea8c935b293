// SPDX-License-Identifier: GPL-2.0-only
/* Prints a snapshot as a table or a histogram. Documentation/abi.md has the grammar. */
#include <linux/math64.h>
#include <linux/seq_file.h>

#include "exit_stats.h"

static const char *const exit_stats_scope_name[] = {
	[EXIT_STATS_SCOPE_VM]	= "vm",
	[EXIT_STATS_SCOPE_HOST]	= "host",
	[EXIT_STATS_SCOPE_VCPU]	= "vcpu",
};

/* Print a row's reason: its code, or "-" for OTHER, of many reasons. @len is at least 11. */
void kvm_exit_stats_format_code(const struct exit_stats_table *table, unsigned int row,
				char *buf, size_t len)
{
	if (row == EXIT_STATS_ROW_OTHER)
		snprintf(buf, len, "-");
	else
		snprintf(buf, len, table->hex ? "0x%x" : "%u", table->row[row].code);
}

/*
 * Iterate over the rows with a count, in order of reason, OTHER last. @pos is 0 at the first
 * call; @row is set to the index of the returned row. Return: the next row, or NULL.
 */
const struct exit_stats_row *kvm_exit_stats_next_row(const struct exit_stats_snap *snap,
						     unsigned int *pos, unsigned int *row)
{
	while (++*pos <= snap->rows) {
		*row = *pos < snap->rows ? *pos : EXIT_STATS_ROW_OTHER;
		if (snap->row[*row].count)
			return &snap->row[*row];
	}
	return NULL;
}

static void exit_stats_show_header(struct seq_file *m, const struct exit_stats_snap *snap)
{
	seq_printf(m, "# kvm exit_stats %u scope=%s vendor=%s tsc_khz=%u tsc=%s epoch=%llu",
		   EXIT_STATS_TABLE_VERSION, exit_stats_scope_name[snap->scope],
		   snap->table ? snap->table->vendor : "none", snap->tsc_khz,
		   snap->tsc_stable ? "stable" : "unstable", snap->epoch);
	seq_printf(m, " vms=%u vcpus=%u exits=%llu cycles=%llu nested=%llu tsc_backwards=%llu",
		   snap->vms, snap->vcpus, snap->exits, snap->cycles, snap->nested,
		   snap->backwards);
	seq_printf(m, " dumps=%llu merged=%llu halt_poll_ns=%llu halt_wait_ns=%llu", snap->dumps,
		   snap->merged, snap->halt_poll_ns, snap->halt_wait_ns);
}

static void exit_stats_show_table(struct seq_file *m, const struct exit_stats_snap *snap)
{
	const struct exit_stats_row *r;
	unsigned int pos = 0, row;
	char code[12];

	seq_printf(m, "\n%8s %-20s %12s %16s %12s %12s %12s %13s %16s %12s %16s\n", "# reason",
		   "name", "count", "total", "min", "max", "avg", "nested_count", "nested_total",
		   "user_count", "user_total");
	while ((r = kvm_exit_stats_next_row(snap, &pos, &row))) {
		kvm_exit_stats_format_code(snap->table, row, code, sizeof(code));
		seq_printf(m, "%8s %-20s %12llu %16llu %12llu %12llu %12llu", code,
			   snap->table->row[row].name, r->count, r->total, r->min, r->max,
			   kvm_exit_stats_avg(r));
		seq_printf(m, " %13llu %16llu %12llu %16llu\n", r->nested_count, r->nested_total,
			   r->user_count, r->user_total);
	}
}

static void exit_stats_show_hist(struct seq_file *m, const struct exit_stats_snap *snap)
{
	const struct exit_stats_row *r;
	unsigned int pos = 0, row, i;
	char code[12];

	seq_printf(m, " buckets=%u\n%8s %-20s %12s", EXIT_STATS_BUCKETS, "# reason", "name",
		   "count");
	for (i = 0; i < EXIT_STATS_BUCKETS; i++)
		seq_printf(m, " 2^%u", i);
	seq_putc(m, '\n');
	while ((r = kvm_exit_stats_next_row(snap, &pos, &row))) {
		kvm_exit_stats_format_code(snap->table, row, code, sizeof(code));
		seq_printf(m, "%8s %-20s %12llu", code, snap->table->row[row].name, r->count);
		for (i = 0; i < EXIT_STATS_BUCKETS; i++)
			seq_printf(m, " %llu", r->bucket[i]);
		seq_putc(m, '\n');
	}
}

/* Print a snapshot as a file's text: a histogram if @snap has histograms, else a table. */
void kvm_exit_stats_show(struct seq_file *m, const struct exit_stats_snap *snap)
{
	exit_stats_show_header(m, snap);
	if (snap->hist)
		exit_stats_show_hist(m, snap);
	else
		exit_stats_show_table(m, snap);
}
