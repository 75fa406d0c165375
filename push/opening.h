/* SPDX-License-Identifier: MIT */
/*
 * From a cursor to a live stream without a seam, the one way for all: listen to the user's channel, read the memberships, register for what
 * happens and listen to those channels, replay what the cursor does not cover (if the memberships show that there is any), then give what came
 * meanwhile.
 * A stream that has gained a membership, or may have missed one, goes the same way again with the cursor that it has.
 */
#ifndef PUSH_OPENING_H
#define PUSH_OPENING_H

#include <stdbool.h>

#include "../lib/cursor.h"
#include "conn.h"
#include "event.h"

/* Where a client wants to go on, when it has said something. */
struct since {
	bool is_cursor;
	struct cursor cursor;
};

/* Begins for a connection whose user is known, from where c->since says; takes that over. */
void opening_begin(struct conn *c);

/* Goes the way again for a live stream. When it is under way already, it will be gone once more. */
void opening_resync(struct conn *c);

/* An event for a stream that is not done opening: kept until the replay is out. */
void opening_keep(struct opening *o, struct event *ev);

/* The connection's queue is empty: more of the replay may go out. */
void opening_feed(struct opening *o);

/* The connection ends. */
void opening_abandon(struct opening *o);

#endif
