/* SPDX-License-Identifier: MIT */
/* A connection to Redis on which callers wait, each until a deadline. */
#ifndef API_REDIS_LINE_H
#define API_REDIS_LINE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/links/redis_link.h"

struct line {
	const char *name; /* in the log */
	pthread_mutex_t lock;
	struct redis_link link;
	bool up;
	int64_t retry_ms; /* no reconnect before this time */
	bool down;	  /* as last logged */
};

/*
 * Connects within settings.redis_timeout_ms. On failure closes the connection, sets link->why and
 * returns false.
 */
bool line_connect(struct redis_link *link) __attribute__((warn_unused_result));

/* Logs that the connection is up or down, if that has changed. */
void line_told(struct line *l, bool up);

/* Closes the connection. It does not reconnect for a second. */
void line_drop(struct line *l);

/* Writes all appended commands. Returns false when the deadline passes or the connection breaks. */
bool line_flush(struct redis_link *link, int64_t deadline) __attribute__((warn_unused_result));

/* Returns the next reply, or NULL when none arrives in time. */
redisReply *line_reply(struct redis_link *link, int64_t deadline);

/* Returns whether an idle connection has no input. Input means that Redis has closed it. */
bool line_is_quiet(const struct redis_link *link);

#endif
