/* SPDX-License-Identifier: MIT */
/*
 * Accept slots: they bound how many threads of a worker accept requests at once
 * (settings.api_seats). A few threads that stay awake cost less than many that are each woken for
 * one request. So a thread releases its slot before it waits for the database, for Redis or for a
 * password's hash. It takes a slot again before its next request.
 */
#ifndef API_ACCEPT_SLOTS_H
#define API_ACCEPT_SLOTS_H

#include <stdbool.h>

void accept_slots_open(void);

/* Ends the wait of every thread that waits for a slot. They return without one. */
void accept_slots_close(void);

/* Waits for a slot, unless this thread has one. Returns false after accept_slots_close. */
bool accept_slot_take(void) __attribute__((warn_unused_result));

/* Releases the slot, if this thread has one. */
void accept_slot_release(void);

#endif
