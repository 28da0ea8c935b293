// SPDX-License-Identifier: GPL-2.0-only
/* Parses the kernel's tables and histograms. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "names.h"
#include "table.h"

#define MAX_FIELDS (2 + NR_NUMBERS + MAX_EXTRA + EXIT_STATS_BUCKETS)
#define MAX_ROWS   4096 /* no processor has so many reasons */

static const char *const scope_names[] = { "host", "vm", "vcpu" };

static const char *const number_names[] = {
	"count",	"total",	"min",	      "max",	    "avg",
	"nested_count", "nested_total", "user_count", "user_total",
};

static const struct {
	const char *name, *text;
} measured[NR_MEASURED] = {
	[MEASURED_HANDLER] = { "handler", NULL },
	[MEASURED_HANDLER_BPF] = { "handler-bpf", "by BPF, from exit to the handler's end" },
	[MEASURED_ENTRY_BPF] = { "entry-bpf", "by BPF, from exit to entry" },
};

/* Which number or extra column each field of a row is; from the line of heads. */
struct heads {
	int nr;
	int at[NR_NUMBERS + MAX_EXTRA]; /* enum number, NR_NUMBERS + n: extra n, -1: dropped */
};

__attribute__((format(printf, 2, 3))) static int complain(struct complaint *why, const char *fmt,
							  ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	make_printable(why->text);
	return -EPROTO;
}

/* Splits a copy of a line at blanks. Returns the number of fields. */
static int split(char *line, char **field, int max)
{
	char *save, *word;
	int n = 0;

	for (word = strtok_r(line, " \t\r", &save); word && n < max;
	     word = strtok_r(NULL, " \t\r", &save))
		field[n++] = word;
	return n;
}

static bool parse_number(const char *text, uint64_t *n)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*n = strtoull(text, &end, 0);
	return !*end && !errno;
}

bool reason_parse(const char *text, int64_t *reason)
{
	uint64_t n;

	if (!strcmp(text, "-")) {
		*reason = REASON_OTHER;
		return true;
	}
	if (!parse_number(text, &n) || n > UINT32_MAX)
		return false;
	*reason = n;
	return true;
}

const char *measured_name(enum measured m)
{
	return measured[m].name;
}

void measured_parse(const char *name, enum measured *m)
{
	*m = MEASURED_HANDLER;
	for (int i = 0; i < NR_MEASURED; i++) {
		if (!strcmp(measured[i].name, name))
			*m = i;
	}
}

const char *measured_text(enum measured m)
{
	return measured[m].text;
}

static void header_pair(struct table *t, const char *key, const char *value)
{
	const struct {
		const char *key;
		uint64_t *n;
	} numbers[] = {
		{ "tsc_khz", &t->tsc_khz },
		{ "epoch", &t->epoch },
		{ "vms", &t->vms },
		{ "vcpus", &t->vcpus },
		{ "exits", &t->exits },
		{ "cycles", &t->cycles },
		{ "nested", &t->nested },
		{ "tsc_backwards", &t->tsc_backwards },
		{ "dumps", &t->dumps },
		{ "merged", &t->merged },
		{ "halt_poll_ns", &t->halt_poll_ns },
		{ "halt_wait_ns", &t->halt_wait_ns },
	};

	if (!strcmp(key, "vendor")) {
		snprintf(t->vendor, sizeof(t->vendor), "%s", value);
		make_printable(t->vendor);
	}
	if (!strcmp(key, "tsc"))
		t->tsc_stable = !strcmp(value, "stable");
	for (int i = 0; i < NR_SCOPES; i++) {
		if (!strcmp(key, "scope") && !strcmp(value, scope_names[i]))
			t->scope = i;
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		if (!strcmp(key, numbers[i].key))
			parse_number(value, numbers[i].n);
	}
}

/* "# kvm exit_stats 1 scope=host ..." */
static int parse_header(struct table *t, char **field, int nr, struct complaint *why)
{
	if (nr < 4 || strcmp(field[0], "#") || strcmp(field[1], "kvm") ||
	    strcmp(field[2], "exit_stats") || !parse_number(field[3], &t->version))
		return complain(why, "line 1 is not '# kvm exit_stats VERSION ...'");
	for (int i = 4; i < nr; i++) {
		char *value = strchr(field[i], '=');

		if (value) {
			*value++ = '\0';
			header_pair(t, field[i], value);
		}
	}
	return 0;
}

static int number_named(const char *name)
{
	for (int i = 0; i < NR_NUMBERS; i++) {
		if (!strcmp(name, number_names[i]))
			return i;
	}
	return -1;
}

/* "# reason name count ..." or "#reason name count ..." */
static void parse_heads(struct table *t, struct heads *h, char **field, int nr)
{
	int first = strcmp(field[0], "#") ? 2 : 3;

	h->nr = 0;
	for (int i = first; i < nr && h->nr < NR_NUMBERS + MAX_EXTRA; i++) {
		int at = number_named(field[i]);

		if (at >= 0) {
			t->has |= 1u << at;
		} else if (t->nr_extra < MAX_EXTRA) {
			snprintf(t->extra[t->nr_extra], sizeof(t->extra[0]), "%s", field[i]);
			make_printable(t->extra[t->nr_extra]);
			at = NR_NUMBERS + t->nr_extra++;
		}
		h->at[h->nr++] = at;
	}
}

static bool is_heads(char **field, int nr)
{
	return nr > 3 && (!strcmp(field[0], "#reason") ||
			  (!strcmp(field[0], "#") && !strcmp(field[1], "reason")));
}

const struct row *table_row(const struct table *t, int64_t reason)
{
	for (size_t i = 0; i < t->nr; i++) {
		if (t->row[i].reason == reason)
			return &t->row[i];
	}
	return NULL;
}

struct row *table_add_row(struct table *t, const struct row *like)
{
	struct row *row = (struct row *)table_row(t, like->reason);

	if (row)
		return row;
	if (t->nr == t->size) {
		t->size = t->size ? 2 * t->size : 16;
		t->row = xrealloc(t->row, t->size * sizeof(*t->row));
		if (t->hist)
			t->hist = xrealloc(t->hist, t->size * sizeof(*t->hist));
	}
	row = &t->row[t->nr];
	if (t->hist)
		memset(t->hist[t->nr], 0, sizeof(*t->hist));
	t->nr++;
	memset(row, 0, sizeof(*row));
	row->reason = like->reason;
	memcpy(row->id, like->id, sizeof(row->id));
	memcpy(row->name, like->name, sizeof(row->name));
	return row;
}

/* The two fields that a row begins with. NULL if they are none. */
static struct row *begin_row(struct table *t, char **field, int nr)
{
	struct row like = {};

	if (nr < 3 || t->nr == MAX_ROWS || !reason_parse(field[0], &like.reason) ||
	    strlen(field[0]) >= sizeof(like.id))
		return NULL;
	snprintf(like.id, sizeof(like.id), "%s", field[0]);
	snprintf(like.name, sizeof(like.name), "%s", field[1]);
	/* A saved file may come from anybody. */
	make_printable(like.name);
	return table_add_row(t, &like);
}

static int parse_row(struct table *t, const struct heads *h, char **field, int nr, int line,
		     struct complaint *why)
{
	struct row *row = begin_row(t, field, nr);
	uint64_t n;

	if (!row)
		return complain(why, "line %d is no row: a reason, a name and numbers", line);
	if (nr - 2 < h->nr)
		return complain(why, "line %d has %d numbers, and not %d", line, nr - 2, h->nr);
	for (int i = 2; i < nr && i - 2 < h->nr; i++) {
		int at = h->at[i - 2];

		if (!parse_number(field[i], &n))
			return complain(why, "line %d, field %d: '%.20s' is no number", line, i + 1,
					field[i]);
		if (at >= NR_NUMBERS)
			row->extra[at - NR_NUMBERS] = n;
		else if (at >= 0)
			row->n[at] = n;
	}
	return 0;
}

static int parse_hist_row(struct table *t, char **field, int nr, int line, struct complaint *why)
{
	struct row *row = begin_row(t, field, nr);
	uint64_t *bucket;

	if (!row || nr < 3 + EXIT_STATS_BUCKETS)
		return complain(why, "line %d is no row of a histogram: %d counts", line,
				EXIT_STATS_BUCKETS);
	bucket = t->hist[row - t->row];
	for (int k = 0; k < EXIT_STATS_BUCKETS; k++) {
		if (!parse_number(field[3 + k], &bucket[k]))
			return complain(why, "line %d, bucket %d: '%.20s' is no number", line, k,
					field[3 + k]);
	}
	return 0;
}

/* Parses a table, or with @hist a histogram, line by line. */
static int parse(struct table *t, const char *text, bool hist, struct complaint *why)
{
	/* Early versions of the modules print these seven; their heads say so too. */
	struct heads heads = { 7, { COUNT, TOTAL, MIN, MAX, AVG, NESTED_COUNT, NESTED_TOTAL } };
	char *copy = xstrdup(text), *rest = copy, *line, *field[MAX_FIELDS];
	int err = 0, number = 0, nr;

	while (!err && (line = strsep(&rest, "\n"))) {
		nr = split(line, field, MAX_FIELDS);
		if (++number == 1) {
			/* A histogram's own header is that of another moment. */
			struct table unused = {};

			err = parse_header(hist ? &unused : t, field, nr, why);
		} else if (nr && is_heads(field, nr)) {
			if (!hist)
				parse_heads(t, &heads, field, nr);
		} else if (nr && field[0][0] != '#') {
			err = hist ? parse_hist_row(t, field, nr, number, why)
				   : parse_row(t, &heads, field, nr, number, why);
		}
	}
	free(copy);
	return err;
}

int table_parse(struct table *t, const char *text, struct complaint *why)
{
	int err;

	memset(t, 0, sizeof(*t));
	err = parse(t, text, false, why);
	if (err)
		table_free(t);
	else if (!t->has)
		t->has = (1u << USER_COUNT) - 1;
	return err;
}

int table_parse_hist(struct table *t, const char *text, struct complaint *why)
{
	int err;

	if (!t->hist)
		t->hist = xcalloc(t->size ? t->size : 1, sizeof(*t->hist));
	err = parse(t, text, true, why);
	if (err)
		table_free(t);
	return err;
}

void table_free(struct table *t)
{
	free(t->row);
	free(t->hist);
	memset(t, 0, sizeof(*t));
}

void table_copy(struct table *to, const struct table *from)
{
	*to = *from;
	to->size = from->nr ? from->nr : 1;
	to->row = xcalloc(to->size, sizeof(*to->row));
	if (from->nr)
		memcpy(to->row, from->row, from->nr * sizeof(*to->row));
	if (from->hist) {
		to->hist = xcalloc(to->size, sizeof(*to->hist));
		if (from->nr)
			memcpy(to->hist, from->hist, from->nr * sizeof(*to->hist));
	}
}

const uint64_t *table_hist(const struct table *t, const struct row *row)
{
	return t->hist ? t->hist[row - t->row] : NULL;
}

const char *table_notes(const struct table *t, char *buf, size_t size)
{
	int len = 0;

	if (t->version > EXIT_STATS_TABLE_VERSION)
		len = snprintf(buf, size, "table version %" PRIu64 ", this program knows up to %d",
			       t->version, EXIT_STATS_TABLE_VERSION);
	if (t->nr_extra && len < (int)size)
		len += snprintf(buf + len, size - len, "%sunknown columns:", len ? "; " : "");
	for (int i = 0; i < t->nr_extra && len < (int)size; i++)
		len += snprintf(buf + len, size - len, " %s", t->extra[i]);
	return len ? buf : NULL;
}
