// SPDX-License-Identifier: GPL-2.0-only
/* Readers of tables, parameters and the kernel log. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"
#include "stats.h"
#include "tap.h"

#define PARAMS	   "/sys/module/kvm/parameters/"
#define LOG_PREFIX "kvm_exit_stats: "

bool on_svm(void)
{
	static int svm = -1;

	if (svm < 0)
		svm = !access("/sys/module/kvm_amd", F_OK);
	return svm;
}

/* SDM vol. 3, appendix C: 0-34, 36, 37, 39-41, 43-70, 72-81, 84, 85. */
static bool vmx_defined(uint32_t reason)
{
	return reason <= 85 && reason != 35 && reason != 38 && reason != 42 && reason != 71 &&
	       reason != 82 && reason != 83;
}

/* APM vol. 2, appendix C: 0-a6h, 400h-403h, -1 to -4. */
static bool svm_defined(uint32_t code)
{
	return code <= 0xa6 || (code >= 0x400 && code <= 0x403) || code >= -4u;
}

bool reason_defined(uint32_t reason)
{
	return on_svm() ? svm_defined(reason) : vmx_defined(reason);
}

uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ul + ts.tv_nsec / 1000000;
}

int read_file(const char *path, char *buf, int size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), len = 0, n;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, buf + len, size - 1 - len)) > 0)
		len += n;
	n = n < 0 ? -errno : len;
	close(fd);
	buf[len] = '\0';
	return n;
}

int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

int param_try(const char *name, const char *val)
{
	char path[128];

	snprintf(path, sizeof(path), PARAMS "%s", name);
	return write_file(path, val);
}

void param_set(const char *name, const char *val)
{
	if (param_try(name, val))
		bail_out("%s=%s", name, val);
}

void host_reset(void)
{
	param_set("exit_stats_reset", "1");
}

const char *param_get(const char *name)
{
	static char val[64];
	char path[128];

	snprintf(path, sizeof(path), PARAMS "%s", name);
	if (read_file(path, val, sizeof(val)) < 0)
		return "";
	val[strcspn(val, "\n")] = '\0';
	return val;
}

/* The numbers of the header line, by key. */
/* clang-format off */
static const struct {
	const char *key;
	size_t offset;
} numbers[] = {
#define NUMBER(key)	{ #key, offsetof(struct stats, key) }
	NUMBER(tsc_khz), NUMBER(epoch), NUMBER(vms), NUMBER(vcpus), NUMBER(exits),
	NUMBER(cycles), NUMBER(nested), NUMBER(tsc_backwards), NUMBER(dumps),
	NUMBER(merged), NUMBER(halt_poll_ns), NUMBER(halt_wait_ns), NUMBER(buckets),
};

/* clang-format on */

static void parse_pair(struct stats *s, const char *key, const char *val)
{
	if (!strcmp(key, "scope"))
		snprintf(s->scope, sizeof(s->scope), "%s", val);
	else if (!strcmp(key, "vendor"))
		snprintf(s->vendor, sizeof(s->vendor), "%s", val);
	else if (!strcmp(key, "tsc"))
		snprintf(s->tsc, sizeof(s->tsc), "%s", val);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		if (!strcmp(key, numbers[i].key))
			*(uint64_t *)((char *)s + numbers[i].offset) = strtoull(val, NULL, 0);
	}
}

static void parse_header(struct stats *s, char *line)
{
	char *save, *word, *val;

	if (sscanf(line, "# kvm exit_stats %lu", &s->version) != 1)
		return;
	for (word = strtok_r(line, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		val = strchr(word, '=');
		if (!val)
			continue;
		*val++ = '\0';
		parse_pair(s, word, val);
	}
}

static bool parse_hist(struct stats_row *r, const char *rest)
{
	char *end;

	for (int i = 0; i < EXIT_STATS_BUCKETS; i++) {
		r->hist[i] = strtoull(rest, &end, 10);
		if (end == rest)
			return false;
		rest = end;
	}
	return !*rest;
}

static bool parse_row(struct stats_row *r, const char *line, bool hist)
{
	char reason[16];
	int used, n;

	n = sscanf(line, "%15s %31s %lu%n", reason, r->name, &r->count, &used);
	if (n != 3)
		return false;
	r->reason = strcmp(reason, "-") ? (long)strtoul(reason, NULL, 0) : REASON_OTHER;
	if (hist)
		return parse_hist(r, line + used);
	return sscanf(line + used, "%lu %lu %lu %lu %lu %lu %lu %lu", &r->total, &r->min, &r->max,
		      &r->avg, &r->nested_count, &r->nested_total, &r->user_count,
		      &r->user_total) == 8;
}

int stats_parse(const char *text, struct stats *s)
{
	char *copy = strdup(text), *save, *line;
	int err = 0;

	memset(s, 0, sizeof(*s));
	for (line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (*line == '#')
			parse_header(s, line);
		else if (s->rows == MAX_ROWS || !parse_row(&s->row[s->rows++], line, s->buckets))
			err = -EPROTO;
	}
	free(copy);
	return s->version == EXIT_STATS_TABLE_VERSION ? err : -EPROTO;
}

int stats_read(const char *path, struct stats *s)
{
	static __thread char text[256 * 1024];
	int n = read_file(path, text, sizeof(text));

	memset(s, 0, sizeof(*s));
	return n < 0 ? n : stats_parse(text, s);
}

void read_table(struct stats *s, const char *fmt, ...)
{
	const char *fault;
	char path[160];
	va_list ap;
	int err;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	err = stats_read(path, s);
	if (err) {
		errno = -err;
		bail_out("%s", path);
	}
	fault = stats_fault(s);
	if (fault)
		ok(false, "%s: %s", path, fault);
}

void read_host_table(struct stats *s)
{
	read_table(s, HOST_STATS);
}

void read_vm_table(struct stats *s, const struct vm *vm)
{
	read_table(s, "%s/vm_exit_stats", vm->dir);
}

void read_vcpu_table(struct stats *s, const struct vm *vm, int n)
{
	read_table(s, "%s/vcpu%d/exit_stats", vm->dir, n);
}

const struct stats_row *stats_row(const struct stats *s, long reason)
{
	static const struct stats_row none;

	for (int i = 0; i < s->rows; i++) {
		if (s->row[i].reason == reason)
			return &s->row[i];
	}
	return &none;
}

static uint64_t sum_of_buckets(const struct stats_row *r)
{
	uint64_t sum = 0;

	for (int b = 0; b < EXIT_STATS_BUCKETS; b++)
		sum += r->hist[b];
	return sum;
}

static const char *row_fault(const struct stats_row *r)
{
	if (r->min > r->avg || r->avg > r->max)
		return "not min <= avg <= max";
	if (r->avg != r->total / r->count)
		return "avg is not total / count";
	if (r->nested_count > r->count || r->nested_total > r->total)
		return "more nested than all";
	if (r->user_count > r->count)
		return "more went to user space than all";
	return NULL;
}

const char *stats_fault(const struct stats *s)
{
	uint64_t exits = 0, cycles = 0, nested = 0;
	const char *fault = NULL;

	for (int i = 0; i < s->rows && !fault; i++) {
		const struct stats_row *r = &s->row[i];

		if (!r->count)
			return "a row without a count";
		if (i && r->reason != REASON_OTHER && r->reason <= s->row[i - 1].reason)
			return "rows out of order";
		if (!s->buckets)
			fault = row_fault(r);
		else if (sum_of_buckets(r) != r->count)
			fault = "buckets do not add up to the count";
		exits += r->count;
		cycles += r->total;
		nested += r->nested_count;
	}
	if (fault)
		return fault;
	if (exits != s->exits)
		return "counts do not add up to exits=";
	if (!s->buckets && cycles != s->cycles)
		return "totals do not add up to cycles=";
	if (!s->buckets && nested != s->nested)
		return "nested counts do not add up to nested=";
	return NULL;
}

/* min and max are not compared: if an exit ended during a reset, they follow the average. */
static bool row_went_down(const struct stats_row *now, const struct stats_row *before)
{
	for (int b = 0; b < EXIT_STATS_BUCKETS; b++) {
		if (now->hist[b] < before->hist[b])
			return true;
	}
	return now->count < before->count || now->total < before->total ||
	       now->nested_count < before->nested_count ||
	       now->nested_total < before->nested_total || now->user_count < before->user_count ||
	       now->user_total < before->user_total;
}

const char *stats_went_down(const struct stats *now, const struct stats *before)
{
	if (now->exits < before->exits || now->cycles < before->cycles ||
	    now->nested < before->nested || now->tsc_backwards < before->tsc_backwards)
		return "a sum in the header went down";
	for (int i = 0; i < before->rows; i++) {
		if (row_went_down(stats_row(now, before->row[i].reason), &before->row[i]))
			return "a row went down";
	}
	return NULL;
}

static int kmsg = -1, level;

void log_open(void)
{
	if (kmsg >= 0)
		close(kmsg);
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg < 0 || lseek(kmsg, 0, SEEK_END) < 0)
		bail_out("/dev/kmsg");
}

/* A record is "prio,seq,time,flags;text\n". EPIPE means that records were lost. */
static const char *next_record(void)
{
	static char record[8192];
	char *text;
	int n;

	do {
		n = read(kmsg, record, sizeof(record) - 1);
		if (n < 0 && errno == EPIPE)
			bail_out("the kernel log overflowed");
		if (n <= 0)
			return NULL;
		record[n] = '\0';
		record[strcspn(record, "\n")] = '\0';
		text = strchr(record, ';');
		level = atoi(record) & 7;
	} while (!text || strncmp(text + 1, LOG_PREFIX, strlen(LOG_PREFIX)));
	return text + 1 + strlen(LOG_PREFIX);
}

const char *log_line(int ms)
{
	struct pollfd pfd = { .fd = kmsg, .events = POLLIN };
	const char *line;

	while (!(line = next_record())) {
		if (poll(&pfd, 1, ms) <= 0)
			return NULL;
	}
	return line;
}

int log_level(void)
{
	return level;
}
