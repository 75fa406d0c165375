/* SPDX-License-Identifier: MIT */
/* Condition variables on the clock that never goes back (time_steady_ms). */
#ifndef API_STEADY_H
#define API_STEADY_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

void steady_cond_init(pthread_cond_t *condition);

/* Waits for a condition under its lock. Returns false when the deadline (ms) has passed. */
bool steady_wait(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t deadline);

/* Returns a time of that clock as a timespec. */
struct timespec steady_moment(int64_t ms);

#endif
