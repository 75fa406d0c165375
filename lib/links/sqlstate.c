/* SPDX-License-Identifier: MIT */
/* SQLSTATEs: their table, the log of failures, and the trouble of the database. */
#include "lib/links/sqlstate.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"

enum { STATE_BYTES = 6, LOGGED_MOST = 32 };

enum note { QUIET, INFO, WARN, ERROR };

struct sqlstate_row {
	const char *state; /* a prefix is enough */
	enum db_outcome outcome;
	enum note note;
	bool trouble; /* trouble of the database, which GET /readyz reports */
};

/* The first row whose prefix matches counts. */
static const struct sqlstate_row rows[] = {
	{ "BN000", DB_REFUSED, QUIET, false }, /* fail() */
	{ "40001", DB_AGAIN, QUIET, false },   /* serialization_failure */
	{ "40P01", DB_AGAIN, QUIET, false },   /* deadlock_detected */
	/* the result of a prepared plan has changed: the SQL was loaded again */
	{ "0A000", DB_STALE, INFO, false },
	{ "26000", DB_STALE, INFO, false }, /* the prepared statement does not exist */
	/* undefined_function: no schema, or one of another version */
	{ "42883", DB_STALE, ERROR, true },
	{ "42P01", DB_STALE, ERROR, true }, /* undefined_table */
	{ "3F000", DB_STALE, ERROR, true }, /* invalid_schema_name */
	/* insufficient_privilege: a right of the role is missing */
	{ "42501", DB_UNABLE, ERROR, true },
	{ "22", DB_INVALID, ERROR, false },    /* data exceptions */
	{ "23514", DB_INVALID, ERROR, false }, /* check_violation */
	{ "57014", DB_SLOW, WARN, false },     /* statement_timeout, or a cancel */
	{ "55P03", DB_SLOW, WARN, false },     /* lock_timeout */
	{ "57P", DB_LOST, WARN, false },       /* the server shuts down, has crashed, starts up */
	{ "25P03", DB_LOST, WARN, false },     /* idle_in_transaction_session_timeout */
	{ "25006", DB_LOST, ERROR, true },     /* read-only: a standby, or set by its owner */
	{ "08", DB_LOST, WARN, false },	       /* connection exceptions */
	{ "53", DB_UNABLE, ERROR, true },      /* disk full, out of memory, too many connections */
	{ "58", DB_UNABLE, ERROR, true },      /* system errors: a file or a library */
	{ "F0", DB_UNABLE, ERROR, true },      /* the server's configuration */
	{ "XX", DB_UNABLE, ERROR, true },      /* internal errors, corrupted data */
	{ "", DB_BUG, ERROR, false },	       /* anything else */
};

/* The SQLSTATEs that were logged recently. */
static struct {
	pthread_mutex_t lock;
	struct logged {
		char state[STATE_BYTES];
		int64_t logged_ms;
		long count; /* since then */
	} list[LOGGED_MOST];
} logged = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* The time at which each statement last met trouble; 0: it succeeded after that. */
static _Atomic int64_t own_ms[SQLSTATE_STATEMENTS];
static _Atomic int64_t *met_ms = own_ms;

static const struct sqlstate_row *
row_of(const char *state)
{
	const struct sqlstate_row *row = rows;

	while (strncmp(state, row->state, strlen(row->state)) != 0)
		row++;
	return row;
}

enum db_outcome
sqlstate_outcome(const char *state)
{
	return state ? row_of(state)->outcome : DB_LOST;
}

static bool
is_good(const PGresult *result)
{
	return PQresultStatus(result) == PGRES_TUPLES_OK || PQresultStatus(result) == PGRES_COMMAND_OK;
}

static const char *
state_of(const PGresult *result)
{
	return result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
}

enum db_outcome
sqlstate_result(const PGresult *result)
{
	return result && is_good(result) ? DB_DONE : sqlstate_outcome(state_of(result));
}

/* Returns the place of an SQLSTATE. A new SQLSTATE replaces the one that was logged longest ago. */
static struct logged *
logged_find(const char *state)
{
	struct logged *oldest = logged.list;

	for (struct logged *l = logged.list; l < logged.list + LOGGED_MOST; l++) {
		if (strncmp(l->state, state, STATE_BYTES) == 0)
			return l;
		if (l->logged_ms < oldest->logged_ms)
			oldest = l;
	}
	memset(oldest, 0, sizeof *oldest);
	snprintf(oldest->state, sizeof oldest->state, "%s", state);
	return oldest;
}

/* Counts a failure. Returns the count since the last line when the next line is due, else 0. */
static long
logged_count(const char *state)
{
	int64_t now = clock_ms();
	long count = 0;

	pthread_mutex_lock(&logged.lock);
	struct logged *l = logged_find(state);
	l->count++;
	if (!l->logged_ms || now - l->logged_ms >= SQLSTATE_LOG_EACH_MS) {
		count = l->count;
		l->logged_ms = now;
		l->count = 0;
	}
	pthread_mutex_unlock(&logged.lock);
	return count;
}

/*
 * Returns the text to log. The message of a data exception may quote a client's value, so only the
 * constraint is named.
 */
static const char *
failure_text(const PGresult *result, enum db_outcome outcome)
{
	const char *text = PQresultErrorField(result, outcome == DB_INVALID ? PG_DIAG_CONSTRAINT_NAME : PG_DIAG_MESSAGE_PRIMARY);

	return text ? text : "-";
}

static void
failure_log(const char *name, const PGresult *result, const char *state, const struct sqlstate_row *row)
{
	long count = row->note == QUIET ? 0 : logged_count(state);

	if (count)
		log_line(row->note == ERROR  ? LOG_ERROR
			 : row->note == WARN ? LOG_WARN
					     : LOG_INFO,
			 "statement_failed", "statement=%s sqlstate=%s count=%ld why=%s", name, state, count, failure_text(result, row->outcome));
}

enum db_outcome
sqlstate_met(unsigned statement, const char *name, const PGresult *result)
{
	const char *state = state_of(result);

	assert(statement < SQLSTATE_STATEMENTS);
	if (result && is_good(result)) {
		if (atomic_load_explicit(&met_ms[statement], memory_order_relaxed))
			atomic_store(&met_ms[statement], 0);
		return DB_DONE;
	}
	if (!state)
		return DB_LOST;
	const struct sqlstate_row *row = row_of(state);
	if (row->trouble)
		atomic_store(&met_ms[statement], clock_ms());
	failure_log(name, result, state, row);
	return row->outcome;
}

void
sqlstate_share(_Atomic int64_t *shared)
{
	met_ms = shared;
}

bool
sqlstate_trouble(void)
{
	int64_t since = clock_ms() - SQLSTATE_TROUBLE_MS;

	for (int i = 0; i < SQLSTATE_STATEMENTS; i++) {
		int64_t met = atomic_load(&met_ms[i]);
		if (met && met > since)
			return true;
	}
	return false;
}
