// SPDX-License-Identifier: GPL-2.0-only
/* A report as one HTML page: nothing is loaded, and no script is needed to read it. */
#include <string.h>

#include "report.h"
#include "svg.h"

#define NR_VM_TABLES 20
#define NR_VM_LINES  200
#define NR_VM_CHARTS 12

/*
 * The colours are those of Okabe and Ito, which people with any kind of colour vision tell
 * apart; in dark mode most are lighter.
 */
static const char head[] =
	"<!DOCTYPE html>\n"
	"<html lang=\"en\">\n"
	"<head>\n"
	"<meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<meta name=\"color-scheme\" content=\"light dark\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" "
	"content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
	"<style>\n"
	":root { --back: #fff; --text: #1b1f24; --dim: #59636e; --line: #d7dce1;\n"
	"  --panel: #f5f7f9; --c0: #0072b2; --c1: #e69f00; --c2: #009e73; --c3: #cc79a7;\n"
	"  --c4: #56b4e9; --c5: #d55e00; --c6: #b3a400; --c7: #9aa1a8; }\n"
	"@media (prefers-color-scheme: dark) {\n"
	"  :root { --back: #14171a; --text: #e4e7ea; --dim: #9ba5af; --line: #363c43;\n"
	"    --panel: #1d2125; --c0: #3b8fd0; --c1: #e69f00; --c2: #12a67c; --c3: #d68ab3;\n"
	"    --c4: #7cc8f2; --c5: #e06c1a; --c6: #f0e442; --c7: #7a828a; }\n"
	"}\n"
	"body { margin: 0 auto; padding: 1.5rem; max-width: 70rem; background: var(--back);\n"
	"  color: var(--text); font: 15px/1.5 system-ui, sans-serif; }\n"
	"h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .3rem; }\n"
	"h2 { font-size: 1.25rem; margin: 2.4rem 0 .6rem; }\n"
	"h3 { font-size: 1rem; margin: 1.6rem 0 .3rem; }\n"
	"h3 small, .of, .dim { color: var(--dim); font-weight: normal; font-size: .9rem; }\n"
	".figures { display: grid; gap: .8rem; margin: 1.2rem 0;\n"
	"  grid-template-columns: repeat(auto-fit, minmax(14.5rem, 1fr)); }\n"
	".figures div { background: var(--panel); border-radius: 6px; padding: .7rem .9rem; }\n"
	".figures dt { color: var(--dim); font-size: .85rem; }\n"
	".figures dd { margin: 0; font-size: 1.05rem; font-weight: 600; overflow-wrap: anywhere; }\n"
	".figures small { display: block; color: var(--dim); font-weight: normal;\n"
	"  font-size: .85rem; }\n"
	"figure { margin: 0 0 1.4rem; min-width: 0; }\n"
	"figcaption { font-weight: 600; }\n"
	"figure > svg { display: block; width: 100%; height: auto; }\n"
	".pairs figure > svg { max-width: 36rem; }\n"
	".wide { overflow-x: auto; } .wide > svg { min-width: 40rem; }\n"
	"svg text { font: 12px system-ui, sans-serif; fill: var(--dim); }\n"
	"svg text.name, svg text.value { fill: var(--text); }\n"
	"svg text.value { stroke: var(--back); stroke-width: 3px; paint-order: stroke; }\n"
	"svg text, bdi { unicode-bidi: isolate; }\n"
	".grid { stroke: var(--line); fill: none; }\n"
	".axis { stroke: var(--dim); fill: none; }\n"
	".area { stroke: var(--back); stroke-width: .6; }\n"
	".c0 { fill: var(--c0); } .c1 { fill: var(--c1); } .c2 { fill: var(--c2); }\n"
	".c3 { fill: var(--c3); } .c4 { fill: var(--c4); } .c5 { fill: var(--c5); }\n"
	".c6 { fill: var(--c6); } .c7 { fill: var(--c7); } .bar { fill: var(--c4); }\n"
	".mark { fill: none; stroke-width: 2; }\n"
	".p50 { stroke: var(--text); } .p90 { stroke: var(--c1); stroke-dasharray: 6 3; }\n"
	".p99 { stroke: var(--c5); stroke-dasharray: 2 3; }\n"
	".k50 { fill: var(--text); } .k90 { fill: var(--c1); } .k99 { fill: var(--c5); }\n"
	".legend { display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; margin: .2rem 0; padding: 0;\n"
	"  list-style: none; font-size: .85rem; }\n"
	".legend svg { width: .8em; height: .8em; margin-right: .4em; }\n"
	".pairs { display: grid; gap: 0 1.5rem; align-items: start; margin-top: 1rem;\n"
	"  grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); }\n"
	".scroll { overflow-x: auto; }\n"
	"table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }\n"
	"th, td { padding: .2rem .5rem; text-align: right; white-space: nowrap;\n"
	"  border-bottom: 1px solid var(--line); }\n"
	"th { color: var(--dim); font-weight: 600; }\n"
	".t { text-align: left; }\n"
	"tbody tr:hover { background: var(--panel); }\n"
	"summary { cursor: pointer; margin: .5rem 0; }\n"
	"footer { margin-top: 2.5rem; color: var(--dim); font-size: .85rem; }\n"
	"</style>\n";

/* ---- the foot, by what the recording measured */

static const char *const exit_time[NR_MEASURED] = {
	[MEASURED_HANDLER] =
		"is from the moment after the switch back to the host until KVM has handled it; "
		"user space and the sleep of a halted vCPU are not in it",
	[MEASURED_HANDLER_BPF] =
		"was measured by BPF, from the tracepoint kvm_exit until KVM has handled it; user "
		"space and the sleep of a halted vCPU are not in it",
	[MEASURED_ENTRY_BPF] =
		"was measured by BPF, from the tracepoint kvm_exit until the next entry or the "
		"return to user space. User space is not in it; the sleep of a halted vCPU is, "
		"except in &quot;Where the time goes&quot;",
};

static const char *const rest[NR_MEASURED] = {
	[MEASURED_HANDLER] = "the guest, the processor's entries and exits, KVM's work between "
			     "exit and entry, and user space that is not for an exit",
	[MEASURED_HANDLER_BPF] = "the guest, the processor's entries and exits, and KVM's work "
				 "between exit and entry",
	[MEASURED_ENTRY_BPF] = "the guest, and the processor's entries and exits",
};

static void page_foot(FILE *f, enum measured m)
{
	fprintf(f,
		"<footer>\n"
		"<p>The time of an exit %s. Percent of one CPU: 200 %% are two CPUs that do "
		"nothing else. Columns with a * are since the last reset, not of the recorded "
		"time. Percentiles are estimates: a histogram has a bucket for each power of two "
		"of cycles.</p>\n"
		"<p>Guest and entry is what is left of a vCPU's time: %s. A halt and the work of "
		"user space are added when they end. So parts can be more than all of an interval, "
		"and the rest is then negative.</p>\n"
		"</footer>\n"
		"</body>\n"
		"</html>\n",
		exit_time[m], rest[m]);
}

/* ---- tables */

static void html_heading(struct output *o, const struct heading *h)
{
	char time[32];

	fputs("<h3><bdi>", o->f);
	html_text(o->f, h->vm ? h->vm->name : h->t ? "All VMs of the host, by reason" : "VMs");
	fputs("</bdi>", o->f);
	report_duration(h->seconds, time, sizeof(time));
	if (h->t)
		fprintf(o->f, " <small>%llu exits in %s</small>", (unsigned long long)h->t->exits,
			time);
	if (h->note) {
		fputs(" <small>(", o->f);
		html_text(o->f, h->note);
		fputs(")</small>", o->f);
	}
	fputs("</h3>\n", o->f);
}

static const char *align(const struct column *c)
{
	return c->kind == KIND_TEXT ? " class=\"t\"" : "";
}

static void html_table(struct output *o, const struct heading *h, const struct item *items,
		       size_t nr)
{
	char buf[256];

	html_heading(o, h);
	if (!nr) {
		fputs("<p class=\"dim\">No exits in this time.</p>\n", o->f);
		return;
	}
	fputs("<div class=\"scroll\"><table>\n<thead><tr>", o->f);
	for (size_t i = 0; i < o->columns->nr; i++) {
		const struct column *c = o->columns->column[i];

		fprintf(o->f, "<th scope=\"col\"%s title=\"", align(c));
		html_text(o->f, c->help);
		fputs("\">", o->f);
		html_text(o->f, c->title);
		fputs("</th>", o->f);
	}
	fputs("</tr></thead>\n<tbody>\n", o->f);
	for (size_t n = 0; n < nr; n++) {
		fputs("<tr>", o->f);
		for (size_t i = 0; i < o->columns->nr; i++) {
			const struct column *c = o->columns->column[i];
			struct value v = {};

			c->get(&items[n], &v);
			fprintf(o->f, c->kind == KIND_TEXT ? "<td%s><bdi>" : "<td%s>", align(c));
			html_text(o->f, value_text(c, &v, &o->style, buf, sizeof(buf)));
			fputs(c->kind == KIND_TEXT ? "</bdi></td>" : "</td>", o->f);
		}
		fputs("</tr>\n", o->f);
	}
	fputs("</tbody>\n</table></div>\n", o->f);
}

static const struct output_format format_html = { .name = "html", .table = html_table };

/* ---- the page */

static void title(const struct report *r, const struct report_scope *only, FILE *f)
{
	fputs("VM exits of ", f);
	html_text(f, only ? only->vm.name : r->host);
}

static void page_head(const struct report *r, const struct report_scope *only, FILE *f)
{
	char from[32], to[32], length[32];

	report_clock(r, 0, true, from, sizeof(from));
	report_clock(r, r->seconds, true, to, sizeof(to));
	report_duration(r->seconds, length, sizeof(length));
	fputs(head, f);
	fputs("<title>", f);
	title(r, only, f);
	fputs("</title>\n</head>\n<body>\n<h1><bdi>", f);
	title(r, only, f);
	fputs("</bdi></h1>\n<p class=\"dim\">", f);
	if (only) {
		fputs("Host <bdi>", f);
		html_text(f, r->host);
		fputs("</bdi>, ", f);
	}
	fputs("Linux ", f);
	html_text(f, r->kernel);
	fputs(", ", f);
	html_text(f, r->scope[0].t.vendor[0] ? r->scope[0].t.vendor : "no numbers");
	fprintf(f, ". Recorded from %s to %s: %s, %lu samples, every %g s; %zu VMs.</p>\n", from,
		to, length, r->samples, r->interval, r->nr - 1);
	if (!r->scope[0].t.tsc_stable)
		fputs("<p>The host's TSC was unstable: times are not reliable.</p>\n", f);
}

/* A column's value as the page's tables have it. */
static void value(FILE *f, enum view view, const char *column, const struct item *item,
		  const struct style *style)
{
	const struct column *c = column_find(view, column);
	struct value v = {};
	char buf[256];

	c->get(item, &v);
	html_text(f, value_text(c, &v, style, buf, sizeof(buf)));
}

static void figures(const struct report *r, const struct report_scope *s, FILE *f)
{
	const struct item item = report_item(s, NULL);
	const struct style style = { false, s->t.tsc_khz };
	char buf[16];

	fputs("<dl class=\"figures\">\n<div><dt>Exits per second</dt><dd>", f);
	value(f, VIEW_VMS, "rate", &item, &style);
	fprintf(f, "<small>%s exits</small></dd></div>\n",
		short_number(s->t.exits, buf, sizeof(buf)));
	fputs("<div><dt>Time in exits</dt><dd>", f);
	value(f, VIEW_VMS, "cpu%", &item, &style);
	fputs(" %<small>of one CPU; ", f);
	value(f, VIEW_VMS, "avg", &item, &style);
	fputs(" an exit</small></dd></div>\n", f);
	fputs("<div><dt>Costliest reason</dt><dd>", f);
	value(f, VIEW_VMS, "top", &item, &style);
	fputs("<small>", f);
	value(f, VIEW_VMS, "top%", &item, &style);
	fputs(" % of the time in exits</small></dd></div>\n", f);
	if (!s->is_vm && r->nr > 1) {
		const struct item vm = report_item(&r->scope[1], NULL);

		fputs("<div><dt>Costliest VM</dt><dd><bdi>", f);
		value(f, VIEW_VMS, "vm", &vm, &style);
		fputs("</bdi><small>", f);
		value(f, VIEW_VMS, "cpu%", &vm, &style);
		fputs(" % of one CPU</small></dd></div>\n", f);
	}
	fputs("</dl>\n", f);
}

static void vm_tables(const struct report *r, const struct common *c, struct output *o)
{
	size_t nr = r->nr - 1 < NR_VM_TABLES ? r->nr - 1 : NR_VM_TABLES;

	for (size_t i = 1; i <= nr; i++) {
		fputs("<details>\n<summary><bdi>", o->f);
		html_text(o->f, r->scope[i].vm.name);
		fputs("</bdi></summary>\n", o->f);
		report_reasons(o, c, r, &r->scope[i]);
		fputs("</details>\n", o->f);
	}
	if (r->nr - 1 > nr)
		fprintf(o->f,
			"<p class=\"dim\">%zu more VMs: <code>kvm-exit-stats report --vm NAME</code> "
			"prints their tables.</p>\n",
			r->nr - 1 - nr);
}

static void time_section(const struct report *r, const struct report_scope *only,
			 const struct common *c, struct output *o)
{
	fputs("<h2>Where the time goes</h2>\n", o->f);
	if (report_no_time(r) || (only && !only->bins)) {
		fprintf(o->f, "<p>%s</p>\n",
			report_no_time(r) ? report_no_time(r) : "Nothing of it was recorded.");
		return;
	}
	chart_time(o->f, r, only, NR_VM_CHARTS);
	report_time(o, c, r, only);
}

void report_html(const struct report *r, const struct report_scope *only, const struct common *c,
		 FILE *f)
{
	const struct report_scope *s = only ? only : &r->scope[0];
	struct output o = { .f = f, .format = &format_html, .style.cycles = c->cycles };
	struct palette p;

	palette_choose(&p, &s->t);
	page_head(r, only, f);
	figures(r, s, f);
	output_begin(&o);
	fputs("<h2>Over time</h2>\n", f);
	if (r->seconds > 0)
		chart_over_time(f, r, &p, only ? only->vm.name : NULL);
	else
		fputs("<p>The recording has no samples.</p>\n", f);
	if (r->nr > 1)
		time_section(r, only, c, &o);
	fputs("<h2>How long exits take</h2>\n", f);
	chart_histograms(f, &s->t, c->cycles);
	if (!only && r->nr > 1) {
		fputs("<h2>VMs compared</h2>\n", f);
		chart_vms(f, r, &p);
		report_vms(&o, c, r, NR_VM_LINES);
	}
	fputs("<h2>Reasons</h2>\n", f);
	report_reasons(&o, c, r, s);
	if (!only)
		vm_tables(r, c, &o);
	page_foot(f, r->scope[0].t.measured);
}
