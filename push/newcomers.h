/* SPDX-License-Identifier: MIT */
/* Connections that are no streams yet: a line, the oldest first, of so many as may be. */
#ifndef PUSH_NEWCOMERS_H
#define PUSH_NEWCOMERS_H

#include "conn.h"

/* most: all connections that descriptors allow; newcomers may be a part of these, and as many as the setting says. */
void newcomers_limit(size_t most);

/* May one more come? Not while all that may be are there and the oldest has only just come: then a new one has to wait. */
bool newcomers_have_room(void);

/* It comes. Where there are as many as may be, the oldest ends for it. */
void newcomers_add(struct conn *c);

/* It is a stream, or at its end. Does nothing the second time. */
void newcomers_leave(struct conn *c);

#endif
