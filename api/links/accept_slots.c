/* SPDX-License-Identifier: MIT */
/* The count of free slots, and the threads that wait for one. */
#include "api/links/accept_slots.h"

#include <pthread.h>

#include "lib/base/settings.h"

static struct {
	pthread_mutex_t lock;
	pthread_cond_t freed;
	long free;
	bool closed;
} slots = { .lock = PTHREAD_MUTEX_INITIALIZER, .freed = PTHREAD_COND_INITIALIZER };

static _Thread_local bool has_slot;

void
accept_slots_open(void)
{
	slots.free = settings.api_seats;
}

void
accept_slots_close(void)
{
	pthread_mutex_lock(&slots.lock);
	slots.closed = true;
	pthread_cond_broadcast(&slots.freed);
	pthread_mutex_unlock(&slots.lock);
}

bool
accept_slot_take(void)
{
	if (has_slot)
		return true;
	pthread_mutex_lock(&slots.lock);
	while (slots.free == 0 && !slots.closed)
		pthread_cond_wait(&slots.freed, &slots.lock);
	if (!slots.closed) {
		slots.free--;
		has_slot = true;
	}
	pthread_mutex_unlock(&slots.lock);
	return has_slot;
}

void
accept_slot_release(void)
{
	if (!has_slot)
		return;
	has_slot = false;
	pthread_mutex_lock(&slots.lock);
	slots.free++;
	pthread_cond_signal(&slots.freed);
	pthread_mutex_unlock(&slots.lock);
}
