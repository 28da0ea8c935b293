// SPDX-License-Identifier: GPL-2.0-only
/*
 * The source that tells the exits of one reason apart, by BPF from the moment of its opening.
 * A row of its table is a detail: a port, an MSR, a page. bpf/drill.bpf.c says how.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf_load.h"
#include "command.h"
#include "detail.h"
#include "drill.skel.h"
#include "memory.h"
#include "source.h"

struct drill_source {
	struct source source;
	struct drill_bpf *skel;
	bool svm;
	int64_t reason;
	double began;
	/* All keys seen so far. A row's number is its place here: it stays the same. */
	size_t nr;
	struct drill_key key[DRILL_DETAILS];
};

static struct drill_source *drill_of(struct source *s)
{
	return (struct drill_source *)s;
}

static void find_keys(struct drill_source *d)
{
	int map = bpf_map__fd(d->skel->maps.details);
	struct drill_key key, *before = NULL;

	while (!bpf_map_get_next_key(map, before, &key)) {
		size_t i = 0;

		while (i < d->nr && memcmp(&d->key[i], &key, sizeof(key)))
			i++;
		if (i == d->nr && d->nr < DRILL_DETAILS)
			d->key[d->nr++] = key;
		before = &key;
	}
}

static void put_row(struct table *t, struct row *like, const struct drill_entry *e)
{
	struct row *row = table_add_row(t, like);

	row->n[COUNT] = e->row.count;
	row->n[TOTAL] = e->row.total;
	row->n[MIN] = e->row.min;
	row->n[MAX] = e->row.max;
	row->n[AVG] = e->row.total / e->row.count;
	row->n[USER_COUNT] = e->row.user_count;
	row->n[USER_TOTAL] = e->row.user_total;
	if (t->hist)
		memcpy(t->hist[row - t->row], e->row.hist, sizeof(hist_t));
	t->exits += e->row.count;
	t->cycles += e->row.total;
}

static int drill_read(struct source *s, const struct vm *vm, int vcpu, bool hist, struct table *t,
		      struct complaint *why)
{
	struct drill_source *d = drill_of(s);
	int map = bpf_map__fd(d->skel->maps.details);

	(void)why;
	find_keys(d);
	bpf_table_begin(t, d->svm, d->began);
	t->scope = !vm ? SCOPE_HOST : vcpu == NO_VCPU ? SCOPE_VM : SCOPE_VCPU;
	t->measured = MEASURED_ENTRY_BPF;
	t->has &= ~(1u << NESTED_COUNT | 1u << NESTED_TOTAL);
	t->lost = d->skel->bss->lost;
	if (hist)
		t->hist = xcalloc(1, sizeof(*t->hist));
	for (size_t i = 0; i < d->nr; i++) {
		struct row like = { .reason = i };
		struct drill_entry e;

		/* An entry is there a moment before its first exit is counted. */
		if (bpf_map_lookup_elem(map, &d->key[i], &e) || !e.row.count)
			continue;
		detail_text(&like, d->svm, d->reason, &d->key[i], e.slot);
		put_row(t, &like, &e);
	}
	return 0;
}

static int drill_list(struct source *s, struct vm_list *vms)
{
	(void)s;
	(void)vms;
	return -EOPNOTSUPP;
}

static void drill_close(struct source *s)
{
	struct drill_source *d = drill_of(s);

	drill_bpf__destroy(d->skel);
	free(d->source.title);
	free(d);
}

static const struct source_ops drill_ops = {
	.list = drill_list,
	.read = drill_read,
	.close = drill_close,
};

static int load(struct drill_source *d, const struct vm *vm, int vcpu)
{
	enum drill_by by = detail_by(d->svm, d->reason);
	struct drill_bpf *skel = drill_bpf__open();

	if (!skel)
		return -errno;
	d->skel = skel;
	skel->rodata->svm = d->svm;
	skel->rodata->by = by;
	skel->rodata->wanted_reason = d->reason;
	skel->rodata->wanted_vcpu = vcpu;
	skel->rodata->instruction = detail_instruction(d->svm, d->reason);
	skel->rodata->qualification_mask = detail_mask(d->reason);
	if (vm)
		strncpy(skel->rodata->wanted_vm, vm->id, sizeof(skel->rodata->wanted_vm) - 1);
	bpf_program__set_autoload(skel->progs.see_page_fault, by == DRILL_PAGE);
	bpf_program__set_autoload(skel->progs.see_mmio, by == DRILL_PAGE);
	bpf_program__set_autoload(skel->progs.see_fast_mmio, by == DRILL_PAGE);
	bpf_program__set_autoload(skel->progs.see_slot, by == DRILL_PAGE);
	return drill_bpf__load(skel);
}

/* The one that starts exits comes last: as in source_bpf.c. */
static int attach(struct drill_source *d)
{
	struct drill_bpf *skel = d->skel;

	skel->links.start_exit = NULL;
	bpf_program__set_autoattach(skel->progs.start_exit, false);
	if (drill_bpf__attach(skel))
		return -errno;
	skel->links.start_exit = bpf_program__attach(skel->progs.start_exit);
	return skel->links.start_exit ? 0 : -errno;
}

struct source *source_open_drill(const struct vm *vm, int vcpu, int64_t reason, int *err,
				 struct complaint *why)
{
	struct drill_source *d = xcalloc(1, sizeof(*d));

	bpf_keep_warnings();
	d->source.ops = &drill_ops;
	d->source.title = xstrdup("BPF");
	d->source.from_now = true;
	d->svm = host_is_svm();
	d->reason = reason;
	*err = load(d, vm, vcpu);
	if (!*err)
		*err = attach(d);
	d->began = unix_time();
	if (!*err)
		return &d->source;
	bpf_complain(why, *err);
	source_close(&d->source);
	return NULL;
}
