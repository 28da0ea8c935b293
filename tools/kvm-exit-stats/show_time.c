// SPDX-License-Identifier: GPL-2.0-only
/* show --time. */
#include <stdlib.h>
#include <string.h>

#include "errors.h"
#include "memory.h"
#include "sample.h"
#include "show_time.h"

static void take(struct sample *a, struct source *s, const char *vm)
{
	unsigned int what = SAMPLE_VMS | SAMPLE_WAIT | (vm ? SAMPLE_VCPUS : 0);
	int err = sample_take(a, s, what, vm);

	if (err)
		fail(ERR_OTHER, "the VMs of %s cannot be listed: %s", s->title, strerror(-err));
}

static void print(const struct common *c, struct output *o, const struct sample *then,
		  const struct sample *now, const char *vm)
{
	struct heading h = { .view = VIEW_TIME,
			     .vcpu = NO_VCPU,
			     .seconds = now->time - then->time,
			     .time = now->time };
	struct item *items;
	struct sample since;
	size_t nr = 0;

	sample_since(then, now, &since);
	items = xcalloc(since.nr + 1, sizeof(*items));
	for (size_t i = 0; i < since.nr; i++) {
		const struct scope_numbers *scope = &since.scope[i];

		if (vm && strcmp(scope->vm->id, vm))
			continue;
		items[nr++] = (struct item){ .vm = scope->vm,
					     .vcpu = scope->vcpu,
					     .t = &scope->t,
					     .split = scope->has_split ? &scope->split : NULL,
					     .seconds = scope->seconds };
		h.seconds = scope->seconds;
		if (vm)
			h.vm = scope->vm;
	}
	output_table(o, &h, items, common_sort(c, items, nr));
	free(items);
	sample_free(&since);
}

void show_time(const struct common *c, struct output *o, struct source *s, const char *vm,
	       double interval, unsigned long count)
{
	struct sample then, now;
	double next;

	common_catch_signals();
	take(&then, s, vm);
	next = monotonic() + interval;
	for (unsigned long n = 0; !count || n < count; n++) {
		if (!wait_until(&next, interval) || ferror(o->f))
			break;
		take(&now, s, vm);
		if (vm && !sample_find(&now, vm, NO_VCPU)) {
			warn("the VM ended");
			sample_free(&now);
			break;
		}
		print(c, o, &then, &now, vm);
		sample_free(&then);
		then = now;
	}
	sample_free(&then);
}
