// SPDX-License-Identifier: GPL-2.0-only
/* show --time. */
#include <stdlib.h>
#include <string.h>

#include "errors.h"
#include "memory.h"
#include "sample.h"
#include "show_time.h"
#include "time_split.h"

/* A sample, and for how long the vCPUs of each scope have waited for a CPU. */
struct moment {
	struct sample sample;
	struct {
		bool known;
		uint64_t ns;
	} * waited;
};

static void take(struct moment *m, struct source *s, const char *vm)
{
	unsigned int what = vm ? SAMPLE_VMS | SAMPLE_VCPUS : SAMPLE_VMS;

	if (sample_take(&m->sample, s, what, vm))
		fail(ERR_OTHER, "the VMs cannot be listed");
	m->waited = xcalloc(m->sample.nr + 1, sizeof(*m->waited));
	for (size_t i = 0; i < m->sample.nr; i++) {
		const struct scope_numbers *scope = &m->sample.scope[i];

		m->waited[i].known = vcpu_waited(scope->vm, scope->vcpu, &m->waited[i].ns);
	}
}

static void drop(struct moment *m)
{
	free(m->waited);
	sample_free(&m->sample);
}

/* What a scope waited between two moments. False: not known. */
static bool waited_since(const struct moment *then, const struct moment *now, const char *vm,
			 int vcpu, uint64_t *ns)
{
	const struct scope_numbers *a = sample_find(&then->sample, vm, vcpu);
	const struct scope_numbers *b = sample_find(&now->sample, vm, vcpu);

	if (!a || !b || !then->waited[a - then->sample.scope].known ||
	    !now->waited[b - now->sample.scope].known)
		return false;
	*ns = now->waited[b - now->sample.scope].ns - then->waited[a - then->sample.scope].ns;
	return true;
}

static void print(const struct common *c, struct output *o, const struct moment *then,
		  const struct moment *now, const char *vm)
{
	struct heading h = { .view = VIEW_TIME, .vcpu = NO_VCPU, .time = unix_time() };
	struct time_split *split;
	struct item *items;
	struct sample since;
	size_t nr = 0;

	sample_since(&then->sample, &now->sample, &since);
	split = xcalloc(since.nr + 1, sizeof(*split));
	items = xcalloc(since.nr + 1, sizeof(*items));
	for (size_t i = 0; i < since.nr; i++) {
		const struct scope_numbers *scope = &since.scope[i];
		uint64_t waited;
		bool known;

		if (vm && strcmp(scope->vm->id, vm))
			continue;
		known = waited_since(then, now, scope->vm->id, scope->vcpu, &waited);
		time_split(&split[nr], &scope->t, scope->seconds, known ? &waited : NULL);
		items[nr] = (struct item){ .vm = scope->vm,
					   .vcpu = scope->vcpu,
					   .t = &scope->t,
					   .split = &split[nr],
					   .seconds = scope->seconds };
		h.seconds = scope->seconds;
		if (vm)
			h.vm = scope->vm;
		nr++;
	}
	output_table(o, &h, items, common_sort(c, items, nr));
	free(items);
	free(split);
	sample_free(&since);
}

void show_time(const struct common *c, struct output *o, struct source *s, const char *vm,
	       double interval, unsigned long count)
{
	struct moment then, now;
	double next;

	common_catch_signals();
	take(&then, s, vm);
	next = monotonic() + interval;
	for (unsigned long n = 0; !count || n < count; n++) {
		if (!wait_until(&next, interval) || ferror(o->f))
			break;
		take(&now, s, vm);
		if (vm && !sample_find(&now.sample, vm, NO_VCPU)) {
			warn("the VM ended");
			drop(&now);
			break;
		}
		print(c, o, &then, &now, vm);
		drop(&then);
		then = now;
	}
	drop(&then);
}
