/* SPDX-License-Identifier: MIT */
/*
 * Seats: how many threads of a worker accept requests at once (settings.api_seats). A few threads
 * that stay awake cost less than many that are each woken for one request. So a thread leaves its
 * seat to another one before it waits for the database, for Redis or for a password's hash. It
 * takes a seat again before its next request.
 */
#ifndef API_SEATS_H
#define API_SEATS_H

#include <stdbool.h>

void seats_open(void);

/* Closes the seats. Threads that wait for one return without it. */
void seats_close(void);

/* Waits for a seat, unless this thread has one. Returns false when the seats are closed. */
bool seat_take(void) __attribute__((warn_unused_result));

/* Leaves the seat, if this thread has one. */
void seat_leave(void);

#endif
