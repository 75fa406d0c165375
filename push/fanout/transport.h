/* SPDX-License-Identifier: MIT */
/*
 * Differences of WebSocket, SSE and long-poll: a table of functions for each (ws.c, sse.c, poll.c).
 * Plain HTTP is the transport of a connection whose request does not ask for a stream, or is not
 * read yet (http_server.c).
 */
#ifndef PUSH_TRANSPORT_H
#define PUSH_TRANSPORT_H

#include <assert.h>
#include <stddef.h>

#include "lib/base/limits.h"
#include "push/net/conn.h"

/* greatest length of a wrap without the cursor, which it may hold twice */
enum { WRAP_BYTES = 64 };

/* Bytes before and behind an event's JSON. */
struct wrap {
	size_t head_len, tail_len;
	char head[16], tail[2 * LIMIT_CURSOR_BYTES + 32];
};

struct transport {
	struct conn_owner owner;
	int number;	     /* index of encodings and metrics */
	const char *between; /* separator of two events, may be NULL */
	/* SSE: the client keeps a cursor and a time to reconnect by fields of their own */
	bool has_fields;
	bool takes_messages;	      /* WebSocket: the client sends messages */
	void (*open)(struct conn *c); /* writes the head of the reply, before the first event */
	/* cursor NULL: an ephemeral event */
	void (*wrap)(size_t body_len, const char *cursor, struct wrap *out);
	/* handles a ping that is due, or the end of a long-poll's wait */
	void (*ping)(struct conn *c);
	/* time between two pings */
	long (*ping_seconds)(void);
};

static_assert(offsetof(struct transport, owner) == 0, "the owner of a connection is the beginning of its transport");

static inline const struct transport *
transport_of(const struct conn *c)
{
	return (const struct transport *)(const void *)c->owner;
}

/* Returns whether the connection is a long-poll. */
static inline bool
transport_answers_once(const struct conn *c)
{
	return c->owner->answers_once;
}

extern const struct transport transport_http, transport_ws, transport_sse, transport_poll;

#endif
