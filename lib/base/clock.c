/* SPDX-License-Identifier: MIT */
/* Times, their text, and waits with a deadline. */
#include "lib/base/clock.h"

#include <string.h>

enum { CLOCK_TEXT_MS = 20 }; /* where the milliseconds stand */

/*
 * Keeps the text of the last second for each thread, because most times fall into it. To split a
 * time costs more than the rest of a reply.
 */
void
clock_text(int64_t wall_ms, char out[CLOCK_TEXT_BYTES])
{
	static _Thread_local time_t second;
	static _Thread_local char text[CLOCK_TEXT_BYTES] = "1970-01-01T00:00:00.000Z";
	time_t seconds = wall_ms / 1000;

	if (seconds != second) {
		struct tm utc;
		gmtime_r(&seconds, &utc);
		strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.000Z", &utc);
		second = seconds;
	}
	for (int i = 0, ms = (int)(wall_ms % 1000); i < 3; i++, ms /= 10)
		text[CLOCK_TEXT_MS + 2 - i] = (char)('0' + ms % 10);
	memcpy(out, text, CLOCK_TEXT_BYTES);
}

static int64_t
read_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
clock_wall_ms(void)
{
	return read_us(CLOCK_REALTIME) / 1000;
}

int64_t
clock_ms(void)
{
	return clock_us() / 1000;
}

int64_t
clock_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

void
clock_cond_init(pthread_cond_t *condition)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

struct timespec
clock_timespec(int64_t ms)
{
	return (struct timespec){ ms / 1000, ms % 1000 * 1000000 };
}

bool
clock_wait(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t deadline)
{
	struct timespec until = clock_timespec(deadline);

	return pthread_cond_timedwait(condition, lock, &until) == 0;
}
