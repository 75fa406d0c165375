/* SPDX-License-Identifier: MIT */
/*
 * Seats: how many threads of a worker take requests at once (settings.api_seats). A few threads that stay awake cost less than many
 * that are woken for one request each; so whoever is about to wait for something (the database, Redis, a password's hash) leaves the seat to
 * another thread first, and takes one again before the next request.
 */
#ifndef API_SEATS_H
#define API_SEATS_H

#include <stdbool.h>

void seats_open(void);

/* From now on nobody gets a seat, and who waits for one goes. */
void seats_close(void);

/* Waits for a seat, unless this thread has one. False: closed. */
bool seat_take(void) __attribute__((warn_unused_result));

/* Gives the seat up, if this thread has one. */
void seat_leave(void);

#endif
