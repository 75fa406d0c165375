/* SPDX-License-Identifier: MIT */
/* The WebSocket transport (RFC 6455): one text message an event. */
#include <stdio.h>
#include <string.h>

#include "../lib/settings.h"
#include "commands.h"
#include "conn.h"
#include "front.h"
#include "stream.h"
#include "transport.h"

enum { AUTH_FRAME_BYTES = 4096 };

static void
ws_open(struct conn *c)
{
	c->replied = true; /* 101 went out with the handshake (front.c) */
}

/* While it opens, the head of the reply waits for stream.ready: one write less for each. */
static bool
ws_turn(struct conn *c)
{
	return c->state != CONN_OPENING || c->position;
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
	c->awaits_pong = true;
	stream_beat(c, settings.push_pong_seconds);
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

/* A client's frames, fragments too, are counted by a bucket that holds five seconds' worth. */
static bool
frames_are_too_fast(struct conn *c, uint32_t frames)
{
	uint32_t now = (uint32_t)(loop_now() / 1000);
	uint64_t full = (uint64_t)settings.push_frame_rate * 5;

	if (full > UINT16_MAX)
		full = UINT16_MAX;
	uint64_t tokens = c->tokens + (uint64_t)(now - c->tokens_sec) * (uint64_t)settings.push_frame_rate;
	c->tokens = (uint16_t)(tokens > full ? full : tokens);
	c->tokens_sec = now;
	if (c->tokens < frames)
		return true;
	c->tokens = (uint16_t)(c->tokens - frames);
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
		return; /* a pong: that something came was noted already */
	}
}

/* What the client says waits until stream.ready is out: it is the first event. */
static bool
ws_holds(const struct conn *c)
{
	return c->state == CONN_OPENING && !c->position;
}

/* Of somebody who is not known yet, a token and a cursor are all that is wanted. */
static size_t
frame_limit(const struct conn *c)
{
	return c->state == CONN_AUTH ? AUTH_FRAME_BYTES : (size_t)settings.push_frame_bytes;
}

static void
ws_input(struct conn *c, uint8_t *data, size_t n)
{
	size_t at = 0, used;
	struct frame f;

	if (c->awaits_pong) {
		c->awaits_pong = false;
		stream_beat(c, settings.push_ping_seconds);
	}
	while (at < n && c->state < CONN_CLOSING && !ws_holds(c)) {
		enum frame_result result = frame_read(&c->input, data + at, n - at, frame_limit(c), &f, &used);
		at += used;
		if (frames_are_too_fast(c, f.used))
			conn_exceeds(c, BOUND_FRAME_RATE, CLOSE_PROTOCOL);
		else if (result == FRAME_ERROR && close_of_frame(f.close_code) == CLOSE_TOO_BIG)
			conn_exceeds(c, BOUND_FRAME_BYTES, CLOSE_TOO_BIG);
		else if (result == FRAME_ERROR)
			conn_close(c, close_of_frame(f.close_code));
		else if (result == FRAME_MESSAGE)
			ws_frame(c, &f);
		if (result == FRAME_MORE)
			break;
	}
	if (!c->input.fragments_opcode)
		frame_input_free(&c->input);
	if (c->state >= CONN_CLOSING)
		return;
	if (n - at > (size_t)settings.push_frame_bytes + FRAME_HEADER_BYTES + 4)
		conn_exceeds(c, BOUND_FRAME_BYTES, ws_holds(c) ? CLOSE_UNAVAILABLE : CLOSE_PROTOCOL);
	else
		conn_keep(c, data + at, n - at);
}

static long
ws_beat_seconds(void)
{
	return settings.push_ping_seconds;
}

const struct transport transport_ws = {
	.name = "ws",
	.number = 0,
	.open = ws_open,
	.wrap = ws_wrap,
	.ping = ws_ping,
	.close = ws_close,
	.input = ws_input,
	.turn = ws_turn,
	.beat_seconds = ws_beat_seconds,
};
