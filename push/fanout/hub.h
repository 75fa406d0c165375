/* SPDX-License-Identifier: MIT */
/*
 * The hub: the subscribers of each conversation. It delivers each event to all of them, once and in
 * seq order.
 */
#ifndef PUSH_HUB_H
#define PUSH_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "push/fanout/event.h"
#include "push/fanout/held.h"
#include "push/net/conn.h"
#include "push/net/loop.h"

struct receipts;

/* A stream's place among a topic's subscribers (conn.h: subscriptions). */
struct subscription {
	uint32_t topic;
	uint32_t place;
};

/* A conversation with subscribers in this process. */
struct topic {
	int64_t conversation;
	int64_t seq, id;       /* the last delivered event */
	int64_t known_seq;     /* highest seq that is known to exist */
	uint64_t subscription; /* number of its channel's subscription (redis.h) */
	uint32_t slot;
	uint32_t members;
	uint32_t mark; /* the last mark that a join has set (join.c) */
	uint32_t subscribers_count, subscribers_room;
	struct conn **subscribers;
	struct held held; /* events before their turn */
	struct timer hold;
	bool repairing, emptied;
	bool swept;	   /* the sweep waits until the topic has delivered … */
	int64_t swept_seq; /* … up to this seq, which the database has */
	struct receipts *receipts;
};

/*
 * Functions of the modules above the hub, which it calls. None of them may subscribe or unsubscribe
 * a stream before it returns.
 */
struct hub_calls {
	/* Begins a resync of a stream: its user may have been added again since the removal. */
	void (*resync)(struct conn *c);

	/* Keeps an event of a stream that is opening until its replay is complete. */
	void (*keep)(struct resume *o, struct event *ev);

	/* Takes note of a delivered event. The users whom it removed are still subscribed. */
	void (*delivered)(struct topic *t, const struct event *ev);

	/* Compares a new topic with the database when its channel is subscribed. */
	void (*begun)(const struct topic *t);

	/* Counts a topic that is behind its head, and one that has caught up or is freed. */
	void (*behind)(void);
	void (*caught_up)(void);

	/* Frees the receipts of a topic. */
	void (*freed)(struct topic *t);
};

/* Sets these functions, before the first stream subscribes. */
void hub_open(const struct hub_calls *calls);

/* Keeps an event by hub_calls.keep (event_batch.c). */
void hub_keep(struct resume *o, struct event *ev);

/* Returns the topic of a conversation, or NULL when it has no subscribers. */
struct topic *hub_topic(int64_t conversation);

/* Returns the topic in a slot (struct subscription). */
struct topic *hub_slot(uint32_t slot);

/* Returns the next topic. Start with *at = 0. */
struct topic *hub_next(size_t *at);

/*
 * Subscribes a stream that is not subscribed yet. A new topic begins at this seq and id, which were
 * read from the database. It subscribes to the conversation's channel.
 */
struct topic *hub_join(struct conn *c, int64_t conversation, int64_t seq, int64_t id, uint32_t members);
void hub_reserve(struct conn *c, uint32_t n); /* makes room for n more */
void hub_leave(struct conn *c, struct topic *t);
void hub_leave_all(struct conn *c);
bool hub_is_subscribed(const struct conn *c, const struct topic *t);

/*
 * Takes note of an event that a replay has delivered to the stream. Unsubscribes the stream at once
 * if the event removed its user and the topic has not delivered it yet. So the stream receives no
 * later event.
 */
void hub_replayed(struct conn *c, const struct event *ev);

/*
 * Takes a durable event from Redis or the database and batches it. The caller calls
 * event_batch_deliver_all after its last event.
 */
void hub_event(int64_t conversation, int64_t id, int64_t seq, int64_t removed_user, const char *json, size_t len);

/* Delivers an ephemeral event to all subscribers except one user (0: except none). */
void hub_ephemeral(struct topic *t, struct event *ev, int64_t except);

/* Takes the head that the sweep has read: the seq and id of the conversation's last event. */
void hub_head(struct topic *t, int64_t seq, int64_t id, uint32_t members);

/*
 * Notes that events up to this seq exist. Unlike hub_head it waits first, because they may be on
 * their way.
 */
void hub_expect(struct topic *t, int64_t seq);

/*
 * Forgets the heads that the sweep waits for. After a failover the database may have lost them, and
 * then no event ends the wait.
 */
void hub_forget_heads(void);

/* Frees the topics that have no subscribers any more. */
void hub_turn_end(void);
void hub_close(void);

#endif
