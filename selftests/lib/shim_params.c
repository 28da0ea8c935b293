// SPDX-License-Identifier: GPL-2.0-only
/* Module parameters: the grammar of numbers, booleans and names. */
#include <ctype.h>
#include <strings.h>

#include "shim.h"

const struct kernel_param_ops param_ops_bool = { 0, param_set_bool, param_get_bool };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Taken before any mutex. */
void shim_param_lock(void)
{
	shim_may_block();
	pthread_mutex_lock(&lock);
}

void shim_param_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

int shim_set_param(const struct shim_param *param, const char *val)
{
	int err;

	shim_param_lock();
	err = param->ops->set(val, &param->kp);
	shim_param_unlock();
	return err;
}

static bool ends(const char *s)
{
	return !*s || (*s == '\n' && !s[1]);
}

int kstrtouint(const char *s, unsigned int base, unsigned int *n)
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

/* As kstrtobool(): the first letters decide. */
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

/* @b has no newline. */
bool sysfs_streq(const char *a, const char *b)
{
	size_t len = strlen(b);

	return !strncmp(a, b, len) && ends(a + len);
}

int __sysfs_match_string(const char *const *names, size_t n, const char *val)
{
	for (size_t i = 0; i < n; i++) {
		if (sysfs_streq(val, names[i]))
			return i;
	}
	return -EINVAL;
}
