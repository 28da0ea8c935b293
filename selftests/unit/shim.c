// SPDX-License-Identifier: GPL-2.0-only
/* The shim's functions: kstrto*'s grammar, and stand-ins for neighbours. */
#include <ctype.h>

#include "shim.h"

__thread u64 shim_tsc;
int shim_warnings;

static bool ends(const char *s)
{
	return !*s || (*s == '\n' && !s[1]);
}

int param_set_uint(const char *val, const struct kernel_param *kp)
{
	unsigned long long n;
	char *end;

	if (!isdigit((unsigned char)*val))
		return -EINVAL;
	errno = 0;
	n = strtoull(val, &end, 0);
	if (!ends(end))
		return -EINVAL;
	if (errno || n > UINT32_MAX)
		return -ERANGE;
	*(unsigned int *)kp->arg = n;
	return 0;
}

int param_get_uint(char *buf, const struct kernel_param *kp)
{
	return sprintf(buf, "%u\n", *(unsigned int *)kp->arg);
}

/* As kstrtobool(): by the first letters. */
int param_set_bool(const char *val, const struct kernel_param *kp)
{
	if (strchr("yYtT1", *val) && *val)
		*(bool *)kp->arg = true;
	else if (strchr("nNfF0", *val) && *val)
		*(bool *)kp->arg = false;
	else if (!strncasecmp(val, "on", 2))
		*(bool *)kp->arg = true;
	else if (!strncasecmp(val, "of", 2))
		*(bool *)kp->arg = false;
	else
		return -EINVAL;
	return 0;
}

int param_get_bool(char *buf, const struct kernel_param *kp)
{
	return sprintf(buf, "%c\n", *(bool *)kp->arg ? 'Y' : 'N');
}

int sysfs_match(const char *const *names, size_t n, const char *val)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(names[i]);

		if (!strncmp(names[i], val, len) && ends(val + len))
			return i;
	}
	return -EINVAL;
}

const struct kernel_param_ops param_ops_bool = { 0, param_set_bool, param_get_bool };
const struct kernel_param_ops param_ops_uint = { 0, param_set_uint, param_get_uint };
