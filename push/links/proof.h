/* SPDX-License-Identifier: MIT */
/*
 * Proof of a cursor: whether the present database has what the cursor covers. A failover or a
 * restore may have lost the newest events. It may then use their ids and numbers for other events.
 */
#ifndef PUSH_PROOF_H
#define PUSH_PROOF_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/pg_array.h"
#include "lib/chat/cursor.h"
#include "push/links/db.h"

/*
 * Queries whether the database has all events below base, and the listed events. Frees both arrays.
 * incarnation: the one in which they were delivered. horizon: the greatest that the stream knows.
 * reach: the id below which all other delivered events are. The answer is one row: NULL, or the
 * reason why not.
 */
void proof_ask(int64_t incarnation, int64_t base, int64_t horizon, int64_t reach, struct pg_array *conversations, struct pg_array *ids,
	       db_reply *reply, void *context);

/* Queries the same about all that a cursor covers. */
void proof_ask_cursor(const struct cursor *c, db_reply *reply, void *context);

#endif
