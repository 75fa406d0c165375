/* SPDX-License-Identifier: MIT */
/* A stream: a connection that belongs to a user and a device. */
#include "stream.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/identifier.h"
#include "../lib/memory.h"
#include "../lib/revoked.h"
#include "../lib/settings.h"
#include "delivery.h"
#include "flush.h"
#include "front.h"
#include "health.h"
#include "hub.h"
#include "metrics.h"
#include "opening.h"
#include "receipts.h"
#include "result.h"
#include "store.h"
#include "transport.h"
#include "users.h"
#include "watching.h"

enum { RETRY_MIN_MS = 500, RETRY_SPREAD_MS = 2500, SPREAD_NUMBERS = 64, TICKET_WITHIN_MS = 5000 };

/* The client has done its part: what the database does not answer it refuses itself (store_ask), and a crowd has to queue. */
enum { OPENING_MOST_MS = 60 * 1000 };

/* Whoever is sent to a successor comes back soon: those who leave together are few, since each leaves at a moment of its own. */
enum { SUCCESSOR_SPREAD_MS = 150, HEAD_MOST_MS = 500 };

static bool draining, has_successor;

int64_t
stream_user(const struct conn *c)
{
	return c->user ? c->user->id : 0;
}

/* A number below a limit, for what shall not happen all at once. The system is asked for many at once. */
static uint32_t
spread(uint32_t below)
{
	static uint32_t numbers[SPREAD_NUMBERS];
	static size_t left;

	if (left == 0) {
		randombytes_buf(numbers, sizeof numbers);
		left = SPREAD_NUMBERS;
	}
	return (uint32_t)((uint64_t)numbers[--left] * below >> 32);
}

long
stream_retry_ms(void)
{
	long crowd = (long)(conn_count() * 1000 / (size_t)settings.push_accept_rate);

	if (has_successor)
		return 1 + (long)spread(SUCCESSOR_SPREAD_MS);
	return RETRY_MIN_MS + (long)spread((uint32_t)(crowd > RETRY_SPREAD_MS ? crowd : RETRY_SPREAD_MS));
}

/* ---- beginning */

/* What the client said before its credentials were known. */
void
stream_since(struct conn *c, const char *cursor, size_t len)
{
	if (!c->since)
		c->since = memory_alloc(sizeof *c->since);
	c->since->is_cursor = cursor_parse(cursor, len, &c->since->cursor);
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

/* A quarter more or less, so that streams that began together do not end together; the same each time a stream's end is looked at. */
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
	int64_t token_left = token ? token->expires * 1000 - time_now_ms() : INT64_MAX;

	c->ends_by_token = token_left < life;
	c->ends_ms = loop_now() + (c->ends_by_token ? token_left : life);
}

bool
stream_is_too_many(struct conn *c)
{
	enum bound bound = BOUND_NONE;

	if (users_streams() >= (size_t)settings.push_streams)
		bound = BOUND_STREAMS;
	else if (settings.push_streams_per_address && conn_count_of(c->address) > (size_t)settings.push_streams_per_address)
		bound = BOUND_STREAMS_PER_ADDRESS;
	if (bound)
		conn_exceeds(c, bound, CLOSE_TOO_MANY_STREAMS);
	return bound != BOUND_NONE;
}

static void
stream_belongs(struct conn *c, int64_t user, int64_t device)
{
	if (stream_is_too_many(c))
		return;
	c->device = device;
	c->waiting = c->transport == &transport_poll;
	if (c->state < CONN_OPENING)
		conn_enter(c, CONN_OPENING);
	conn_deadline(c, OPENING_MOST_MS);
	users_attach(c, user);
	if (c->state < CONN_CLOSING)
		opening_begin(c);
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
	else if (c->state == CONN_OPENING && PQntuples(result) == 0)
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
	store_ask(STORE_TICKET, params, TICKET_WITHIN_MS, ticket_reply, c);
}

void
stream_ready(struct conn *c, bool resumed, int replayed)
{
	char data[LIMIT_CURSOR_BYTES + 256], id[LIMIT_CURSOR_BYTES + 8], cursor[LIMIT_CURSOR_BYTES + 1], now[TIME_TEXT_BYTES];

	if (c->transport == &transport_poll)
		return;
	position_text(c->position, cursor);
	time_text(time_now_ms(), now);
	snprintf(data, sizeof data, "{\"resumed\":%s,\"replayed\":%d,\"cursor\":\"%s\",\"heartbeat_s\":%ld,\"server_time\":\"%s\"}",
		 resumed ? "true" : "false", replayed, cursor, c->transport->beat_seconds(), now);
	/* the one event without a cursor that an EventSource shall remember all the same */
	if (c->transport == &transport_sse)
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

/* While the process drains, the stream's moment is set already. */
static void
wait_for(struct conn *c, int64_t ms)
{
	int64_t left = c->ends_ms - loop_now();

	if (!draining)
		conn_deadline(c, left < ms ? left : ms);
}

void
stream_beat(struct conn *c, long seconds)
{
	wait_for(c, seconds * 1000);
}

static void
stream_deadline(struct conn *c)
{
	wait_for(c, c->transport == &transport_poll && c->waiting ? c->wait_ms : c->transport->beat_seconds() * 1000);
}

void
stream_live(struct conn *c)
{
	if (c->state >= CONN_CLOSING)
		return;
	conn_enter(c, CONN_LIVE);
	if (!c->counted)
		metrics.streams[c->transport->number]++;
	c->counted = true;
	stream_deadline(c);
	watching_beat(c);
	watching_load(c);
	health_tell(c);
	if (draining)
		conn_close(c, CLOSE_DRAIN);
}

void
stream_renew(struct conn *c, const struct token *token)
{
	stream_ends(c, token);
	if (c->state == CONN_LIVE && !c->awaits_pong)
		stream_deadline(c);
}

/* ---- polls */

void
stream_poll_again(struct conn *c, const struct token *token)
{
	struct cursor stands;

	stream_ends(c, token);
	position_cursor(c->answered ? c->answered : c->position, &stands);
	receipts_ack(c, &stands, RECEIPTS_LATER_MS);
	c->waiting = true;
	stream_deadline(c);
	if (c->queue.count)
		conn_touch(c);
}

void
stream_detach(struct conn *c)
{
	if (c->opening)
		opening_abandon(c->opening);
	watching_end(c);
	hub_leave_all(c);
	users_detach(c);
	if (c->counted)
		metrics.streams[c->transport->number]--;
	c->counted = false;
	c->stale = false;
	c->device = 0;
	position_unref(c->position);
	position_unref(c->answered);
	c->position = c->answered = NULL;
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
	else if (c->awaits_pong)
		conn_exceeds(c, BOUND_PONG_SECONDS, CLOSE_IDLE);
	else
		c->transport->ping(c);
}

void
stream_drained(struct conn *c)
{
	if (c->answering) {
		c->answering = false;
		if (!c->keep_alive)
			conn_close(c, CLOSE_NORMAL);
		else
			conn_resume_input(c);
		return;
	}
	if (c->opening)
		opening_feed(c->opening);
}

void
stream_bye(struct conn *c, enum close_reason why)
{
	char data[128], retry[32];
	const struct close_row *row = close_row(why);
	long ms = stream_retry_ms();

	/* Who is not known yet has no stream that ends; but all who are here come back after a drain, and not all at once. */
	if (row->code < 4000 || (!c->user && why != CLOSE_DRAIN))
		return;
	if (close_comes_back(why))
		snprintf(data, sizeof data, "{\"code\":%d,\"reason\":\"%s\",\"retry_after_ms\":%ld}", row->code, row->name, ms);
	else
		snprintf(data, sizeof data, "{\"code\":%d,\"reason\":\"%s\"}", row->code, row->name);
	/* an EventSource comes back by itself, and knows no other word for when */
	if (close_comes_back(why) && c->transport == &transport_sse)
		conn_queue_bytes(c, retry, (size_t)snprintf(retry, sizeof retry, "retry: %ld\n", ms));
	conn_notice(c, "stream.bye", data);
}

void
stream_leave(struct conn *c)
{
	if (c->opening)
		opening_abandon(c->opening);
	watching_end(c);
	hub_leave_all(c);
	users_detach(c);
	free(c->since);
	c->since = NULL;
	if (c->counted)
		metrics.streams[c->transport->number]--;
	c->counted = false;
}

void
stream_drain_all(int64_t within_ms, bool replaced)
{
	draining = true;
	has_successor = replaced;
	for (struct conn *c = conn_next(NULL); c; c = conn_next(c))
		if (c->state == CONN_LIVE)
			conn_deadline(c, spread((uint32_t)within_ms));
		else if (!replaced)
			conn_close(c, CLOSE_DRAIN);
		else if (c->state == CONN_HEAD)
			conn_deadline(c, HEAD_MOST_MS);
}
