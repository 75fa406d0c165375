/* SPDX-License-Identifier: MIT */
/*
 * Redis for the loop: one connection listens to channels, one sends commands. Both come back by themselves; nobody waits for them.
 * Only this file's module knows hiredis.
 */
#ifndef PUSH_BUS_H
#define PUSH_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What comes over a channel (prefix taken off by lib/doorbell.h). Not to be called from within itself. */
typedef void bus_message(const char *channel, size_t channel_len, const char *payload, size_t payload_len);

/* All messages that were read at once have been handed over. */
typedef void bus_pause(void);

/* The subscriptions are made (again) after a connection: whatever was rung meanwhile was not heard. */
typedef void bus_connected(void);

void bus_open(bus_message *message, bus_pause *pause, bus_connected *connected);
void bus_close(void);

/* Do both connections stand, the listening one with all its channels, and has no answer been awaited for more than a second? */
bool bus_answers(void);

/*
 * Listens to a channel from now on, or no more. Returns the subscription's number: as soon as bus_acked() has reached it, nothing that is
 * published is missed. While Redis is away the number is reached already, since nothing will be heard anyway and the sweep delivers.
 */
uint64_t bus_subscribe(char kind, int64_t id);
void bus_unsubscribe(char kind, int64_t id);
uint64_t bus_acked(void);

/* Rings; forgotten while Redis is away. channel is without the prefix. */
void bus_publish(const char *channel, const char *payload, size_t payload_len);

/* The answer to a command: whole numbers and texts flattened to a list of texts. count -1: Redis did not answer. */
typedef void bus_reply(void *context, const char *const *values, int count);

/* Sends a command of argc arguments; reply (may be NULL) is called once, never from inside of bus_command. */
void bus_command(int argc, const char *const *argv, bus_reply *reply, void *context);

/* Sends what this turn has queued. */
void bus_turn_end(void);

#endif
