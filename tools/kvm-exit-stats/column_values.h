/* SPDX-License-Identifier: GPL-2.0-only */
/* What each column shows of an item: for the table of columns only. */
#ifndef COLUMN_VALUES_H
#define COLUMN_VALUES_H

#include "columns.h"

#define BAR_WIDTH 16 /* characters of get_bar() */

/* Fills in *@v, which is zeroed. */
typedef void column_get(const struct item *i, struct value *v);

column_get get_vm, get_vcpu, get_uuid, get_process, get_pid, get_folder, get_vcpus, get_reason,
	get_name, get_exits, get_rate, get_exits_share, get_time, get_time_share, get_cpu, get_min,
	get_avg, get_p50, get_p90, get_p99, get_max, get_nested, get_nested_time, get_user,
	get_user_time, get_trend, get_top, get_top_share, get_compared, get_exits_a, get_exits_b,
	get_rate_a, get_rate_b, get_rate_change, get_time_a, get_time_b, get_cpu_a, get_cpu_b,
	get_avg_a, get_avg_b, get_avg_change, get_bar, get_part_exits, get_part_user, get_part_vmm,
	get_part_polling, get_part_asleep, get_part_waiting, get_part_guest, get_costliest,
	get_costliest_share;

#endif
