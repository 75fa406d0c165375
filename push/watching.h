/* SPDX-License-Identifier: MIT */
/* Who watches whose presence, and the beats by which our own streams are present. */
#ifndef PUSH_WATCHING_H
#define PUSH_WATCHING_H

#include <stdint.h>

#include "conn.h"
#include "event.h"

/* The stream wants to watch these users (at most LIMIT_PRESENCE_USERS): those allowed are watched from then on, and their state is told. */
void watching_ask(struct conn *c, const int64_t *users, int count);

/* Reads the device's list, which REST has set, for a stream that begins or was told that it has changed. */
void watching_load(struct conn *c);

/* The stream watches nobody any more. */
void watching_end(struct conn *c);

/* presence.updated of a user, for those who watch. */
void watching_event(int64_t user, struct event *ev);

/* A beat for a stream's device, soon; all others follow by themselves. */
void watching_beat(const struct conn *c);

void watching_open(void);
void watching_close(void);

#endif
