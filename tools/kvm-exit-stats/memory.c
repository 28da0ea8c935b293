// SPDX-License-Identifier: GPL-2.0-only
/* Allocations that do not fail. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

static void *or_exit(void *p)
{
	if (!p) {
		fputs("kvm-exit-stats: out of memory\n", stderr);
		exit(1);
	}
	return p;
}

void *xcalloc(size_t n, size_t size)
{
	return or_exit(calloc(n, size));
}

void *xrealloc(void *p, size_t size)
{
	return or_exit(realloc(p, size));
}

char *xstrdup(const char *s)
{
	return or_exit(strdup(s));
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	return or_exit(s);
}
