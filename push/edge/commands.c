/* SPDX-License-Identifier: MIT */
/* Commands of a client: their work and their answers. */
#include "push/edge/commands.h"

#include <stdio.h>
#include <string.h>

#include "push/fanout/delivery.h"
#include "push/fanout/hub.h"
#include "push/links/bus.h"
#include "push/session/heartbeat.h"
#include "push/session/presence.h"
#include "push/session/receipts.h"
#include "push/session/sending.h"
#include "push/session/stream.h"
#include "push/wire/up.h"

/* Memory of the answer that is written. */
static struct arena answers;

static void
answer(struct conn *c, const struct text *json)
{
	conn_answer(c, json->bytes, json->len);
	arena_reset(&answers);
}

static void
up_error(struct conn *c, const char *code, const char *field, const char *client_id, long retry_seconds)
{
	struct text json = { .arena = &answers };

	text_printf(&json, "{\"type\":\"error\",\"code\":\"%s\"", code);
	if (*field) {
		text_puts(&json, ",\"field\":");
		text_json(&json, field);
	}
	if (*client_id) {
		text_puts(&json, ",\"client_id\":");
		text_json(&json, client_id);
	}
	if (retry_seconds)
		text_printf(&json, ",\"retry_after_ms\":%ld", retry_seconds * 1000);
	text_puts(&json, "}");
	answer(c, &json);
}

/*
 * Authenticates a stream that has no credentials yet. Later it takes a fresh token for the same
 * device.
 */
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
			stream_since(c, up->cursor, strlen(up->cursor));
		stream_begin(c, &token);
		return;
	}
	if (token.user != c->user || token.device != c->device) {
		conn_close(c, CLOSE_BAD_CREDENTIALS);
		return;
	}
	stream_renew(c, &token);
}

static void
up_ack(struct conn *c, const struct up *up)
{
	struct cursor cursor;

	if (cursor_parse(up->cursor, strlen(up->cursor), &cursor))
		receipts_ack(c, &cursor, RECEIPTS_SOON_MS);
	else
		up_error(c, "invalid_cursor", "cursor", "", 0);
}

static void
up_heartbeat(struct conn *c, const struct up *up)
{
	c->away = up->status && strcmp(up->status, "away") == 0;
	heartbeat_soon(c);
}

/*
 * Publishes that the user types, at most once per LIMIT_TYPING_INTERVAL_MS.
 * LIMIT_TYPING_ELSEWHERE_MS applies when the conversation is another one. Publishes nothing in a
 * large conversation. Refuses a stream that is not subscribed.
 */
static void
up_typing(struct conn *c, const struct up *up)
{
	char channel[32], payload[32];
	const struct topic *t = hub_topic(up->conversation);

	if (!t || !hub_is_subscribed(c, t)) {
		up_error(c, "not_a_member", "conversation_id", "", 0);
		return;
	}
	uint32_t now = (uint32_t)loop_now(), interval = c->typed_in == t->slot + 1 ? LIMIT_TYPING_INTERVAL_MS : LIMIT_TYPING_ELSEWHERE_MS;
	if (t->members > LIMIT_MEMBERS_NAMED || (c->typed_in && now - c->typed_ms < interval))
		return;
	c->typed_in = t->slot + 1;
	c->typed_ms = now;
	snprintf(channel, sizeof channel, "c:%ld", (long)up->conversation);
	int n = snprintf(payload, sizeof payload, "t %ld", (long)c->user);
	bus_publish(channel, payload, (size_t)n);
}

static void
up_watch(struct conn *c, const struct up *up)
{
	presence_ask(c, up->users.list, up->users.count);
}

/* Answers a message.send: with the stored message, or with an error. */
static void
up_sent(struct conn *c, const struct sent *sent)
{
	struct text json = { .arena = &answers };

	if (sent->code) {
		up_error(c, sent->code, "", sent->client_id, sent->retry_seconds);
		return;
	}
	text_puts(&json, "{\"type\":\"message.sent\",\"client_id\":");
	text_json(&json, sent->client_id);
	text_puts(&json, sent->repeated ? ",\"repeated\":true,\"data\":" : ",\"data\":");
	text_puts(&json, sent->message);
	text_puts(&json, "}");
	answer(c, &json);
}

static void
up_send(struct conn *c, const struct up *up)
{
	struct message_draft draft = up->draft;

	draft.sender = c->user;
	struct sent refused = sending_add(c, &draft, up_sent);

	if (refused.code)
		up_sent(c, &refused);
}

static void (*const handlers[])(struct conn *c, const struct up *up) = {
	[UP_AUTH] = up_auth, [UP_ACK] = up_ack, [UP_HEARTBEAT] = up_heartbeat, [UP_TYPING] = up_typing, [UP_WATCH] = up_watch, [UP_SEND] = up_send,
};

void
command_run(struct conn *c, const char *text, size_t len)
{
	struct up up;
	struct up_error error;

	if (!up_read(text, len, &up, &error)) {
		if (!c->user)
			conn_close(c, CLOSE_PROTOCOL);
		else
			up_error(c, error_row(error.error)->code, error.field, error.client_id, 0);
		return;
	}
	if (!c->user && up.type != UP_AUTH)
		conn_close(c, CLOSE_PROTOCOL);
	else
		handlers[up.type](c, &up);
	up_free(&up);
}
