/* SPDX-License-Identifier: MIT */
/* Seats: the count of free ones, and the threads that wait for one. */
#include "seats.h"

#include <pthread.h>

#include "lib/settings.h"

static struct {
	pthread_mutex_t lock;
	pthread_cond_t given;
	long free;
	bool closed;
} seats = { .lock = PTHREAD_MUTEX_INITIALIZER, .given = PTHREAD_COND_INITIALIZER };

static _Thread_local bool seated;

void
seats_open(void)
{
	seats.free = settings.api_seats;
}

void
seats_close(void)
{
	pthread_mutex_lock(&seats.lock);
	seats.closed = true;
	pthread_cond_broadcast(&seats.given);
	pthread_mutex_unlock(&seats.lock);
}

bool
seat_take(void)
{
	if (seated)
		return true;
	pthread_mutex_lock(&seats.lock);
	while (seats.free == 0 && !seats.closed)
		pthread_cond_wait(&seats.given, &seats.lock);
	if (!seats.closed) {
		seats.free--;
		seated = true;
	}
	pthread_mutex_unlock(&seats.lock);
	return seated;
}

void
seat_leave(void)
{
	if (!seated)
		return;
	seated = false;
	pthread_mutex_lock(&seats.lock);
	seats.free++;
	pthread_cond_signal(&seats.given);
	pthread_mutex_unlock(&seats.lock);
}
