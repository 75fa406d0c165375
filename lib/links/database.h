/* SPDX-License-Identifier: MIT */
/* Connections to PostgreSQL, and the checks that a program makes before it uses one. */
#ifndef LIB_DATABASE_H
#define LIB_DATABASE_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/links/target.h"

/*
 * The version of sql/migrations that this program was written for. It is the oldest version that
 * the program can use.
 */
enum { DATABASE_SCHEMA = 2 };

enum {
	DATABASE_CONNECT_MS = 5000, /* for a connection, including its session settings */
	DATABASE_HOST_MS = 2000,    /* for one address of several; then the next address is tried */
};

/* Returns how long connecting to a target may take, including the session settings. */
long database_connect_ms(const struct database_target *target);

/*
 * Sends the statement that begins each session, also in pipeline mode. It sets what the programs
 * rely on, whatever the defaults of the role, the database or the server are. It queries what
 * cannot be set. A pooler therefore need not know any startup parameter.
 */
bool database_session_send(PGconn *db) __attribute__((warn_unused_result));

/*
 * Returns why the connection must not be used, from the result of the session's statement. NULL: it
 * may be used.
 */
const char *database_session_fault(const PGresult *result);

/*
 * Waits for the database up to settings.startup_wait_seconds. Then checks that it keeps
 * acknowledged messages and has our schema. On failure logs a sentence and exits: with 69 when
 * unreachable, with 78 when refused.
 */
void database_check(void);

/*
 * Returns whether a database of this version serves this program. oldest: the oldest version whose
 * programs it serves.
 */
bool database_serves(int64_t version, int64_t oldest);

/*
 * Opens a blocking connection with its session settings, within DATABASE_CONNECT_MS and before the
 * deadline (ms on the monotonic clock). On failure logs why and returns NULL.
 */
PGconn *database_connect(const char *application, int64_t deadline) __attribute__((warn_unused_result));

/*
 * Asks the server to cancel the connection's statement. Returns at once, because a thread sends the
 * request. The connection may be closed meanwhile.
 */
void database_cancel(PGconn *db);

#endif
