/* SPDX-License-Identifier: MIT */
/*
 * Connection state that few connections need at any time: incomplete input, the cursor of a user
 * who is not known yet, a long-poll. A connection has the block only while it holds something, so
 * an idle WebSocket has none.
 */
#ifndef PUSH_RARE_H
#define PUSH_RARE_H

#include <stdint.h>

#include "push/wire/frame.h"

struct conn;
struct map;
struct cursor_state;
struct since;

struct rare {
	uint8_t *pending; /* input that could not be used yet */
	uint32_t pending_len;
	/* bytes of pending and of fragments, as metrics.unfinished_bytes counts them */
	uint32_t held;
	struct frame_input input;
	int64_t unfinished_ms; /* start of an incomplete message; 0: none */
	/* bytes behind the request that came before its user was known */
	uint32_t early;

	uint32_t wait_ms; /* long-poll: time that the current request may wait */
	/* long-poll: events that an answer may have, 0: any number; and those that are queued */
	uint16_t limit, queued;
	struct cursor_state *answered; /* long-poll: cursor state at the end of the last answer */

	/* address of a client behind a proxy, for the log until its stream is live */
	char *address;
	struct since *since; /* cursor that the client has sent, until its user is known */
	/*
	 * last id that a replay delivered in each conversation, while the cursor state has a place
	 * of reading
	 */
	struct map *replayed;
};

/* Returns the connection's block, which it makes when there is none. */
struct rare *rare_of(struct conn *c);

/* Frees the block when it holds nothing. */
void rare_tidy(struct conn *c);

/* Frees the block and its contents. The cursor states in it were dropped before (stream_leave). */
void rare_free(struct conn *c);

#endif
