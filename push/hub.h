/* SPDX-License-Identifier: MIT */
/* The hub: who listens to which conversation, and every event to all of them, in seq order, once. */
#ifndef PUSH_HUB_H
#define PUSH_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conn.h"
#include "event.h"
#include "loop.h"

struct held;
struct receipts;

/* A conversation that somebody listens to here. */
struct topic {
	int64_t conversation;
	int64_t seq, id;       /* delivered up to here */
	int64_t known_seq;     /* the highest seq that is known to exist */
	uint64_t subscription; /* number of its channel's subscription (bus.h) */
	uint32_t slot;
	uint32_t members;
	uint32_t mark; /* which opening has looked at it last */
	uint32_t listeners_count, listeners_room;
	struct conn **listeners;
	struct held *held; /* what came before its turn, ascending by seq */
	uint32_t held_count;
	struct timer hold;
	bool repairing, emptied;
	bool swept;	   /* the sweep waits until it has caught up … */
	int64_t swept_seq; /* … to this, which the database has */
	struct receipts *receipts;
};

/* The topic of a conversation, or NULL when nobody listens. */
struct topic *hub_topic(int64_t conversation);

/* The topic in a slot (conn.h: subscription). */
struct topic *hub_slot(uint32_t slot);

/* The next topic; start with *at = 0. */
struct topic *hub_next(size_t *at);

/*
 * Makes a stream a listener, which it is not yet. A topic that is new begins at this seq and id, which were read from the database, and
 * subscribes to the conversation's channel.
 */
struct topic *hub_join(struct conn *c, int64_t conversation, int64_t seq, int64_t id, uint32_t members);
void hub_reserve(struct conn *c, uint32_t n); /* room for n more */
void hub_leave(struct conn *c, struct topic *t);
void hub_leave_all(struct conn *c);
bool hub_listens(const struct conn *c, const struct topic *t);

/*
 * A stream has been given an event by its replay. One by which its user has left, and which the topic has not heard of yet, ends its listening
 * at once: nothing that comes before the doorbell may follow it.
 */
void hub_replayed(struct conn *c, const struct event *ev);

/* A durable event, from the bus or from the database. It is bundled: who has handed over all that there is calls bundle_give_all. */
void hub_event(int64_t conversation, int64_t id, int64_t seq, int64_t gone, const char *json, size_t len);

/* An ephemeral event for all who listen, but for one user (0: nobody). */
void hub_ephemeral(struct topic *t, struct event *ev, int64_t except);

/* The sweep has seen that the conversation stands at this seq. */
void hub_head(struct topic *t, int64_t seq, uint32_t members);

/* The same when it was heard of otherwise: the events may be on their way still. */
void hub_expect(struct topic *t, int64_t seq);

/* Frees the topics that nobody listens to any more. */
void hub_turn_end(void);
void hub_close(void);

#endif
