/* SPDX-License-Identifier: MIT */
/* Delivery of events to one stream. */
#ifndef PUSH_DELIVERY_H
#define PUSH_DELIVERY_H

#include "push/fanout/cursor_state.h"
#include "push/net/conn.h"

/*
 * Delivers an event to a stream: advances its cursor, encodes and queues. Skips an event that the
 * cursor covers or that overload sheds.
 */
void conn_event(struct conn *c, struct event *ev);

/* Advances the stream's cursor over a durable event that the stream has received before. */
void conn_received(struct conn *c, struct event *ev);

/*
 * Delivers durable events of one conversation to a stream. A caller with several streams calls it
 * for each, and cursor_state_fanout_end at the end.
 */
void conn_event_batch(struct conn *c, const struct event_batch *b);

/* Raises the base of the stream's cursor. */
void conn_rebase(struct conn *c, int64_t base);

/*
 * Records that a replay has delivered an event. before is the cursor state until then. A place of
 * reading (lib/chat/cursor.h) does not name what was delivered in each conversation. So the stream
 * remembers it, and skips live events that the replay has delivered.
 */
void conn_replayed(struct conn *c, const struct cursor_state *before, const struct event *ev);
void conn_replayed_forget(struct conn *c);

/*
 * Returns whether a long-poll's answer, which may have a limit of events, has no place for so many
 * more. conn_events_most returns how many it has a place for, at least 1; 0: any number.
 */
bool conn_answer_is_full(const struct conn *c, int events);
int conn_events_most(const struct conn *c);

/* Sends an event of the stream itself, such as stream.ready. data is a JSON object. */
void conn_notice(struct conn *c, const char *type, const char *data);

/* Sends a whole JSON text that is no durable event. Drops it when there is no room. */
void conn_say(struct conn *c, const char *json, size_t len);

/*
 * Answers a frame of the client. An answer is never dropped: without room the stream closes as a
 * slow reader.
 */
void conn_answer(struct conn *c, const char *json, size_t len);

#endif
