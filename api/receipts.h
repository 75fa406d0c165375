/* SPDX-License-Identifier: MIT */
/* Receipts: what a cursor says has arrived. */
#ifndef API_RECEIPTS_H
#define API_RECEIPTS_H

#include "call.h"
#include "lib/cursor.h"

/* Marks everything that the cursor covers as delivered to the caller, and tells the streams. The rows published; NULL: the reply has been made. */
struct rows *receipts_deliver(struct request *r, const struct cursor *c) __attribute__((warn_unused_result));

#endif
