/* SPDX-License-Identifier: MIT */
/* Waiting on the clock that never goes back. */
#include "steady.h"

void
steady_cond_init(pthread_cond_t *condition)
{
	pthread_condattr_t steady;

	pthread_condattr_init(&steady);
	pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &steady);
	pthread_condattr_destroy(&steady);
}

struct timespec
steady_moment(int64_t ms)
{
	return (struct timespec){ ms / 1000, ms % 1000 * 1000000 };
}

bool
steady_wait(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t deadline)
{
	struct timespec until = steady_moment(deadline);

	return pthread_cond_timedwait(condition, lock, &until) == 0;
}
