// SPDX-License-Identifier: GPL-2.0-only
/* The details that top shows. */
#include <string.h>

#include "bpf_load.h"
#include "command.h"
#include "detail.h"
#include "errors.h"
#include "top_details.h"

static void begin(struct top_details *d, const struct place *p, const struct vm *vm, bool saved)
{
	int err = saved ? -1 : bpf_error();
	struct complaint why;

	d->place = *p;
	if (saved) {
		snprintf(d->note, sizeof(d->note), "saved files have no details");
	} else if (err >= 0) {
		snprintf(d->note, sizeof(d->note), "no details: %s", error_text(err));
	} else if (p->vm[0] && !vm) {
		snprintf(d->note, sizeof(d->note), "the VM ended");
	} else {
		d->source = source_open_drill(vm, p->vcpu, p->reason, &err, &why);
		if (!d->source)
			snprintf(d->note, sizeof(d->note), "no details: %.100s", why.text);
		d->began = monotonic();
	}
	snprintf(d->by, sizeof(d->by), "%s", detail_by_text(detail_by(host_is_svm(), p->reason)));
}

void top_details_read(struct top_details *d, const struct place *p, const struct vm_list *vms,
		      bool saved)
{
	const struct vm *vm = vm_by_folder(vms, p->vm);
	struct complaint why;

	if (!place_is_same(&d->place, p))
		top_details_end(d);
	if (p->view != VIEW_DETAILS)
		return;
	if (!place_is_same(&d->place, p))
		begin(d, p, vm, saved);
	if (!d->source)
		return;
	table_free(&d->numbers.t);
	if (source_read(d->source, vm, p->vcpu, true, &d->numbers.t, &why))
		return;
	d->numbers.vm = vm;
	d->numbers.vcpu = p->vcpu;
	d->numbers.seconds = d->numbers.t.time - d->began;
}

void top_details_end(struct top_details *d)
{
	if (d->source)
		source_close(d->source);
	table_free(&d->numbers.t);
	memset(d, 0, sizeof(*d));
}
