/* SPDX-License-Identifier: MIT */
/*
 * A synchronous database connection: its thread waits. It reconnects on demand, and prepares each
 * statement on first use. Every wait has a deadline (ms on the monotonic clock). One thread at a
 * time may use it.
 */
#ifndef API_DB_SYNC_H
#define API_DB_SYNC_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "api/links/statements.h"
#include "lib/links/sqlstate.h"

struct db_sync {
	PGconn *pg; /* NULL: not connected */
	bool prepared[STATEMENTS];
	struct db_sync *next; /* for the owner's list of idle connections */
	/* The statement that the server is executing. */
	enum db_stage { DB_IDLE, DB_PREPARES, DB_RUNS } stage;
	enum statement statement;
	int64_t started_us;
	PGresult *result;
};

/* Returns whether there is a connection that is not known to be broken. Does not wait. */
bool db_sync_lives(struct db_sync *c);

/*
 * Ensures such a connection. Tries to connect once, until the deadline or DATABASE_CONNECT_MS are
 * over. An attempt has two seconds even so: if each were given up too early, there would never be a
 * connection. Returns false at once within 100 ms after a failed attempt of any connection.
 */
bool db_sync_ready(struct db_sync *c, int64_t deadline) __attribute__((warn_unused_result));

/* Closes the connection. The next db_sync_ready opens another one. */
void db_sync_drop(struct db_sync *c);

/*
 * Prepares and sends a statement, and waits for its result. The caller clears *result after every
 * outcome; it is NULL when the connection is lost or late. A late connection is kept. Closing it
 * would leave a server process behind, which may wait in its commit as long as a standby is lost. A
 * cancel request would make that process report the commit as done.
 */
enum db_outcome db_sync_run(struct db_sync *c, enum statement s, const struct param *params, int n, int64_t deadline, PGresult **result)
	__attribute__((warn_unused_result));

/*
 * Waits further for a late connection. A statement whose preparation was late has not been sent. It
 * then counts as slow.
 */
enum db_outcome db_sync_await(struct db_sync *c, int64_t deadline, PGresult **result) __attribute__((warn_unused_result));

#endif
