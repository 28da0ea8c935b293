// SPDX-License-Identifier: GPL-2.0-only
/* A streaming writer of JSON (RFC 8259). */
#include <inttypes.h>

#include "json.h"

/* The length of a valid sequence, or 0. */
static int utf8_length(const unsigned char *s)
{
	int len = *s < 0x80 ? 1 : *s >= 0xf0 ? 4 : *s >= 0xe0 ? 3 : 2;

	if (len > 1 && (*s < 0xc2 || *s > 0xf4))
		return 0;
	for (int i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	/* overlong forms, surrogates, past U+10FFFF */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] >= 0x90))
		return 0;
	return len;
}

static void write_string(FILE *f, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	int len;

	fputc('"', f);
	for (; *s; s += len ? len : 1) {
		len = utf8_length(s);
		if (*s == '"' || *s == '\\')
			fprintf(f, "\\%c", *s);
		else if (*s < 0x20 || *s == 0x7f)
			fprintf(f, "\\u%04x", *s);
		else if (!len)
			fputs("\\ufffd", f);
		else
			fwrite(s, len, 1, f);
	}
	fputc('"', f);
}

static void before(struct json *j, const char *key)
{
	if (j->comma)
		fputc(',', j->f);
	j->comma = true;
	if (key) {
		write_string(j->f, key);
		fputc(':', j->f);
	}
}

static void open_bracket(struct json *j, const char *key, char bracket)
{
	before(j, key);
	fputc(bracket, j->f);
	j->comma = false;
}

static void close_bracket(struct json *j, char bracket)
{
	fputc(bracket, j->f);
	j->comma = true;
}

void json_begin_object(struct json *j, const char *key)
{
	open_bracket(j, key, '{');
}

void json_end_object(struct json *j)
{
	close_bracket(j, '}');
}

void json_begin_array(struct json *j, const char *key)
{
	open_bracket(j, key, '[');
}

void json_end_array(struct json *j)
{
	close_bracket(j, ']');
}

void json_put_string(struct json *j, const char *key, const char *value)
{
	before(j, key);
	write_string(j->f, value);
}

void json_put_uint(struct json *j, const char *key, uint64_t value)
{
	before(j, key);
	fprintf(j->f, "%" PRIu64, value);
}

void json_put_real(struct json *j, const char *key, double value, int decimals)
{
	before(j, key);
	fprintf(j->f, "%.*f", decimals, value);
}

void json_put_bool(struct json *j, const char *key, bool value)
{
	before(j, key);
	fputs(value ? "true" : "false", j->f);
}

void json_put_literal(struct json *j, const char *key, const char *text)
{
	before(j, key);
	fputs(*text ? text : "null", j->f);
}
