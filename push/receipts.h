/* SPDX-License-Identifier: MIT */
/* Receipts: what clients acknowledge goes to the database in batches; what moves there goes to the streams at most once a second. */
#ifndef PUSH_RECEIPTS_H
#define PUSH_RECEIPTS_H

#include <stdint.h>

#include "../lib/cursor.h"
#include "conn.h"
#include "event.h"
#include "hub.h"

/*
 * The stream's user has everything up to this cursor. It is written with others: soon for who says so now and then, later for a long-poll, which
 * says so with every request.
 */
enum { RECEIPTS_SOON_MS = 50, RECEIPTS_LATER_MS = 2000 };
void receipts_ack(struct conn *c, const struct cursor *cursor, int64_t within_ms);

/* A member's marks have moved; or somebody's in a conversation that is too large for names. */
void receipts_moved(struct topic *t, int64_t user, int64_t delivered, int64_t read);
void receipts_moved_counts(struct topic *t);

/* An event has gone out: of larger conversations the recent messages are remembered, whose authors are told the counts. */
void receipts_delivered(struct topic *t, const struct event *ev);

void receipts_free(struct topic *t);

/* Writes what is acknowledged but not written yet, when the process ends. */
void receipts_flush(void);

#endif
