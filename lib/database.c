/* SPDX-License-Identifier: MIT */
/* Connecting to PostgreSQL, and refusing one that would lose messages. */
#include "database.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "identifier.h"
#include "log.h"
#include "settings.h"

void
database_target(struct database_target *out, const char *application)
{
	snprintf(out->options, sizeof out->options,
		 "-c search_path=banter -c statement_timeout=%ld -c idle_in_transaction_session_timeout=60000 -c jit=off -c timezone=UTC",
		 settings.api_wait_ms);
	const char *pairs[][2] = {
		{ "dbname", settings.database_url }, { "application_name", application }, { "client_encoding", "UTF8" },   { "connect_timeout", "5" },
		{ "options", out->options },	     { "keepalives_idle", "30" },	  { "tcp_user_timeout", "10000" },
	};
	int n = 0;

	for (; n < (int)(sizeof pairs / sizeof pairs[0]); n++) {
		out->keywords[n] = pairs[n][0];
		out->values[n] = pairs[n][1];
	}
	out->keywords[n] = out->values[n] = NULL;
}

static void
first_line(const char *text, char out[256])
{
	snprintf(out, 256, "%.*s", (int)strcspn(text, "\n"), text);
}

static PGconn *
connect_quietly(const char *application, char why[256])
{
	struct database_target target;

	database_target(&target, application);
	PGconn *db = PQconnectdbParams(target.keywords, target.values, 1);
	if (PQstatus(db) == CONNECTION_OK)
		return db;
	first_line(PQerrorMessage(db), why);
	PQfinish(db);
	return NULL;
}

PGconn *
database_connect(const char *application)
{
	char why[256];
	PGconn *db = connect_quietly(application, why);

	if (!db)
		log_line(LOG_WARN, "database_unreachable", "why=%s", why);
	return db;
}

static void
refuse(const char *why)
{
	log_line(LOG_ERROR, "database_refused", "why=%s", why);
	exit(78);
}

/* The one text that a query gives, copied to out; false when it fails. */
static bool
ask(PGconn *db, const char *query, char out[256])
{
	PGresult *result = PQexec(db, query);
	bool told = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1;

	snprintf(out, 256, "%s", told ? PQgetvalue(result, 0, 0) : PQerrorMessage(db));
	PQclear(result);
	return told;
}

static void
check_durable(PGconn *db)
{
	char value[256];

	if (!ask(db, "show fsync", value) || strcmp(value, "on") != 0)
		refuse("fsync is not on: an acknowledged message could be lost");
	if (!ask(db, "show synchronous_commit", value) || strcmp(value, "off") == 0 || strcmp(value, "local") == 0)
		refuse("synchronous_commit is not on: an acknowledged message could be lost");
	if (!ask(db, "show server_encoding", value) || strcmp(value, "UTF8") != 0)
		refuse("the database's encoding is not UTF8");
}

static void
check_schema(PGconn *db)
{
	char value[256];

	if (!ask(db, "select schema_version()", value))
		refuse("no schema: load sql/load.sql first");
	int version = atoi(value);
	if (version > DATABASE_SCHEMA)
		refuse("the schema is newer than this program");
	if (version < DATABASE_SCHEMA)
		refuse("the schema is older than this program: load sql/load.sql");
}

void
database_check(void)
{
	int64_t until = time_steady_ms() + settings.startup_wait_seconds * 1000;
	char why[256] = "";
	PGconn *db;

	if (!*settings.database_url) {
		log_line(LOG_ERROR, "database_refused", "why=%s", "BANTER_DATABASE_URL is not set");
		exit(64);
	}
	while (!(db = connect_quietly("banter", why))) {
		if (time_steady_ms() >= until) {
			log_line(LOG_ERROR, "database_unreachable", "waited_s=%ld why=%s", settings.startup_wait_seconds, why);
			exit(69);
		}
		usleep(100 * 1000);
	}
	check_durable(db);
	check_schema(db);
	PQfinish(db);
}
