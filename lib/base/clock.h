/* SPDX-License-Identifier: MIT */
/*
 * The clocks of both programs. Deadlines and durations are on the monotonic clock, which never goes
 * back. The wall clock shows the time of day.
 */
#ifndef LIB_CLOCK_H
#define LIB_CLOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum { CLOCK_TEXT_BYTES = 25 };

/* Return the time of the monotonic clock. */
int64_t clock_ms(void);
int64_t clock_us(void);

/* Returns the time of the wall clock, in ms since 1970. */
int64_t clock_wall_ms(void);

/*
 * Writes a time of the wall clock in RFC 3339, UTC, with milliseconds ("2026-11-24T03:21:06.123Z"):
 * 24 bytes and a NUL.
 */
void clock_text(int64_t wall_ms, char out[CLOCK_TEXT_BYTES]);

/* Makes a condition variable for clock_wait. */
void clock_cond_init(pthread_cond_t *condition);

/* Waits for a condition under its lock. Returns false when the deadline (clock_ms) has passed. */
bool clock_wait(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t deadline);

/* Returns a time of the monotonic clock as a timespec. */
struct timespec clock_timespec(int64_t ms);

#endif
