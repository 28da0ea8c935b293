// SPDX-License-Identifier: GPL-2.0-only
/* What all sources share: calls through their operations, and lists of VMs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "memory.h"
#include "source.h"

int source_list(struct source *s, struct vm_list *vms)
{
	return s->ops->list(s, vms);
}

int source_read(struct source *s, const struct vm *vm, int vcpu, bool hist, struct table *t,
		struct complaint *why)
{
	memset(t, 0, sizeof(*t));
	return s->ops->read(s, vm, vcpu, hist, t, why);
}

void source_close(struct source *s)
{
	if (s)
		s->ops->close(s);
}

void vm_free(struct vm *vm)
{
	free(vm->id);
	free(vm->name);
	free(vm->uuid);
	free(vm->process);
	free(vm->vcpu);
}

void vm_list_free(struct vm_list *vms)
{
	for (size_t i = 0; i < vms->nr; i++)
		vm_free(&vms->vm[i]);
	free(vms->vm);
	memset(vms, 0, sizeof(*vms));
}

void vm_copy(struct vm *to, const struct vm *from)
{
	*to = (struct vm){ .id = xstrdup(from->id),
			   .name = xstrdup(from->name),
			   .process = xstrdup(from->process),
			   .uuid = from->uuid ? xstrdup(from->uuid) : NULL,
			   .pid = from->pid };
}

static int by_name(const void *a, const void *b)
{
	const struct vm *x = a, *y = b;

	return strcmp(x->name, y->name);
}

void vm_list_sort(struct vm_list *vms)
{
	if (vms->nr)
		qsort(vms->vm, vms->nr, sizeof(*vms->vm), by_name);
}

static bool has_name(const struct vm *vm, const char *what)
{
	return !strcmp(vm->name, what);
}

static bool has_folder(const struct vm *vm, const char *what)
{
	return !strcmp(vm->id, what);
}

static bool has_uuid(const struct vm *vm, const char *what)
{
	return vm->uuid && !strcasecmp(vm->uuid, what);
}

static bool has_process(const struct vm *vm, const char *what)
{
	char *end;
	long pid = strtol(what, &end, 10);

	return end != what && !*end && pid > 0 && pid == vm->pid;
}

const struct vm *vm_by_folder(const struct vm_list *vms, const char *id)
{
	for (size_t i = 0; i < vms->nr; i++) {
		if (!strcmp(vms->vm[i].id, id))
			return &vms->vm[i];
	}
	return NULL;
}

const struct vm *vm_find(const struct vm_list *vms, const char *what, size_t *nr)
{
	/* Names are unique: a VM is found by its name, whatever others have as folder or UUID. */
	static bool (*const ways[])(const struct vm *, const char *) = { has_name, has_folder,
									 has_uuid, has_process };
	const struct vm *found = NULL;

	*nr = 0;
	for (size_t way = 0; !*nr && way < sizeof(ways) / sizeof(*ways); way++) {
		for (size_t i = 0; i < vms->nr; i++) {
			if (!ways[way](&vms->vm[i], what))
				continue;
			found = &vms->vm[i];
			++*nr;
		}
	}
	return *nr == 1 ? found : NULL;
}

static size_t min3(size_t a, size_t b, size_t c)
{
	return a < b ? (a < c ? a : c) : (b < c ? b : c);
}

/*
 * Levenshtein's distance, in letters of any case, of @a and a beginning of @b: a mistyped name is
 * often incomplete.
 */
static size_t distance(const char *a, const char *b)
{
	size_t row[64], rows = strnlen(b, 63), diagonal, above, best;

	for (size_t j = 0; j <= rows; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1] && i < 64; i++) {
		diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= rows; j++) {
			above = row[j];
			row[j] = min3(row[j] + 1, row[j - 1] + 1,
				      diagonal + !!strncasecmp(&a[i - 1], &b[j - 1], 1));
			diagonal = above;
		}
	}
	best = row[0];
	for (size_t j = 1; j <= rows; j++)
		best = row[j] < best ? row[j] : best;
	return best;
}

const char *vm_nearest(const struct vm_list *vms, const char *what)
{
	const char *nearest = NULL;
	size_t best = 0, d;

	for (size_t i = 0; i < vms->nr; i++) {
		d = distance(what, vms->vm[i].name);
		if (!nearest || d < best) {
			best = d;
			nearest = vms->vm[i].name;
		}
	}
	return nearest;
}
