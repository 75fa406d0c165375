/* SPDX-License-Identifier: MIT */
/* A crowd in line: its sockets are read in the order in which they are written to. */
#ifndef BENCH_LINE_H
#define BENCH_LINE_H

#include "crowd.h"

/*
 * From now on the subscribers are read one after the other in this order (count of them, all open)
 * until each has its next message, and not asked
 * about: the server puts what it sends into the sockets and has nobody to wake. That is fast when
 * the order is the server's and all have a message before any has the next one. When it is not so,
 * the line stands, and after a while all are read.
 */
void line_up(struct crowd *w, struct subscriber **order);

/*
 * One turn of a crowd in line. When the first has no message yet, waits up to that many ms for it;
 * 0: awake, for some us.
 */
void line_follow(struct crowd *w, int timeout_ms);

/* Back to crowd_turn. */
void line_break_up(struct crowd *w);

#endif
