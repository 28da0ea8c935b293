/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TAP: one line for each check, which says what the check proves. A failed check adds why.
 */
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>

/* Report a check. Returns @good, so that a test can stop when it must. */
bool ok(bool good, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void diag(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void skip(const char *why, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Set-up that must not fail: prints errno and ends the program. */
void __attribute__((noreturn, format(printf, 1, 2))) bail_out(const char *fmt, ...);

/* Prints the plan. Returns main()'s exit status: 0 if all checks passed. */
int done_testing(void);

#endif
