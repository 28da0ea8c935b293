/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the sources under test call in files that are not: each test program
 * includes this once.
 */
#ifndef NEIGHBOURS_H
#define NEIGHBOURS_H

#include "exit_stats.h"

static int settled, handed_in, kicks, dropped;
static u32 batch = 1 << 30;

void exit_stats_settle(struct exit_stats_vcpu *v)
{
	v->poked = false;
	settled++;
}

void exit_stats_hand_in(struct exit_stats_vcpu *v)
{
	v->batch_left = batch;
	handed_in++;
}

void exit_stats_dump_kick(void)
{
	kicks++;
}

void exit_stats_log_kick(void)
{
	kicks++;
}

void exit_stats_drop_latched(void)
{
	dropped++;
}

/* A test uses some of them. */
static inline int neighbours_used(void)
{
	return settled + handed_in + kicks + dropped;
}

#endif
