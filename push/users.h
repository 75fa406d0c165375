/* SPDX-License-Identifier: MIT */
/* The users who have streams here, and the channel on which each of them is called. */
#ifndef PUSH_USERS_H
#define PUSH_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conn.h"
#include "event.h"
#include "hub.h"

struct user {
	int64_t id;
	uint64_t subscription; /* number of its channel's (bus.h) */
	struct conn *streams;  /* the newest first */
	uint32_t streams_count;
	uint32_t paid_sec; /* when its budget of input was looked at last … */
	int64_t budget;	   /* … and bytes that its clients might still send then */
};

struct user *users_get(int64_t id); /* NULL: no stream here */
struct user *users_next(size_t *at);

/* Makes a connection one of the user's streams; the oldest one over the limit is closed. And takes it out again. */
void users_attach(struct conn *c, int64_t id);
void users_detach(struct conn *c);

/* How many streams there are, those that are still opening too. */
size_t users_streams(void);

/* The user's clients have sent what costs as much as so many bytes. False when it was too much (settings.push_input_bytes). */
bool users_pay(struct user *u, uint32_t bytes) __attribute__((warn_unused_result));

/* An ephemeral event of a conversation for all streams of a user that listen to it: it may come late, when the user has left. */
void users_notice(const struct user *u, const struct topic *t, struct event *ev);

/* Closes all streams of a device. */
void users_revoke(int64_t device);

void users_close(void);

#endif
