/* SPDX-License-Identifier: MIT */
/*
 * Users whose presence is watched here: the last status of each, and the streams that receive it.
 * A stream's list holds a wish for each user that its client has named. The stream receives the
 * status only while the two users share a conversation.
 */
#ifndef PUSH_WATCHED_H
#define PUSH_WATCHED_H

#include <stdbool.h>
#include <stdint.h>

#include "push/fanout/event.h"
#include "push/net/conn.h"

enum presence_status { PRESENCE_UNKNOWN, PRESENCE_OFFLINE, PRESENCE_AWAY, PRESENCE_ONLINE };

/* Certainty of the right of a wish. No status is sent until it is settled. */
enum wish_state {
	WISH_SETTLED,
	WISH_DUE,	/* a membership has changed: the database must be queried */
	WISH_JUDGING,	/* the query is under way */
	WISH_CONFIRMED, /* the answer names it; settled after the whole answer was read */
};

struct watched;

struct wish {
	struct watched *watched;
	uint32_t place; /* index among that user's watchers */
	enum wish_state state : 8;
	bool may : 1;	 /* the database has allowed it */
	bool missed : 1; /* permitted, but the newest status was not sent */
};

/*
 * A stream's list, in the order of the users' ids. The block exists while the stream watches
 * somebody or awaits a list. Lists are numbered in the order in which they were begun, over all
 * streams.
 */
struct presence {
	uint32_t asked; /* the newest list that was begun … */
	uint32_t set;	/* … and the list that is set; 0: none yet */
	bool framed;	/* it came by a frame: it belongs to this connection alone */
	int count;
	struct wish list[];
};

/* Returns a user who is watched, or NULL. */
struct watched *watched_find(int64_t user);
int64_t watched_user(const struct watched *w);
enum presence_status watched_status(const struct watched *w);
const char *presence_word(enum presence_status status);
enum presence_status presence_status_of(const char *word);

/* Adds wish number i to a stream's new list; removes a wish. */
void watched_add(struct conn *c, struct presence *list, int i, int64_t user);
void watched_remove(struct wish *wish);

/*
 * Permits or denies a wish. The user's channel is subscribed while at least one stream is
 * permitted.
 */
void watched_permit(struct wish *wish, bool may);

/* Notes whether a permitted wish lacks the newest status. */
void watched_miss(struct wish *wish, bool missed);

/* Calls visit for each stream that watches the user. The list must not change meanwhile. */
typedef void watched_visit(struct conn *c, struct wish *wish, void *context);
void watched_each(const struct watched *w, watched_visit *visit, void *context);

/* Delivers presence.updated, as it came from Redis. */
void watched_event(int64_t user, struct event *ev);

/*
 * Takes the status that Redis has answered. Notifies every stream that knows another status or
 * none. asked is watched_clock() at the time of the query. A notification since then is newer than
 * the answer.
 */
uint64_t watched_clock(void);
void watched_learn(struct watched *w, enum presence_status status, const char *last_seen, uint64_t asked);

/*
 * Queries Redis for the status of this user, or of all, in batches. Repeats the query until Redis
 * answers.
 */
void watched_ask(struct watched *w);
void watched_ask_all(void);

void watched_open(void);
void watched_close(void);

#endif
