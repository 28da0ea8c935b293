// SPDX-License-Identifier: GPL-2.0-only
/* Opens sources and finds VMs for a subcommand; ends the program with the cause if it cannot. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "command.h"
#include "errors.h"
#include "recording.h"

struct source *common_open(const char *path)
{
	struct complaint why;
	struct source *s;
	struct stat st;

	if (!path)
		return source_open_files(NULL);
	if (stat(path, &st))
		fail(ERR_OTHER, "%s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return source_open_files(path);
	s = source_open_recording(path, &why);
	if (!s && errno == EPROTO)
		fail(ERR_RECORDING, "%s: %s", path, why.text);
	if (!s)
		fail(ERR_OTHER, "%s: %s", path, strerror(errno));
	return s;
}

void common_vms(struct source *s, struct vm_list *vms)
{
	int err = source_list(s, vms);

	if (err)
		fail(ERR_OTHER, "the VMs of %s cannot be listed: %s", s->title, strerror(-err));
}

const struct vm *common_vm(const struct vm_list *vms, const char *what)
{
	const struct vm *vm;
	const char *nearest;
	size_t nr;

	vm = vm_find(vms, what, &nr);
	if (vm)
		return vm;
	if (nr > 1)
		fail(ERR_NO_VM, "%zu VMs have the process or UUID '%s': use a name", nr, what);
	nearest = vm_nearest(vms, what);
	if (nearest)
		fail(ERR_NO_VM, "there is no VM '%s'; the nearest name is '%s'", what, nearest);
	fail(ERR_NO_VM, "there is no VM '%s': there are no VMs", what);
}

void common_read(struct source *s, const struct vm *vm, int vcpu, bool hist, struct table *t)
{
	struct complaint why;
	int err = source_read(s, vm, vcpu, hist, t, &why);

	if (!err)
		return;
	if (err == -EPROTO)
		fail(ERR_OTHER, "the table of %s: %s", vm ? vm->name : "the host", why.text);
	if (!vm && err == -ENOENT)
		fail(ERR_OTHER, "%s has no numbers of the host", s->title);
	if (vm && vcpu != NO_VCPU && err == -ENOENT)
		fail(ERR_NO_VM, "%s has no vCPU %d", vm->name, vcpu);
	if (vm && (err == -ENOENT || err == -EIO))
		fail(ERR_NO_VM, "the VM %s ended", vm->name);
	fail(ERR_OTHER, "the table of %s: %s", vm ? vm->name : "the host", strerror(-err));
}
