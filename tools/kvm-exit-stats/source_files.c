// SPDX-License-Identifier: GPL-2.0-only
/* The source that reads the kernel's files in debugfs, or a folder laid out as they are. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "memory.h"
#include "names.h"
#include "source.h"

#define KVM_DEBUGFS "/sys/kernel/debug/kvm"

/* A VM whose names were read. No two folders of a boot have the same inode number. */
struct known {
	ino_t inode;
	struct vm vm;
	bool seen; /* in the last list */
};

struct files {
	struct source source;
	char *root;
	char *proc; /* NULL: no process is known */
	struct known *known;
	size_t nr_known, next_known;
	char *text; /* of the file that is read */
	size_t size;
	double began; /* when it was made: the file of a scope is never written to */
};

static struct files *files_of(struct source *s)
{
	return (struct files *)s;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* How many digits of an int a text begins with. */
static size_t number_length(const char *text)
{
	size_t len = strspn(text, "0123456789");

	return len < 10 ? len : 0;
}

/* Is the name of the form THREAD-FD? KVM's folders have it; a saved folder may contain others. */
static bool is_vm_folder(const char *name)
{
	size_t tid = number_length(name),
	       fd = tid && name[tid] == '-' ? number_length(name + tid + 1) : 0;

	return fd && !name[tid + 1 + fd];
}

static bool is_vcpu_folder(const char *name)
{
	size_t len = strncmp(name, "vcpu", 4) ? 0 : number_length(name + 4);

	return len && !name[4 + len];
}

static int by_number(const void *a, const void *b)
{
	return (*(const int *)a > *(const int *)b) - (*(const int *)a < *(const int *)b);
}

static void list_vcpus(const char *root, struct vm *vm)
{
	char path[4096];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%s", root, vm->id);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (!is_vcpu_folder(entry->d_name))
			continue;
		vm->vcpu = xrealloc(vm->vcpu, (vm->nr_vcpus + 1) * sizeof(*vm->vcpu));
		vm->vcpu[vm->nr_vcpus++] = atoi(entry->d_name + 4);
	}
	if (dir)
		closedir(dir);
	if (vm->nr_vcpus)
		qsort(vm->vcpu, vm->nr_vcpus, sizeof(*vm->vcpu), by_number);
}

/* Folders mostly come in the order of the last list, so the search begins behind the last hit. */
static struct known *find_known(struct files *f, ino_t inode, const char *id)
{
	for (size_t i = 0; i < f->nr_known; i++) {
		size_t at = (f->next_known + i) % f->nr_known;

		if (f->known[at].inode == inode && !strcmp(f->known[at].vm.id, id)) {
			f->next_known = at + 1;
			return &f->known[at];
		}
	}
	return NULL;
}

/* A VM's names do not change, and reading them takes longer than reading its table. */
static void name_vm(struct files *f, struct vm *vm, const struct dirent *entry)
{
	struct known *k = find_known(f, entry->d_ino, entry->d_name);

	if (!k) {
		f->known = xrealloc(f->known, (f->nr_known + 1) * sizeof(*f->known));
		k = &f->known[f->nr_known++];
		*k = (struct known){ .inode = entry->d_ino, .vm.id = xstrdup(entry->d_name) };
		vm_name(&k->vm, f->proc);
	}
	k->seen = true;
	vm_copy(vm, &k->vm);
}

/* Forgets the VMs that ended; with @all every one. */
static void forget(struct files *f, bool all)
{
	size_t to = 0;

	for (size_t i = 0; i < f->nr_known; i++) {
		if (f->known[i].seen && !all) {
			f->known[to] = f->known[i];
			f->known[to++].seen = false;
		} else {
			vm_free(&f->known[i].vm);
		}
	}
	f->nr_known = to;
	f->next_known = 0;
}

static int files_list(struct source *s, struct vm_list *vms)
{
	struct files *f = files_of(s);
	struct dirent *entry;
	size_t size = 0;
	DIR *dir;

	vm_list_free(vms);
	dir = opendir(f->root);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		if (!is_vm_folder(entry->d_name))
			continue;
		if (vms->nr == size) {
			size = size ? 2 * size : 16;
			vms->vm = xrealloc(vms->vm, size * sizeof(*vms->vm));
		}
		name_vm(f, &vms->vm[vms->nr], entry);
		list_vcpus(f->root, &vms->vm[vms->nr++]);
	}
	closedir(dir);
	forget(f, false);
	vm_names_unique(vms);
	vm_list_sort(vms);
	return 0;
}

/* The whole file into f->text. */
static int read_text(struct files *f, const char *path, struct complaint *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	size_t len = 0;
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return -errno;
	f->began = fstat(fd, &st) ? 0 : st.st_mtime;
	for (;;) {
		if (len + 1 >= f->size) {
			f->size = f->size ? 2 * f->size : 16 * 1024;
			f->text = xrealloc(f->text, f->size);
		}
		n = read(fd, f->text + len, f->size - 1 - len);
		if (n <= 0)
			break;
		len += n;
	}
	if (n < 0)
		err = -errno;
	f->text[len] = '\0';
	close(fd);
	if (!err && strlen(f->text) != len) {
		snprintf(why->text, sizeof(why->text), "it has a 0 byte, which is no text");
		err = -EPROTO;
	}
	return err;
}

static void path_of(const struct files *f, const struct vm *vm, int vcpu, bool hist, char *path,
		    size_t size)
{
	const char *end = hist ? "_hist" : "";

	if (!vm)
		snprintf(path, size, "%s/exit_stats%s", f->root, end);
	else if (vcpu == NO_VCPU)
		snprintf(path, size, "%s/%s/vm_exit_stats%s", f->root, vm->id, end);
	else
		snprintf(path, size, "%s/%s/vcpu%d/exit_stats%s", f->root, vm->id, vcpu, end);
}

static int files_read(struct source *s, const struct vm *vm, int vcpu, bool hist, struct table *t,
		      struct complaint *why)
{
	struct files *f = files_of(s);
	char path[4096];
	int err;

	path_of(f, vm, vcpu, false, path, sizeof(path));
	err = read_text(f, path, why);
	if (!err)
		err = table_parse(t, f->text, why);
	if (!err) {
		t->time = now();
		t->began = f->began;
	}
	if (!err && hist) {
		path_of(f, vm, vcpu, true, path, sizeof(path));
		err = read_text(f, path, why);
		if (!err)
			err = table_parse_hist(t, f->text, why);
		if (err)
			table_free(t);
	}
	return err;
}

static void files_close(struct source *s)
{
	struct files *f = files_of(s);

	forget(f, true);
	free(f->known);
	free(f->root);
	free(f->proc);
	free(f->text);
	free(f->source.title);
	free(f);
}

static const struct source_ops files_ops = {
	.list = files_list,
	.read = files_read,
	.close = files_close,
};

struct source *source_open_files(const char *root)
{
	struct files *f = xcalloc(1, sizeof(*f));

	f->source.ops = &files_ops;
	f->root = xstrdup(root ? root : KVM_DEBUGFS);
	f->proc = root ? xasprintf("%s/proc", root) : xstrdup("/proc");
	f->source.title = xstrdup(root ? root : "this kernel's files");
	return &f->source;
}
