/* SPDX-License-Identifier: MIT */
/* Unauthenticated connections: a list of limited length, the oldest first. */
#ifndef PUSH_UNAUTHENTICATED_H
#define PUSH_UNAUTHENTICATED_H

#include "push/net/conn.h"

/*
 * Sets the limit. most is the number of connections that descriptors allow. Unauthenticated ones
 * may take a part of them, and at most settings.push_handshakes.
 */
void unauthenticated_limit(size_t most);

/*
 * Returns whether one more may be accepted. A new client has to wait while the list is full and its
 * oldest entry is only a moment old.
 */
bool unauthenticated_has_room(void);

/* Adds a connection. Closes the oldest when the list is full. */
void unauthenticated_add(struct conn *c);

/* Removes a connection that has become a stream or closes. A second call does nothing. */
void unauthenticated_leave(struct conn *c);

#endif
