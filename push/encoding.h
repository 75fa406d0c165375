/* SPDX-License-Identifier: MIT */
/* Events as bytes of a transport, made once and shared by all to whom they look the same. */
#ifndef PUSH_ENCODING_H
#define PUSH_ENCODING_H

#include "event.h"
#include "position.h"
#include "transport.h"

/* An event without a cursor. */
void encoding_of_event(const struct event *ev, const struct transport *t, struct encoded *out);

/*
 * What a step gives: its events, each with the cursor behind it. Small ones are joined in one block, so that a socket takes them by one
 * write; a large one is a bundle of its own, and its body is shared by all cursors.
 */
void encoding_of_step(const struct position_step *step, const struct bundle *b, const struct transport *t, struct encoded *out);

/* May the event be joined with others? */
bool encoding_is_small(const struct event *ev);

#endif
