/* SPDX-License-Identifier: MIT */
/* What the api counts, all workers together, and how it is shown (Prometheus text format 0.0.4). */
#ifndef API_METRICS_H
#define API_METRICS_H

#include <stdint.h>

#include "lib/histogram.h"

struct route;

enum { METRICS_ROUTES = 64, METRICS_CLASSES = 6 }; /* of statuses: 1xx to 5xx, by their first digit */

/* In memory that all workers share, so it counts on when they are replaced. */
struct metrics {
	_Atomic uint64_t requests[METRICS_ROUTES][METRICS_CLASSES]; /* the last row: no such route */
	struct histogram request_times[METRICS_ROUTES];
	struct histogram send_times;  /* requests that have stored a message, or found it */
	struct histogram batch_sizes; /* sends in a transaction */
	struct histogram batch_times;
	struct histogram database_times; /* all other statements */
	_Atomic uint64_t database_connects;
	struct histogram redis_times;
	_Atomic uint64_t redis_connects;
	_Atomic uint64_t redis_drops; /* wake-ups that Redis did not take; the sweep delivers */
};

extern struct metrics *metrics;

/*
 * Makes the memory for it; its descriptor is for metrics_open in every worker. A worker whose supervisor is of an older program, with another
 * idea of what is counted, counts for itself alone.
 */
int metrics_make(void);
void metrics_open(int fd);

/* Counts one. */
void metrics_count(_Atomic uint64_t *counter);

/* A request has been answered; route is NULL when there is none such. */
void metrics_request(const struct route *route, int status, int64_t us);

#endif
