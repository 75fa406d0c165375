/* SPDX-License-Identifier: MIT */
/* Commands of a client: their work and their answers. */
#include "push/edge/commands.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "push/fanout/delivery.h"
#include "push/fanout/hub.h"
#include "push/links/bus.h"
#include "push/session/beats.h"
#include "push/session/receipts.h"
#include "push/session/sending.h"
#include "push/session/stream.h"
#include "push/session/watching.h"
#include "push/wire/up.h"

enum { ESCAPED_BYTES = LIMIT_CLIENT_ID_BYTES * 6 + 8 };

/*
 * Escapes a text for the inside of a JSON string. out has room for six bytes for each byte of the
 * text.
 */
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
	char json[2 * ESCAPED_BYTES + 256], escaped[ESCAPED_BYTES];
	int n = snprintf(json, sizeof json, "{\"type\":\"error\",\"code\":\"%s\"", code);

	if (*field) {
		json_escape(field, escaped, sizeof escaped);
		n += snprintf(json + n, sizeof json - (size_t)n, ",\"field\":\"%s\"", escaped);
	}
	if (*client_id) {
		json_escape(client_id, escaped, sizeof escaped);
		n += snprintf(json + n, sizeof json - (size_t)n, ",\"client_id\":\"%s\"", escaped);
	}
	if (retry_seconds)
		n += snprintf(json + n, sizeof json - (size_t)n, ",\"retry_after_ms\":%ld", retry_seconds * 1000);
	n += snprintf(json + n, sizeof json - (size_t)n, "}");
	conn_answer(c, json, (size_t)n);
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
	beats_soon(c);
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

	if (!t || !hub_listens(c, t)) {
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
	watching_ask(c, up->users.list, up->users.count);
}

/* Answers a message.send: with the stored message, or with an error. */
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
	conn_answer(c, json, (size_t)len);
	free(json);
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
