/* SPDX-License-Identifier: MIT */
/* The metrics page. */
#include "metrics.h"

#include <assert.h>
#include <stdio.h>

#include "position.h"

struct metrics metrics;

static const struct {
	const char *name, *type, *help;
	const uint64_t *value;
} rows[] = {
	{ "banter_push_connections", "gauge", "Open connections of any kind.", &metrics.connections },
	{ "banter_push_accepted_total", "counter", "Connections accepted.", &metrics.accepted },
	{ "banter_push_events_total", "counter", "Durable events that came in order.", &metrics.events },
	{ "banter_push_deliveries_total", "counter", "Events queued for a stream.", &metrics.deliveries },
	{ "banter_push_flushes_total", "counter", "System calls that wrote to streams.", &metrics.flushes },
	{ "banter_push_sent_bytes_total", "counter", "Bytes written to streams.", &metrics.bytes_out },
	{ "banter_push_queue_bytes", "gauge", "Bytes that wait in the queues of all streams.", &metrics.queue_bytes },
	{ "banter_push_holds_total", "counter", "Events that came before their turn.", &metrics.holds },
	{ "banter_push_gap_repairs_total", "counter", "Ranges read from the database to fill a hole.", &metrics.repairs },
	{ "banter_push_sweep_rounds_total", "counter", "Completed rounds of the heads sweep.", &metrics.sweep_rounds },
	{ "banter_push_sweep_finds_total", "counter", "Conversations that the sweep found ahead of the doorbell.", &metrics.sweep_finds },
	{ "banter_push_replayed_total", "counter", "Missed events replayed.", &metrics.replayed },
	{ "banter_push_resets_total", "counter", "Cursors that could not be resumed.", &metrics.resets },
	{ "banter_push_resyncs_total", "counter", "Streams brought up to date in place.", &metrics.resyncs },
	{ "banter_push_doorbells_total", "counter", "Messages heard from Redis.", &metrics.doorbells },
	{ "banter_push_doorbells_bad_total", "counter", "Messages from Redis that were not understood.", &metrics.doorbells_bad },
	{ "banter_push_redis_connects_total", "counter", "Connections made to Redis.", &metrics.redis_connects },
	{ "banter_push_database_connects_total", "counter", "Connections made to PostgreSQL.", &metrics.database_connects },
	{ "banter_push_database_queries_total", "counter", "Questions asked of PostgreSQL.", &metrics.database_queries },
	{ "banter_push_database_batches_total", "counter", "Batches in which they were asked.", &metrics.database_batches },
	{ "banter_push_database_milliseconds_total", "counter", "Sum of the batches' round trips.", &metrics.database_ms },
	{ "banter_push_sends_total", "counter", "Messages stored for sockets.", &metrics.sends },
	{ "banter_push_acks_total", "counter", "Cursors acknowledged.", &metrics.acks },
};

static const char *const transports[METRICS_TRANSPORTS] = { "ws", "sse", "poll" };
static const char *const classes[EVENT_CLASSES] = { "typing", "presence", "receipt", "notice", "durable" };

char *
metrics_page(size_t *len)
{
	char *page = NULL;
	FILE *f = open_memstream(&page, len);

	assert(f);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		fprintf(f, "# HELP %s %s\n# TYPE %s %s\n%s %lu\n", rows[i].name, rows[i].help, rows[i].name, rows[i].type, rows[i].name,
			*rows[i].value);
	fprintf(f,
		"# HELP banter_push_positions Different cursors that streams stand at.\n# TYPE banter_push_positions gauge\nbanter_push_positions %zu\n",
		position_count());
	fprintf(f, "# HELP banter_push_streams Open streams.\n# TYPE banter_push_streams gauge\n");
	for (int i = 0; i < METRICS_TRANSPORTS; i++)
		fprintf(f, "banter_push_streams{transport=\"%s\"} %lu\n", transports[i], metrics.streams[i]);
	fprintf(f,
		"# HELP banter_push_sheds_total Events not given to a stream whose queue was too full for their class.\n# TYPE banter_push_sheds_total counter\n");
	for (int i = 0; i < EVENT_DURABLE; i++)
		fprintf(f, "banter_push_sheds_total{class=\"%s\"} %lu\n", classes[i], metrics.shed[i]);
	fprintf(f, "# HELP banter_push_closes_total Connections ended.\n# TYPE banter_push_closes_total counter\n");
	for (int i = 1; i < CLOSE_REASONS; i++)
		fprintf(f, "banter_push_closes_total{reason=\"%s\"} %lu\n", close_row((enum close_reason)i)->name, metrics.closes[i]);
	fclose(f);
	return page;
}
