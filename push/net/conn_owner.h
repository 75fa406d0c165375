/* SPDX-License-Identifier: MIT */
/* The owner of a connection: its functions above the sockets. */
#ifndef PUSH_CONN_OWNER_H
#define PUSH_CONN_OWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "push/net/close.h"

struct conn;

/*
 * A connection is opened with its first owner. That owner sets another one in its place when the
 * request asks for a stream.
 */
struct conn_owner {
	const char *name; /* word for the log */
	/* its ordinary ends are not logged: probes and silent sockets must not flood the log */
	bool is_quiet;
	/*
	 * the bytes of a turn are one answer: no write before the turn's end, and a lower limit of
	 * the queue
	 */
	bool answers_once;

	/* takes bytes of the peer; conn_save_input saves the unused ones */
	void (*input)(struct conn *c, uint8_t *data, size_t n);
	/* charges the user for input; false: it is too much */
	bool (*pay)(struct conn *c, uint32_t cost);
	/* returns before a flush whether there is something to send; NULL: always */
	bool (*turn)(struct conn *c);
	/* handles an empty queue, whose bytes were all sent */
	void (*drained)(struct conn *c);
	/* handles the deadline of a live stream */
	void (*timeout)(struct conn *c);
	/* queues the close reason for the peer */
	void (*close)(struct conn *c, enum close_reason why);
	/* frees what the connection has above the sockets */
	void (*ended)(struct conn *c);
};

#endif
