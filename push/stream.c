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
#include "bus.h"
#include "delivery.h"
#include "flush.h"
#include "front.h"
#include "health.h"
#include "hub.h"
#include "metrics.h"
#include "opening.h"
#include "receipts.h"
#include "result.h"
#include "sending.h"
#include "store.h"
#include "transport.h"
#include "up.h"
#include "users.h"
#include "watching.h"

enum { RETRY_MIN_MS = 500, RETRY_SPREAD_MS = 2500, SPREAD_NUMBERS = 64, TICKET_WITHIN_MS = 5000, ESCAPED_BYTES = LIMIT_CLIENT_ID_BYTES * 6 + 8 };

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

/* A quarter more or less, so that streams that began together do not end together. */
static int64_t
lifetime_ms(void)
{
	int64_t whole = settings.push_lifetime_seconds * 1000;

	return whole - whole / 4 + spread((uint32_t)(whole / 2 + 1));
}

static void
stream_ends(struct conn *c, const struct token *token)
{
	int64_t life = lifetime_ms();
	int64_t token_left = token ? token->expires * 1000 - time_now_ms() : INT64_MAX;

	c->ends_by_token = token_left < life;
	c->ends_ms = loop_now() + (c->ends_by_token ? token_left : life);
}

static void
stream_belongs(struct conn *c, int64_t user, int64_t device)
{
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
stream_ready(struct conn *c, const char *data, const char *cursor)
{
	char id[LIMIT_CURSOR_BYTES + 8];

	/* the one event without a cursor that an EventSource shall remember all the same */
	if (c->transport == &transport_sse)
		conn_queue_bytes(c, id, (size_t)snprintf(id, sizeof id, "id: %s\n", cursor));
	conn_notice(c, "stream.ready", data);
}

static void
stream_deadline(struct conn *c)
{
	int64_t beat = c->transport == &transport_poll && c->waiting ? c->wait_ms : c->transport->beat_seconds() * 1000;
	int64_t left = c->ends_ms - loop_now();

	conn_deadline(c, left < beat ? left : beat);
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

/* ---- polls */

void
stream_poll_again(struct conn *c)
{
	c->waiting = true;
	stream_deadline(c);
	if (c->queue)
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
	position_unref(c->position);
	position_unref(c->answered);
	c->position = c->answered = NULL;
	queue_drop(&c->queue);
	if (c->state == CONN_LIVE)
		conn_enter(c, CONN_HEAD);
}

/* ---- frames of the client */

/* A text as it stands between the quotes of a JSON string; room for six bytes for each of its own. */
static void
json_escape(const char *text, char *out, size_t room)
{
	size_t n = 0;

	for (; *text && n + 7 < room; text++) {
		unsigned char byte = (unsigned char)*text;
		if (byte == '"' || byte == '\\')
			out[n++] = '\\';
		if (byte < 0x20)
			n += (size_t)snprintf(out + n, room - n, "\\u%04x", byte);
		else
			out[n++] = (char)byte;
	}
	out[n] = '\0';
}

static void
up_error(struct conn *c, const char *code, const char *field, const char *client_id, long retry_seconds)
{
	char json[ESCAPED_BYTES + 512], escaped[ESCAPED_BYTES];
	int n = snprintf(json, sizeof json, "{\"type\":\"error\",\"code\":\"%s\"", code);

	if (*field)
		n += snprintf(json + n, sizeof json - (size_t)n, ",\"field\":\"%s\"", field);
	if (*client_id) {
		json_escape(client_id, escaped, sizeof escaped);
		n += snprintf(json + n, sizeof json - (size_t)n, ",\"client_id\":\"%s\"", escaped);
	}
	if (retry_seconds)
		n += snprintf(json + n, sizeof json - (size_t)n, ",\"retry_after_ms\":%ld", retry_seconds * 1000);
	n += snprintf(json + n, sizeof json - (size_t)n, "}");
	conn_say(c, json, (size_t)n);
}

/* The first frame of a stream without credentials; later, a fresh token for the same device. */
static void
up_auth(struct conn *c, const struct up *up)
{
	struct token token;
	enum close_reason why = stream_token_refusal(token_check(up->token, strlen(up->token), &token), &token);

	if (why != CLOSE_NONE) {
		conn_close(c, why);
		return;
	}
	if (!c->user) {
		if (up->cursor)
			stream_since(c, up->cursor, up->cursor_len);
		stream_begin(c, &token);
		return;
	}
	if (token.user != stream_user(c) || token.device != c->device) {
		conn_close(c, CLOSE_BAD_CREDENTIALS);
		return;
	}
	stream_ends(c, &token);
	if (c->state == CONN_LIVE && !c->awaits_pong)
		stream_deadline(c);
}

static void
up_ack(struct conn *c, const struct up *up)
{
	struct cursor cursor;

	if (cursor_parse(up->cursor, up->cursor_len, &cursor))
		receipts_ack(c, &cursor);
	else
		up_error(c, "invalid_cursor", "cursor", "", 0);
}

static void
up_heartbeat(struct conn *c, const struct up *up)
{
	c->away = up->away;
	watching_beat(c);
}

/* Those who type are told once in three seconds; who is not a member, or in a larger conversation, is not told at all. */
static void
up_typing(struct conn *c, const struct up *up)
{
	char channel[32], payload[32];
	const struct topic *t = hub_topic(up->conversation);

	if (!t || !hub_listens(c, t)) {
		up_error(c, "not_a_member", "conversation_id", "", 0);
		return;
	}
	if (t->members > LIMIT_MEMBERS_NAMED || (c->typed_in == up->conversation && loop_now() - c->typed_ms < LIMIT_TYPING_INTERVAL_MS))
		return;
	c->typed_in = up->conversation;
	c->typed_ms = loop_now();
	snprintf(channel, sizeof channel, "c:%ld", (long)up->conversation);
	int n = snprintf(payload, sizeof payload, "t %ld", (long)stream_user(c));
	bus_publish(channel, payload, (size_t)n);
}

static void
up_watch(struct conn *c, const struct up *up)
{
	watching_ask(c, up->users, up->users_count);
}

/* A message that came up is stored, or not. */
static void
up_sent(struct conn *c, const struct sent *sent)
{
	char escaped[ESCAPED_BYTES], *json = NULL;

	if (sent->code) {
		up_error(c, sent->code, "", sent->client_id, sent->retry_seconds);
		return;
	}
	json_escape(sent->client_id, escaped, sizeof escaped);
	int len = asprintf(&json, "{\"type\":\"message.sent\",\"client_id\":\"%s\",%s\"data\":%s}", escaped,
			   sent->repeated ? "\"repeated\":true," : "", sent->message);
	assert(len > 0);
	conn_say(c, json, (size_t)len);
	free(json);
}

static void
up_send(struct conn *c, const struct up *up)
{
	struct sent refused = sending_add(c, stream_user(c), up, up_sent);

	if (refused.code)
		up_sent(c, &refused);
}

static void (*const handlers[])(struct conn *c, const struct up *up) = {
	[UP_AUTH] = up_auth, [UP_ACK] = up_ack, [UP_HEARTBEAT] = up_heartbeat, [UP_TYPING] = up_typing, [UP_WATCH] = up_watch, [UP_SEND] = up_send,
};

void
stream_up(struct conn *c, const char *text, size_t len)
{
	struct up up;
	struct up_error error;

	if (!up_read(text, len, &up, &error)) {
		if (strcmp(error.code, "malformed_json") == 0 || !c->user)
			conn_close(c, CLOSE_PROTOCOL);
		else
			up_error(c, error.code, error.field, error.client_id, 0);
		return;
	}
	if (!c->user && up.type != UP_AUTH)
		conn_close(c, CLOSE_PROTOCOL);
	else
		handlers[up.type](c, &up);
	up_free(&up);
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
