/* SPDX-License-Identifier: MIT */
/* The users who have streams here, and the channel on which each of them is called. */
#ifndef PUSH_USERS_H
#define PUSH_USERS_H

#include <stddef.h>
#include <stdint.h>

#include "conn.h"
#include "event.h"

struct user {
	int64_t id;
	uint64_t subscription; /* number of its channel's (bus.h) */
	struct conn *streams;  /* the newest first */
	uint32_t streams_count;
};

struct user *users_get(int64_t id); /* NULL: no stream here */
struct user *users_next(size_t *at);

/* Makes a connection one of the user's streams; the oldest one over the limit is closed. And takes it out again. */
void users_attach(struct conn *c, int64_t id);
void users_detach(struct conn *c);

/* An ephemeral event for all streams of a user. */
void users_notice(const struct user *u, struct event *ev);

/* Closes all streams of a device. */
void users_revoke(int64_t device);

void users_close(void);

#endif
