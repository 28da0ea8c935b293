// SPDX-License-Identifier: GPL-2.0-only
/* What the sources that count by BPF have in common. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "bpf_load.h"
#include "command.h"

/* libbpf's last warning: it says more than errno. */
static char last_warning[120];

static int keep_warning(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	if (level == LIBBPF_WARN) {
		vsnprintf(last_warning, sizeof(last_warning), fmt, ap);
		last_warning[strcspn(last_warning, "\n")] = '\0';
	}
	return 0;
}

void bpf_keep_warnings(void)
{
	last_warning[0] = '\0';
	libbpf_set_print(keep_warning);
}

void bpf_complain(struct complaint *why, int err)
{
	if (*last_warning)
		snprintf(why->text, sizeof(why->text), "%s (%s)", last_warning, strerror(-err));
	else
		snprintf(why->text, sizeof(why->text), "%s", strerror(-err));
}

void bpf_table_begin(struct table *t, bool svm, double began)
{
	snprintf(t->vendor, sizeof(t->vendor), "%s", svm ? "svm" : "vmx");
	t->version = EXIT_STATS_TABLE_VERSION;
	t->tsc_khz = 1000000; /* times are in ns */
	t->tsc_stable = true;
	t->has = (1u << NR_NUMBERS) - 1;
	t->time = monotonic();
	t->began = began;
}

bool host_is_svm(void)
{
	return !access("/sys/module/kvm_amd", F_OK);
}
