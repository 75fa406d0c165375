/* SPDX-License-Identifier: MIT */
/*
 * Redis: notifications, presence and typing. A worker has two connections.
 * The first one publishes notifications and never waits. It drops a notification that it cannot
 * write, and push's heads sweep finds the event. The second one sends queries and waits for
 * replies, up to settings.redis_timeout_ms. After a failure it fails at once for a while, so an
 * unavailable Redis delays few requests.
 */
#ifndef API_REDIS_H
#define API_REDIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Connect at the start, and close both connections. Called once each, before threads start and
 * after they have ended.
 */
void redis_open(void);
void redis_close(void);

/*
 * Reconnects for notifications if necessary, and writes unsent ones. A thread of its own calls it
 * several times a second. It may take the timeout.
 */
void redis_tend(void);

/*
 * Publish notifications in this order, between begin and end. end writes them. channel has no
 * prefix.
 */
void redis_publish_begin(void);
void redis_publish(const char *channel, const char *payload);
void redis_publish_end(void);

/*
 * Notifies a conversation that a user is typing, at most once in LIMIT_TYPING_INTERVAL_MS. Typing
 * is dropped first when Redis is slow.
 */
void redis_typing(int64_t conversation, int64_t user);

/*
 * Run a command and wait for the reply. Return false without one. redis_probe checks that Redis
 * accepts a write.
 */
bool redis_probe(void) __attribute__((warn_unused_result));
bool redis_beat(int64_t user, int64_t device, const char *status) __attribute__((warn_unused_result));
bool redis_device_remove(int64_t user, int64_t device, bool *user_offline) __attribute__((warn_unused_result));
bool redis_watch(int64_t user, int64_t device, const int64_t *watched, int count) __attribute__((warn_unused_result));

/* Reads the status of each user, in the same order. The texts are constants. */
bool redis_presence(const int64_t *users, int count, const char **statuses) __attribute__((warn_unused_result));

#endif
