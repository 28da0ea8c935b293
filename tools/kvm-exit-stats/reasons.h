/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of exit reasons, by the tables that the kernel modules are built from. */
#ifndef REASONS_H
#define REASONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The name, or "?" if the architecture does not define the reason. */
const char *reason_name_vmx(uint32_t reason);
const char *reason_name_svm(uint32_t code);
const char *reason_name(bool svm, uint32_t reason);

/*
 * The reason of that name, in any case, or number. False: there is none; then @alike has the names
 * that contain the text, or is empty.
 */
bool reason_find(bool svm, const char *text, int64_t *reason, char *alike, size_t size);

#endif
