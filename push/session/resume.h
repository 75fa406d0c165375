/* SPDX-License-Identifier: MIT */
/*
 * Opening of a stream: from a cursor to live delivery, without a lost or repeated event
 * (resume.c).
 *
 * Every stream takes the same way. It subscribes to its user's channel and reads its memberships.
 * It subscribes to the channels of its conversations. It replays what the cursor does not cover,
 * and then delivers what arrived meanwhile. Without missed events nothing is read for the replay.
 *
 * A resync takes the same way again, with the cursor that the stream has. A stream resyncs when it
 * has gained a membership, or may have missed one.
 */
#ifndef PUSH_RESUME_H
#define PUSH_RESUME_H

#include <stdbool.h>

#include "lib/chat/cursor.h"
#include "push/fanout/event.h"
#include "push/net/conn.h"

/* The cursor that a client has sent. is_cursor: it is a valid one. */
struct since {
	bool is_cursor;
	struct cursor cursor;
};

/* Begins to open a stream whose user is known, from c->rare->since. Takes ownership of that. */
void resume_begin(struct conn *c);

/*
 * Begins a resync of a live stream. An opening that is under way reads the memberships once more
 * instead.
 */
void resume_resync(struct conn *c);

/* Keeps a live event of a stream that is opening until its replay is complete. */
void resume_keep(struct resume *o, struct event *ev);

/* Continues the replay. Called when the connection's queue is empty. */
void resume_feed(struct resume *o);

/* Detaches the opening from a connection that closes. */
void resume_abandon(struct resume *o);

#endif
