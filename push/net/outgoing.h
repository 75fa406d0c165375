/* SPDX-License-Identifier: MIT */
/* Output of a connection, within the limits of its queue. */
#ifndef PUSH_OUTGOING_H
#define PUSH_OUTGOING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "push/net/conn.h"

/* Prefetches the two cache lines that a delivery needs, some connections ahead. */
static inline void
conn_prefetch(const struct conn *c)
{
	__builtin_prefetch(&c->watch, 1);
	__builtin_prefetch(&c->owner, 1);
}

/* Queues a part of a buffer, with a reference of its own. The caller has called conn_has_room. */
void conn_queue(struct conn *c, struct chunk k);

/* Queues a copy of bytes. Closes the connection as a slow reader when its queue has no room. */
void conn_queue_bytes(struct conn *c, const void *bytes, size_t len);

/*
 * Returns the queue's limit in bytes. It is lower for a long-poll, whose answer is one block, and
 * for all streams while memory is scarce.
 */
uint32_t conn_queue_limit(const struct conn *c);

/*
 * Returns whether so many bytes have room; a closing connection always has room. Writes a full
 * queue first, as far as the peer takes it. One turn may bring more than a queue holds, also to a
 * client that reads.
 */
bool conn_has_room(struct conn *c, uint32_t len);

/*
 * Returns whether so much waits for the peer that a replay has to pause. Always false for a
 * long-poll, whose answer is made at once.
 */
bool conn_is_behind(const struct conn *c);

/* Closes the connection as a slow reader, because its queue has no room. */
void conn_close_slow(struct conn *c);

#endif
