/* SPDX-License-Identifier: MIT */
/* Conditions that are waited for on the clock that only goes forward (time_steady_ms). */
#ifndef API_STEADY_H
#define API_STEADY_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

void steady_cond_init(pthread_cond_t *condition);

/* Waits for the condition, with the lock. False: it is later than the deadline (ms). */
bool steady_wait(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t deadline);

/* A moment of that clock in the form of the system. */
struct timespec steady_moment(int64_t ms);

#endif
