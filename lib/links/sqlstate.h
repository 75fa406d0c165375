/* SPDX-License-Identifier: MIT */
/*
 * The only table of SQLSTATEs. For both programs it says what an error of PostgreSQL means, how it
 * is logged, and whether it is trouble of the database.
 */
#ifndef LIB_SQLSTATE_H
#define LIB_SQLSTATE_H

#include <libpq-fe.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The outcome of a statement. */
enum db_outcome {
	DB_DONE,
	DB_REFUSED, /* BN000: the client's mistake; the error's message names it */
	DB_INVALID, /* a value that the database refuses */
	DB_AGAIN,   /* deadlock or serialization failure: rolled back, may be repeated */
	/*
	 * prepared for another schema, or the schema is missing: may be repeated on a new
	 * connection
	 */
	DB_STALE,
	DB_SLOW, /* took too long, rolled back */
	DB_LATE, /* the deadline has passed, but the server goes on: db_sync_await waits for it */
	/*
	 * the server cannot do it now (disk full, no memory, a file, library or right is missing):
	 * rolled back
	 */
	DB_UNABLE,
	/* the connection is broken or useless; the statement may or may not have been executed */
	DB_LOST,
	DB_BUG, /* anything else */
};

enum { SQLSTATE_STATEMENTS = 64, SQLSTATE_LOG_EACH_MS = 1000, SQLSTATE_TROUBLE_MS = 5000 };

/* Returns the outcome of a statement that ended with an SQLSTATE. NULL: the connection broke. */
enum db_outcome sqlstate_outcome(const char *state);

/* Returns the outcome of a result. NULL: the connection broke. */
enum db_outcome sqlstate_result(const PGresult *result);

/*
 * Returns the outcome of a result, logs a failure and records trouble. Logs at most one line in
 * SQLSTATE_LOG_EACH_MS for each SQLSTATE, with the count since the line before. statement: the
 * number in the caller's table, below SQLSTATE_STATEMENTS, and its name. Never logs values of
 * clients. Thread-safe.
 */
enum db_outcome sqlstate_met(unsigned statement, const char *name, const PGresult *result);

/*
 * Returns whether the programs' statements meet trouble of the database: it is read-only, its disk
 * is full, or the schema, a library or a right is missing. The trouble of a statement is over when
 * the same statement succeeds, or after SQLSTATE_TROUBLE_MS without a new failure. Thread-safe.
 */
bool sqlstate_trouble(void);

/*
 * Lets all processes of a program share their record of trouble, so that they agree. shared:
 * SQLSTATE_STATEMENTS times, all 0 at first. Without it each process has its own. Called once,
 * before threads start.
 */
void sqlstate_share(_Atomic int64_t *shared);

#endif
