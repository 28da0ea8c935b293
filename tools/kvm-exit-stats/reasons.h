/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of exit reasons, by the tables that the kernel modules are built from. */
#ifndef REASONS_H
#define REASONS_H

#include <stdint.h>

/* The name, or "?" if the architecture does not define the reason. */
const char *reason_name_vmx(uint32_t reason);
const char *reason_name_svm(uint32_t code);

#endif
