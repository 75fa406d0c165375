/* SPDX-License-Identifier: MIT */
/* Users with streams in this process, and the channel of each. */
#ifndef PUSH_USERS_H
#define PUSH_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "push/fanout/event.h"
#include "push/fanout/hub.h"
#include "push/net/conn.h"

struct user {
	int64_t id;
	uint64_t subscription; /* number of the channel's subscription (redis.h) */
	struct conn *streams;  /* the newest first */
	uint32_t streams_count;
	bool judged_soon;  /* its rights to watch are due (rights.c) */
	uint32_t paid_sec; /* second in which the budget was last refilled */
	int64_t budget;	   /* bytes that the user's clients may still send */
};

struct user *users_get(int64_t id); /* NULL: the user has no stream here */
struct user *users_next(size_t *at);

/* Adds a connection to the user's streams, and closes the oldest over the limit; removes it. */
void users_attach(struct conn *c, int64_t id);
void users_detach(struct conn *c);

/* Returns the number of streams, with those that are opening. */
size_t users_streams(void);

/*
 * Charges the connection's user for input of that cost. Returns false when it is too much
 * (settings.push_input_bytes).
 */
bool users_pay(struct conn *c, uint32_t bytes) __attribute__((warn_unused_result));

/*
 * Delivers an ephemeral event of a conversation to the user's streams that are subscribed to it. It
 * may arrive after the user has left.
 */
void users_notice(const struct user *u, const struct topic *t, struct event *ev);

/* Closes all streams of a device. */
void users_revoke(int64_t device);

void users_close(void);

#endif
