// SPDX-License-Identifier: GPL-2.0-only
/* Names of exit reasons. */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "reasons.h"
#include "reasons_svm.h"
#include "reasons_vmx.h"

/* clang-format off */
#define CASE(code, name) case code: return #name;

const char *reason_name_vmx(uint32_t reason)
{
	switch (reason) {
	VMX_REASONS(CASE)
	VMX_SMM_REASONS(CASE)
	}
	return "?";
}

const char *reason_name_svm(uint32_t code)
{
	switch (code) {
	SVM_REASONS(CASE)
	SVM_OTHER_REASONS(CASE)
	}
	return "?";
}

/* clang-format on */

const char *reason_name(bool svm, uint32_t reason)
{
	return svm ? reason_name_svm(reason) : reason_name_vmx(reason);
}

bool reason_find(bool svm, const char *text, int64_t *reason, char *alike, size_t size)
{
	int64_t first = svm ? -1 : 0, last = svm ? 0x403 : 85;
	size_t len = 0;
	char *end;

	*alike = '\0';
	*reason = strtoll(text, &end, 0);
	if (*text && !*end && *reason >= first && *reason <= last &&
	    strcmp(reason_name(svm, *reason), "?"))
		return true;
	for (*reason = first; *reason <= last; ++*reason) {
		const char *name = reason_name(svm, *reason);

		if (!strcasecmp(name, text))
			return true;
		if (strcasestr(name, text) && len < size)
			len += snprintf(alike + len, size - len, "%s%s", len ? ", " : "", name);
	}
	return false;
}
