/* SPDX-License-Identifier: MIT */
/* The counters of the api, and their page. */
#include "api/links/metrics.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>

struct api_metrics *metrics;

enum kind { COUNTER, TIMES, NUMBERS };

/* clang-format off */
static const struct metric_row {
	const char *name;
	enum kind kind;
	size_t at;
	const char *help;
} rows[] = {
#define AT(member) offsetof(struct api_metrics, member)
	{ "banter_api_send_seconds", TIMES, AT(send_times), "Requests that stored a message, or found it stored." },
	{ "banter_api_send_batch_messages", NUMBERS, AT(batch_sizes), "Messages sent in one transaction." },
	{ "banter_api_send_batch_seconds", TIMES, AT(batch_times), "From the query of such a transaction to its end." },
	{ "banter_api_send_busy_total", COUNTER, AT(send_busy), "Postponed sends: another transaction held the lock of their conversation." },
	{ "banter_api_send_late_total", COUNTER, AT(send_late), "Sends answered 503: their deadline had passed, or the queue was full." },
	{ "banter_api_send_batches_late_total", COUNTER, AT(batches_late), "Batches whose sends were all answered before PostgreSQL answered." },
	{ "banter_api_database_round_trip_seconds", TIMES, AT(database_times), "All other statements to PostgreSQL." },
	{ "banter_api_database_connects_total", COUNTER, AT(database_connects), "Connections made to PostgreSQL." },
	{ "banter_api_database_late_total", COUNTER, AT(database_late), "Other statements that were answered 503 before PostgreSQL answered." },
	{ "banter_api_redis_round_trip_seconds", TIMES, AT(redis_times), "Queries of Redis; notifications are not waited for." },
	{ "banter_api_redis_connects_total", COUNTER, AT(redis_connects), "Connections made to Redis." },
	{ "banter_api_redis_drops_total", COUNTER, AT(redis_drops), "Notifications dropped because Redis did not read them." },
#undef AT
};
/* clang-format on */

void
metrics_open(struct api_metrics *shared)
{
	metrics = shared;
}

void
metrics_count(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

void
metrics_request(int route, bool sends, int status, int64_t us)
{
	int class = status / 100;

	metrics_count(&metrics->requests[route][class < METRICS_CLASSES ? class : 0]);
	histogram_add(&metrics->request_times[route], HISTOGRAM_TIMES, us);
	if (sends && class == 2)
		histogram_add(&metrics->send_times, HISTOGRAM_TIMES, us);
}

static void
head_print(FILE *f, const char *name, const char *type, const char *help)
{
	fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Prints the requests by route. Omits routes that no client has called. */
static void
requests_print(FILE *f, metrics_labels *labels)
{
	char text[METRICS_LABELS_BYTES];

	head_print(f, "banter_api_requests_total", "counter", "Requests answered, by the first digit of their status.");
	for (int i = 0; i < METRICS_ROUTES; i++) {
		labels(i, text);
		for (int class = 0; class < METRICS_CLASSES; class ++) {
			uint64_t n = atomic_load_explicit(&metrics->requests[i][class], memory_order_relaxed);
			if (n)
				fprintf(f, "banter_api_requests_total{%sclass=\"%dxx\"} %lu\n", text, class, n);
		}
	}
	head_print(f, "banter_api_request_seconds", "histogram", "From accepting a request to its reply.");
	for (int i = 0; i < METRICS_ROUTES; i++) {
		labels(i, text);
		if (atomic_load_explicit(&metrics->request_times[i].sum, memory_order_relaxed))
			histogram_print(f, "banter_api_request_seconds", text, HISTOGRAM_TIMES, &metrics->request_times[i]);
	}
}

static void
row_print(FILE *f, const struct metric_row *row)
{
	void *at = (char *)metrics + row->at;

	head_print(f, row->name, row->kind == COUNTER ? "counter" : "histogram", row->help);
	if (row->kind == COUNTER)
		fprintf(f, "%s %lu\n", row->name, atomic_load_explicit((_Atomic uint64_t *)at, memory_order_relaxed));
	else
		histogram_print(f, row->name, "", row->kind == TIMES ? HISTOGRAM_TIMES : HISTOGRAM_NUMBERS, at);
}

char *
metrics_page(size_t *len, metrics_labels *labels)
{
	char *page = NULL;
	FILE *f = open_memstream(&page, len);

	assert(f);
	requests_print(f, labels);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		row_print(f, &rows[i]);
	fclose(f);
	return page;
}
