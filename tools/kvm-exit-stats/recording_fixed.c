// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads samples of a recording in the one form in which recorder_sample() writes them. A line in
 * any other form is left to jansson.
 */
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "recording_reader.h"

static bool skip(const char **p, const char *text)
{
	size_t len = strlen(text);

	if (strncmp(*p, text, len))
		return false;
	*p += len;
	return true;
}

/* As JSON has it: no zeros before the number; and no more than 18 digits. */
static bool fixed_uint(const char **p, uint64_t *n)
{
	const char *begin = *p;

	for (*n = 0; **p >= '0' && **p <= '9'; (*p)++) {
		if (*p - begin == 18)
			return false;
		*n = *n * 10 + (**p - '0');
	}
	return *p > begin && (*begin != '0' || *p == begin + 1);
}

/* "1764370081.123" */
static bool fixed_real(const char **p, double *x)
{
	const char *begin = *p, *point;
	uint64_t n;

	if (!fixed_uint(p, &n) || **p != '.')
		return false;
	point = (*p)++;
	while (**p >= '0' && **p <= '9')
		(*p)++;
	*x = strtod(begin, NULL);
	return *p > point + 1;
}

static bool fixed_row(struct reader *r, struct table *t, const char **p)
{
	const struct row *like;
	uint64_t reason, count, total, user = 0, user_total = 0;
	struct row *row;
	bool other = skip(p, "[-1,");

	if (!other && (!skip(p, "[") || !fixed_uint(p, &reason) || !skip(p, ",")))
		return false;
	if (!fixed_uint(p, &count) || !skip(p, ",") || !fixed_uint(p, &total))
		return false;
	if (skip(p, ",") && (!fixed_uint(p, &user) || !skip(p, ",") || !fixed_uint(p, &user_total)))
		return false;
	if (!skip(p, "]"))
		return false;
	like = reader_reason(r, other ? REASON_OTHER : (int64_t)reason);
	if (!like)
		return false;
	row = table_add_row(t, like);
	row->n[COUNT] = count;
	row->n[TOTAL] = total;
	row->n[AVG] = count ? total / count : 0;
	row->n[USER_COUNT] = user;
	row->n[USER_TOTAL] = user_total;
	return true;
}

/* What tells where a VM's time went; recordings of older programs lack it. */
static bool fixed_times(struct scope_numbers *s, bool is_vm, const char **p)
{
	struct table *t = &s->t;

	if (!skip(p, ",\"halted\":["))
		return true;
	s->has_split = is_vm;
	if (!fixed_uint(p, &t->halt_poll_ns) || !skip(p, ",") || !fixed_uint(p, &t->halt_wait_ns) ||
	    !skip(p, "]"))
		return false;
	s->has_wait = skip(p, ",\"waited\":");
	if (s->has_wait && !fixed_uint(p, &s->waited))
		return false;
	t->has_vmm = skip(p, ",\"vmm\":");
	return !t->has_vmm || fixed_uint(p, &t->vmm_ns);
}

static bool fixed_scope(struct reader *r, struct scope_numbers *s, const char **p)
{
	struct table *t = &s->t;
	uint64_t vm = 0;
	bool is_vm = skip(p, "{\"vm\":");

	if (is_vm && (!fixed_uint(p, &vm) || vm >= r->nr_vms || !skip(p, ",\"vcpus\":")))
		return false;
	if (!is_vm && !skip(p, "{\"vcpus\":"))
		return false;
	reader_begin_scope(r, s, is_vm ? r->vm[vm] : NULL);
	if (!fixed_uint(p, &t->vcpus) || !skip(p, ",\"exits\":") || !fixed_uint(p, &t->exits) ||
	    !skip(p, ",\"cycles\":") || !fixed_uint(p, &t->cycles) || !fixed_times(s, is_vm, p))
		return false;
	s->anew = skip(p, ",\"reset\":true");
	if (!skip(p, ",\"rows\":["))
		return false;
	t->nr = 0;
	if (skip(p, "]}"))
		return true;
	do {
		if (!fixed_row(r, t, p))
			return false;
	} while (skip(p, ","));
	return skip(p, "]}");
}

/* The next scope of the reader's sample, with the memory of its rows. */
static struct scope_numbers *next_scope(struct reader *r)
{
	struct sample *a = &r->sample;

	if (a->nr == r->nr_scopes) {
		r->nr_scopes = r->nr_scopes ? 2 * r->nr_scopes : 8;
		a->scope = xrealloc(a->scope, r->nr_scopes * sizeof(*a->scope));
		memset(&a->scope[a->nr], 0, (r->nr_scopes - a->nr) * sizeof(*a->scope));
	}
	return &a->scope[a->nr++];
}

bool reader_fixed_sample(struct reader *r, const char *p)
{
	struct sample *a = &r->sample;
	double seconds;

	a->nr = 0;
	if (!skip(&p, "{\"time\":") || !fixed_real(&p, &a->time) || !skip(&p, ",\"seconds\":") ||
	    !fixed_real(&p, &seconds) || !skip(&p, ",\"scopes\":["))
		return false;
	while (*p == '{' && fixed_scope(r, next_scope(r), &p)) {
		if (!skip(&p, ",") || *p != '{')
			break;
	}
	if (strcmp(p, "]}\n"))
		return false;
	reader_sample(r, a, seconds);
	return true;
}
