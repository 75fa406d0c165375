/* SPDX-License-Identifier: MIT */
/* Receipts by cursor. */
#ifndef API_RECEIPTS_H
#define API_RECEIPTS_H

#include "api/http/db_call.h"
#include "lib/chat/cursor.h"

/*
 * Marks all events that the cursor covers as delivered to the caller, and notifies streams. Returns
 * the rows that it published, or NULL when it has replied.
 */
struct rows *receipts_deliver(struct request *r, const struct cursor *c) __attribute__((warn_unused_result));

#endif
