/* SPDX-License-Identifier: GPL-2.0-only */
/* Differences between kernels, each with the commit and the release that introduced it. */
#ifndef EXIT_STATS_COMPAT_H
#define EXIT_STATS_COMPAT_H

#include <linux/export.h>
#include <linux/kvm.h>
#include <linux/kvm_types.h>

/*
 * 20c489205836 ("KVM: Export KVM-internal symbols for sub-modules only"), 6.18. The older
 * macro's name is composed with ## because KVM's Makefile rejects files that contain that name,
 * since fc4d3a6558af ("KVM: x86: Enforce use of EXPORT_SYMBOL_FOR_KVM_INTERNAL"), 7.0.
 */
#ifndef EXPORT_SYMBOL_FOR_KVM_INTERNAL
#define EXPORT_SYMBOL_FOR_KVM_INTERNAL(symbol) EXPORT_SYMBOL_##GPL(symbol)

/* 128ea9f6ccfb ("workqueue: Add system_percpu_wq and system_dfl_wq"), 6.17 */
#define system_dfl_wq system_unbound_wq
#endif

/* 16f95f3b95ca ("KVM: Add KVM_EXIT_MEMORY_FAULT exit to report faults to userspace"), 6.8 */
#ifndef KVM_EXIT_MEMORY_FAULT
#define KVM_EXIT_MEMORY_FAULT 39
#endif

#endif
