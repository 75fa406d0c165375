/* SPDX-License-Identifier: MIT */
/*
 * Receipts. Acknowledgements of clients go to the database in batches. Moved marks go to the
 * streams at most once a second.
 */
#ifndef PUSH_RECEIPTS_H
#define PUSH_RECEIPTS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/chat/cursor.h"
#include "push/fanout/event.h"
#include "push/fanout/hub.h"
#include "push/net/conn.h"

/*
 * Acknowledges that the stream's user has all events that the cursor covers. It is written together
 * with others. A client that acknowledges now and then is written soon. A long-poll, which does so
 * with every request, is written later.
 */
enum { RECEIPTS_SOON_MS = 50, RECEIPTS_LATER_MS = 2000 };
void receipts_ack(struct conn *c, const struct cursor *cursor, int64_t within_ms);

/*
 * Takes the moved marks of a member or, in a conversation too large for names, that some marks have
 * moved. Notifications of two workers may arrive in another order than they were committed. Marks
 * only move forward (P5), so an older one is dropped.
 */
void receipts_moved(struct topic *t, int64_t user, int64_t delivered, int64_t read);
void receipts_moved_counts(struct topic *t);

/*
 * Takes a member's new read mark. Returns false when the member's own streams have received it
 * already.
 */
bool receipts_read(struct topic *t, int64_t user, int64_t read) __attribute__((warn_unused_result));

/*
 * Notes a delivered event. In larger conversations it remembers the recent messages, whose authors
 * receive counts.
 */
void receipts_delivered(struct topic *t, const struct event *ev);

void receipts_free(struct topic *t);

/* Writes the acknowledgements that are not written yet, when the process ends. */
void receipts_flush(void);

#endif
