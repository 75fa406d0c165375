/* SPDX-License-Identifier: MIT */
/* Ids, and times as text. */
#include "identifier.h"

#include <assert.h>
#include <string.h>
#include <time.h>

enum { TIME_TEXT_MS = 20 }; /* where the milliseconds stand */

bool
identifier_parse(const char *text, size_t n, int64_t *id)
{
	uint64_t value = 0;

	if (n < 1 || n > 19 || text[0] == '0')
		return false;
	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	if (value > INT64_MAX)
		return false;
	*id = (int64_t)value;
	return true;
}

/*
 * Writes the digits by hand. Every query and reply contains ids, and snprintf costs ten times as
 * much.
 */
size_t
identifier_text(int64_t id, char out[IDENTIFIER_BYTES])
{
	char text[IDENTIFIER_BYTES] = "", *at = text + sizeof text - 1;

	assert(id >= 0);
	do
		*--at = (char)('0' + id % 10);
	while (id /= 10);
	size_t n = (size_t)(text + sizeof text - at);
	memcpy(out, at, n);
	return n - 1;
}

/*
 * Keeps the text of the last second for each thread, because most times fall into it. To split a
 * time costs more than the rest of a reply.
 */
void
time_text(int64_t unix_ms, char out[TIME_TEXT_BYTES])
{
	static _Thread_local time_t second;
	static _Thread_local char text[TIME_TEXT_BYTES] = "1970-01-01T00:00:00.000Z";
	time_t seconds = unix_ms / 1000;

	if (seconds != second) {
		struct tm utc;
		gmtime_r(&seconds, &utc);
		strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.000Z", &utc);
		second = seconds;
	}
	for (int i = 0, ms = (int)(unix_ms % 1000); i < 3; i++, ms /= 10)
		text[TIME_TEXT_MS + 2 - i] = (char)('0' + ms % 10);
	memcpy(out, text, TIME_TEXT_BYTES);
}

static int64_t
clock_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
time_now_ms(void)
{
	return clock_us(CLOCK_REALTIME) / 1000;
}

int64_t
time_steady_ms(void)
{
	return time_steady_us() / 1000;
}

int64_t
time_steady_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}
