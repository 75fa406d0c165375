/* SPDX-License-Identifier: MIT */
/* What differs between WebSocket, SSE and long-poll: a table of functions for each (ws.c, sse.c, poll.c). */
#ifndef PUSH_TRANSPORT_H
#define PUSH_TRANSPORT_H

#include "conn.h"

enum { WRAP_BYTES = 64 }; /* of a wrap at most, but for the cursor, which may stand there twice */

/* What stands before and behind an event's JSON. */
struct wrap {
	size_t head_len, tail_len;
	char head[16], tail[2 * LIMIT_CURSOR_BYTES + 32];
};

struct transport {
	const char *name;
	int number;							     /* index of encodings and metrics */
	const char *between;						     /* what stands between two events, may be NULL */
	void (*open)(struct conn *c);					     /* the head of the reply, before the first event */
	void (*wrap)(size_t body_len, const char *cursor, struct wrap *out); /* cursor NULL: an ephemeral event */
	void (*ping)(struct conn *c);					     /* a sign of life is due, or the wait of a poll is over */
	void (*close)(struct conn *c, enum close_reason why);		     /* last words */
	void (*input)(struct conn *c, uint8_t *data, size_t n);		     /* bytes of the peer; conn_keep what is not used */
	bool (*turn)(struct conn *c);					     /* before a flush: is there something to flush? NULL: always */
	long (*beat_seconds)(void);					     /* between signs of life */
};

extern const struct transport transport_ws, transport_sse, transport_poll;

#endif
