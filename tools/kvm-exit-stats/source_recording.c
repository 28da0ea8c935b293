// SPDX-License-Identifier: GPL-2.0-only
/* The source that reads a recording: its last totals of each scope. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "names.h"
#include "recording.h"

struct recorded {
	struct source source;
	size_t nr;
	struct vm *vm;	 /* the first is unused: the host */
	struct table *t; /* of each */
};

static struct table *table_of(struct recorded *r, const struct vm *vm)
{
	for (size_t i = 1; vm && i < r->nr; i++) {
		if (!strcmp(r->vm[i].id, vm->id))
			return &r->t[i];
	}
	return vm ? NULL : &r->t[0];
}

/* A VM's last totals stay, though it ended before the recording did. */
static void take_totals(void *arg, const struct sample *now)
{
	struct recorded *r = arg;

	for (size_t i = 0; i < now->nr; i++) {
		const struct scope_numbers *s = &now->scope[i];
		struct table *t = table_of(r, s->vm);

		if (!t) {
			r->vm = xrealloc(r->vm, (r->nr + 1) * sizeof(*r->vm));
			r->t = xrealloc(r->t, (r->nr + 1) * sizeof(*r->t));
			vm_copy(&r->vm[r->nr], s->vm);
			t = &r->t[r->nr++];
			memset(t, 0, sizeof(*t));
		}
		table_free(t);
		table_copy(t, &s->t);
	}
}

static int recorded_list(struct source *s, struct vm_list *vms)
{
	struct recorded *r = (struct recorded *)s;

	vm_list_free(vms);
	vms->vm = xcalloc(r->nr, sizeof(*vms->vm));
	for (size_t i = 1; i < r->nr; i++)
		vm_copy(&vms->vm[vms->nr++], &r->vm[i]);
	/* VMs of one name may have been there one after the other. */
	vm_names_unique(vms);
	vm_list_sort(vms);
	return 0;
}

static int recorded_read(struct source *s, const struct vm *vm, int vcpu, bool hist,
			 struct table *t, struct complaint *why)
{
	struct table *from = table_of((struct recorded *)s, vm);

	(void)hist; /* totals have them always */
	(void)why;
	if (!from || vcpu != NO_VCPU || !from->version)
		return -ENOENT;
	table_copy(t, from);
	return 0;
}

static void recorded_close(struct source *s)
{
	struct recorded *r = (struct recorded *)s;

	for (size_t i = 0; i < r->nr; i++)
		table_free(&r->t[i]);
	for (size_t i = 1; i < r->nr; i++) {
		free(r->vm[i].id);
		free(r->vm[i].name);
		free(r->vm[i].uuid);
		free(r->vm[i].process);
	}
	free(r->vm);
	free(r->t);
	free(r->source.title);
	free(r);
}

static const struct source_ops recorded_ops = {
	.list = recorded_list,
	.read = recorded_read,
	.close = recorded_close,
};

struct source *source_open_recording(const char *path, struct complaint *why)
{
	struct recorded *r = xcalloc(1, sizeof(*r));
	const struct recording_visitor visitor = { .totals = take_totals, .arg = r };
	FILE *f = fopen(path, "re");
	int err = f ? 0 : -errno;

	r->source.ops = &recorded_ops;
	r->source.title = xstrdup(path);
	r->nr = 1;
	r->vm = xcalloc(1, sizeof(*r->vm));
	r->t = xcalloc(1, sizeof(*r->t));
	if (f) {
		err = recording_read(f, &visitor, why);
		fclose(f);
	}
	if (!err)
		return &r->source;
	source_close(&r->source);
	errno = -err;
	return NULL;
}
