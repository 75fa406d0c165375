/* SPDX-License-Identifier: MIT */
/* A stream: a connection that belongs to a user and a device. Its opening, its frames, its end. */
#ifndef PUSH_STREAM_H
#define PUSH_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../lib/token.h"
#include "conn.h"

/* The user's id, 0 before the credentials are known. */
int64_t stream_user(const struct conn *c);

/* Notes where the client wants to go on; NULL: it has not said. Before stream_begin. */
void stream_since(struct conn *c, const char *cursor, size_t len);

/* Begins with a good token, or by redeeming a ticket. The answer to the client comes when all is there. */
void stream_begin(struct conn *c, const struct token *token);
void stream_begin_ticket(struct conn *c, const char *ticket, size_t len);

/* A checked token may not be used: CLOSE_NONE, or why. */
enum close_reason stream_token_refusal(enum token_verdict verdict, const struct token *token);

/* stream.ready, by which an SSE client remembers the cursor as well. */
void stream_ready(struct conn *c, const char *data, const char *cursor);

/* The opening is done: live from now on (called by opening.c). */
void stream_live(struct conn *c);

/* A further request of a long-poll whose stream is still there; leaving it, to open anew. */
void stream_poll_again(struct conn *c);
void stream_detach(struct conn *c);

/* A message from the client of a WebSocket. */
void stream_up(struct conn *c, const char *text, size_t len);

/* The connection's deadline has passed while it was live. */
void stream_timeout(struct conn *c);

/* All that was queued is out. */
void stream_drained(struct conn *c);

/* Says stream.bye, if anything can be said. */
void stream_bye(struct conn *c, enum close_reason why);

/* The connection ends: takes it out of the hub, its user, its watch list. */
void stream_leave(struct conn *c);

/*
 * Ends all streams within that time, each at a moment of its own. replaced: another process takes over already, so they may come back at once,
 * and who has just come is not refused: the request is taken, and its stream sent over as soon as it is open.
 */
void stream_drain_all(int64_t within_ms, bool replaced);

/* Milliseconds after which a client may come back: another value for each call, spread as wide as accepting all who are here takes. */
long stream_retry_ms(void);

#endif
