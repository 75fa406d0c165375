/* SPDX-License-Identifier: MIT */
/*
 * Encoding of events as bytes of a transport. Streams that receive the same bytes share one
 * encoding.
 */
#ifndef PUSH_ENCODING_H
#define PUSH_ENCODING_H

#include "push/fanout/cursor_state.h"
#include "push/fanout/event.h"
#include "push/fanout/transport.h"

/* Encodes an event without a cursor. */
void encoding_of_event(const struct event *ev, const struct transport *t, struct encoded *out);

/*
 * Encodes the events of a transition, each with its cursor behind it. Small events are joined in
 * one block, so that a socket takes them by one write. A large event is a batch of its own, and all
 * cursors share its body.
 */
void encoding_of_transition(const struct cursor_transition *transition, const struct event_batch *b, const struct transport *t, struct encoded *out);

/* Returns whether the event may be joined with others in one block. */
bool encoding_is_small(const struct event *ev);

#endif
