/* SPDX-License-Identifier: MIT */
/* Metrics page: the table of its rows, and the counters of all processes. */
#include "push/net/metrics.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/process/shared.h"

enum { COPY_EACH_MS = 1000, LABELS_BYTES = 128 };

struct metrics metrics;

/* Dimensions of a row: one number, or one for each transport, class and so on. */
enum dimension { ALONE, TRANSPORT, CLASS, REASON, LIMIT, PART, TIMES, NUMBERS };

/* clang-format off */
static const struct row {
	const char *name, *type;
	enum dimension by;
	size_t at;
	const char *help;
} rows[] = {
#define AT(member) offsetof(struct metrics, member)
	{ "banter_push_connections", "gauge", ALONE, AT(connections), "Open connections of any kind." },
	{ "banter_push_streams", "gauge", TRANSPORT, AT(streams), "Open streams." },
	{ "banter_push_accepted_total", "counter", ALONE, AT(accepted), "Connections accepted." },
	{ "banter_push_closes_total", "counter", REASON, AT(closes), "Connections ended." },
	{ "banter_push_limits_total", "counter", LIMIT, AT(limits), "Times that a limit was met." },
	{ "banter_push_degraded", "gauge", PART, AT(degraded), "1 while PostgreSQL or Redis does not answer." },
	{ "banter_push_events_total", "counter", ALONE, AT(events), "Durable events that came in order." },
	{ "banter_push_deliveries_total", "counter", ALONE, AT(deliveries), "Events queued for a stream." },
	{ "banter_push_flushes_total", "counter", ALONE, AT(flushes), "System calls that wrote to streams." },
	{ "banter_push_sent_bytes_total", "counter", ALONE, AT(bytes_out), "Bytes written to streams." },
	{ "banter_push_queue_bytes", "gauge", ALONE, AT(queue_bytes), "Bytes that wait in the queues of all streams." },
	{ "banter_push_buffer_bytes", "gauge", ALONE, AT(buffer_bytes), "Bytes of events and replies in memory: what several queues share counts once." },
	{ "banter_push_unfinished_bytes", "gauge", ALONE, AT(unfinished_bytes), "Bytes of messages that clients have begun to send and not finished." },
	{ "banter_push_sheds_total", "counter", CLASS, AT(shed), "Events not given to a stream whose queue was too full for their class." },
	{ "banter_push_positions", "gauge", ALONE, AT(cursor_states), "Different cursors that streams stand at." },
	{ "banter_push_holds_total", "counter", ALONE, AT(holds), "Events that came before their turn and were held." },
	{ "banter_push_gap_repairs_total", "counter", ALONE, AT(repairs), "Ranges read from the database to fill a hole." },
	{ "banter_push_horizon_stands", "gauge", ALONE, AT(horizon_stands), "1 while the horizon has not moved for 30 seconds." },
	{ "banter_push_clock_wrong", "gauge", ALONE, AT(clock_wrong), "1 while the clock of PostgreSQL's machine is behind the ids, or too far ahead." },
	{ "banter_push_sweep_rounds_total", "counter", ALONE, AT(sweep_rounds), "Completed rounds of the heads sweep." },
	{ "banter_push_sweep_finds_total", "counter", ALONE, AT(sweep_finds), "Conversations with events that the sweep found before a notification." },
	{ "banter_push_replayed_total", "counter", ALONE, AT(replayed), "Missed events replayed." },
	{ "banter_push_resets_total", "counter", ALONE, AT(resets), "Cursors that could not be resumed." },
	{ "banter_push_resyncs_total", "counter", ALONE, AT(resyncs), "Streams brought up to date in place." },
	{ "banter_push_sends_total", "counter", ALONE, AT(sends), "Messages stored for sockets." },
	{ "banter_push_send_seconds", "histogram", TIMES, AT(send_times), "From a message.send to its message being stored or refused." },
	{ "banter_push_send_batch_messages", "histogram", NUMBERS, AT(batch_sizes), "Messages sent in one transaction." },
	{ "banter_push_send_busy_total", "counter", ALONE, AT(send_busy), "Times that a message was put off, because another transaction held its conversation." },
	{ "banter_push_send_late_total", "counter", ALONE, AT(send_late), "Messages refused: their deadline had passed, or there was no room to wait." },
	{ "banter_push_send_batches_late_total", "counter", ALONE, AT(batches_late), "Batches whose messages were all answered before PostgreSQL answered." },
	{ "banter_push_acks_total", "counter", ALONE, AT(acks), "Cursors acknowledged." },
	{ "banter_push_notifications_total", "counter", ALONE, AT(notifications), "Notifications received from Redis." },
	{ "banter_push_notifications_bad_total", "counter", ALONE, AT(notifications_bad), "Malformed notifications from Redis." },
	{ "banter_push_redis_connects_total", "counter", ALONE, AT(redis_connects), "Connections made to Redis." },
	{ "banter_push_redis_round_trip_seconds", "histogram", TIMES, AT(redis_times), "Commands to Redis, from asking to the answer." },
	{ "banter_push_database_connects_total", "counter", ALONE, AT(database_connects), "Connections made to PostgreSQL." },
	{ "banter_push_database_queries_total", "counter", ALONE, AT(database_queries), "Questions asked of PostgreSQL." },
	{ "banter_push_database_late_total", "counter", ALONE, AT(database_late), "Batches that PostgreSQL did not answer in time." },
	{ "banter_push_database_round_trip_seconds", "histogram", TIMES, AT(database_times), "Batches of questions to PostgreSQL, from asking to the last answer." },
#undef AT
};
/* clang-format on */

static const char *const transports[METRICS_TRANSPORTS] = { "ws", "sse", "poll" };
static const char *const classes[METRICS_CLASSES] = { "typing", "presence", "receipt", "notice", "durable" };

static const char *const parts[METRICS_PARTS] = { "database", "redis" };

const char *
metrics_part(int part)
{
	return parts[part];
}

static const char *
reason_name(int i)
{
	return close_row((enum close_reason)i)->name;
}

static const char *
transport_name(int i)
{
	return transports[i];
}

static const char *
class_name(int i)
{
	return classes[i];
}

/* Labels of the dimensions. Durable events are never shed, and CLOSE_NONE is no reason. */
static const struct {
	const char *label;
	int from, to;
	const char *(*name)(int i);
} dimensions[] = {
	[TRANSPORT] = { "transport", 0, METRICS_TRANSPORTS, transport_name },
	[CLASS] = { "class", 0, METRICS_CLASSES - 1, class_name },
	[REASON] = { "reason", CLOSE_NORMAL, CLOSE_REASONS, reason_name },
	[LIMIT] = { "limit", LIMITED_NONE + 1, LIMITS, limit_name },
	[PART] = { "part", 0, METRICS_PARTS, metrics_part },
};

/* ---- several processes */

struct place {
	_Atomic pid_t process; /* 0: free */
	struct metrics copy;
};

static struct {
	struct place *places; /* NULL: each process shows its own counters */
	int count;
	bool labelled; /* each row has one line per process */
	struct place *own;
	int64_t copied_ms;
} shared;

static bool
places_map(int fd)
{
	size_t bytes;

	shared.places = shared_open(fd, &bytes);
	if (!shared.places || bytes % sizeof *shared.places)
		shared.places = NULL;
	shared.count = shared.places ? (int)(bytes / sizeof *shared.places) : 0;
	return shared.places;
}

/* Makes two places per process, because it and its successor run at the same time. */
int
metrics_make(int processes)
{
	int fd = shared_make("banter-metrics", 2 * (size_t)processes * sizeof *shared.places);

	if (!places_map(fd))
		abort();
	return fd;
}

/*
 * Takes a place in the shared memory. A single process has all counters itself and needs no labels.
 */
void
metrics_begin(int fd)
{
	shared.labelled = places_map(fd) && shared.count > 2;
	for (int i = 0; i < shared.count && !shared.own; i++) {
		pid_t nobody = 0;
		if (atomic_compare_exchange_strong(&shared.places[i].process, &nobody, getpid()))
			shared.own = &shared.places[i];
	}
}

void
metrics_ended(pid_t process)
{
	for (int i = 0; i < shared.count; i++) {
		if (atomic_load(&shared.places[i].process) != process)
			continue;
		memset(&shared.places[i].copy, 0, sizeof shared.places[i].copy);
		atomic_store(&shared.places[i].process, 0);
	}
}

static void
copy_lay(void)
{
	if (shared.own)
		shared.own->copy = metrics;
}

void
metrics_turn_end(int64_t now_ms)
{
	if (now_ms - shared.copied_ms < COPY_EACH_MS)
		return;
	shared.copied_ms = now_ms;
	copy_lay();
}

/* ---- the page */

/* Prints the values of a row. process is a label with a comma behind it, or empty. */
static void
row_values(FILE *f, const struct row *row, const char *process, const struct metrics *of)
{
	const void *at = (const char *)of + row->at;
	const uint64_t *values = at;

	if (row->by == TIMES || row->by == NUMBERS) {
		histogram_print(f, row->name, process, row->by == TIMES ? HISTOGRAM_TIMES : HISTOGRAM_NUMBERS, at);
		return;
	}
	if (row->by == ALONE) {
		int n = (int)strlen(process) - 1;
		fprintf(f, "%s%s%.*s%s %lu\n", row->name, n > 0 ? "{" : "", n > 0 ? n : 0, process, n > 0 ? "}" : "", *values);
		return;
	}
	for (int i = dimensions[row->by].from; i < dimensions[row->by].to; i++)
		fprintf(f, "%s{%s%s=\"%s\"} %lu\n", row->name, process, dimensions[row->by].label, dimensions[row->by].name(i), values[i]);
}

char *
metrics_page(size_t *len)
{
	char *page = NULL, process[LABELS_BYTES];
	FILE *f = open_memstream(&page, len);

	assert(f);
	copy_lay();
	for (const struct row *row = rows; row < rows + sizeof rows / sizeof rows[0]; row++) {
		fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help, row->name, row->type);
		if (!shared.labelled)
			row_values(f, row, "", &metrics);
		for (int i = 0; shared.labelled && i < shared.count; i++) {
			if (!atomic_load(&shared.places[i].process))
				continue;
			snprintf(process, sizeof process, "process=\"%d\",", i);
			row_values(f, row, process, &shared.places[i].copy);
		}
	}
	fclose(f);
	return page;
}
