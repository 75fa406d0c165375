/* SPDX-License-Identifier: MIT */
/* A synchronous connection to Redis: callers wait on it, each until a deadline. */
#ifndef API_REDIS_SYNC_H
#define API_REDIS_SYNC_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/links/redis_link.h"

struct redis_sync {
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
bool redis_sync_connect(struct redis_link *link) __attribute__((warn_unused_result));

/* Logs that the connection is up or down, if that has changed. */
void redis_sync_log(struct redis_sync *s, bool up);

/* Closes the connection. It does not reconnect for a second. */
void redis_sync_drop(struct redis_sync *s);

/* Writes all appended commands. Returns false when the deadline passes or the connection breaks. */
bool redis_sync_flush(struct redis_link *link, int64_t deadline) __attribute__((warn_unused_result));

/* Returns the next reply, or NULL when none arrives in time. */
redisReply *redis_sync_reply(struct redis_link *link, int64_t deadline);

/* Returns whether an idle connection has no input. Input means that Redis has closed it. */
bool redis_sync_is_quiet(const struct redis_link *link);

#endif
