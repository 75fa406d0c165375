/* SPDX-License-Identifier: MIT */
/*
 * Bundles: the events that Redis or a repair brings at once, conversation by conversation. Each listener is gone to once for all of them,
 * and is given one block. They are open only while such an answer is being read: nothing else may see what is in order, yet not given.
 */
#ifndef PUSH_BUNDLE_H
#define PUSH_BUNDLE_H

#include <stdbool.h>

#include "event.h"
#include "hub.h"

/* Adds the next event of a conversation (refs it). */
void bundle_add(struct topic *t, struct event *ev);

/* Gives all that is bundled to all who listen. */
void bundle_give_all(void);
bool bundle_is_open(void);

#endif
