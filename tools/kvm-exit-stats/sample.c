// SPDX-License-Identifier: GPL-2.0-only
/* Samples of all scopes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "errors.h"
#include "memory.h"
#include "numbers.h"
#include "sample.h"

static struct scope_numbers *new_scope(struct sample *a)
{
	/* Doubles at each power of two. */
	if (!(a->nr & (a->nr - 1)))
		a->scope = xrealloc(a->scope, (a->nr ? 2 * a->nr : 1) * sizeof(*a->scope));
	return memset(&a->scope[a->nr], 0, sizeof(*a->scope));
}

static void add_scope(struct sample *a, struct source *s, const struct vm *vm, int vcpu,
		      unsigned int what)
{
	struct scope_numbers *scope = new_scope(a);
	struct complaint why;
	int err = source_read(s, vm, vcpu, what & SAMPLE_HIST, &scope->t, &why);

	/* Those that ended need no warning. */
	if (err && err != -ENOENT && err != -EIO)
		warn("the table of %s is left out: %s", vm ? vm->name : "the host",
		     err == -EPROTO ? why.text : strerror(-err));
	if (err)
		return;
	scope->vm = vm;
	scope->vcpu = vcpu;
	scope->has_wait = vm && what & SAMPLE_WAIT && vcpu_waited(vm, vcpu, &scope->waited);
	a->nr++;
}

int sample_take(struct sample *a, struct source *s, unsigned int what, const char *only)
{
	struct timespec t;
	int err;

	memset(a, 0, sizeof(*a));
	clock_gettime(CLOCK_REALTIME, &t);
	a->time = t.tv_sec + t.tv_nsec / 1e9;
	err = source_list(s, &a->vms);
	if (err)
		return err;
	if (what & SAMPLE_HOST)
		add_scope(a, s, NULL, NO_VCPU, what);
	for (size_t i = 0; i < a->vms.nr; i++) {
		const struct vm *vm = &a->vms.vm[i];
		bool this = !only || !strcmp(only, vm->id);

		if (what & SAMPLE_VMS)
			add_scope(a, s, vm, NO_VCPU, this ? what : what & ~SAMPLE_HIST);
		for (size_t k = 0; this && what & SAMPLE_VCPUS && k < vm->nr_vcpus; k++)
			add_scope(a, s, vm, vm->vcpu[k], what);
	}
	return 0;
}

void sample_free(struct sample *a)
{
	for (size_t i = 0; i < a->nr; i++)
		table_free(&a->scope[i].t);
	free(a->scope);
	vm_list_free(&a->vms);
	memset(a, 0, sizeof(*a));
}

static bool is_scope(const struct scope_numbers *s, const char *id, int vcpu)
{
	return s->vcpu == vcpu && !s->vm == !id && (!id || !strcmp(s->vm->id, id));
}

const struct scope_numbers *sample_find(const struct sample *a, const char *id, int vcpu)
{
	for (size_t i = 0; i < a->nr; i++) {
		if (is_scope(&a->scope[i], id, vcpu))
			return &a->scope[i];
	}
	return NULL;
}

static bool has_vm(const struct sample *a, const struct vm *vm)
{
	for (size_t i = 0; i < a->vms.nr; i++) {
		if (!strcmp(a->vms.vm[i].id, vm->id))
			return true;
	}
	return false;
}

/* All of a VM that began after @then happened since. A VM that could not be read did not begin. */
static bool began_since(const struct sample *then, const struct scope_numbers *s)
{
	return then->nr && s->vm && !has_vm(then, s->vm);
}

void sample_since(const struct sample *then, const struct sample *now, struct sample *d)
{
	const struct scope_numbers *old;
	size_t next = 0;

	memset(d, 0, sizeof(*d));
	d->time = now->time;
	for (size_t i = 0; i < now->nr; i++) {
		const struct scope_numbers *s = &now->scope[i];
		struct scope_numbers none = { .t.epoch = s->t.epoch };
		struct scope_numbers *to;

		/* Mostly both samples have the same scopes in the same order. */
		if (next < then->nr &&
		    is_scope(&then->scope[next], s->vm ? s->vm->id : NULL, s->vcpu))
			old = &then->scope[next];
		else
			old = sample_find(then, s->vm ? s->vm->id : NULL, s->vcpu);
		if (old) {
			next = old - then->scope + 1;
		} else if (began_since(then, s)) {
			none.t.time = then->scope[0].t.time;
			old = &none;
		} else {
			continue;
		}
		to = new_scope(d);
		to->vm = s->vm;
		to->vcpu = s->vcpu;
		to->seconds = s->t.time - old->t.time;
		to->anew = !table_since(&old->t, &s->t, &to->t);
		/* Another thread may run the vCPU now. */
		to->has_wait = s->has_wait && old->has_wait && s->waited >= old->waited;
		to->waited = s->waited - old->waited;
		to->has_split = old != &none;
		time_split(&to->split, &to->t, to->seconds, to->has_wait ? &to->waited : NULL);
		d->nr++;
	}
}

void sample_totals(const struct sample *now, struct sample *d)
{
	memset(d, 0, sizeof(*d));
	d->time = now->time;
	for (size_t i = 0; i < now->nr; i++) {
		struct scope_numbers *to = new_scope(d);

		to->vm = now->scope[i].vm;
		to->vcpu = now->scope[i].vcpu;
		table_copy(&to->t, &now->scope[i].t);
		d->nr++;
	}
}
