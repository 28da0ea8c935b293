// SPDX-License-Identifier: GPL-2.0-only
/* Names of VMs: from /proc, from what a hostile user may have put there, and found by users. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"
#include "names.h"
#include "tap.h"

/* A copy of /proc; mkdtemp() completes the name. */
static char proc[32] = "/tmp/test_names.XXXXXX";

static void put(int tid, const char *file, const char *text, size_t len)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%d", proc, tid);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%d/%s", proc, tid, file);
	f = fopen(path, "we");
	if (!f)
		bail_out("%s", path);
	fwrite(text, 1, len, f);
	fclose(f);
}

/* A thread of process 1000. */
static void thread(int tid, const char *cgroup)
{
	static const char status[] = "Name:\tqemu\nTgid:\t1000\nPid:\t1001\n";

	put(tid, "status", status, strlen(status));
	put(1000, "comm", "qemu-kvm\n", 9);
	put(tid, "cgroup", cgroup, strlen(cgroup));
}

static struct vm named(const char *id)
{
	struct vm vm = { .id = xstrdup(id) };

	vm_name(&vm, proc);
	return vm;
}

static void drop(struct vm *vm)
{
	struct vm *one = xcalloc(1, sizeof(*one));
	struct vm_list list = { 1, one };

	*one = *vm;
	vm_list_free(&list);
}

/* The name of a VM whose process has this argument of -name and this cgroup. */
static void is_named(const char *arg, const char *cgroup, const char *name, const char *what)
{
	char line[256];
	struct vm vm;
	int len;

	len = arg ? snprintf(line, sizeof(line), "qemu%c-name%c%s%c-m%c1G%c", 0, 0, arg, 0, 0, 0)
		  : snprintf(line, sizeof(line), "qemu%c-m%c1G%c", 0, 0, 0);
	thread(1001, cgroup);
	put(1001, "cmdline", line, len);
	vm = named("1001-11");
	if (!ok(!strcmp(vm.name, name), "%s: %s", what, name))
		diag("it is '%s'", vm.name);
	drop(&vm);
}

#define SLICE "0::/machine.slice/"

static void test_qemu(void)
{
	is_named("guest=web,debug-threads=on", "", "web", "-name guest=NAME,...");
	is_named("web,debug-threads=on", "", "web", "-name NAME,...");
	is_named("debug-threads=on,guest=web", "", "web", "guest= behind another key");
	is_named("guest=a,,b,debug-threads=on", "", "a,b", "a comma in a name is doubled");
	is_named("a,,guest=b", "", "a,guest=b", "what looks like a key behind a doubled comma");
	is_named("guest=x,,guest=y", "", "x,guest=y", "the same in guest=");
	is_named("debug-threads=on", "", "qemu-kvm 1000", "-name without a name");
	is_named("process=p,debug-threads=on", "", "qemu-kvm 1000", "two keys and no name");
	is_named("guest=", "", "qemu-kvm 1000", "an empty name");
	is_named(NULL, "", "qemu-kvm 1000", "no -name: the command and its process");
	is_named("a\033[31m\x01", "", "a?[31m?", "control characters");
	is_named("a\xff\xc3", "", "a??", "broken UTF-8");
	is_named("\xc0\xaf\xed\xa0\x80\xc2\x85", "", "???????", "overlong forms, surrogates, C1");
	is_named("虚拟机é😀", "", "虚拟机é😀", "UTF-8");
	is_named("a\u202eb", "", "a???b", "a character that turns the line around");
}

static void test_cgroups(void)
{
	is_named(NULL, SLICE "machine-qemu\\x2d3\\x2dbuild\\x2d1.scope/libvirt/emulator\n",
		 "build-1", "libvirt's scope");
	is_named(NULL, SLICE "machine-fedora.scope\n", "fedora", "systemd's scope");
	is_named(NULL, SLICE "machine-prod.slice/machine-qemu\\x2d3\\x2dweb.scope\n", "web",
		 "libvirt's scope in a slice of its own");
	is_named(NULL, SLICE "machine-qemu\\x2d3\\x2d\\xe2\\x82\\xac.scope\n", "€",
		 "escaped UTF-8");
	is_named(NULL, SLICE "machine-a\\x0ab\\x1b\\xzz.scope\n", "a\\x0ab?\\xzz",
		 "escapes that are none, and of control characters");
	is_named(NULL, "12:cpu:/x\n1:name=systemd:/machine.slice/machine-old.scope\n", "old",
		 "the hierarchies of cgroup v1");
	is_named(NULL, "0::/user.slice/machine-\n", "qemu-kvm 1000", "no machine");
	is_named("guest=web", SLICE "machine-other.scope\n", "web", "-name wins");
}

static void test_processes(void)
{
	static const char line[] = "qemu\0--name\0web\0-uuid\0a1b2\n\0";
	char *big = malloc(100000);
	struct vm vm;

	put(1001, "cmdline", line, sizeof(line) - 1);
	vm = named("1001-11");
	ok(vm.pid == 1000 && !strcmp(vm.process, "qemu-kvm"),
	   "a thread that is no process is its process's");
	ok(!strcmp(vm.name, "web") && !strcmp(vm.uuid, "a1b2?"), "--name, and a printable -uuid");
	drop(&vm);
	vm = named("77-9");
	ok(!strcmp(vm.name, "77-9") && !vm.pid && !strcmp(vm.process, "?") && !vm.uuid,
	   "a process that is gone: the folder's name");
	drop(&vm);
	put(1001, "cmdline", "qemu\0-name", 10);
	put(1001, "cgroup", "", 0);
	vm = named("1001-11");
	ok(!strcmp(vm.name, "qemu-kvm 1000"), "a command line that ends behind -name");
	drop(&vm);
	memset(big, 'x', 100000);
	put(1001, "cmdline", big, 100000);
	put(1001, "cgroup", big, 100000);
	put(1000, "comm", big, 100000);
	vm = named("1001-11");
	ok(strlen(vm.process) < 64 && strlen(vm.name) < 80, "files that are too long are cut");
	drop(&vm);
	free(big);
	vm = (struct vm){ .id = xstrdup("1001-11") };
	vm_name(&vm, NULL);
	ok(!strcmp(vm.name, "1001-11"), "without /proc: the folder's name");
	drop(&vm);
}

/* Two VMs whose names and UUIDs differ only behind what is kept; the cut is within a "é". */
static void test_long(void)
{
	struct vm_list list = { 2, xcalloc(2, sizeof(struct vm)) };
	char line[3000];

	for (int i = 0; i < 2; i++) {
		char *to = line;

		to += sprintf(to, "qemu%c-uuid%c", 0, 0);
		memset(to, 'u', 1000);
		to += 1000;
		to += sprintf(to, "%c-name%c", 0, 0);
		for (int k = 0; k < 500; k++)
			to += sprintf(to, "é");
		to += sprintf(to, "%d%c", i, 0);
		put(1001 + i, "cmdline", line, to - line);
		list.vm[i].id = xasprintf("%d-11", 1001 + i);
		vm_name(&list.vm[i], proc);
	}
	ok(strlen(list.vm[0].name) == 254 && !strcmp(list.vm[0].name + 252, "é") &&
		   strlen(list.vm[0].uuid) == 255,
	   "a long name and UUID are cut at the end of a character");
	vm_names_unique(&list);
	ok(!strcmp(list.vm[0].name + 254, " (1001-11)") &&
		   !strcmp(list.vm[1].name + 254, " (1002-11)"),
	   "names that are the same when cut are told apart");
	vm_list_free(&list);
}

/* A shell reads a quoted name as one word, and runs nothing of it. */
static void test_quoted(void)
{
	static const char name[] = "it's $(echo no) `echo no` \"x\" \\ *; é";
	char command[256], back[256] = "";
	FILE *f = fmemopen(command, sizeof(command), "w");

	fputs("printf %s ", f);
	print_quoted(f, name);
	fclose(f);
	f = popen(command, "re");
	if (f && !fgets(back, sizeof(back), f))
		diag("%s prints nothing", command);
	if (f)
		pclose(f);
	ok(!strcmp(back, name), "a name that is quoted is one word of a shell: %s", command);
}

static void add(struct vm_list *list, const char *id, const char *name, const char *uuid, pid_t pid)
{
	list->vm = xrealloc(list->vm, (list->nr + 1) * sizeof(*list->vm));
	list->vm[list->nr++] = (struct vm){ .id = xstrdup(id),
					    .name = xstrdup(name),
					    .uuid = uuid ? xstrdup(uuid) : NULL,
					    .pid = pid };
}

static void test_finding(void)
{
	struct vm_list list = {};
	size_t nr;

	add(&list, "1234-11", "qemu 1234", NULL, 1234);
	add(&list, "1234-13", "qemu 1234", NULL, 1234);
	add(&list, "1300-11", "web", "A1B2", 1300);
	vm_names_unique(&list);
	ok(!strcmp(list.vm[0].name, "qemu 1234 (1234-11)") &&
		   !strcmp(list.vm[1].name, "qemu 1234 (1234-13)") &&
		   !strcmp(list.vm[2].name, "web"),
	   "two VMs of one process have names of their own");
	ok(vm_find(&list, "web", &nr) == &list.vm[2] &&
		   vm_find(&list, "a1b2", &nr) == &list.vm[2] &&
		   vm_find(&list, "1300", &nr) == &list.vm[2] &&
		   vm_find(&list, "1234-13", &nr) == &list.vm[1],
	   "a VM is found by name, UUID, process and folder");
	ok(!vm_find(&list, "1234", &nr) && nr == 2, "a process of two VMs means neither");
	ok(!vm_find(&list, "we", &nr) && !nr && !vm_find(&list, "", &nr),
	   "part of a name does not");
	ok(!strcmp(vm_nearest(&list, "WBE"), "web"), "the nearest name is told");
	vm_list_free(&list);
	ok(!vm_nearest(&list, "x") && !vm_find(&list, "x", &nr), "of no VMs none is found or near");
	vm_names_unique(&list);
}

/* All names differ, and each finds its VM; so does each folder that is nobody's name. */
static void is_unambiguous(struct vm_list *list, const char *what)
{
	bool good = true;
	size_t nr;

	vm_names_unique(list);
	vm_list_sort(list);
	for (size_t i = 0; i < list->nr; i++) {
		const struct vm *by_folder = vm_find(list, list->vm[i].id, &nr);

		good &= vm_find(list, list->vm[i].name, &nr) == &list->vm[i];
		good &= by_folder == &list->vm[i] ||
			(by_folder && !strcmp(by_folder->name, list->vm[i].id));
	}
	if (!ok(good, "%s: each VM is found by its name", what)) {
		for (size_t i = 0; i < list->nr; i++)
			diag("%s: '%s'", list->vm[i].id, list->vm[i].name);
	}
	vm_list_free(list);
}

static void test_collisions(void)
{
	struct vm_list list = {};

	add(&list, "1234-11", "web", NULL, 1234);
	add(&list, "1300-11", "web", NULL, 1300);
	is_unambiguous(&list, "two VMs of one name");
	add(&list, "1234-11", "web", NULL, 1234);
	add(&list, "1300-11", "web", NULL, 1300);
	add(&list, "1400-11", "web (1234-11)", NULL, 1400);
	is_unambiguous(&list, "a third is named as the first is called to tell it apart");
	add(&list, "1234-11", "web", NULL, 1234);
	add(&list, "1300-11", "web", NULL, 1300);
	add(&list, "1400-11", "web (1234-11)", NULL, 1400);
	add(&list, "1500-11", "web (1234-11) (1400-11)", NULL, 1500);
	add(&list, "1600-11", "web (1234-11)", NULL, 1600);
	is_unambiguous(&list, "a fourth is named as the third is then called");
	add(&list, "1234-11", "1300-11", "1400", 1234);
	add(&list, "1300-11", "web", "1234-11", 1300);
	add(&list, "1400-11", "1300", "web", 1400);
	is_unambiguous(&list, "names that are others' folders and processes, UUIDs that are names");
	add(&list, "1234-11", "db (old)", NULL, 1234);
	add(&list, "1300-11", "web", NULL, 1300);
	vm_names_unique(&list);
	ok(!strcmp(list.vm[0].name, "db (old)"), "a name that no other has stays");
	vm_list_free(&list);
}

int main(void)
{
	char command[128];

	if (!mkdtemp(proc))
		bail_out("%s", proc);
	test_qemu();
	test_cgroups();
	test_processes();
	test_long();
	test_quoted();
	test_finding();
	test_collisions();
	snprintf(command, sizeof(command), "rm -r %s", proc);
	return system(command) || done_testing();
}
