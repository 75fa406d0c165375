/* SPDX-License-Identifier: MIT */
/* The flush at the end of a turn. */
#ifndef PUSH_FLUSH_H
#define PUSH_FLUSH_H

#include <stdbool.h>

struct conn;

/* Has the connection looked after when the turn ends. */
void conn_touch(struct conn *c);

/* Takes io_uring when it is there and wanted (BANTER_PUSH_URING). Without it, or without this call, each socket costs a send(). */
void flush_open(void);

/* Flushes each connection that was touched (conn_touch), once; who is touched meanwhile comes behind the others. */
void flush_touched(void);
bool flush_is_due(void);

/* Writes what a stream's socket takes now; one whose peer is gone is closed. What follows from an empty queue is seen to when the turn ends. */
void flush_at_once(struct conn *c);
void flush_close(void);

#endif
