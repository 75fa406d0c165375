/* SPDX-License-Identifier: MIT */
/*
 * Bundles: the durable events that Redis or a repair brings at once, by conversation.
 *
 * Each subscriber receives a bundle as one block. Bundles are open only while such an answer is
 * being read. No other code may see events that are in order but not delivered yet.
 */
#ifndef PUSH_BUNDLE_H
#define PUSH_BUNDLE_H

#include <stdbool.h>

#include "push/fanout/event.h"
#include "push/fanout/hub.h"

/* Adds the next event of a conversation, with a reference of its own. */
void bundle_add(struct topic *t, struct event *ev);

/* Delivers all open bundles to the subscribers of their conversations. */
void bundle_give_all(void);
bool bundle_is_open(void);

#endif
