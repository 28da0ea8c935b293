// SPDX-License-Identifier: GPL-2.0-only
/* The shim's variables, and the grammar of kstrto*() and sysfs_match_string(). */
#include <ctype.h>

#include "shim.h"

u64 shim_tsc, shim_ns = 1000 * NSEC_PER_SEC;
unsigned int tsc_khz = 2600000;
int shim_allocs_left = -1;
int shim_mutexes, shim_preempt, shim_readers, shim_warnings;
bool shim_killed;
char shim_events[256], shim_log[4096];
void (*shim_on_step)(enum shim_step step);
struct delayed_work *shim_delayed;

void shim_event(const char *what)
{
	size_t len = strlen(shim_events);

	snprintf(shim_events + len, sizeof(shim_events) - len, "%s ", what);
}

u64 get_random_u64(void)
{
	static u64 n;

	return ++n * 0x9e3779b97f4a7c15ull;
}

void shim_delay(struct delayed_work *work, unsigned long ticks)
{
	work->delay = ticks;
	shim_delayed = work;
}

void shim_run_delayed(void)
{
	struct work_struct *work = &shim_delayed->work;

	shim_delayed = NULL;
	work->fn(work);
}

void shim_print(const char *fmt, ...)
{
	size_t len = strlen(shim_log);
	va_list ap;

	shim_no_mutex();
	va_start(ap, fmt);
	vsnprintf(shim_log + len, sizeof(shim_log) - len, fmt, ap);
	va_end(ap);
}

static void *to_free[8];
static int nr_to_free;

void shim_free_rcu(void *p)
{
	if (!shim_readers) {
		free(p);
		return;
	}
	assert(nr_to_free < 8);
	to_free[nr_to_free++] = p;
}

void rcu_read_unlock(void)
{
	if (--shim_readers)
		return;
	while (nr_to_free)
		free(to_free[--nr_to_free]);
}

static bool ends(const char *s)
{
	return !*s || (*s == '\n' && !s[1]);
}

int kstrtouint(const char *s, int base, unsigned int *n)
{
	unsigned long long value;
	char *end;

	s += *s == '+';
	if (!isdigit((unsigned char)*s))
		return -EINVAL;
	errno = 0;
	value = strtoull(s, &end, base);
	if (!ends(end))
		return -EINVAL;
	if (errno || value > UINT32_MAX)
		return -ERANGE;
	*n = value;
	return 0;
}

int param_set_uint(const char *val, const struct kernel_param *kp)
{
	return kstrtouint(val, 0, kp->arg);
}

int param_get_uint(char *buf, const struct kernel_param *kp)
{
	return sprintf(buf, "%u\n", *(unsigned int *)kp->arg);
}

/* As kstrtobool(): by the first letters. */
int param_set_bool(const char *val, const struct kernel_param *kp)
{
	if (*val && (strchr("yYtT1", *val) || !strncasecmp(val, "on", 2)))
		*(bool *)kp->arg = true;
	else if (*val && (strchr("nNfF0", *val) || !strncasecmp(val, "of", 2)))
		*(bool *)kp->arg = false;
	else
		return -EINVAL;
	return 0;
}

int param_get_bool(char *buf, const struct kernel_param *kp)
{
	return sprintf(buf, "%c\n", *(bool *)kp->arg ? 'Y' : 'N');
}

/* @b is without a newline. */
bool sysfs_streq(const char *a, const char *b)
{
	size_t len = strlen(b);

	return !strncmp(a, b, len) && ends(a + len);
}

int __sysfs_match_string(const char *const *names, size_t n, const char *val)
{
	for (size_t i = 0; i < n; i++)
		if (sysfs_streq(val, names[i]))
			return i;
	return -EINVAL;
}

const struct kernel_param_ops param_ops_bool = { 0, param_set_bool, param_get_bool };
