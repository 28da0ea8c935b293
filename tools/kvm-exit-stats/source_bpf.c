// SPDX-License-Identifier: GPL-2.0-only
/*
 * The source that counts by itself: by BPF programs, on any kvm, from its opening on.
 * bpf/exits.bpf.c says what they measure. VMs and vCPUs are those of KVM's folders in debugfs,
 * which every kvm has; their numbers are in the slots that the programs write and we map.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <sys/utsname.h>

#include "bpf/exits.h"
#include "bpf_load.h"
#include "command.h"
#include "exits.skel.h"
#include "memory.h"
#include "reasons.h"
#include "source.h"

#define MIN_SLOTS 256
#define MAX_SLOTS 4096

/* A vCPU that exists, and its slot. */
struct living {
	char vm[32];
	int vcpu;
	unsigned int slot;
};

struct bpf_source {
	struct source source;
	struct source *files; /* for the list of VMs */
	struct exits_bpf *skel;
	enum measured measured;
	bool svm;
	unsigned int nr_slots, nr_rows;
	size_t slot_size;
	char *map;
	double began;	   /* UNIX time */
	double halts_read; /* monotonic time */
	uint64_t epoch;
	uint64_t changes;      /* of the slots' owners, when @living was made */
	struct living *living; /* the living vCPUs, by VM and number */
	size_t nr_living;
	uint64_t vms, vcpus;  /* as of the last list */
	struct slot *retired; /* the sum of all vCPUs that were destroyed */
	struct slot *copy;    /* of the slot that is read */
};

static struct bpf_source *bpf_of(struct source *s)
{
	return (struct bpf_source *)s;
}

static struct slot *slot_at(const struct bpf_source *b, unsigned int i)
{
	return (struct slot *)(b->map + i * b->slot_size);
}

/* Copies again if @sequence changed during the copy. */
static void copy_row(const struct slot *s, unsigned int row, struct exit_row *copy)
{
	const volatile __u64 *sequence = &s->sequence;
	__u64 before;

	do {
		while ((before = *sequence) & 1)
			sched_yield();
		__sync_synchronize();
		*copy = s->rows[row];
		__sync_synchronize();
	} while (*sequence != before);
}

static void add_row(struct exit_row *to, const struct exit_row *row)
{
	if (!row->count)
		return;
	if (!to->count || row->min < to->min)
		to->min = row->min;
	if (row->max > to->max)
		to->max = row->max;
	to->count += row->count;
	to->total += row->total;
	to->nested_count += row->nested_count;
	to->nested_total += row->nested_total;
	to->user_count += row->user_count;
	to->user_total += row->user_total;
	for (int k = 0; k < EXIT_BUCKETS; k++)
		to->hist[k] += row->hist[k];
}

static void add_slot(const struct bpf_source *b, struct slot *to, const struct slot *s)
{
	struct exit_row row;

	for (unsigned int i = 0; i < b->nr_rows; i++) {
		/* Most reasons never occur. */
		if (!*(const volatile __u64 *)&s->rows[i].count)
			continue;
		copy_row(s, i, &row);
		add_row(&to->rows[i], &row);
	}
	to->vmm_ns += *(const volatile __u64 *)&s->vmm_ns;
	if (*(const volatile __u64 *)&s->vcpu == SLOT_DEAD) {
		to->halt_poll_ns += s->halt_poll_ns;
		to->halt_wait_ns += s->halt_wait_ns;
	} else {
		to->halt_poll_ns += s->live_poll_ns;
		to->halt_wait_ns += s->live_wait_ns;
	}
}

static int by_vm_and_vcpu(const void *a, const void *b)
{
	const struct living *x = a, *y = b;
	int order = strcmp(x->vm, y->vm);

	return order ? order : (x->vcpu > y->vcpu) - (x->vcpu < y->vcpu);
}

/* Takes the numbers of vCPUs that were destroyed, frees their slots, and finds the others. */
static void find_vcpus(struct bpf_source *b)
{
	uint64_t changes = *(volatile __u64 *)&b->skel->bss->changes;

	if (changes == b->changes)
		return;
	b->changes = changes;
	b->nr_living = 0;
	for (unsigned int i = 0; i < b->nr_slots; i++) {
		struct slot *s = slot_at(b, i);
		__u64 vcpu = *(volatile __u64 *)&s->vcpu;

		if (vcpu == SLOT_DEAD) {
			add_slot(b, b->retired, s);
			memset(&s->sequence, 0, b->slot_size - sizeof(s->vcpu));
			__sync_synchronize();
			*(volatile __u64 *)&s->vcpu = 0;
		} else if (vcpu) {
			struct living *p = &b->living[b->nr_living++];

			memcpy(p->vm, s->vm, sizeof(p->vm));
			p->vcpu = s->vcpu_id;
			p->slot = i;
		}
	}
	qsort(b->living, b->nr_living, sizeof(*b->living), by_vm_and_vcpu);
}

static int bpf_list(struct source *s, struct vm_list *vms)
{
	struct bpf_source *b = bpf_of(s);
	int err = source_list(b->files, vms);

	b->vms = vms->nr;
	b->vcpus = 0;
	for (size_t i = 0; i < vms->nr; i++)
		b->vcpus += vms->vm[i].nr_vcpus;
	return err;
}

/* Runs the program that copies the halted times, at most once in 10 ms. */
static void read_halts(struct bpf_source *b)
{
	struct bpf_test_run_opts opts = { .sz = sizeof(opts) };

	if (monotonic() - b->halts_read < 0.01)
		return;
	bpf_prog_test_run_opts(bpf_program__fd(b->skel->progs.read_halts), &opts);
	b->halts_read = monotonic();
}

/* The reason that a row counts. The last row has all that have none. */
static int64_t reason_of(const struct bpf_source *b, unsigned int row)
{
	uint32_t reason = row;

	if (row == b->nr_rows - 1)
		return REASON_OTHER;
	if (b->svm)
		reason = row < SVM_LOW_CODES ? row - 1 : row - SVM_LOW_CODES + SVM_NPF;
	return strcmp(reason_name(b->svm, reason), "?") ? (int64_t)reason : REASON_OTHER;
}

static void put_row(struct bpf_source *b, struct table *t, unsigned int i)
{
	const struct exit_row *from = &b->copy->rows[i];
	struct row like = { .reason = reason_of(b, i) }, *row;

	if (!from->count)
		return;
	if (like.reason == REASON_OTHER)
		snprintf(like.id, sizeof(like.id), "-");
	else
		snprintf(like.id, sizeof(like.id), b->svm ? "0x%llx" : "%lld",
			 (long long)like.reason);
	snprintf(like.name, sizeof(like.name), "%s",
		 like.reason == REASON_OTHER ? "OTHER" : reason_name(b->svm, like.reason));
	row = table_add_row(t, &like);
	row->n[COUNT] = from->count;
	row->n[TOTAL] = from->total;
	row->n[MIN] = from->min;
	row->n[MAX] = from->max;
	row->n[AVG] = from->total / from->count;
	row->n[NESTED_COUNT] = from->nested_count;
	row->n[NESTED_TOTAL] = from->nested_total;
	row->n[USER_COUNT] = from->user_count;
	row->n[USER_TOTAL] = from->user_total;
	if (t->hist)
		memcpy(t->hist[row - t->row], from->hist, sizeof(hist_t));
	t->exits += from->count;
	t->cycles += from->total;
	t->nested += from->nested_count;
}

/* In order of reason, as the kernel's tables: SVM's row 0 is the code -1. */
static void put_rows(struct bpf_source *b, struct table *t)
{
	struct exit_row *other = &b->copy->rows[b->nr_rows - 1];

	for (unsigned int i = 0; i < b->nr_rows - 1; i++) {
		if (reason_of(b, i) == REASON_OTHER) {
			add_row(other, &b->copy->rows[i]);
			b->copy->rows[i].count = 0;
		}
	}
	for (unsigned int i = b->svm; i < b->nr_rows - 1; i++)
		put_row(b, t, i);
	if (b->svm)
		put_row(b, t, 0);
	put_row(b, t, b->nr_rows - 1);
}

/* The first of a VM's vCPUs from @vcpu on, or the end. */
static size_t first_vcpu(const struct bpf_source *b, const char *vm, int vcpu)
{
	struct living wanted = { .vcpu = vcpu };
	size_t low = 0, high = b->nr_living;

	snprintf(wanted.vm, sizeof(wanted.vm), "%s", vm);
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (by_vm_and_vcpu(&b->living[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void add_vcpus(struct bpf_source *b, const struct vm *vm, int vcpu)
{
	size_t i = vm ? first_vcpu(b, vm->id, vcpu == NO_VCPU ? 0 : vcpu) : 0;

	for (; i < b->nr_living; i++) {
		const struct living *p = &b->living[i];

		if (vm && (strcmp(p->vm, vm->id) || (vcpu != NO_VCPU && p->vcpu != vcpu)))
			break;
		add_slot(b, b->copy, slot_at(b, p->slot));
	}
}

/* KVM removes a VM's folder before it destroys the vCPUs. */
static bool is_there(const struct vm *vm)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%.64s", vm->id);
	return !access(path, F_OK);
}

static int bpf_read(struct source *s, const struct vm *vm, int vcpu, bool hist, struct table *t,
		    struct complaint *why)
{
	struct bpf_source *b = bpf_of(s);

	(void)why;
	if (vm && !is_there(vm))
		return -ENOENT;
	find_vcpus(b);
	read_halts(b);
	memset(b->copy, 0, b->slot_size);
	t->scope = !vm ? SCOPE_HOST : vcpu == NO_VCPU ? SCOPE_VM : SCOPE_VCPU;
	add_vcpus(b, vm, vcpu);
	if (!vm)
		add_slot(b, b->copy, b->retired);
	bpf_table_begin(t, b->svm, b->began);
	/* A vCPU that sleeps has no slot, but it has time. */
	t->vms = vm ? 1 : b->vms;
	t->vcpus = !vm ? b->vcpus : vcpu == NO_VCPU ? vm->nr_vcpus : 1;
	t->measured = b->measured;
	t->epoch = b->epoch;
	t->lost = b->skel->bss->no_slot + b->skel->bss->unmatched;
	t->halt_poll_ns = b->copy->halt_poll_ns;
	t->halt_wait_ns = b->copy->halt_wait_ns;
	t->has_vmm = true;
	t->vmm_ns = b->copy->vmm_ns;
	if (hist)
		t->hist = xcalloc(1, sizeof(*t->hist));
	put_rows(b, t);
	return 0;
}

static void bpf_close(struct source *s)
{
	struct bpf_source *b = bpf_of(s);

	if (b->map != MAP_FAILED)
		munmap(b->map, b->nr_slots * b->slot_size);
	exits_bpf__destroy(b->skel);
	source_close(b->files);
	free(b->living);
	free(b->retired);
	free(b->copy);
	free(b->source.title);
	free(b);
}

static const struct source_ops bpf_ops = {
	.list = bpf_list,
	.read = bpf_read,
	.close = bpf_close,
};

/*
 * At least four slots for each vCPU that is there now: more may come, and few collide. Above 1024
 * vCPUs there are fewer slots for each.
 */
static void choose_slots(struct bpf_source *b)
{
	struct vm_list vms = {};

	bpf_list(&b->source, &vms);
	vm_list_free(&vms);
	b->nr_slots = MIN_SLOTS;
	while (b->nr_slots < MAX_SLOTS && b->nr_slots < 4 * b->vcpus)
		b->nr_slots *= 2;
	b->nr_rows = b->svm ? SVM_ROWS : VMX_ROWS;
	b->slot_size = sizeof(struct slot) + b->nr_rows * sizeof(struct exit_row);
	b->living = xcalloc(b->nr_slots, sizeof(*b->living));
	b->retired = xcalloc(1, b->slot_size);
	b->retired->vcpu = SLOT_DEAD;
	b->copy = xcalloc(1, b->slot_size);
}

/* Can programs cast pointers (since 6.2)? And which bit of hflags says L2 (until 6.3 another)? */
static void look_at_kernel(struct exits_bpf *skel)
{
	struct btf *btf = btf__load_vmlinux_btf();
	struct utsname kernel;
	int major = 0, minor = 0;

	skel->rodata->can_cast = btf &&
				 btf__find_by_name_kind(btf, "bpf_rdonly_cast", BTF_KIND_FUNC) > 0;
	btf__free(btf);
	uname(&kernel);
	sscanf(kernel.release, "%d.%d", &major, &minor);
	skel->rodata->guest_mode_bit = major > 6 || (major == 6 && minor >= 4) ? 1 << 0 : 1 << 5;
}

static int load(struct bpf_source *b, bool handler)
{
	struct exits_bpf *skel = exits_bpf__open();
	int err;

	if (!skel)
		return -errno;
	b->skel = skel;
	look_at_kernel(skel);
	skel->rodata->svm = b->svm;
	skel->rodata->nr_rows = b->nr_rows;
	for (int i = 2; i < 256; i++)
		skel->rodata->log2_of[i] = skel->rodata->log2_of[i / 2] + 1;
	skel->rodata->slot_shift = 64 - __builtin_ctz(b->nr_slots);
	bpf_map__set_max_entries(skel->maps.slots, b->nr_slots);
	bpf_map__set_value_size(skel->maps.slots, b->slot_size);
	bpf_program__set_autoload(skel->progs.end_at_handler, handler);
	if (handler && b->svm) {
		err = bpf_program__set_attach_target(skel->progs.end_at_handler, 0,
						     "svm_handle_exit");
		if (err)
			return err;
	}
	err = exits_bpf__load(skel);
	if (err)
		return err;
	b->map = mmap(NULL, b->nr_slots * b->slot_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		      bpf_map__fd(skel->maps.slots), 0);
	return b->map == MAP_FAILED ? -errno : 0;
}

/* The one that starts exits comes last: before it there is nothing to end. */
static int attach(struct bpf_source *b)
{
	struct bpf_program *const order[] = {
		b->skel->progs.retire_vcpu,  b->skel->progs.enter_kvm,
		b->skel->progs.leave_kvm,    b->skel->progs.end_at_handler,
		b->skel->progs.end_at_entry, b->skel->progs.start_exit,
	};
	struct bpf_link **const link[] = {
		&b->skel->links.retire_vcpu,  &b->skel->links.enter_kvm,
		&b->skel->links.leave_kvm,    &b->skel->links.end_at_handler,
		&b->skel->links.end_at_entry, &b->skel->links.start_exit,
	};

	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
		if (!bpf_program__autoload(order[i]))
			continue;
		*link[i] = bpf_program__attach(order[i]);
		if (!*link[i])
			return -errno;
	}
	return 0;
}

struct source *source_open_bpf(bool handler, int *err, struct complaint *why)
{
	struct bpf_source *b = xcalloc(1, sizeof(*b));

	bpf_keep_warnings();
	b->source.ops = &bpf_ops;
	b->source.title = xstrdup("BPF");
	b->measured = handler ? MEASURED_HANDLER_BPF : MEASURED_ENTRY_BPF;
	b->source.from_now = true;
	b->map = MAP_FAILED;
	b->svm = host_is_svm();
	b->files = source_open_files(NULL);
	b->changes = -1;
	choose_slots(b);
	if (getrandom(&b->epoch, sizeof(b->epoch), 0) < 0)
		b->epoch = unix_time();
	*err = load(b, handler);
	if (!*err)
		*err = attach(b);
	b->began = unix_time();
	if (!*err)
		return &b->source;
	bpf_complain(why, *err);
	source_close(&b->source);
	return NULL;
}
