/* SPDX-License-Identifier: MIT */
/*
 * Connections to Redis in the event loop: one subscribes to channels, one sends commands. Both
 * reconnect by themselves, and no caller blocks on them.
 */
#ifndef PUSH_BUS_H
#define PUSH_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Handles a message of a channel, whose name still has the prefix (lib/chat/notification.h removes
 * it). It must not call itself.
 */
typedef void bus_message(const char *channel, size_t channel_len, const char *payload, size_t payload_len);

/* Called after all messages of one read have been handled. */
typedef void bus_pause(void);

/*
 * Called when both connections are up and all channels are subscribed: at first, after each
 * reconnect, and when Redis accepts writes again. Notifications and answers of the time before may
 * be lost.
 */
typedef void bus_connected(void);

void bus_open(bus_message *message, bus_pause *pause, bus_connected *connected);
void bus_close(void);

/*
 * Returns whether both connections are up, all channels are subscribed, and no answer is late by
 * more than a second.
 */
bool bus_answers(void);

/*
 * Subscribes to a channel, or unsubscribes.
 * Returns the subscription's number. Once bus_acked() has reached that number, no notification of
 * the channel is missed. While Redis is unavailable, bus_acked() reaches the number at once: the
 * sweep finds the events instead.
 */
uint64_t bus_subscribe(char kind, int64_t id);
void bus_unsubscribe(char kind, int64_t id);
uint64_t bus_acked(void);

/* Publishes a notification. Drops it while Redis is unavailable. channel is without the prefix. */
void bus_publish(const char *channel, const char *payload, size_t payload_len);

/*
 * Receives the answer to a command. Integers and texts are flattened to a list of texts, of
 * BUS_REPLY_VALUES at most. count is -1 when Redis did not answer or refused.
 */
enum { BUS_REPLY_VALUES = 512 };
typedef void bus_reply(void *context, const char *const *values, int count);

/*
 * Sends a command of argc arguments. Calls reply (may be NULL) once, never from inside of
 * bus_command.
 */
void bus_command(int argc, const char *const *argv, bus_reply *reply, void *context);

/* Sends the commands and subscriptions that this turn has queued. */
void bus_turn_end(void);

#endif
