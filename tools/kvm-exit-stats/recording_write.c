// SPDX-License-Identifier: GPL-2.0-only
/* Writes recordings. */
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "json.h"
#include "memory.h"
#include "recording.h"

void recorder_begin(struct recorder *r, FILE *f, const struct table *host, double time,
		    double interval)
{
	struct json j = { f, false };
	struct utsname machine = {};

	memset(r, 0, sizeof(*r));
	r->f = f;
	uname(&machine);
	json_begin_object(&j, NULL);
	json_put_uint(&j, "kvm_exit_stats_recording", RECORDING_VERSION);
	json_put_real(&j, "time", time, 3);
	json_put_string(&j, "host", machine.nodename);
	json_put_string(&j, "kernel", machine.release);
	json_put_string(&j, "vendor", host->vendor);
	json_put_uint(&j, "tsc_khz", host->tsc_khz);
	json_put_string(&j, "measured", measured_name(host->measured));
	if (host->has & 1u << USER_TOTAL)
		json_put_bool(&j, "user", true);
	json_put_real(&j, "interval", interval, 3);
	json_end_object(&j);
	fputc('\n', f);
}

static size_t vm_number(struct recorder *r, const struct vm *vm)
{
	struct json j = { r->f, false };
	size_t n;

	for (n = 0; n < r->nr_vms; n++) {
		if (!strcmp(r->vm[n], vm->id))
			return n;
	}
	r->vm = xrealloc(r->vm, (n + 1) * sizeof(*r->vm));
	r->vm[r->nr_vms++] = xstrdup(vm->id);
	json_begin_object(&j, NULL);
	json_put_uint(&j, "vm", n);
	json_put_string(&j, "id", vm->id);
	json_put_string(&j, "name", vm->name);
	if (vm->uuid)
		json_put_string(&j, "uuid", vm->uuid);
	json_put_uint(&j, "pid", vm->pid);
	json_put_string(&j, "process", vm->process);
	json_end_object(&j);
	fputc('\n', r->f);
	return n;
}

static void write_reason(struct recorder *r, const struct row *row)
{
	struct json j = { r->f, false };
	char number[24];

	for (size_t i = 0; i < r->nr_reasons; i++) {
		if (r->reason[i] == row->reason)
			return;
	}
	r->reason = xrealloc(r->reason, (r->nr_reasons + 1) * sizeof(*r->reason));
	r->reason[r->nr_reasons++] = row->reason;
	snprintf(number, sizeof(number), "%lld", (long long)row->reason);
	json_begin_object(&j, NULL);
	json_put_literal(&j, "reason", number);
	json_put_string(&j, "id", row->id);
	json_put_string(&j, "name", row->name);
	json_end_object(&j);
	fputc('\n', r->f);
}

/* Lines that the sample's own line refers to come before it. */
static void write_names(struct recorder *r, const struct sample *a)
{
	for (size_t i = 0; i < a->nr; i++) {
		if (a->scope[i].vm)
			vm_number(r, a->scope[i].vm);
		for (size_t k = 0; k < a->scope[i].t.nr; k++)
			write_reason(r, &a->scope[i].t.row[k]);
	}
}

static void begin_scope(struct recorder *r, struct json *j, const struct scope_numbers *s)
{
	json_begin_object(j, NULL);
	if (s->vm)
		json_put_uint(j, "vm", vm_number(r, s->vm));
	json_put_uint(j, "vcpus", s->t.vcpus);
	json_put_uint(j, "exits", s->t.exits);
	json_put_uint(j, "cycles", s->t.cycles);
	if (s->t.lost && !s->vm)
		json_put_uint(j, "lost", s->t.lost);
}

static void put_halted(struct json *j, const struct table *t)
{
	json_begin_array(j, "halted");
	json_put_uint(j, NULL, t->halt_poll_ns);
	json_put_uint(j, NULL, t->halt_wait_ns);
	json_end_array(j);
}

/* Where the time of a VM went, if that is known; of the host how long all vCPUs were halted. */
static void put_times(struct json *j, const struct scope_numbers *s)
{
	if (s->vm && !s->has_split)
		return;
	put_halted(j, &s->t);
	if (s->has_wait)
		json_put_uint(j, "waited", s->waited);
	if (s->vm && s->t.has_vmm)
		json_put_uint(j, "vmm", s->t.vmm_ns);
}

static void begin_row(struct json *j, const struct row *row)
{
	char number[24];

	snprintf(number, sizeof(number), "%lld", (long long)row->reason);
	json_begin_array(j, NULL);
	json_put_literal(j, NULL, number);
	json_put_uint(j, NULL, row->n[COUNT]);
	json_put_uint(j, NULL, row->n[TOTAL]);
}

static void put_user(struct json *j, const struct row *row)
{
	json_put_uint(j, NULL, row->n[USER_COUNT]);
	json_put_uint(j, NULL, row->n[USER_TOTAL]);
}

void recorder_sample(struct recorder *r, const struct sample *since, double seconds)
{
	struct json j = { r->f, false };

	write_names(r, since);
	json_begin_object(&j, NULL);
	json_put_real(&j, "time", since->time, 3);
	json_put_real(&j, "seconds", seconds, 6);
	json_begin_array(&j, "scopes");
	for (size_t i = 0; i < since->nr; i++) {
		const struct scope_numbers *s = &since->scope[i];

		if (!s->t.exits && !s->anew && !s->vm)
			continue;
		begin_scope(r, &j, s);
		put_times(&j, s);
		if (s->anew)
			json_put_bool(&j, "reset", true);
		json_begin_array(&j, "rows");
		for (size_t k = 0; k < s->t.nr; k++) {
			begin_row(&j, &s->t.row[k]);
			if (s->t.row[k].n[USER_TOTAL])
				put_user(&j, &s->t.row[k]);
			json_end_array(&j);
		}
		json_end_array(&j);
		json_end_object(&j);
	}
	json_end_array(&j);
	json_end_object(&j);
	fputc('\n', r->f);
	fflush(r->f);
}

static void write_buckets(struct json *j, const uint64_t *hist)
{
	json_begin_array(j, NULL);
	for (int k = 0; hist && k < EXIT_STATS_BUCKETS; k++) {
		if (!hist[k])
			continue;
		json_begin_array(j, NULL);
		json_put_uint(j, NULL, k);
		json_put_uint(j, NULL, hist[k]);
		json_end_array(j);
	}
	json_end_array(j);
}

void recorder_totals(struct recorder *r, const struct sample *now)
{
	static const enum number rest[] = { MIN, MAX, NESTED_COUNT, NESTED_TOTAL };
	struct json j = { r->f, false };
	char epoch[24];

	write_names(r, now);
	json_begin_object(&j, NULL);
	json_put_real(&j, "totals", now->time, 3);
	json_begin_array(&j, "scopes");
	for (size_t i = 0; i < now->nr; i++) {
		const struct scope_numbers *s = &now->scope[i];

		begin_scope(r, &j, s);
		put_halted(&j, &s->t);
		/* As text: JSON's numbers have no 64 bits without a sign. */
		snprintf(epoch, sizeof(epoch), "%llu", (unsigned long long)s->t.epoch);
		json_put_string(&j, "epoch", epoch);
		json_put_uint(&j, "nested", s->t.nested);
		if (!s->t.tsc_stable)
			json_put_string(&j, "tsc", "unstable");
		json_begin_array(&j, "rows");
		for (size_t k = 0; k < s->t.nr; k++) {
			begin_row(&j, &s->t.row[k]);
			for (size_t n = 0; n < sizeof(rest) / sizeof(*rest); n++)
				json_put_uint(&j, NULL, s->t.row[k].n[rest[n]]);
			write_buckets(&j, table_hist(&s->t, &s->t.row[k]));
			put_user(&j, &s->t.row[k]);
			json_end_array(&j);
		}
		json_end_array(&j);
		json_end_object(&j);
	}
	json_end_array(&j);
	json_end_object(&j);
	fputc('\n', r->f);
	fflush(r->f);
}

void recorder_free(struct recorder *r)
{
	for (size_t i = 0; i < r->nr_vms; i++)
		free(r->vm[i]);
	free(r->vm);
	free(r->reason);
	memset(r, 0, sizeof(*r));
}
