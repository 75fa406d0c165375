/* SPDX-License-Identifier: MIT */
/*
 * Connections to Redis in the event loop: one subscribes to channels, one sends commands. Both
 * reconnect by themselves, and no caller blocks on them.
 */
#ifndef PUSH_REDIS_H
#define PUSH_REDIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Handles a message of a channel, whose name still has the prefix (lib/chat/notification.h removes
 * it). It must not call itself.
 */
typedef void redis_message(const char *channel, size_t channel_len, const char *payload, size_t payload_len);

/* Called after all messages of one read have been handled. */
typedef void redis_pause(void);

/*
 * Called when both connections are up and all channels are subscribed: at first, after each
 * reconnect, and when Redis accepts writes again. Notifications and answers of the time before may
 * be lost.
 */
typedef void redis_connected(void);

void redis_open(redis_message *message, redis_pause *pause, redis_connected *connected);
void redis_close(void);

/*
 * Returns whether both connections are up, all channels are subscribed, and no answer is late by
 * more than a second.
 */
bool redis_answers(void);

/*
 * Subscribes to a channel, or unsubscribes.
 * Returns the subscription's number. Once redis_acked() has reached that number, no notification of
 * the channel is missed. While Redis is unavailable, redis_acked() reaches the number at once: the
 * sweep finds the events instead.
 */
uint64_t redis_subscribe(char kind, int64_t id);
void redis_unsubscribe(char kind, int64_t id);
uint64_t redis_acked(void);

/* Publishes a notification. Drops it while Redis is unavailable. channel is without the prefix. */
void redis_publish(const char *channel, const char *payload, size_t payload_len);

/*
 * Receives the answer to a command. Integers and texts are flattened to a list of texts, of
 * REDIS_REPLY_VALUES at most. count is -1 when Redis did not answer or refused.
 */
enum { REDIS_REPLY_VALUES = 512 };
typedef void redis_reply(void *context, const char *const *values, int count);

/*
 * Sends a command of argc arguments. Calls reply (may be NULL) once, never from inside of
 * redis_command.
 */
void redis_command(int argc, const char *const *argv, redis_reply *reply, void *context);

/* Sends the commands and subscriptions that this turn has queued. */
void redis_turn_end(void);

#endif
