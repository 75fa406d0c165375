/* SPDX-License-Identifier: MIT */
/* What a program asks of PostgreSQL before it starts, and how it connects. */
#ifndef LIB_DATABASE_H
#define LIB_DATABASE_H

#include <libpq-fe.h>
#include <stdbool.h>

/* The version of sql/migrations that this program was written for. */
enum { DATABASE_SCHEMA = 1 };

/* The keywords of PQconnectdbParams / PQconnectStartParams for settings.database_url: search_path, names, timeouts. NULL-terminated. */
struct database_target {
	const char *keywords[12];
	const char *values[12];
	char options[256];
};
void database_target(struct database_target *out, const char *application);

/*
 * Waits for the database up to settings.startup_wait_seconds, then checks that it keeps what it acknowledges and has our schema.
 * Leaves the program with 69 (not reachable) or 78 (fsync or synchronous_commit off, schema older or newer than the program) and a sentence.
 */
void database_check(void);

/* A blocking connection, or NULL (why is logged). Encoding UTF8, search_path banter, statement_timeout settings.api_wait_ms. */
PGconn *database_connect(const char *application) __attribute__((warn_unused_result));

#endif
