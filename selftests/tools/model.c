// SPDX-License-Identifier: GPL-2.0-only
/* Samples for tests of the live view. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "model.h"

static const char *const names[] = {
	"web",
	"虚拟机-数据库",
	"e\u0301\u0302\u0323 combining",
	"a-name-that-is-longer-than-any-column-of-any-screen-"
	"that-has-ever-been-and-goes-on-and-on-and-on-until-its-very-end-which-comes-here",
	"",
	"emoji 😀 and \u200bzero width",
	"broken \xff\xc3",
	"full width ＡＢＣ",
};

static const struct row reasons[] = {
	{ .reason = 10, .id = "10", .name = "CPUID" },
	{ .reason = 30, .id = "30", .name = "IO_INSTRUCTION" },
	{ .reason = 49, .id = "49", .name = "EPT_MISCONFIG_WITH_A_NAME.." },
	{ .reason = REASON_OTHER, .id = "-", .name = "OTHER" },
};

static void add_scope(struct sample *s, const struct vm *vm, int vcpu, uint64_t weight)
{
	struct scope_numbers *to = &s->scope[s->nr++];
	struct table *t = &to->t;

	memset(to, 0, sizeof(*to));
	to->vm = vm;
	to->vcpu = vcpu;
	to->seconds = 1;
	to->has_split = true;
	t->tsc_khz = 1000000;
	t->has = (1u << USER_COUNT) - 1;
	t->vcpus = 2;
	t->hist = xcalloc(1, sizeof(*t->hist));
	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++) {
		struct row *row = table_add_row(t, &reasons[i]);

		row->n[COUNT] = weight;
		row->n[TOTAL] = weight * (reasons[i].reason == 49 ? 5000 : 1000);
		t->exits += row->n[COUNT];
		t->cycles += row->n[TOTAL];
		t->hist[i][9 + i] = weight;
	}
}

void model_make(struct sample *s, size_t vms, size_t costliest)
{
	*s = (struct sample){ .scope = xcalloc(1 + 3 * vms, sizeof(*s->scope)) };
	s->vms = (struct vm_list){ vms, xcalloc(vms + 1, sizeof(*s->vms.vm)) };
	add_scope(s, NULL, NO_VCPU, 1000);
	for (size_t i = 0; i < vms; i++) {
		struct vm *vm = &s->vms.vm[i];

		*vm = (struct vm){ .id = xasprintf("%zu-11", 1000 + i),
				   .name = xstrdup(names[i % (sizeof(names) / sizeof(*names))]),
				   .uuid = xasprintf("uuid-%zu", i),
				   .process = xstrdup("qemu"),
				   .pid = 1000 + i };
		add_scope(s, vm, NO_VCPU, i == costliest ? 1000 : 10 + i);
		add_scope(s, vm, 0, 1);
		add_scope(s, vm, 1, 2);
	}
}

void model_free(struct sample *s)
{
	sample_free(s);
}
