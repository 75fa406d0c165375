/* SPDX-License-Identifier: MIT */
/*
 * Redis: the doorbell, presence and typing. A worker has two connections. The doorbell's is written to and never waited for: what cannot
 * be written is dropped, the heads sweep of push finds it. The other one asks and waits for answers, up to settings.redis_timeout_ms; once
 * that has failed, it fails at once for a while, so that a dead Redis costs nothing.
 */
#ifndef API_REDIS_H
#define API_REDIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Once, before threads. */
void redis_open(void);
void redis_close(void);

/* Connects the doorbell when it is not, writes what is unsent. For a thread of its own, several times a second; may take the timeout. */
void redis_tend(void);

/* Publishes between begin and end, in this order; end writes. channel is without the prefix. */
void redis_rings_begin(void);
void redis_ring(const char *channel, const char *payload);
void redis_rings_end(void);

/* Tells a conversation that somebody types, at most once in LIMIT_TYPING_INTERVAL_MS. Shed first when Redis is slow. */
void redis_typing(int64_t conversation, int64_t user);

/* These wait for an answer; false when there is none. */
bool redis_ping(void) __attribute__((warn_unused_result));
bool redis_beat(int64_t user, int64_t device, const char *status) __attribute__((warn_unused_result));
bool redis_device_gone(int64_t user, int64_t device, bool *user_offline) __attribute__((warn_unused_result));
bool redis_watch(int64_t user, int64_t device, const int64_t *watched, int count) __attribute__((warn_unused_result));

/* The status of each user, in their order, as texts of static life. */
bool redis_presence(const int64_t *users, int count, const char **statuses) __attribute__((warn_unused_result));

#endif
