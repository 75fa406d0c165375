/* SPDX-License-Identifier: MIT */
/* Lists of watched users of the streams, and the right to each entry. */
#ifndef PUSH_PRESENCE_H
#define PUSH_PRESENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "push/fanout/event.h"
#include "push/fanout/hub.h"
#include "push/net/conn.h"

/*
 * Replaces the stream's list by one that the client has sent in a frame, of at most
 * LIMIT_PRESENCE_USERS. Answers with presence.state.
 */
void presence_ask(struct conn *c, const int64_t *users, int count);

/*
 * Reads the device's list, which REST has set. Called when the stream goes live or the list has
 * changed.
 */
void presence_load(struct conn *c);

/* Sets a device's list that was read for several streams, unless the stream has the same list. */
void presence_compare(struct conn *c, const int64_t *users, int count);

/* Returns whether the stream's list came by a frame, so that it is not its device's list. */
bool presence_is_framed(const struct conn *c);

/* Ends the stream's list: it watches nobody. */
void presence_end(struct conn *c);

/*
 * Makes due the rights that a durable event may change, because it has begun or ended memberships.
 * Called before the topic unsubscribes anybody.
 */
void presence_changed(const struct topic *t, const struct event *ev);

/* Makes due all rights of the stream, because its user has joined or left a conversation. */
void presence_judge(const struct conn *c);

#endif
