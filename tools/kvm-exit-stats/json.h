/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes JSON as it goes: output of any size takes no memory. No name here may be a name of
 * jansson's: the linker would bind jansson's own calls to ours.
 */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
	FILE *f;
	bool comma; /* something stands before in this object or array */
};

/* @key is NULL in an array and at the top. Invalid UTF-8 is written as U+FFFD. */
void json_begin_object(struct json *j, const char *key);
void json_end_object(struct json *j);
void json_begin_array(struct json *j, const char *key);
void json_end_array(struct json *j);
void json_put_string(struct json *j, const char *key, const char *value);
void json_put_uint(struct json *j, const char *key, uint64_t value);
void json_put_real(struct json *j, const char *key, double value, int decimals);
void json_put_bool(struct json *j, const char *key, bool value);
/* A number that is text already, or null where it is empty. */
void json_put_literal(struct json *j, const char *key, const char *text);

#endif
