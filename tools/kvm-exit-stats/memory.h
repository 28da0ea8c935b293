/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory or the end of the program: who looks at numbers has no use for half of them. */
#ifndef MEMORY_H
#define MEMORY_H

#include <stddef.h>

void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);
__attribute__((format(printf, 1, 2))) char *xasprintf(const char *fmt, ...);

#endif
