/* SPDX-License-Identifier: MIT */
/* Giving events to one stream. */
#ifndef PUSH_DELIVERY_H
#define PUSH_DELIVERY_H

#include "conn.h"

/* Gives the stream an event: advances its cursor, encodes, queues. What the cursor covers or overload sheds is not given. */
void conn_event(struct conn *c, struct event *ev);

/* The same with durable events of one conversation, for one stream after the other; position_fanout_end ends it. */
void conn_bundle(struct conn *c, const struct bundle *b);

/* An event of the stream's own, such as stream.ready: data is a JSON object. */
void conn_notice(struct conn *c, const char *type, const char *data);

/* A whole JSON text that is no durable event; left out when there is no room. */
void conn_say(struct conn *c, const char *json, size_t len);

/* The answer to a frame, which is never left out: without room the stream ends as a slow reader. */
void conn_answer(struct conn *c, const char *json, size_t len);

#endif
