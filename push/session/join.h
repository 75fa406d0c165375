/* SPDX-License-Identifier: MIT */
/*
 * Subscriptions of a stream to the topics of its memberships, and whether it may have missed events
 * there.
 */
#ifndef PUSH_JOIN_H
#define PUSH_JOIN_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/chat/cursor.h"
#include "push/net/conn.h"
#include "push/session/memberships.h"

struct joined {
	bool missed; /* the cursor does not, or may not, cover all events */
	/* a topic is ahead of the answer: the memberships must be read again */
	bool again;
	bool left;	    /* the stream was unsubscribed from a topic */
	uint64_t waits_for; /* newest subscription of its topics */
	/*
	 * without a cursor: the horizon, and later events that another device received; owned by
	 * the caller
	 */
	struct cursor_state *delivered;
};

/*
 * Subscribes the stream to each conversation of the list, and to no other. from is the cursor that
 * it resumes from, or NULL. The horizon was read before the list.
 */
struct joined join_memberships(struct conn *c, const struct memberships *list, const struct cursor *from, int64_t horizon);

#endif
