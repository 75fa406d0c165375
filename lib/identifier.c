/* SPDX-License-Identifier: MIT */
/* Ids and the times in them. */
#include "identifier.h"

#include <stdio.h>
#include <time.h>

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

/* Most texts of a thread are of one second, and to take a time apart costs more than the rest of an answer: the last second's text is kept. */
void
time_text(int64_t unix_ms, char out[TIME_TEXT_BYTES])
{
	static _Thread_local time_t second;
	static _Thread_local char text[] = "1970-01-01T00:00:00";
	time_t seconds = unix_ms / 1000;

	if (seconds != second) {
		struct tm utc;
		gmtime_r(&seconds, &utc);
		strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
		second = seconds;
	}
	snprintf(out, TIME_TEXT_BYTES, "%s.%03uZ", text, (unsigned)(unix_ms % 1000) % 1000);
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
