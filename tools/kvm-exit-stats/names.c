// SPDX-License-Identifier: GPL-2.0-only
/* Names of VMs from /proc. */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"
#include "names.h"

#define LONGEST_NAME 255

/* A whole small file, with a 0 behind it; its length, or -1. */
static ssize_t read_all(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = 0, n;

	if (fd < 0)
		return -1;
	while (len < (ssize_t)size - 1 && (n = read(fd, buf + len, size - 1 - len)) > 0)
		len += n;
	close(fd);
	buf[len] = '\0';
	return len;
}

/* Does a character begin here that breaks the line or changes its direction? */
static bool turns_line(const unsigned char *s)
{
	if (s[0] != 0xe2)
		return false;
	/* U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069 */
	return s[1] == 0x80   ? s[2] == 0x8e || s[2] == 0x8f || (s[2] >= 0xa8 && s[2] <= 0xae)
	       : s[1] == 0x81 ? s[2] >= 0xa6 && s[2] <= 0xa9
			      : false;
}

/* The length of a valid UTF-8 sequence of a printable character, or 0. */
static int printable_sequence(const unsigned char *s)
{
	int len = *s < 0x80 ? 1 : *s >= 0xf0 && *s < 0xf5 ? 4 : *s >= 0xe0 ? 3 : 2;

	if (len == 1)
		return isprint(*s) ? 1 : 0;
	if (*s < 0xc2 || *s >= 0xf5)
		return 0;
	for (int i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	/* C1 controls, overlong forms and surrogates */
	if ((s[0] == 0xc2 && s[1] < 0xa0) || (s[0] == 0xe0 && s[1] < 0xa0) ||
	    (s[0] == 0xed && s[1] >= 0xa0) || (s[0] == 0xf0 && s[1] < 0x90) ||
	    (s[0] == 0xf4 && s[1] >= 0x90))
		return 0;
	return turns_line(s) ? 0 : len;
}

void make_printable(char *text)
{
	unsigned char *s = (unsigned char *)text;

	while (*s) {
		int len = printable_sequence(s);

		if (!len)
			*s = '?';
		s += len ? len : 1;
	}
}

/* Cuts a printable name where a character begins: a command line may have 64 KiB of it. */
static void cap(char *name)
{
	size_t len = strlen(name);

	if (len <= LONGEST_NAME)
		return;
	len = LONGEST_NAME;
	while ((name[len] & 0xc0) == 0x80)
		len--;
	name[len] = '\0';
}

void print_quoted(FILE *f, const char *name)
{
	fputc('\'', f);
	for (; *name; name++) {
		if (*name == '\'')
			fputs("'\\''", f);
		else
			fputc(*name, f);
	}
	fputc('\'', f);
}

/* The argument behind @option in a command line of 0-separated words, or NULL. */
static const char *argument(const char *line, ssize_t len, const char *option)
{
	const char *word = line;

	while (word < line + len) {
		const char *next = word + strlen(word) + 1;

		/* QEMU takes -name and --name. */
		if (word[0] == '-' && !strcmp(word[1] == '-' ? word + 2 : word + 1, option))
			return next < line + len ? next : NULL;
		word = next;
	}
	return NULL;
}

/* Where a pair of key and value ends: a comma in a value is written twice. */
static const char *end_of_pair(const char *s)
{
	while (*s && (*s != ',' || s[1] == ','))
		s += *s == ',' ? 2 : 1;
	return s;
}

/* Of "guest=web,debug-threads=on" or "web": the name. */
static char *guest_of(const char *arg)
{
	const char *from = NULL, *end;
	char *name, *to;

	/* The first value may stand without its key. */
	if (*arg && arg[strcspn(arg, "=,")] != '=')
		from = arg;
	for (const char *pair = arg; *pair; pair = end + (*end == ',')) {
		end = end_of_pair(pair);
		if (!strncmp(pair, "guest=", 6))
			from = pair + 6;
	}
	if (!from || !*from || end_of_pair(from) == from)
		return NULL;
	name = xstrdup(from);
	to = name;
	for (end = end_of_pair(from); from < end; from++) {
		*to++ = *from;
		from += *from == ',';
	}
	*to = '\0';
	return name;
}

static int hex(char c)
{
	return isdigit((unsigned char)c)    ? c - '0'
	       : isxdigit((unsigned char)c) ? (c | 32) - 'a' + 10
					    : -1;
}

/* systemd's escapes in a unit's name: \x2d is '-'. In place. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] == 'x' && hex(s[2]) > 0 && hex(s[3]) >= 0) {
			*to++ = hex(s[2]) << 4 | hex(s[3]);
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

/*
 * systemd puts a machine into the unit machine-NAME.scope; libvirt's NAME is
 * qemu-NUMBER-GUEST.
 */
static char *machine_of(char *cgroup)
{
	char *unit = cgroup, *end, *name, *guest;

	/* The first part of the path that is a scope; a slice may have such a name too. */
	do {
		unit = strstr(unit, "/machine-");
		if (!unit)
			return NULL;
		unit += strlen("/machine-");
		end = unit + strcspn(unit, "/\n");
	} while (end - unit < 6 || strncmp(end - 6, ".scope", 6));
	end[-6] = '\0';
	unescape(unit);
	name = unit;
	if (!strncmp(name, "qemu-", 5)) {
		guest = name + 5 + strspn(name + 5, "0123456789");
		if (*guest == '-' && guest[1])
			name = guest + 1;
	}
	return *name ? xstrdup(name) : NULL;
}

static pid_t process_of(const char *status)
{
	const char *line = strstr(status, "\nTgid:");

	return line ? atoi(line + 6) : 0;
}

void vm_name(struct vm *vm, const char *proc)
{
	static char text[64 * 1024];
	char path[4096], comm[64] = "";
	const char *arg;
	ssize_t len;
	int tid;

	tid = atoi(vm->id);
	if (!proc || tid <= 0)
		goto name;
	snprintf(path, sizeof(path), "%s/%d/status", proc, tid);
	if (read_all(path, text, sizeof(text)) > 0)
		vm->pid = process_of(text);
	snprintf(path, sizeof(path), "%s/%d/comm", proc, vm->pid ? vm->pid : tid);
	if (read_all(path, comm, sizeof(comm)) > 0)
		comm[strcspn(comm, "\n")] = '\0';
	make_printable(comm);
	snprintf(path, sizeof(path), "%s/%d/cmdline", proc, tid);
	len = read_all(path, text, sizeof(text));
	if (len > 0) {
		arg = argument(text, len, "name");
		vm->name = arg ? guest_of(arg) : NULL;
		arg = argument(text, len, "uuid");
		vm->uuid = arg ? xstrdup(arg) : NULL;
	}
	snprintf(path, sizeof(path), "%s/%d/cgroup", proc, tid);
	if (!vm->name && read_all(path, text, sizeof(text)) > 0)
		vm->name = machine_of(text);
	if (!vm->name && *comm && vm->pid)
		vm->name = xasprintf("%s %d", comm, vm->pid);
name:
	if (!vm->name)
		vm->name = xstrdup(vm->id);
	vm->process = xstrdup(*comm ? comm : "?");
	make_printable(vm->name);
	cap(vm->name);
	if (vm->uuid) {
		make_printable(vm->uuid);
		cap(vm->uuid);
	}
}

static int by_name(const void *a, const void *b)
{
	const struct vm *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static bool ends_as_renamed(const char *name)
{
	return *name && name[strlen(name) - 1] == ')';
}

/*
 * A VM's real name may look like a changed name, "web (1234-11)". So if any name is changed, the
 * folder is also appended to every name that ends in a parenthesis. Then no two names are equal.
 */
void vm_names_unique(struct vm_list *vms)
{
	struct vm **vm = xcalloc(vms->nr + 1, sizeof(struct vm *));
	bool *same = xcalloc(vms->nr + 1, sizeof(*same)), any = false;

	for (size_t i = 0; i < vms->nr; i++)
		vm[i] = &vms->vm[i];
	qsort(vm, vms->nr, sizeof(struct vm *), by_name);
	for (size_t i = 1; i < vms->nr; i++) {
		if (strcmp(vm[i]->name, vm[i - 1]->name))
			continue;
		same[i - 1] = true;
		same[i] = true;
		any = true;
	}
	for (size_t i = 0; any && i < vms->nr; i++) {
		char *name = vm[i]->name;

		if (!same[i] && !ends_as_renamed(name))
			continue;
		vm[i]->name = xasprintf("%s (%s)", name, vm[i]->id);
		free(name);
	}
	free(same);
	free(vm);
}
