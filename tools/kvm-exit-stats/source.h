/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the numbers come from: the kernel's files, a folder of saved ones, a recording. The
 * subcommands know only this interface.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "table.h"

#define NO_VCPU -1 /* a VM as a whole; with no VM the host */

struct vm {
	char *id;   /* unique among the living: the folder's name, thread-fd */
	char *name; /* printable and unique in its list, see names.h */
	char *uuid; /* NULL: not known */
	char *process;
	pid_t pid; /* 0: not known */
	size_t nr_vcpus;
	int *vcpu; /* their ids, ascending */
};

struct vm_list {
	size_t nr;
	struct vm *vm; /* by name */
};

struct source {
	const struct source_ops *ops;
	char *title;   /* for errors: where this is from */
	bool from_now; /* counting began when the source was opened */
};

struct source_ops {
	/* The VMs that are there now, in place of what the list held. 0 or -errno. */
	int (*list)(struct source *s, struct vm_list *vms);
	/*
	 * The table of a scope, which the caller frees: the host's with @vm NULL, a VM's with
	 * @vcpu NO_VCPU. @hist: with its histogram. 0; -ENOENT or -EIO: the VM is gone;
	 * -EPROTO: no table, @why says so; another -errno.
	 */
	int (*read)(struct source *s, const struct vm *vm, int vcpu, bool hist, struct table *t,
		    struct complaint *why);
	void (*close)(struct source *s);
};

/*
 * The files of the running kernel, or with @root those in that folder, which is laid out as
 * /sys/kernel/debug/kvm is; process names then come from ROOT/proc. Never NULL.
 */
struct source *source_open_files(const char *root);

/*
 * Counts by BPF from now on, on any KVM; with @handler an exit ends when KVM's handler returns,
 * else at the next entry. Needs a vendor module and debugfs. NULL: *err has -errno, @why the
 * cause.
 */
struct source *source_open_bpf(bool handler, int *err, struct complaint *why);

/*
 * Tells the exits of one reason apart by BPF, from now on: of a VM (NULL: all) and a vCPU (or
 * NO_VCPU). A row of its table is a port, an MSR, a page. list() is not supported, and read()
 * returns the scope given here. Needs and returns what source_open_bpf() does.
 */
struct source *source_open_drill(const struct vm *vm, int vcpu, int64_t reason, int *err,
				 struct complaint *why);

int source_list(struct source *s, struct vm_list *vms);
int source_read(struct source *s, const struct vm *vm, int vcpu, bool hist, struct table *t,
		struct complaint *why);
void source_close(struct source *s);

/* Frees what belongs to a VM, or to a list of them. */
void vm_free(struct vm *vm);
void vm_list_free(struct vm_list *vms);

/* By name, as all lists are. */
void vm_list_sort(struct vm_list *vms);

/* All of a VM but its vCPUs. */
void vm_copy(struct vm *to, const struct vm *from);

/*
 * The VM that a user means by its name, its folder, its UUID or its process, the first of these
 * that fits; NULL: none, or more than one (then *nr says how many).
 */
const struct vm *vm_find(const struct vm_list *vms, const char *what, size_t *nr);

/* The VM of that folder, or NULL. */
const struct vm *vm_by_folder(const struct vm_list *vms, const char *id);

/* The name most like @what, for an error message; NULL: no VM is there. */
const char *vm_nearest(const struct vm_list *vms, const char *what);

#endif
