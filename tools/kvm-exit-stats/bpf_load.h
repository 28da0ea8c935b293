/* SPDX-License-Identifier: GPL-2.0-only */
/* What the sources that count by BPF have in common. */
#ifndef BPF_LOAD_H
#define BPF_LOAD_H

#include <stdbool.h>

#include "table.h"

/* Keeps what libbpf says from now on, in place of printing it. */
void bpf_keep_warnings(void);

/* Fills in why the kernel did not take the programs: the last warning, if any, and -errno. */
void bpf_complain(struct complaint *why, int err);

/* The head of a table whose times are ns, counted since @began (UNIX time). */
void bpf_table_begin(struct table *t, bool svm, double began);

/* Is the loaded vendor module kvm_amd? */
bool host_is_svm(void);

#endif
