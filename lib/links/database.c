/* SPDX-License-Identifier: MIT */
/* Connecting to PostgreSQL, and refusing a server that would lose messages. */
#include "lib/links/database.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/auth/token.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/settings.h"
#include "lib/process/thread.h"

enum { WHY_BYTES = 256, RETRY_US = 100 * 1000, CANCELS_MOST = 4 };

static _Atomic int cancels; /* cancel requests under way */

/*
 * The statement that begins each session. It sets what a role, a database or the server may have
 * set otherwise. synchronous_commit may stay on or be stricter. banter.session marks the session as
 * taken. A session that has the mark already is shared with another client.
 */
static const char session_statement[] =
	"select current_setting('fsync'), current_setting('server_encoding'), current_setting('banter.session', true),"
	" set_config('banter.session', 'taken', false),"
	" set_config('synchronous_commit', case when current_setting('synchronous_commit') in ('off', 'local') then 'on'"
	" else current_setting('synchronous_commit') end, false),"
	" set_config('default_transaction_isolation', 'read committed', false),"
	" set_config('search_path', 'banter', false),"
	" set_config('statement_timeout', $1, false),"
	" set_config('lock_timeout', '0', false),"
	" set_config('idle_in_transaction_session_timeout', '60000', false),"
	" set_config('jit', 'off', false),"
	" set_config('timezone', 'UTC', false),"
	" set_config('datestyle', 'ISO', false)";

static const char fsync_is_off[] = "fsync is not on: an acknowledged message could be lost";
static const char not_utf8[] = "the database's encoding is not UTF8";
static const char is_shared[] = "the pooler shares one connection among clients: set pool_mode = session and server_reset_query = DISCARD ALL";

bool
database_session_send(PGconn *db)
{
	char timeout[24];
	const char *values[] = { timeout };

	snprintf(timeout, sizeof timeout, "%ld", settings.api_wait_ms);
	return PQsendQueryParams(db, session_statement, 1, NULL, values, NULL, NULL, 0) == 1;
}

const char *
database_session_fault(const PGresult *result)
{
	if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1)
		return PQresultErrorMessage(result);
	if (strcmp(PQgetvalue(result, 0, 0), "on") != 0)
		return fsync_is_off;
	if (strcmp(PQgetvalue(result, 0, 1), "UTF8") != 0)
		return not_utf8;
	if (*PQgetvalue(result, 0, 2))
		return is_shared;
	return NULL;
}

static void
first_line(const char *text, char out[WHY_BYTES])
{
	snprintf(out, WHY_BYTES, "%.*s", (int)strcspn(text, "\n"), text);
}

long
database_connect_ms(const struct database_target *target)
{
	return target->count > 1 ? DATABASE_HOST_MS : DATABASE_CONNECT_MS;
}

/* ---- a blocking connection ---- */

/* Waits for the socket. Returns false when the deadline has passed. */
static bool
socket_wait(PGconn *db, short events, int64_t deadline)
{
	for (;;) {
		struct pollfd io = { .fd = PQsocket(db), .events = events };
		int64_t left = deadline - clock_ms();
		int n = poll(&io, 1, left > 0 ? (int)left : 0);
		if (n > 0)
			return true;
		if (n == 0 || errno != EINTR)
			return false;
	}
}

static bool
connect_wait(PGconn *db, int64_t deadline)
{
	PostgresPollingStatusType next = PGRES_POLLING_WRITING;

	while (next == PGRES_POLLING_WRITING || next == PGRES_POLLING_READING) {
		if (PQstatus(db) == CONNECTION_BAD || !socket_wait(db, next == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline))
			return false;
		next = PQconnectPoll(db);
	}
	return next == PGRES_POLLING_OK;
}

/* Runs the statement that begins the session. On failure returns false and sets why. */
static bool
session_begin(PGconn *db, int64_t deadline, char why[WHY_BYTES])
{
	bool sent = database_session_send(db);
	PGresult *result;

	while (sent && PQisBusy(db))
		sent = socket_wait(db, POLLIN, deadline) && PQconsumeInput(db);
	if (!sent) {
		first_line(*PQerrorMessage(db) ? PQerrorMessage(db) : "the server does not answer", why);
		return false;
	}
	result = PQgetResult(db);
	const char *fault = database_session_fault(result);
	if (fault)
		first_line(fault, why);
	PQclear(result);
	while ((result = PQgetResult(db)))
		PQclear(result);
	return !fault;
}

/* Waits until the names of the URL are resolved, up to the deadline. */
static bool
target_wait(struct database_target *target, const char *application, int64_t deadline)
{
	enum resolver_state state;

	while ((state = database_target(target, application)) == RESOLVER_PENDING && clock_ms() < deadline)
		usleep(RESOLVER_POLL_MS * 1000);
	return state == RESOLVER_FOUND;
}

/* Tries to connect once. Sets *late when the time ran out, so that another address may be tried. */
static PGconn *
connect_once(const char *application, int64_t deadline, bool *late, char why[WHY_BYTES])
{
	struct database_target target;

	*late = false;
	if (!target_wait(&target, application, deadline)) {
		first_line("the host's name cannot be resolved", why);
		return NULL;
	}
	int64_t now = clock_ms(), until = now + database_connect_ms(&target);
	PGconn *db = PQconnectStartParams(target.keywords, target.values, 1);
	if (until > deadline)
		until = deadline;
	bool connected = connect_wait(db, until);
	if (connected && session_begin(db, until, why))
		return db;
	*late = clock_ms() >= until;
	if (!connected)
		first_line(*PQerrorMessage(db) ? PQerrorMessage(db) : "the server does not answer", why);
	PQfinish(db);
	return NULL;
}

/*
 * Connects before the deadline, to one address after another. An address is not late when the
 * caller's deadline has cut its time short.
 */
static PGconn *
connect_quietly(const char *application, int64_t deadline, char why[WHY_BYTES])
{
	int64_t whole = clock_ms() + DATABASE_CONNECT_MS;
	int64_t until = whole < deadline ? whole : deadline;
	bool late;
	PGconn *db;

	while (!(db = connect_once(application, until, &late, why)) && late) {
		if (clock_ms() < until || until == whole)
			database_target_late();
		if (clock_ms() >= until)
			break;
	}
	return db;
}

PGconn *
database_connect(const char *application, int64_t deadline)
{
	char why[WHY_BYTES];
	PGconn *db = connect_quietly(application, deadline, why);

	if (!db)
		log_line(LOG_WARN, "database_unreachable", "why=%s", why);
	return db;
}

/* ---- cancel requests ---- */

static void *
cancel_run(void *cancel)
{
	char why[WHY_BYTES];

	PQcancel(cancel, why, sizeof why);
	PQfreeCancel(cancel);
	atomic_fetch_sub(&cancels, 1);
	return NULL;
}

void
database_cancel(PGconn *db)
{
	PGcancel *cancel = PQgetCancel(db);

	if (!cancel)
		return;
	if (atomic_fetch_add(&cancels, 1) < CANCELS_MOST && thread_detach(cancel_run, cancel))
		return;
	atomic_fetch_sub(&cancels, 1);
	PQfreeCancel(cancel);
}

/* ---- the check at the start ---- */

static void
refuse(const char *why)
{
	log_line(LOG_ERROR, "database_refused", "why=%s", why);
	exit(78);
}

/*
 * Copies the only value of a query's result to out. On failure returns false and copies the error.
 */
static bool
query_text(PGconn *db, const char *query, char out[WHY_BYTES])
{
	PGresult *result = PQexec(db, query);
	bool queried = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1;

	snprintf(out, WHY_BYTES, "%s", queried ? PQgetvalue(result, 0, 0) : PQerrorMessage(db));
	PQclear(result);
	return queried;
}

/*
 * Refuses a database whose schema does not serve this program. Version 1 of the schema had no
 * schema_range.
 */
static void
check_schema(PGconn *db)
{
	char version[WHY_BYTES], oldest[WHY_BYTES];

	if (!query_text(db, "select version from schema_range()", version) || !query_text(db, "select oldest from schema_range()", oldest))
		refuse("no schema, or one older than this program: load sql/load.sql first");
	if (atoi(version) < DATABASE_SCHEMA)
		refuse("the schema is older than this program: load sql/load.sql first");
	if (!database_serves(atoi(version), atoi(oldest)))
		refuse("the schema is newer and no longer serves this program: upgrade the program");
}

/*
 * Refuses a signing key that the database does not know. Hosts with different keys would refuse
 * each other's tokens.
 */
static void
check_keys(PGconn *db)
{
	char fingerprints[TOKEN_FINGERPRINTS_BYTES];
	const char *params[] = { fingerprints };

	token_fingerprints(fingerprints);
	PGresult *result = PQexecParams(db, "select banter.signing_keys_join($1)", 1, NULL, params, NULL, NULL, 0);
	bool queried = PQresultStatus(result) == PGRES_TUPLES_OK;
	bool joined = queried && strcmp(PQgetvalue(result, 0, 0), "t") == 0;
	PQclear(result);
	if (!queried)
		refuse("the signing key cannot be compared with the database's");
	if (!joined)
		refuse("another jwt.key than the database's: copy the one of the other hosts (operations.md, Replication and failover)");
}

bool
database_serves(int64_t version, int64_t oldest)
{
	return oldest <= DATABASE_SCHEMA && DATABASE_SCHEMA <= version;
}

/* Exits when waiting cannot remove the fault. */
static void
check_fault(const char *why)
{
	if (strcmp(why, fsync_is_off) == 0 || strcmp(why, not_utf8) == 0 || strcmp(why, is_shared) == 0)
		refuse(why);
}

/*
 * Refuses a pooler that shares a connection between two clients, as in transaction mode. The first
 * connection stays open meanwhile.
 */
static void
check_pooler(void)
{
	char why[WHY_BYTES] = "";
	PGconn *second = connect_quietly("banter", INT64_MAX, why);

	if (!second)
		check_fault(why);
	PQfinish(second);
}

void
database_check(void)
{
	int64_t until = clock_ms() + settings.startup_wait_seconds * 1000;
	char why[WHY_BYTES] = "";
	PGconn *db;

	if (!*settings.database_url) {
		log_line(LOG_ERROR, "database_refused", "why=%s", "BANTER_DATABASE_URL is not set");
		exit(64);
	}
	while (!(db = connect_quietly("banter", INT64_MAX, why))) {
		check_fault(why);
		if (clock_ms() >= until) {
			log_line(LOG_ERROR, "database_unreachable", "waited_s=%ld why=%s", settings.startup_wait_seconds, why);
			exit(69);
		}
		usleep(RETRY_US);
	}
	check_pooler();
	check_schema(db);
	check_keys(db);
	PQfinish(db);
}
