/* SPDX-License-Identifier: MIT */
/* Messages from WebSockets to the database, in batches. */
#include "push/session/message_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/auth/limiter.h"
#include "lib/base/clock.h"
#include "lib/base/limits.h"
#include "lib/base/memory.h"
#include "lib/base/settings.h"
#include "lib/chat/message_batch.h"
#include "lib/chat/notification.h"
#include "lib/chat/send_queue.h"
#include "push/fanout/event_batch.h"
#include "push/fanout/hub.h"
#include "push/links/db.h"
#include "push/links/redis.h"
#include "push/links/result.h"
#include "push/net/loop.h"
#include "push/net/metrics.h"

enum {
	BATCH_MOST = 64,
	BATCH_BYTES = 256 * KIB, /* so that a few large messages do not delay many small ones */
	/* messages that justify a second batch beside one that is not late */
	SECOND_LEAST = 16,
	WAITING_BYTES = 32 * 1024 * KIB,
	/* part of WAITING_BYTES that may wait for conversations that others hold */
	STUCK_BYTES = WAITING_BYTES / 2,
	STUCK_MOST = 4096, /* number of messages that may wait for them */
};

/* A message on its way. Behind the struct follow its texts. */
struct message_write {
	struct send_entry entry; /* first member: the queue returns it */
	struct conn *conn;
	message_writer_answer *answer;
	int64_t asked_us;
	struct message_draft draft;
};

struct batch {
	struct send_batch sends;
	int count;
	int64_t conversations[BATCH_MOST];
	bool waits; /* it waits for locks */
	/* all its messages are answered, though it has not ended after SEND_GRACE_MS */
	bool late;
	int64_t grace_ms; /* time until which it is not late */
};

static void late_fire(struct timer *t);

static struct send_queue queue;

static struct {
	struct batch *batches[DB_SENDERS];
	int running;	  /* batches of ready conversations that are not late … */
	int waiting;	  /* … of busy ones, waiting for locks … */
	int late;	  /* … and late batches of both kinds */
	int64_t since_ms; /* time when the last batch of ready conversations began */
	int64_t tried_ms; /* time when busy conversations were last tried */
	struct timer late_timer;
} under_way = { .late_timer.fire = late_fire };

/* ---- one message ---- */

static struct message_write *
message_writer_new(const struct message_draft *draft)
{
	size_t size = sizeof(struct message_write) + message_draft_bytes(draft);
	struct message_write *s = memory_alloc(size);

	message_draft_copy(draft, &s->draft, (char *)(s + 1));
	s->entry.size = size;
	s->entry.conversation = draft->conversation;
	return s;
}

/*
 * Publishes a stored message. The streams of this process receive it at once, in the same write as
 * the answer. Its notification from Redis finds it delivered.
 */
static void
message_writer_publish(int64_t conversation, const PGresult *result, int row)
{
	const char *event = result_text(result, row, 2);
	size_t len = result_length(result, row, 2);
	struct notification d;
	char channel[32];

	metrics.sends++;
	snprintf(channel, sizeof channel, "c:%ld", (long)conversation);
	redis_publish(channel, event, len);
	if (notification_parse(event, len, &d))
		hub_event(conversation, d.id, d.seq, d.removed_user, d.json, d.json_len);
}

static void
message_writer_end(struct message_write *s, const struct sent *sent)
{
	histogram_add(&metrics.send_times, HISTOGRAM_TIMES, clock_us() - s->asked_us);
	if (s->conn->state < CONN_CLOSING)
		s->answer(s->conn, sent);
	conn_unpin(s->conn);
	free(s);
}

static void
message_writer_fail(struct message_write *s)
{
	message_writer_end(s, &(struct sent){ .client_id = s->draft.client_id, .code = error_row(ERROR_UNAVAILABLE)->code });
}

/* Fails a message that has waited long enough. */
static void
message_writer_refuse(struct message_write *s)
{
	metrics.send_late++;
	message_writer_fail(s);
}

/* Answers a message by its row of messages_send: status, message, event. */
static void
message_writer_stored(struct message_write *s, const PGresult *result, int row)
{
	const char *status = result_text(result, row, 0);
	bool is_stored = strcmp(status, "created") == 0, repeated = strcmp(status, "repeated") == 0;

	message_writer_end(s, &(struct sent){ .client_id = s->draft.client_id,
					      .code = is_stored || repeated ? NULL : status,
					      .message = result_text(result, row, 1),
					      .repeated = repeated });
}

/* ---- batches that end ---- */

static void
batch_count(const struct batch *b, int by)
{
	*(b->late ? &under_way.late : b->waits ? &under_way.waiting : &under_way.running) += by;
}

/*
 * Publishes what is new, also when its sender got "unavailable" meanwhile, because it is stored.
 * Busy messages wait again.
 */
static void
batch_stored(struct batch *b, const PGresult *result)
{
	for (int i = 0; i < b->count; i++) {
		const char *status = result_text(result, i, 0);
		b->sends.busy[i] = strcmp(status, "busy") == 0;
		if (b->sends.busy[i]) {
			metrics.send_busy++;
			continue;
		}
		if (strcmp(status, "created") == 0)
			message_writer_publish(b->conversations[i], result, i);
		struct send_entry *e = send_batch_take(&b->sends, i);
		if (e)
			message_writer_stored((struct message_write *)e, result, i);
	}
}

/*
 * Splits a failed batch, perhaps because of one message. Its halves are sent again, which their
 * client_ids make safe.
 */
static void
batch_failed(struct batch *b)
{
	struct send_entry *e;

	send_batch_halve(&b->sends);
	if (b->count == 1 && (e = send_batch_take(&b->sends, 0)))
		message_writer_fail((struct message_write *)e);
}

static void
batch_reply(void *context, PGresult *result)
{
	struct batch *b = context;

	batch_count(b, -1);
	for (int i = 0; i < DB_SENDERS; i++)
		if (under_way.batches[i] == b)
			under_way.batches[i] = NULL;
	if (result && result_rows(result) == b->count)
		batch_stored(b, result);
	else
		batch_failed(b);
	send_queue_finish(&queue, &b->sends);
	event_batch_deliver_all();
	free(b);
}

/*
 * Refuses the messages that have waited too long. Keeps the connection, because dropping it would
 * leave a server process behind.
 */
static void
batch_expire(struct batch *b)
{
	struct send_entry *e;

	while ((e = send_batch_expire(&b->sends, loop_now())))
		message_writer_refuse((struct message_write *)e);
	if (b->late || send_batch_deadline(&b->sends) < INT64_MAX || loop_now() < b->grace_ms)
		return;
	batch_count(b, -1);
	b->late = true;
	metrics.batches_late++;
	send_batch_late(&b->sends);
	batch_count(b, 1);
}

/* ---- batches that begin ---- */

static void
batch_ask(struct batch *b)
{
	struct message_batch drafts = { 0 };
	const char *params[MESSAGE_BATCH_PARAMS];
	int64_t deadline = 0;
	int at = 0;

	for (int i = 0; i < b->count; i++) {
		const struct message_write *s = (const struct message_write *)b->sends.entries[i];
		message_batch_add(&drafts, &s->draft);
		b->conversations[i] = s->entry.conversation;
		if (s->entry.deadline_ms > deadline)
			deadline = s->entry.deadline_ms;
	}
	message_batch_wait(&drafts, b->waits ? SEND_WAIT_MS : 0);
	for (int i = 0; i < MESSAGE_BATCH_PARAMS; i++)
		params[i] = message_batch_param(&drafts, i);
	while (under_way.batches[at])
		at++;
	under_way.batches[at] = b;
	batch_count(b, 1);
	histogram_add(&metrics.batch_sizes, HISTOGRAM_NUMBERS, b->count);
	db_query(QUERY_SEND, params, deadline - loop_now(), batch_reply, b);
	message_batch_free(&drafts);
}

/*
 * Begins a batch of ready conversations, or of busy ones. Returns false when there is nothing to
 * send.
 */
static bool
batch_begin(bool busy, bool waits)
{
	struct batch *b = memory_alloc(sizeof *b);

	*(busy ? &under_way.tried_ms : &under_way.since_ms) = loop_now();
	b->waits = waits;
	b->late = false;
	b->grace_ms = loop_now() + SEND_GRACE_MS;
	b->count = send_queue_take(&queue, &b->sends, busy, BATCH_MOST, BATCH_BYTES);
	if (b->count)
		batch_ask(b);
	else
		free(b);
	return b->count;
}

static int
conns_free(void)
{
	return DB_SENDERS - under_way.running - under_way.waiting - under_way.late;
}

/*
 * Returns whether a batch of ready conversations is worth it beside those that run. Two half
 * batches cost more than a whole one.
 */
static bool
ready_due(void)
{
	if (!queue.ready_count || !conns_free())
		return false;
	return !under_way.running || queue.ready_count >= SECOND_LEAST || loop_now() - under_way.since_ms >= SEND_LATE_MS;
}

/*
 * Returns whether a batch may wait for locks now. Half of the connections may, and one is always
 * left for other batches.
 */
static bool
waiting_allowed(void)
{
	return under_way.waiting < DB_SENDERS / 2 && (conns_free() > 1 || under_way.running > 0);
}

/*
 * Returns whether busy conversations are due for another try. Without a free connection to wait
 * they are tried now and then.
 */
static bool
busy_due(void)
{
	if (TAILQ_EMPTY(&queue.busy) || !conns_free())
		return false;
	return waiting_allowed() || loop_now() - under_way.tried_ms >= SEND_TRY_PAUSE_MS;
}

/* Returns whether nothing can be stored, perhaps because every commit waits for a lost standby. */
static bool
all_late(void)
{
	return under_way.late == DB_SENDERS;
}

/* Causes a turn, because all that is due is handled when a turn ends. */
static void
late_fire(struct timer *t)
{
	(void)t;
}

/* ---- from outside ---- */

static struct sent
refusal(const struct message_draft *draft, enum error error, long retry_seconds)
{
	return (struct sent){ .client_id = draft->client_id, .code = error_row(error)->code, .retry_seconds = retry_seconds };
}

struct sent
message_writer_add(struct conn *c, const struct message_draft *draft, message_writer_answer *answer)
{
	if (c->pins >= (uint32_t)settings.push_sends)
		return refusal(draft, ERROR_RATE_LIMITED, 0);
	if (queue.bytes >= WAITING_BYTES || all_late() || send_queue_is_stuck(&queue, draft->conversation, STUCK_MOST, STUCK_BYTES)) {
		metrics.send_late++;
		return refusal(draft, ERROR_UNAVAILABLE, 0);
	}
	struct allowance a = limiter_take(RATE_SEND, (uint64_t)draft->sender, clock_us());
	if (!a.allowed)
		return refusal(draft, ERROR_RATE_LIMITED, a.retry_seconds);
	struct message_write *s = message_writer_new(draft);
	s->conn = c;
	s->answer = answer;
	s->asked_us = clock_us();
	s->entry.deadline_ms = loop_now() + settings.api_wait_ms;
	conn_pin(c);
	send_queue_add(&queue, &s->entry);
	return (struct sent){ .client_id = draft->client_id };
}

/* Refuses the messages that have waited too long. */
static void
expire(void)
{
	struct send_entry *e;

	for (int i = 0; i < DB_SENDERS; i++)
		if (under_way.batches[i])
			batch_expire(under_way.batches[i]);
	while ((e = send_queue_expire(&queue, all_late() ? INT64_MAX : loop_now())))
		message_writer_refuse((struct message_write *)e);
}

void
message_writer_open(void)
{
	send_queue_init(&queue);
}

void
message_writer_turn_end(void)
{
	expire();
	while (busy_due())
		batch_begin(true, waiting_allowed());
	while (ready_due())
		batch_begin(false, false);
	if ((queue.count || conns_free() < DB_SENDERS) && !timer_is_running(&under_way.late_timer))
		timer_start(&under_way.late_timer, TAILQ_EMPTY(&queue.busy) ? SEND_LATE_MS : SEND_TRY_PAUSE_MS);
}

void
message_writer_close(void)
{
	struct send_entry *e;

	while ((e = send_queue_expire(&queue, INT64_MAX)))
		message_writer_fail((struct message_write *)e);
	send_queue_free(&queue);
	timer_stop(&under_way.late_timer);
}
