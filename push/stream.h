/* SPDX-License-Identifier: MIT */
/* A stream: a connection that belongs to a user and a device. Its opening, its further life, its end. */
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

/* Ends a connection whose stream would be one too many, of all or of its address; true when it does. */
bool stream_is_too_many(struct conn *c);

/* Begins with a good token, or by redeeming a ticket. The answer to the client comes when all is there. */
void stream_begin(struct conn *c, const struct token *token);
void stream_begin_ticket(struct conn *c, const char *ticket, size_t len);

/* A checked token may not be used: CLOSE_NONE, or why. */
enum close_reason stream_token_refusal(enum token_verdict verdict, const struct token *token);

/* Says stream.ready, where the transport has it, by which an SSE client remembers the cursor as well. replayed: missed events that follow. */
void stream_ready(struct conn *c, bool resumed, int replayed);

/* Says stream.reset: the cursor is not gone on from. */
void stream_reset(struct conn *c, const char *reason);

/* The opening is done: live from now on (called by opening.c). */
void stream_live(struct conn *c);

/* A further request of a long-poll whose stream is still there, with a good token of the same device; leaving it, for something else. */
void stream_poll_again(struct conn *c, const struct token *token);
void stream_detach(struct conn *c);

/* It ends by this token from now on, a good one of its user and device. */
void stream_renew(struct conn *c, const struct token *token);

/* Waits for the next sign of life, for so long, or less when the stream ends before that. */
void stream_beat(struct conn *c, long seconds);

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
