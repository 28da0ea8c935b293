/* SPDX-License-Identifier: GPL-2.0-only */
/* Name, UUID and process of a VM: what /proc tells about the thread that created it. */
#ifndef NAMES_H
#define NAMES_H

#include <stdio.h>

#include "source.h"

/*
 * Fills name, uuid, process and pid of a VM whose folder's name is in @vm->id. The name is,
 * in this order: what QEMU's -name says; the machine name of libvirt or systemd, from the
 * cgroup; the command and the process's number; the folder's name. @proc is /proc, or a copy;
 * NULL: there is none. Name and UUID are printable and have at most 255 bytes.
 */
void vm_name(struct vm *vm, const char *proc);

/* Appends the folder's name to names that more than one VM has: "web (1234-11)". */
void vm_names_unique(struct vm_list *vms);

/* Makes text printable in place: what controls a terminal or is broken UTF-8 becomes "?". */
void make_printable(char *text);

/* Writes a name as one word of a shell's command line. */
void print_quoted(FILE *f, const char *name);

#endif
