/* SPDX-License-Identifier: MIT */
/* A stream: a connection that belongs to a user and a device. Its opening, its life and its end. */
#ifndef PUSH_STREAM_H
#define PUSH_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/auth/token.h"
#include "push/net/conn.h"

/* Notes the cursor that the client wants to resume from. Called before stream_begin. */
void stream_since(struct conn *c, const char *cursor, size_t len);

/*
 * Closes a connection whose stream exceeds the limit of all streams or of its address. Returns
 * whether it did.
 */
bool stream_is_too_many(struct conn *c);

/*
 * Begins a stream with a good token, or by redeeming a ticket. The client is answered when the
 * stream is open.
 */
void stream_begin(struct conn *c, const struct token *token);
void stream_begin_ticket(struct conn *c, const char *ticket, size_t len);

/* Returns the reason to refuse a checked token, or CLOSE_NONE. */
enum close_reason stream_token_refusal(enum token_verdict verdict, const struct token *token);

/*
 * Sends stream.ready, except to a long-poll. An SSE client remembers its cursor as well. replayed
 * is the number of missed events that follow.
 */
void stream_ready(struct conn *c, bool resumed, int replayed);

/* Sends stream.reset: the stream does not resume from its cursor. */
void stream_reset(struct conn *c, const char *reason);

/* Makes a stream live after its opening (resume.c). */
void stream_live(struct conn *c);

/*
 * Takes a further request on a long-poll's stream, with a good token of the same device; detaches
 * the stream for another request.
 */
void stream_poll_again(struct conn *c, const struct token *token);
void stream_detach(struct conn *c);

/* Moves the stream's end to that of a good token of its user and device. */
void stream_renew(struct conn *c, const struct token *token);

/* Sets the deadline in so many seconds, or at the stream's end when that is earlier. */
void stream_wake_in(struct conn *c, long seconds);

/* Handles the deadline of a live stream. */
void stream_timeout(struct conn *c);

/* Handles an empty queue, whose bytes were all sent. */
void stream_drained(struct conn *c);

/* Sends stream.bye, if the close reason has one. */
void stream_bye(struct conn *c, enum close_reason why);

/* Removes a closing connection from the hub, its user and its watch list. */
void stream_leave(struct conn *c);

/*
 * Closes all streams within that time, each at a random moment. replaced: another process accepts
 * already, so clients reconnect at once. New requests are not refused then. Their streams move as
 * soon as they are open.
 */
void stream_drain_all(int64_t within_ms, bool replaced);

/*
 * Returns the delay in ms after which a client may reconnect. It is random for each call, over the
 * time in which all present clients can be accepted.
 */
long stream_retry_ms(void);

#endif
