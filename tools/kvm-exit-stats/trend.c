// SPDX-License-Identifier: GPL-2.0-only
/* Sparklines. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "trend.h"

static struct trend *find(const struct trends *t, const char *vm, int vcpu, int64_t reason)
{
	for (size_t i = 0; i < t->nr; i++) {
		if (t->trend[i].reason == reason && t->trend[i].vcpu == vcpu &&
		    !strcmp(t->trend[i].vm, vm))
			return &t->trend[i];
	}
	return NULL;
}

const struct trend *trend_find(const struct trends *t, const char *vm, int vcpu, int64_t reason)
{
	return find(t, vm, vcpu, reason);
}

void trends_begin(struct trends *t)
{
	for (size_t i = 0; i < t->nr; i++)
		t->trend[i].seen = false;
}

void trends_add(struct trends *t, const char *vm, int vcpu, int64_t reason, double rate)
{
	struct trend *trend = find(t, vm, vcpu, reason);

	if (!trend) {
		t->trend = xrealloc(t->trend, (t->nr + 1) * sizeof(*t->trend));
		trend = &t->trend[t->nr++];
		memset(trend, 0, sizeof(*trend));
		snprintf(trend->vm, sizeof(trend->vm), "%s", vm);
		trend->vcpu = vcpu;
		trend->reason = reason;
	}
	trend->seen = true;
	if (trend->nr == TREND_POINTS) {
		memmove(trend->rate, trend->rate + 1, (TREND_POINTS - 1) * sizeof(*trend->rate));
		trend->nr--;
	}
	trend->rate[trend->nr++] = rate;
}

void trends_end(struct trends *t)
{
	size_t to = 0;

	for (size_t i = 0; i < t->nr; i++) {
		if (t->trend[i].seen)
			t->trend[to++] = t->trend[i];
	}
	t->nr = to;
}

void trends_free(struct trends *t)
{
	free(t->trend);
	memset(t, 0, sizeof(*t));
}

const char *trend_text(const struct trend *t, bool ascii)
{
	static const char *const blocks[] = { "\u2581", "\u2582", "\u2583", "\u2584",
					      "\u2585", "\u2586", "\u2587", "\u2588" };
	static const char *const letters[] = { "_", ".", ":", "-", "=", "+", "*", "#" };
	static char text[TREND_POINTS * 4 + 1];
	float max = 0;
	int level;

	text[0] = '\0';
	for (unsigned int i = 0; i < t->nr; i++)
		max = t->rate[i] > max ? t->rate[i] : max;
	for (unsigned int i = 0; i < t->nr; i++) {
		level = max > 0 ? t->rate[i] / max * 7 + 0.5 : 0;
		strcat(text, (ascii ? letters : blocks)[level]);
	}
	return text;
}
