/* SPDX-License-Identifier: MIT */
/* Flush at the end of a turn. */
#ifndef PUSH_FLUSH_H
#define PUSH_FLUSH_H

#include <stdbool.h>

struct conn;

/* Marks a connection for the flush at the end of the turn. */
void conn_touch(struct conn *c);

/*
 * Opens io_uring where the kernel has it and BANTER_PUSH_URING allows it. Otherwise each socket
 * costs a send().
 */
void flush_open(void);

/*
 * Flushes each touched connection (conn_touch) once. Connections that are touched meanwhile follow
 * at the end.
 */
void flush_touched(void);
bool flush_is_due(void);

/*
 * Writes what a stream's socket takes now. Closes the stream when its connection is lost. The end
 * of the turn handles what follows from an empty queue.
 */
void flush_at_once(struct conn *c);
void flush_close(void);

#endif
