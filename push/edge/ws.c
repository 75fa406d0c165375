/* SPDX-License-Identifier: MIT */
/* WebSocket transport (RFC 6455): one text message per event. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/settings.h"
#include "push/edge/commands.h"
#include "push/fanout/transport.h"
#include "push/net/conn.h"
#include "push/net/incoming.h"
#include "push/net/outgoing.h"
#include "push/net/rare.h"
#include "push/net/unfinished.h"
#include "push/session/stream.h"
#include "push/session/users.h"
#include "push/wire/command_parse.h"

enum { AUTH_FRAME_BYTES = 8 * KIB };

static_assert(AUTH_FRAME_BYTES >= COMMAND_TOKEN_BYTES + LIMIT_CURSOR_BYTES + KIB, "a token and a cursor fit, with the names of their fields");

static void
ws_open(struct conn *c)
{
	c->replied = true; /* the handshake has sent 101 (http_server.c) */
}

/*
 * Returns whether to flush. While the stream opens, the head of the reply waits for stream.ready,
 * which saves a write.
 */
static bool
ws_turn(struct conn *c)
{
	return c->state != CONN_OPENING || c->cursor_state;
}

static void
ws_wrap(size_t body_len, const char *cursor, struct wrap *out)
{
	out->tail_len = cursor ? (size_t)snprintf(out->tail, sizeof out->tail, ",\"cursor\":\"%s\"}", cursor) : 0;
	out->head_len = frame_header(FRAME_TEXT, body_len + out->tail_len, (uint8_t *)out->head);
}

static void
ws_control(struct conn *c, enum frame_opcode opcode, const void *payload, size_t len)
{
	uint8_t frame[FRAME_HEADER_BYTES + FRAME_CONTROL_BYTES];
	size_t n = frame_header(opcode, len, frame);

	memcpy(frame + n, payload, len);
	conn_queue_bytes(c, frame, n + len);
}

static void
ws_ping(struct conn *c)
{
	ws_control(c, FRAME_PING, "", 0);
	c->ws.awaits_pong = true;
	stream_wake_in(c, settings.push_pong_seconds);
}

static void
ws_close(struct conn *c, enum close_reason why)
{
	const struct close_row *row = close_row(why);
	uint8_t payload[FRAME_CONTROL_BYTES];
	size_t n = frame_close_payload((uint16_t)row->code, payload), len = strlen(row->name);

	if (why == CLOSE_NORMAL)
		return; /* the peer's own close frame was answered */
	stream_bye(c, why);
	memcpy(payload + n, row->name, len);
	ws_control(c, FRAME_CLOSE, payload, n + len);
}

/*
 * Returns whether the client sends too many frames. A bucket of five seconds' worth counts frames
 * and fragments.
 */
static bool
frames_are_too_fast(struct conn *c, uint32_t frames)
{
	uint32_t now = (uint32_t)(loop_now() / 1000);
	uint64_t full = (uint64_t)settings.push_frame_rate * 5;

	if (full > UINT16_MAX)
		full = UINT16_MAX;
	uint64_t tokens = c->ws.tokens + (uint64_t)(now - c->ws.tokens_sec) * (uint64_t)settings.push_frame_rate;
	c->ws.tokens = (uint16_t)(tokens > full ? full : tokens);
	c->ws.tokens_sec = now;
	if (c->ws.tokens < frames)
		return true;
	c->ws.tokens = (uint16_t)(c->ws.tokens - frames);
	return false;
}

static void
ws_frame(struct conn *c, const struct frame *f)
{
	uint8_t payload[2];

	switch (f->opcode) {
	case FRAME_PING:
		ws_control(c, FRAME_PONG, f->payload, f->len);
		return;
	case FRAME_CLOSE:
		ws_control(c, FRAME_CLOSE, payload, frame_close_payload(f->close_code, payload));
		conn_close(c, CLOSE_NORMAL);
		return;
	case FRAME_TEXT:
		command_run(c, (const char *)f->payload, f->len);
		return;
	case FRAME_BINARY:
		conn_close(c, CLOSE_UNSUPPORTED_DATA);
		return;
	default:
		return; /* a pong: ws_input has noted that input came */
	}
}

/* Returns whether input has to wait, because stream.ready is sent first. */
static bool
ws_holds(const struct conn *c)
{
	return c->state == CONN_OPENING && !c->cursor_state;
}

/*
 * Returns the longest frame that is allowed. An unauthenticated client sends a token and a cursor,
 * nothing longer.
 */
static size_t
frame_limit(const struct conn *c)
{
	return c->state == CONN_AUTH ? AUTH_FRAME_BYTES : (size_t)settings.push_frame_bytes;
}

/* Takes the fragments of an unfinished message. */
static struct frame_input
fragments_take(struct conn *c)
{
	struct frame_input in = { 0 };

	if (c->rare) {
		in = c->rare->input;
		c->rare->input = (struct frame_input){ 0 };
	}
	return in;
}

/* Keeps the fragments for the next input. Frees those of a complete message. */
static void
fragments_keep(struct conn *c, struct frame_input *in)
{
	if (in->fragments_opcode)
		rare_of(c)->input = *in;
	else
		frame_input_free(in);
}

static void
ws_input(struct conn *c, uint8_t *data, size_t n)
{
	struct frame_input in = fragments_take(c);
	size_t at = 0, used;
	bool whole = false;
	struct frame f;

	if (c->ws.awaits_pong) {
		c->ws.awaits_pong = false;
		stream_wake_in(c, settings.push_ping_seconds);
	}
	while (at < n && c->state < CONN_CLOSING && !ws_holds(c)) {
		enum frame_result result = frame_read(&in, data + at, n - at, frame_limit(c), &f, &used);
		at += used;
		if (frames_are_too_fast(c, f.used))
			conn_close_over_limit(c, LIMITED_FRAME_RATE, CLOSE_PROTOCOL);
		else if (result == FRAME_ERROR && close_of_frame(f.close_code) == CLOSE_TOO_BIG)
			conn_close_over_limit(c, LIMITED_FRAME_BYTES, CLOSE_TOO_BIG);
		else if (result == FRAME_ERROR)
			conn_close(c, close_of_frame(f.close_code));
		else if (result == FRAME_MESSAGE)
			ws_frame(c, &f);
		whole = whole || (result == FRAME_MESSAGE && f.opcode <= FRAME_BINARY);
		if (result == FRAME_MORE)
			break;
	}
	fragments_keep(c, &in);
	if (c->state >= CONN_CLOSING)
		return;
	if (n - at > (size_t)settings.push_frame_bytes + FRAME_HEADER_BYTES + 4)
		conn_close_over_limit(c, LIMITED_FRAME_BYTES, ws_holds(c) ? CLOSE_UNAVAILABLE : CLOSE_PROTOCOL);
	else
		conn_save_input(c, data + at, n - at);
	if (c->state == CONN_LIVE)
		unfinished_note(c, whole);
}

static long
ws_ping_seconds(void)
{
	return settings.push_ping_seconds;
}

const struct transport transport_ws = {
	.owner = {
		.name = "ws",
		.input = ws_input,
		.pay = users_pay,
		.turn = ws_turn,
		.drained = stream_drained,
		.timeout = stream_timeout,
		.close = ws_close,
		.ended = stream_leave,
	},
	.number = 0,
	.takes_messages = true,
	.open = ws_open,
	.wrap = ws_wrap,
	.ping = ws_ping,
	.ping_seconds = ws_ping_seconds,
};
