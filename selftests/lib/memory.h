/* SPDX-License-Identifier: GPL-2.0-only */
/* How much memory the host uses: a leak in the kernel shows as growth. */
#ifndef MEMORY_H
#define MEMORY_H

/*
 * kvfree_rcu() frees within about five seconds, from 6.1 on (KFREE_DRAIN_JIFFIES).
 * Memory that is in use after ten times that long is lost.
 */
#define FREED_MS 5000

struct memory {
	long available, slab, vmalloc; /* KiB */
};

struct memory memory_now(void);
/* Check that memory in use grows by less than 1 MiB. Waits for memory that is freed late. */
void check_memory(const char *what, struct memory before);

#endif
