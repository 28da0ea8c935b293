/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The constants of the interface for users: CPUID leaves, signature, versions, histogram buckets.
 * Kernel, tools and selftests share this header. Documentation/abi.md specifies the interface.
 */
#ifndef EXIT_STATS_ABI_H
#define EXIT_STATS_ABI_H

#define EXIT_STATS_ABI_VERSION		2	/* of the leaves, in LEAF_ID */
#define EXIT_STATS_TABLE_VERSION	1	/* of the debugfs files, in their first line */
#define EXIT_STATS_BUCKETS		32	/* per histogram; bucket k starts at 2^k cycles */
#define EXIT_STATS_DUMP_INTERVAL	500	/* exits between dumps, default */
#define EXIT_STATS_DUMP_PER_MIN		10	/* dumps per minute, default */

/* CPUID leaves. The first three are named for what they hold in the default layout. */
#define EXIT_STATS_LEAF_TOTAL		0x4fffffffu	/* exits and cycles of all reasons */
#define EXIT_STATS_LEAF_COUNT		0x4ffffffdu	/* exits of a reason */
#define EXIT_STATS_LEAF_CYCLES		0x4ffffffcu	/* exits and cycles of a reason */
#define EXIT_STATS_LEAF_MIN		0x4ffffffbu
#define EXIT_STATS_LEAF_MAX		0x4ffffffau
#define EXIT_STATS_LEAF_AVG		0x4ffffff9u
#define EXIT_STATS_LEAF_INFO		0x4ffffff1u	/* TSC kHz, highest reason, epoch */
#define EXIT_STATS_LEAF_ID		0x4ffffff0u	/* version, scope, vendor, signature */

/* EBX, ECX, EDX of LEAF_ID: "KVMEXITSTATS" */
#define EXIT_STATS_SIG_EBX		0x454d564bu	/* KVME */
#define EXIT_STATS_SIG_ECX		0x53544958u	/* XITS */
#define EXIT_STATS_SIG_EDX		0x53544154u	/* TATS */

/* EAX of LEAF_ID */
#define EXIT_STATS_ID_VERSION_MASK	0xffu
#define EXIT_STATS_ID_SCOPE_SHIFT	8
#define EXIT_STATS_ID_VENDOR_SHIFT	10
#define EXIT_STATS_ID_FIELD_MASK	3u
#define EXIT_STATS_ID_LOW_FIRST		(1u << 12)
#define EXIT_STATS_ID_LAYOUT_SHIFT	13
#define EXIT_STATS_ID_LAYOUT_MASK	7u

/* Layouts of leaves 0x4ffffffc to 0x4fffffff. All but the default are published exercises. */
#define EXIT_STATS_LAYOUT_DEFAULT	0
#define EXIT_STATS_LAYOUT_TWO_LEAF	1
#define EXIT_STATS_LAYOUT_FOUR_LEAF	2
#define EXIT_STATS_LAYOUT_FOUR_LEAF_REVERSED	3
#define EXIT_STATS_LAYOUT_BY_REASON	4
#define EXIT_STATS_NR_LAYOUTS		5

#define EXIT_STATS_SCOPE_VM		1
#define EXIT_STATS_SCOPE_HOST		2
#define EXIT_STATS_SCOPE_VCPU		3	/* files only: no leaf answers for a vCPU */
#define EXIT_STATS_VENDOR_NONE		0
#define EXIT_STATS_VENDOR_VMX		1
#define EXIT_STATS_VENDOR_SVM		2

/* EDX of the per-reason leaves if the architecture does not define the reason */
#define EXIT_STATS_NOT_DEFINED		0xffffffffu

#endif
