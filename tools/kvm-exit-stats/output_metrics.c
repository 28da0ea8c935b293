// SPDX-License-Identifier: GPL-2.0-only
/*
 * Metrics: Prometheus' text format 0.0.4, as node_exporter's textfile collector takes it,
 * and OpenMetrics 1.0. All samples of a metric have to stand together, so the one table is
 * written once per metric. Times are in seconds.
 *
 * Metrics of VMs are called kvm_..., those of the host, which include VMs that ended,
 * kvm_host_...: so a sum over all VMs counts nothing twice.
 */
#include <inttypes.h>
#include <string.h>

#include "numbers.h"
#include "output.h"

static bool is_openmetrics(const struct output *o)
{
	return o->format == &format_openmetrics;
}

static void label(FILE *f, const char *name, const char *value, const char *before)
{
	fprintf(f, "%s%s=\"", before, name);
	for (; *value; value++) {
		if (*value == '\n')
			fputs("\\n", f);
		else if (*value == '"' || *value == '\\')
			fprintf(f, "\\%c", *value);
		else
			fputc(*value, f);
	}
	fputc('"', f);
}

/* {vm="web",vcpu="0",reason="CPUID"; the caller closes it, if there is any. */
static bool labels(FILE *f, const struct item *item)
{
	const char *before = "{";
	char number[16];

	if (item->vm) {
		label(f, "vm", item->vm->name, before);
		before = ",";
	}
	if (item->vcpu != NO_VCPU) {
		snprintf(number, sizeof(number), "%d", item->vcpu);
		label(f, "vcpu", number, before);
		before = ",";
	}
	if (item->row) {
		label(f, "reason", item->row->name, before);
		before = ",";
	}
	return *before == ',';
}

/* @end: what OpenMetrics leaves out of a family's name: "_total" */
static void family(struct output *o, const char *name, const char *end, const char *type,
		   const char *help)
{
	if (is_openmetrics(o))
		end = "";
	fprintf(o->f, "# HELP %s%s %s\n# TYPE %s%s %s\n", name, end, help, name, end, type);
}

/* Is the TSC's frequency known? A dump has none. */
static bool has_seconds(const struct item *item)
{
	return item->t->tsc_khz;
}

static double seconds_of(const struct item *item, double cycles)
{
	return cycles / (item->t->tsc_khz * 1000.0);
}

/* The time up to the next entry is a different quantity, so it has another name and text. */
static void name_measured(char *name, size_t size, const char **help, const struct item *items)
{
	char *handling = strstr(name, "_handling");
	char rest[80];

	if (!handling || items[0].t->measured != MEASURED_ENTRY_BPF)
		return;
	snprintf(rest, sizeof(rest), "%s", handling + strlen("_handling"));
	snprintf(handling, size - (handling - name), "_to_entry%s", rest);
	*help = strstr(name, "nested")
			? "Time from VM exits of nested guests to the next entry, halts included"
			: "Time from VM exits to the next entry, halts included";
}

static void write_counter(struct output *o, const struct column *c, const char *prefix, bool host,
			  const struct item *items, size_t nr)
{
	const char *help = c->metric_help;
	char name[80];
	bool any = false;

	snprintf(name, sizeof(name), "%s%s%s", prefix, c->metric + strlen("kvm"),
		 c->kind == KIND_TIME ? "_seconds" : "");
	if (nr)
		name_measured(name, sizeof(name), &help, items);
	for (size_t i = 0; i < nr; i++) {
		struct value v = {};

		c->get(&items[i], &v);
		if (v.none || !items[i].row || !items[i].vm != host ||
		    (c->kind == KIND_TIME && !has_seconds(&items[i])))
			continue;
		if (!any)
			family(o, name, "_total", "counter", help);
		any = true;
		fprintf(o->f, "%s_total", name);
		labels(o->f, &items[i]);
		if (c->kind == KIND_TIME)
			fprintf(o->f, "} %.9f\n", seconds_of(&items[i], v.real));
		else
			fprintf(o->f, "} %" PRIu64 "\n", v.count);
	}
}

static void write_buckets(struct output *o, const char *name, const struct item *item)
{
	const uint64_t *hist = table_hist(item->t, item->row);
	uint64_t sum = 0;

	for (int k = 0; k < EXIT_STATS_BUCKETS; k++) {
		sum += hist[k];
		fprintf(o->f, "%s_bucket", name);
		labels(o->f, item);
		if (k < EXIT_STATS_BUCKETS - 1)
			fprintf(o->f, ",le=\"%.9g\"} %" PRIu64 "\n",
				seconds_of(item, (double)(2ull << k)), sum);
		else
			fprintf(o->f, ",le=\"+Inf\"} %" PRIu64 "\n", sum);
	}
	fprintf(o->f, "%s_count", name);
	labels(o->f, item);
	fprintf(o->f, "} %" PRIu64 "\n%s_sum", sum, name);
	labels(o->f, item);
	fprintf(o->f, "} %.9f\n", seconds_of(item, item->row->n[TOTAL]));
}

static void write_histograms(struct output *o, const char *prefix, bool host,
			     const struct item *items, size_t nr)
{
	char name[80];
	bool any = false;

	snprintf(name, sizeof(name), "%s_exit_%s_seconds", prefix,
		 nr && items[0].t->measured == MEASURED_ENTRY_BPF ? "to_entry_duration"
								  : "duration");
	for (size_t i = 0; i < nr; i++) {
		if (!items[i].row || !items[i].vm != host || !has_seconds(&items[i]) ||
		    !table_hist(items[i].t, items[i].row))
			continue;
		if (!any)
			family(o, name, "", "histogram", "How long VM exits took");
		any = true;
		write_buckets(o, name, &items[i]);
	}
}

/* Once for each scope: the items of a scope are neighbours. */
static bool begins_scope(const struct item *items, size_t i)
{
	return !i || items[i].t != items[i - 1].t;
}

/* Of a scope as a whole. False: it is left out. */
static bool halted_polling(const struct table *t, uint64_t *ns)
{
	*ns = t->halt_poll_ns;
	return t->halt_poll_ns || t->halt_wait_ns;
}

static bool halted_asleep(const struct table *t, uint64_t *ns)
{
	*ns = t->halt_wait_ns;
	return t->halt_poll_ns || t->halt_wait_ns;
}

static bool in_vmm(const struct table *t, uint64_t *ns)
{
	*ns = t->vmm_ns;
	return t->has_vmm;
}

/* How long vCPUs were halted, and in user space, not for an exit. */
static void write_times(struct output *o, const char *prefix, bool host, const struct item *items,
			size_t nr)
{
	static const struct {
		const char *name, *help;
		bool (*get)(const struct table *t, uint64_t *ns);
	} times[] = {
		{ "halt_poll", "Time that halted vCPUs polled for a wake-up", halted_polling },
		{ "halt_wait", "Time that halted vCPUs slept", halted_asleep },
		{ "vmm", "Time that vCPUs were in user space, not for an exit", in_vmm },
	};
	char name[80];
	uint64_t ns;

	for (size_t k = 0; k < sizeof(times) / sizeof(*times); k++) {
		bool any = false;

		snprintf(name, sizeof(name), "%s_%s_seconds", prefix, times[k].name);
		for (size_t i = 0; i < nr; i++) {
			struct item scope = items[i];

			if (!items[i].vm != host || !begins_scope(items, i) ||
			    !times[k].get(items[i].t, &ns))
				continue;
			if (!any)
				family(o, name, "_total", "counter", times[k].help);
			any = true;
			scope.row = NULL;
			fprintf(o->f, "%s_total", name);
			if (labels(o->f, &scope))
				fputc('}', o->f);
			fprintf(o->f, " %.9f\n", ns / 1e9);
		}
	}
}

/* Exits that BPF could not count: of the host, as nobody knows whose they were. */
static void write_lost(struct output *o, const struct item *items, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		if (items[i].vm || items[i].t->measured == MEASURED_HANDLER)
			continue;
		family(o, "kvm_host_exits_lost", "_total", "counter",
		       "VM exits that BPF could not count");
		fprintf(o->f, "kvm_host_exits_lost_total %" PRIu64 "\n", items[i].t->lost);
		return;
	}
}

static void write_start_times(struct output *o, const struct item *items, size_t nr)
{
	bool any = false;

	for (size_t i = 0; i < nr; i++) {
		struct item scope = items[i];

		if (!items[i].began || !begins_scope(items, i))
			continue;
		if (!any)
			family(o, "kvm_exit_stats_start_time_seconds", "", "gauge",
			       "UNIX time at which the counts began; without a vm the host's");
		any = true;
		scope.row = NULL;
		fputs("kvm_exit_stats_start_time_seconds", o->f);
		if (labels(o->f, &scope))
			fputc('}', o->f);
		fprintf(o->f, " %.3f\n", items[i].began);
	}
}

static void write_info(struct output *o, const struct item *items, size_t nr)
{
	const struct vm *last = NULL;
	bool any = false;
	char pid[16];

	for (size_t i = 0; i < nr; i++) {
		const struct vm *vm = items[i].vm;

		if (!vm || vm == last)
			continue;
		if (!any)
			family(o, is_openmetrics(o) ? "kvm_vm" : "kvm_vm_info", "",
			       is_openmetrics(o) ? "info" : "gauge",
			       "Information on a VM; join on uuid");
		any = true;
		last = vm;
		snprintf(pid, sizeof(pid), "%d", vm->pid);
		fputs("kvm_vm_info", o->f);
		label(o->f, "vm", vm->name, "{");
		label(o->f, "uuid", vm->uuid ? vm->uuid : "", ",");
		label(o->f, "pid", pid, ",");
		fputs("} 1\n", o->f);
	}
}

static void metrics_table(struct output *o, const struct heading *h, const struct item *items,
			  size_t nr)
{
	(void)h;
	for (size_t i = 0; i < nr_columns; i++) {
		if (!columns[i].metric)
			continue;
		write_counter(o, &columns[i], "kvm", false, items, nr);
		write_counter(o, &columns[i], "kvm_host", true, items, nr);
	}
	write_histograms(o, "kvm", false, items, nr);
	write_histograms(o, "kvm_host", true, items, nr);
	write_times(o, "kvm", false, items, nr);
	write_times(o, "kvm_host", true, items, nr);
	write_lost(o, items, nr);
	write_start_times(o, items, nr);
	write_info(o, items, nr);
}

static void openmetrics_end(struct output *o)
{
	fputs("# EOF\n", o->f);
}

const struct output_format format_prometheus = {
	.name = "prometheus",
	.metrics = true,
	.table = metrics_table,
};

const struct output_format format_openmetrics = {
	.name = "openmetrics",
	.metrics = true,
	.table = metrics_table,
	.end = openmetrics_end,
};
