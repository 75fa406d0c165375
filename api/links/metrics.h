/* SPDX-License-Identifier: MIT */
/*
 * The counters of all workers of the api, and the page that shows them (Prometheus text format
 * 0.0.4).
 */
#ifndef API_METRICS_H
#define API_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/histogram.h"

enum {
	METRICS_ROUTES = 128,
	METRICS_NO_ROUTE = METRICS_ROUTES - 1, /* row of requests to unknown routes */
	/* classes of statuses: 1xx to 5xx, by their first digit */
	METRICS_CLASSES = 6,
	METRICS_LABELS_BYTES = 192,
};

/* Writes the labels of a route, with a comma behind each. */
typedef void metrics_labels(int route, char out[METRICS_LABELS_BYTES]);

/* The counters. They are in memory that all workers share, so they outlive workers. */
struct api_metrics {
	/* by the route's place in its table */
	_Atomic uint64_t requests[METRICS_ROUTES][METRICS_CLASSES];
	struct histogram request_times[METRICS_ROUTES];
	struct histogram send_times;  /* requests that have stored a message, or found it stored */
	struct histogram batch_sizes; /* sends in a transaction */
	struct histogram batch_times;
	struct histogram database_times; /* all other statements */
	/* times that a send was delayed because another transaction held its conversation */
	_Atomic uint64_t send_busy;
	/* sends answered 503: their deadline had passed, or the queue had no room */
	_Atomic uint64_t send_late;
	/* batches whose sends were all answered before PostgreSQL returned */
	_Atomic uint64_t batches_late;
	_Atomic uint64_t database_connects;
	/* other statements that were answered before PostgreSQL returned */
	_Atomic uint64_t database_late;
	struct histogram redis_times;
	_Atomic uint64_t redis_connects;
	/* notifications that Redis did not accept; push's heads sweep delivers the events */
	_Atomic uint64_t redis_drops;
};

extern struct api_metrics *metrics;

/* Sets the memory of the counters (common.h). Called once, before threads start. */
void metrics_open(struct api_metrics *shared);

/* Adds one to a counter. */
void metrics_count(_Atomic uint64_t *counter);

/* Counts an answered request. route is the route's place in its table, or METRICS_NO_ROUTE. */
void metrics_request(int route, bool sends, int status, int64_t us);

/* Returns the page, which the caller frees. */
char *metrics_page(size_t *len, metrics_labels *labels);

#endif
