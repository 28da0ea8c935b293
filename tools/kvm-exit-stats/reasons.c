// SPDX-License-Identifier: GPL-2.0-only
/* Names of exit reasons. */
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
