/* SPDX-License-Identifier: GPL-2.0-only */
/* Allocations that end the program when there is no memory: incomplete output is useless. */
#ifndef MEMORY_H
#define MEMORY_H

#include <stddef.h>

void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);
__attribute__((format(printf, 1, 2))) char *xasprintf(const char *fmt, ...);

#endif
