/* SPDX-License-Identifier: MIT */
/* Commands of a client: their work and their answers. */
#include "push/edge/commands.h"

#include <stdio.h>
#include <string.h>

#include "push/fanout/delivery.h"
#include "push/fanout/hub.h"
#include "push/links/redis.h"
#include "push/session/heartbeat.h"
#include "push/session/message_writer.h"
#include "push/session/presence.h"
#include "push/session/receipts.h"
#include "push/session/stream.h"
#include "push/wire/command_parse.h"

/* Memory of the answer that is written. */
static struct arena answers;

static void
answer(struct conn *c, const struct text *json)
{
	conn_answer(c, json->bytes, json->len);
	arena_reset(&answers);
}

static void
answer_error(struct conn *c, const char *code, const char *field, const char *client_id, long retry_seconds)
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
command_auth(struct conn *c, const struct command *command)
{
	struct token token;
	enum close_reason why = stream_token_refusal(token_check(command->token, strlen(command->token), &token), &token);

	if (why != CLOSE_NONE) {
		conn_close(c, why);
		return;
	}
	if (!c->user) {
		if (command->cursor)
			stream_since(c, command->cursor, strlen(command->cursor));
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
command_ack(struct conn *c, const struct command *command)
{
	struct cursor cursor;

	if (cursor_parse(command->cursor, strlen(command->cursor), &cursor))
		receipts_ack(c, &cursor, RECEIPTS_SOON_MS);
	else
		answer_error(c, error_row(ERROR_INVALID_CURSOR)->code, "cursor", "", 0);
}

static void
command_heartbeat(struct conn *c, const struct command *command)
{
	c->ws.away = command->status && strcmp(command->status, "away") == 0;
	heartbeat_soon(c);
}

/*
 * Publishes that the user types, at most once per LIMIT_TYPING_INTERVAL_MS.
 * LIMIT_TYPING_ELSEWHERE_MS applies when the conversation is another one. Publishes nothing in a
 * large conversation. Refuses a stream that is not subscribed.
 */
static void
command_typing(struct conn *c, const struct command *command)
{
	char channel[32], payload[32];
	const struct topic *t = hub_topic(command->conversation);

	if (!t || !hub_is_subscribed(c, t)) {
		answer_error(c, error_row(ERROR_NOT_A_MEMBER)->code, "conversation_id", "", 0);
		return;
	}
	uint32_t now = (uint32_t)loop_now(), interval = c->typed_in == t->slot + 1 ? LIMIT_TYPING_INTERVAL_MS : LIMIT_TYPING_ELSEWHERE_MS;
	if (t->members > LIMIT_MEMBERS_NAMED || (c->typed_in && now - c->typed_ms < interval))
		return;
	c->typed_in = t->slot + 1;
	c->typed_ms = now;
	snprintf(channel, sizeof channel, "c:%ld", (long)command->conversation);
	int n = snprintf(payload, sizeof payload, "t %ld", (long)c->user);
	redis_publish(channel, payload, (size_t)n);
}

static void
command_watch(struct conn *c, const struct command *command)
{
	presence_ask(c, command->users.list, command->users.count);
}

/* Answers a message.send: with the stored message, or with an error. */
static void
answer_sent(struct conn *c, const struct sent *sent)
{
	struct text json = { .arena = &answers };

	if (sent->code) {
		answer_error(c, sent->code, "", sent->client_id, sent->retry_seconds);
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
command_send(struct conn *c, const struct command *command)
{
	struct message_draft draft = command->draft;

	draft.sender = c->user;
	struct sent refused = message_writer_add(c, &draft, answer_sent);

	if (refused.code)
		answer_sent(c, &refused);
}

static void (*const handlers[])(struct conn *c, const struct command *command) = {
	[COMMAND_AUTH] = command_auth,	   [COMMAND_ACK] = command_ack,	    [COMMAND_HEARTBEAT] = command_heartbeat,
	[COMMAND_TYPING] = command_typing, [COMMAND_WATCH] = command_watch, [COMMAND_SEND] = command_send,
};

void
command_run(struct conn *c, const char *text, size_t len)
{
	struct command command;
	struct command_error error;

	if (!command_parse(text, len, &command, &error)) {
		if (!c->user)
			conn_close(c, CLOSE_PROTOCOL);
		else
			answer_error(c, error_row(error.error)->code, error.field, error.client_id, 0);
		return;
	}
	if (!c->user && command.type != COMMAND_AUTH)
		conn_close(c, CLOSE_PROTOCOL);
	else
		handlers[command.type](c, &command);
	command_free(&command);
}
