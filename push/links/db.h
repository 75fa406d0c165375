/* SPDX-License-Identifier: MIT */
/*
 * PostgreSQL in the event loop. Queries are queued, sent in batches through libpq's pipeline mode,
 * and answered by a callback.
 * A batch is one transaction. When one of its queries fails, all are sent again, each on its own.
 */
#ifndef PUSH_DB_H
#define PUSH_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "push/links/result.h"
#include "push/links/statements.h"

enum { DB_PARAMS = 12, DB_SENDERS = 2 };

/*
 * Receives the answer to a query after its transaction has committed. NULL: the database refused,
 * which is logged, or did not answer in time (BANTER_PUSH_ANSWER_MS). It may have run the query all
 * the same. The result is freed afterwards; result.h reads it.
 */
typedef void db_reply(void *context, PGresult *result);

/*
 * Queues a query. params has as many texts as the statement takes (NULL for null), which are
 * copied. While the database is unavailable, the query fails after within_ms. reply is always
 * called once, never from inside of db_query. QUERY_SEND has DB_SENDERS connections and runs on
 * a free one. So sends that are under way at once must not depend on each other.
 */
void db_query(enum query_name statement, const char *const *params, int64_t within_ms, db_reply *reply, void *context);

/* Opens the connections, or closes them. The first streams wait for the horizon (sweep.c). */
void db_open(void);
void db_close(void);

/* Returns whether all connections are connected, except those that send messages. */
bool db_is_up(void);

/*
 * Returns whether the connection for revocations and the horizon is connected. It is separate, so
 * that no slow query delays them.
 */
bool db_tends(void);

/*
 * Returns whether the database answers: all connections are connected, and no batch is in flight
 * for more than a second. No statement may meet trouble of the database (lib/links/sqlstate.h).
 */
bool db_answers(void);

/* Returns whether all queries of connected connections are answered. */
bool db_is_idle(void);

/* Sends the queries that this turn has queued. */
void db_turn_end(void);

#endif
