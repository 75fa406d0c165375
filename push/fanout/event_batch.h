/* SPDX-License-Identifier: MIT */
/*
 * Batches: the durable events that Redis or a repair brings at once, by conversation.
 *
 * Each subscriber receives a batch as one block. Batches are open only while such an answer is
 * being read. No other code may see events that are in order but not delivered yet.
 */
#ifndef PUSH_EVENT_BATCH_H
#define PUSH_EVENT_BATCH_H

#include <stdbool.h>

#include "push/fanout/event.h"
#include "push/fanout/hub.h"

/* Adds the next event of a conversation, with a reference of its own. */
void event_batch_add(struct topic *t, struct event *ev);

/* Delivers all open batches to the subscribers of their conversations. */
void event_batch_deliver_all(void);
bool event_batch_is_open(void);

#endif
