/* SPDX-License-Identifier: MIT */
/* Receipts: what clients acknowledge goes to the database in batches; what moves there goes to the streams at most once a second. */
#ifndef PUSH_RECEIPTS_H
#define PUSH_RECEIPTS_H

#include <stdbool.h>
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

/*
 * A member's marks have moved; or somebody's in a conversation that is too large for names. Wake-ups of two workers may come in another order
 * than they were committed: marks that are told only move forward (P5), so what comes late is not told.
 */
void receipts_moved(struct topic *t, int64_t user, int64_t delivered, int64_t read);
void receipts_moved_counts(struct topic *t);

/* The member has read so far: false when its own streams were told as much already. */
bool receipts_read(struct topic *t, int64_t user, int64_t read) __attribute__((warn_unused_result));

/* An event has gone out: of larger conversations the recent messages are remembered, whose authors are told the counts. */
void receipts_delivered(struct topic *t, const struct event *ev);

void receipts_free(struct topic *t);

/* Writes what is acknowledged but not written yet, when the process ends. */
void receipts_flush(void);

#endif
