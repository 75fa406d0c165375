/* SPDX-License-Identifier: MIT */
/* A stream: a connection that belongs to a user and a device. */
#include "push/session/stream.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/auth/revoked.h"
#include "lib/base/clock.h"
#include "lib/base/id.h"
#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/settings.h"
#include "push/fanout/cursor_state.h"
#include "push/fanout/delivery.h"
#include "push/fanout/hub.h"
#include "push/fanout/transport.h"
#include "push/links/db.h"
#include "push/links/result.h"
#include "push/net/conns.h"
#include "push/net/flush.h"
#include "push/net/incoming.h"
#include "push/net/metrics.h"
#include "push/net/outgoing.h"
#include "push/net/peer.h"
#include "push/net/rare.h"
#include "push/net/unfinished.h"
#include "push/session/health.h"
#include "push/session/heartbeat.h"
#include "push/session/presence.h"
#include "push/session/receipts.h"
#include "push/session/resume.h"
#include "push/session/users.h"

enum { RETRY_MIN_MS = 500, RETRY_SPREAD_MS = 2500, TICKET_WITHIN_MS = 5000 };
enum { DEVICE_WITHIN_MS = 10 * 1000 };

/*
 * Tolerance for comparing the ends of two tokens, which come from two clocks. A later token extends
 * the stream by more.
 */
enum { SAME_END_MS = 900 };

/*
 * Time limit of an opening. It is long, because many clients may have to queue. db_query fails
 * earlier without the database.
 */
enum { OPENING_MOST_MS = 60 * 1000 };

/*
 * Delays of clients that a successor takes over. They reconnect soon, because each stream closes at
 * a moment of its own.
 */
enum { SUCCESSOR_SPREAD_MS = 150, HEAD_MOST_MS = 500 };

static bool draining, has_successor;

long
stream_retry_ms(void)
{
	long crowd = (long)(conn_count() * 1000 / (size_t)settings.push_accept_rate);

	if (has_successor)
		return 1 + (long)random_below(SUCCESSOR_SPREAD_MS);
	return RETRY_MIN_MS + (long)random_below((uint32_t)(crowd > RETRY_SPREAD_MS ? crowd : RETRY_SPREAD_MS));
}

/* ---- beginning */

/* Notes the cursor of a client whose credentials are not known yet. */
void
stream_since(struct conn *c, const char *cursor, size_t len)
{
	struct rare *r = rare_of(c);

	if (!r->since)
		r->since = memory_alloc(sizeof *r->since);
	r->since->is_cursor = cursor_parse(cursor, len, &r->since->cursor);
}

enum close_reason
stream_token_refusal(enum token_verdict verdict, const struct token *token)
{
	if (verdict == TOKEN_EXPIRED)
		return CLOSE_TOKEN_EXPIRED;
	if (verdict != TOKEN_GOOD)
		return CLOSE_BAD_CREDENTIALS;
	return revoked_is(token->device) ? CLOSE_REVOKED : CLOSE_NONE;
}

/*
 * Returns the lifetime of a stream: the setting, a quarter more or less. So streams that began
 * together do not close together. The result is the same for each call.
 */
static int64_t
lifetime_ms(const struct conn *c)
{
	int64_t whole = settings.push_lifetime_seconds * 1000;

	return whole - whole / 4 + (int64_t)((uint64_t)((uint32_t)c->number * UINT32_C(0x9e3779b9)) * (uint64_t)(whole / 2) >> 32);
}

static void
stream_ends(struct conn *c, const struct token *token)
{
	int64_t life = c->opened_ms + lifetime_ms(c) - loop_now();
	int64_t token_left = token ? token->expires * 1000 - clock_wall_ms() : INT64_MAX;

	c->ends_by_token = token_left < life;
	c->ends_ms = loop_now() + (c->ends_by_token ? token_left : life);
}

bool
stream_is_too_many(struct conn *c)
{
	enum limit limit = LIMITED_NONE;

	if (users_streams() >= (size_t)settings.push_streams)
		limit = LIMITED_STREAMS;
	else if (settings.push_streams_per_address && conn_count_of(c->address) > (size_t)settings.push_streams_per_address)
		limit = LIMITED_STREAMS_PER_ADDRESS;
	if (limit)
		conn_close_over_limit(c, limit, CLOSE_TOO_MANY_STREAMS);
	return limit != LIMITED_NONE;
}

static void
stream_belongs(struct conn *c, int64_t user, int64_t device)
{
	if (stream_is_too_many(c))
		return;
	c->device = device;
	c->poll.waiting = transport_answers_once(c);
	if (c->state < CONN_OPENING)
		conn_enter(c, CONN_OPENING);
	conn_deadline(c, OPENING_MOST_MS);
	users_attach(c, user);
	if (c->state < CONN_CLOSING)
		resume_begin(c);
}

void
stream_begin(struct conn *c, const struct token *token)
{
	stream_ends(c, token);
	stream_belongs(c, token->user, token->device);
}

static void
ticket_reply(void *context, PGresult *result)
{
	struct conn *c = context;

	if (c->state == CONN_OPENING && !result)
		conn_close(c, CLOSE_UNAVAILABLE);
	else if (c->state == CONN_OPENING && result_rows(result) == 0)
		conn_close(c, CLOSE_BAD_CREDENTIALS);
	else if (c->state == CONN_OPENING) {
		stream_ends(c, NULL);
		stream_belongs(c, result_int(result, 0, 0), result_int(result, 0, 1));
		conn_resume_input(c);
	}
	conn_unpin(c);
}

void
stream_begin_ticket(struct conn *c, const char *ticket, size_t len)
{
	unsigned char hash[TOKEN_HASH_BYTES];
	char hex[2 + 2 * TOKEN_HASH_BYTES + 1] = "\\x";
	const char *params[] = { hex };

	token_hash(ticket, len, hash);
	sodium_bin2hex(hex + 2, sizeof hex - 2, hash, sizeof hash);
	conn_enter(c, CONN_OPENING);
	conn_pin(c);
	db_query(QUERY_TICKET, params, TICKET_WITHIN_MS, ticket_reply, c);
}

void
stream_ready(struct conn *c, bool resumed, int replayed)
{
	char data[LIMIT_CURSOR_BYTES + 256], id[LIMIT_CURSOR_BYTES + 8], cursor[LIMIT_CURSOR_BYTES + 1], now[CLOCK_TEXT_BYTES];

	if (transport_answers_once(c))
		return;
	cursor_state_text(c->cursor_state, cursor);
	clock_text(clock_wall_ms(), now);
	snprintf(data, sizeof data, "{\"resumed\":%s,\"replayed\":%d,\"cursor\":\"%s\",\"heartbeat_s\":%ld,\"server_time\":\"%s\"}",
		 resumed ? "true" : "false", replayed, cursor, transport_of(c)->ping_seconds(), now);
	/* an EventSource remembers the cursor by this id, though the event is not durable */
	if (transport_of(c)->has_fields)
		conn_queue_bytes(c, id, (size_t)snprintf(id, sizeof id, "id: %s\n", cursor));
	conn_notice(c, "stream.ready", data);
}

void
stream_reset(struct conn *c, const char *reason)
{
	char data[64];

	metrics.resets++;
	snprintf(data, sizeof data, "{\"reason\":\"%s\"}", reason);
	conn_notice(c, "stream.reset", data);
}

/*
 * Sets the deadline, no later than the stream's end. While the process drains, the deadline is set
 * already.
 */
static void
wait_for(struct conn *c, int64_t ms)
{
	int64_t left = c->ends_ms - loop_now();

	if (!draining)
		conn_deadline(c, left < ms ? left : ms);
}

void
stream_wake_in(struct conn *c, long seconds)
{
	wait_for(c, seconds * 1000);
}

static void
stream_deadline(struct conn *c)
{
	if (c->poll.waiting)
		wait_for(c, c->rare ? c->rare->wait_ms : 0);
	else
		wait_for(c, transport_of(c)->ping_seconds() * 1000);
}

void
stream_live(struct conn *c)
{
	if (c->state >= CONN_CLOSING)
		return;
	conn_enter(c, CONN_LIVE);
	if (!c->counted)
		metrics.streams[transport_of(c)->number]++;
	c->counted = true;
	stream_deadline(c);
	heartbeat_soon(c);
	peer_forget(c);
	if (transport_of(c)->takes_messages)
		/* a message that began during the replay gets its deadline */
		unfinished_note(c, false);
	rare_tidy(c);
	if (!presence_is_framed(c))
		presence_load(c);
	health_tell(c);
	if (draining)
		conn_close(c, CLOSE_DRAIN);
}

/* Closes the streams of a device that the database does not know, like those of a revoked one. */
static void
device_reply(void *context, PGresult *result)
{
	int64_t *device = context;

	if (result && result_rows(result) == 1 && !result_int(result, 0, 0))
		users_revoke(*device);
	free(device);
}

static void
device_ask(int64_t user, int64_t device)
{
	char of_user[ID_TEXT_BYTES], id[ID_TEXT_BYTES];
	const char *params[] = { of_user, id };
	int64_t *context = memory_alloc(sizeof *context);

	*context = device;
	id_text(user, of_user);
	id_text(device, id);
	db_query(QUERY_DEVICE, params, DEVICE_WITHIN_MS, device_reply, context);
}

/*
 * Moves the stream's end to that of another token. If it is later, queries whether the device still
 * exists.
 */
static void
stream_extends(struct conn *c, const struct token *token)
{
	int64_t before = c->ends_ms;

	stream_ends(c, token);
	if (c->ends_ms > before + SAME_END_MS)
		device_ask(token->user, token->device);
}

void
stream_renew(struct conn *c, const struct token *token)
{
	stream_extends(c, token);
	if (c->state == CONN_LIVE && !c->ws.awaits_pong)
		stream_deadline(c);
}

/* ---- long-polls */

void
stream_poll_again(struct conn *c, const struct token *token)
{
	struct cursor stands;

	stream_extends(c, token);
	cursor_state_cursor(c->rare && c->rare->answered ? c->rare->answered : c->cursor_state, &stands);
	receipts_ack(c, &stands, RECEIPTS_LATER_MS);
	c->poll.waiting = true;
	stream_deadline(c);
	if (c->queue.count)
		conn_touch(c);
}

static void
user_leave(struct conn *c)
{
	int64_t user = c->user;

	if (c->resume)
		resume_abandon(c->resume);
	presence_end(c);
	hub_leave_all(c);
	users_detach(c);
	if (user && !users_get(user))
		heartbeat_departed(user);
}

/* Drops all that the stream knows of what its client has received. */
static void
cursor_states_drop(struct conn *c)
{
	conn_replayed_forget(c);
	cursor_state_unref(c->cursor_state);
	c->cursor_state = NULL;
	if (!c->rare)
		return;
	cursor_state_unref(c->rare->answered);
	c->rare->answered = NULL;
	c->rare->queued = 0;
}

void
stream_detach(struct conn *c)
{
	user_leave(c);
	if (c->counted)
		metrics.streams[transport_of(c)->number]--;
	c->counted = false;
	c->poll.stale = false;
	c->device = 0;
	cursor_states_drop(c);
	queue_drop(&c->queue);
	if (c->state == CONN_LIVE)
		conn_enter(c, CONN_HEAD);
}

/* ---- the end */

void
stream_timeout(struct conn *c)
{
	if (draining)
		conn_close(c, CLOSE_DRAIN);
	else if (loop_now() >= c->ends_ms)
		conn_close(c, c->ends_by_token ? CLOSE_TOKEN_EXPIRED : CLOSE_LIFETIME);
	else if (c->ws.awaits_pong)
		conn_close_over_limit(c, LIMITED_PONG_SECONDS, CLOSE_IDLE);
	else
		transport_of(c)->ping(c);
}

void
stream_drained(struct conn *c)
{
	if (c->poll.answering) {
		c->poll.answering = false;
		if (!c->poll.keep_alive)
			conn_close(c, CLOSE_NORMAL);
		else
			conn_resume_input(c);
		return;
	}
	if (c->resume)
		resume_feed(c->resume);
}

void
stream_bye(struct conn *c, enum close_reason why)
{
	char data[128], retry[32];
	const struct close_row *row = close_row(why);
	long ms = stream_retry_ms();

	/* an unauthenticated client has no stream, but after a drain all clients reconnect */
	if (row->code < 4000 || (!c->user && why != CLOSE_DRAIN))
		return;
	if (close_comes_back(why))
		snprintf(data, sizeof data, "{\"code\":%d,\"reason\":\"%s\",\"retry_after_ms\":%ld}", row->code, row->name, ms);
	else
		snprintf(data, sizeof data, "{\"code\":%d,\"reason\":\"%s\"}", row->code, row->name);
	/* an EventSource reconnects by itself, after the time in this field */
	if (close_comes_back(why) && transport_of(c)->has_fields)
		conn_queue_bytes(c, retry, (size_t)snprintf(retry, sizeof retry, "retry: %ld\n", ms));
	conn_notice(c, "stream.bye", data);
}

void
stream_leave(struct conn *c)
{
	user_leave(c);
	cursor_states_drop(c);
	rare_free(c);
	if (c->counted)
		metrics.streams[transport_of(c)->number]--;
	c->counted = false;
}

void
stream_drain_all(int64_t within_ms, bool replaced)
{
	draining = true;
	has_successor = replaced;
	for (struct conn *c = conn_next(NULL); c; c = conn_next(c))
		if (c->state == CONN_LIVE)
			conn_deadline(c, random_below((uint32_t)within_ms));
		else if (!replaced)
			conn_close(c, CLOSE_DRAIN);
		else if (c->state == CONN_HEAD)
			conn_deadline(c, HEAD_MOST_MS);
}
