/* SPDX-License-Identifier: MIT */
/* The metrics page of the api. */
#include "metrics.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "handlers.h"
#include "lib/memory.h"
#include "lib/shared.h"
#include "reply.h"
#include "routes.h"

enum { NO_ROUTE = METRICS_ROUTES - 1, LABELS_BYTES = 192 };

struct metrics *metrics;

enum kind { COUNTER, TIMES, NUMBERS };

/* clang-format off */
static const struct row {
	const char *name;
	enum kind kind;
	size_t at;
	const char *help;
} rows[] = {
#define AT(member) offsetof(struct metrics, member)
	{ "banter_api_send_seconds", TIMES, AT(send_times), "Requests that stored a message, or found it stored." },
	{ "banter_api_send_batch_messages", NUMBERS, AT(batch_sizes), "Messages sent in one transaction." },
	{ "banter_api_send_batch_seconds", TIMES, AT(batch_times), "From asking PostgreSQL for such a transaction to its end." },
	{ "banter_api_database_round_trip_seconds", TIMES, AT(database_times), "All other statements to PostgreSQL." },
	{ "banter_api_database_connects_total", COUNTER, AT(database_connects), "Connections made to PostgreSQL." },
	{ "banter_api_redis_round_trip_seconds", TIMES, AT(redis_times), "Questions to Redis; wake-ups are not waited for." },
	{ "banter_api_redis_connects_total", COUNTER, AT(redis_connects), "Connections made to Redis." },
	{ "banter_api_redis_drops_total", COUNTER, AT(redis_drops), "Wake-ups left out because Redis did not take them." },
#undef AT
};
/* clang-format on */

int
metrics_make(void)
{
	return shared_make("banter-metrics", sizeof *metrics);
}

void
metrics_open(int fd)
{
	size_t bytes;

	metrics = shared_open(fd, &bytes);
	if (!metrics || bytes != sizeof *metrics)
		metrics = memory_alloc(sizeof *metrics);
	assert(routes_count() <= NO_ROUTE);
}

void
metrics_count(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

void
metrics_request(const struct route *route, int status, int64_t us)
{
	long i = route ? route - routes_at(0) : NO_ROUTE;
	int class = status / 100;

	metrics_count(&metrics->requests[i][class < METRICS_CLASSES ? class : 0]);
	histogram_add(&metrics->request_times[i], HISTOGRAM_TIMES, us);
	if (route && route->rate == RATE_SEND && class == 2)
		histogram_add(&metrics->send_times, HISTOGRAM_TIMES, us);
}

static void
head_print(FILE *f, const char *name, const char *type, const char *help)
{
	fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* The labels of a route, with a comma behind each. */
static void
route_labels(int i, char out[LABELS_BYTES])
{
	if (i < routes_count())
		snprintf(out, LABELS_BYTES, "method=\"%s\",route=\"%s\",", routes_at(i)->method, routes_at(i)->path);
	else
		snprintf(out, LABELS_BYTES, "method=\"\",route=\"none\",");
}

/* Rows of what has never been asked for are left out. */
static void
requests_print(FILE *f)
{
	char labels[LABELS_BYTES];

	head_print(f, "banter_api_requests_total", "counter", "Requests answered, by the first digit of their status.");
	for (int i = 0; i < METRICS_ROUTES; i++) {
		route_labels(i, labels);
		for (int class = 0; class < METRICS_CLASSES; class ++) {
			uint64_t n = atomic_load_explicit(&metrics->requests[i][class], memory_order_relaxed);
			if (n)
				fprintf(f, "banter_api_requests_total{%sclass=\"%dxx\"} %lu\n", labels, class, n);
		}
	}
	head_print(f, "banter_api_request_seconds", "histogram", "From taking a request to its answer.");
	for (int i = 0; i < METRICS_ROUTES; i++) {
		route_labels(i, labels);
		if (atomic_load_explicit(&metrics->request_times[i].sum, memory_order_relaxed))
			histogram_print(f, "banter_api_request_seconds", labels, HISTOGRAM_TIMES, &metrics->request_times[i]);
	}
}

static void
row_print(FILE *f, const struct row *row)
{
	void *at = (char *)metrics + row->at;

	head_print(f, row->name, row->kind == COUNTER ? "counter" : "histogram", row->help);
	if (row->kind == COUNTER)
		fprintf(f, "%s %lu\n", row->name, atomic_load_explicit((_Atomic uint64_t *)at, memory_order_relaxed));
	else
		histogram_print(f, row->name, "", row->kind == TIMES ? HISTOGRAM_TIMES : HISTOGRAM_NUMBERS, at);
}

/*
 * What the api counts.
 * 200 as text/plain. The front door lets only this machine ask (lighttpd.conf).
 */
enum reply
get_metrics(struct request *r)
{
	char *page = NULL;
	size_t len;
	FILE *f = open_memstream(&page, &len);

	assert(f);
	requests_print(f);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		row_print(f, &rows[i]);
	fclose(f);
	request_keep(r, page, free);
	reply_json(r, 200, page);
	r->type = "text/plain; version=0.0.4";
	return REPLIED;
}
