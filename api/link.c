/* SPDX-License-Identifier: MIT */
/* A link to PostgreSQL: connecting, sending, waiting, and what errors mean. */
#include "link.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>

#include "lib/database.h"
#include "lib/identifier.h"
#include "lib/log.h"
#include "metrics.h"

enum { RECONNECT_MS = 100 };

/* When the next try to connect may be made, by whichever link: a database that is down is asked ten times a second, not by every request. */
static _Atomic int64_t next_try_ms;

/* An idle connection has nothing to say; when it has, it is most likely that the server went away. */
static bool
link_alive(struct link *l)
{
	struct pollfd idle = { .fd = PQsocket(l->db), .events = POLLIN };

	if (PQstatus(l->db) != CONNECTION_OK)
		return false;
	if (poll(&idle, 1, 0) <= 0)
		return true;
	return PQconsumeInput(l->db) && !(idle.revents & (POLLHUP | POLLERR)) && PQstatus(l->db) == CONNECTION_OK;
}

bool
link_ready(struct link *l)
{
	if (l->db && link_alive(l))
		return true;
	link_drop(l);
	if (time_steady_ms() < atomic_load(&next_try_ms))
		return false;
	l->db = database_connect("banter-api");
	if (!l->db || PQsetnonblocking(l->db, 1) != 0) {
		link_drop(l);
		atomic_store(&next_try_ms, time_steady_ms() + RECONNECT_MS);
		return false;
	}
	metrics_count(&metrics->database_connects);
	return true;
}

void
link_drop(struct link *l)
{
	PQfinish(l->db);
	l->db = NULL;
	memset(l->prepared, 0, sizeof l->prepared);
}

/* Waits until the next result is whole, writing on the way what is still unsent. */
static bool
link_wait(struct link *l, int64_t deadline)
{
	for (;;) {
		int unsent = PQflush(l->db);
		if (unsent < 0)
			return false;
		if (!PQisBusy(l->db))
			return true;
		int64_t left = deadline - time_steady_ms();
		struct pollfd io = { .fd = PQsocket(l->db), .events = (short)(POLLIN | (unsent ? POLLOUT : 0)) };
		int n = poll(&io, 1, left > 0 ? (int)left : 0);
		if (n == 0 || (n < 0 && errno != EINTR))
			return false;
		if (n > 0 && (io.revents & ~POLLOUT) && !PQconsumeInput(l->db))
			return false;
	}
}

/* The next result; NULL when there are no more. *lost when the connection broke or the deadline passed (and it is dropped). */
static PGresult *
link_result(struct link *l, int64_t deadline, bool *lost)
{
	if (link_wait(l, deadline))
		return PQgetResult(l->db);
	link_drop(l);
	*lost = true;
	return NULL;
}

static bool
link_send(struct link *l, enum statement s, const struct param *params, int n)
{
	const struct statement_row *row = statement_row(s);
	struct params p;

	assert(n == row->params);
	params_set(&p, params, n);
	return PQsendQueryPrepared(l->db, row->name, n, p.values, p.lengths, p.formats, 0) == 1;
}

/* What an SQLSTATE means; a prefix of it is enough. In the order of the tests. */
static const struct {
	const char *state;
	enum link_fate fate;
} fates[] = {
	{ "BN000", LINK_REFUSED }, { "40001", LINK_AGAIN }, /* serialization_failure */
	{ "40P01", LINK_AGAIN },			    /* deadlock_detected */
	{ "0A000", LINK_STALE },			    /* a prepared plan's result has changed: functions were loaded anew */
	{ "26000", LINK_STALE },			    /* the prepared statement is gone */
	{ "22", LINK_INVALID },				    /* data exceptions */
	{ "23514", LINK_INVALID },			    /* check_violation */
	{ "57014", LINK_SLOW },				    /* statement_timeout */
	{ "55P03", LINK_SLOW },				    /* lock_timeout */
	{ "57P", LINK_LOST },				    /* the server shuts down, has crashed, starts up */
	{ "25006", LINK_LOST },				    /* read-only: a standby */
	{ "53", LINK_SLOW },				    /* out of memory, disk, connections */
	{ "08", LINK_LOST },				    /* connection exceptions */
};

static enum link_fate
fate_of(const char *state)
{
	for (size_t i = 0; i < sizeof fates / sizeof fates[0]; i++)
		if (strncmp(state, fates[i].state, strlen(fates[i].state)) == 0)
			return fates[i].fate;
	return LINK_BUG;
}

/* For the log: a data exception's message may quote what the client sent, so only the constraint is named. */
static const char *
failure_text(const PGresult *result, enum link_fate fate)
{
	const char *text = PQresultErrorField(result, fate == LINK_INVALID ? PG_DIAG_CONSTRAINT_NAME : PG_DIAG_MESSAGE_PRIMARY);

	return text ? text : "-";
}

/* What a result means; logs a bug. */
static enum link_fate
link_fate(const PGresult *result, enum statement s)
{
	ExecStatusType status = PQresultStatus(result);
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
		return LINK_DONE;
	if (!state)
		return LINK_LOST;
	enum link_fate fate = fate_of(state);
	if (fate == LINK_BUG || fate == LINK_INVALID)
		log_line(LOG_ERROR, "statement_failed", "statement=%s sqlstate=%s why=%s", statement_row(s)->name, state, failure_text(result, fate));
	return fate;
}

/* Takes the results of the one statement that is on its way, up to their end. Keeps the last. */
static enum link_fate
link_finish(struct link *l, enum statement s, int64_t deadline, PGresult **result)
{
	bool lost = false;
	PGresult *next;

	*result = NULL;
	while ((next = link_result(l, deadline, &lost))) {
		PQclear(*result);
		*result = next;
	}
	return lost || !*result ? LINK_LOST : link_fate(*result, s);
}

/* Prepares a statement unless it is. */
static enum link_fate
link_prepare(struct link *l, enum statement s, int64_t deadline)
{
	const struct statement_row *row = statement_row(s);
	PGresult *result;

	if (l->prepared[s])
		return LINK_DONE;
	if (PQsendPrepare(l->db, row->name, row->sql, row->params, NULL) != 1)
		return LINK_LOST;
	enum link_fate fate = link_finish(l, s, deadline, &result);
	PQclear(result);
	l->prepared[s] = fate == LINK_DONE;
	return fate;
}

enum link_fate
link_run(struct link *l, enum statement s, const struct param *params, int n, int64_t deadline, PGresult **result)
{
	int64_t asked_us = time_steady_us();

	*result = NULL;
	enum link_fate fate = link_prepare(l, s, deadline);
	if (fate != LINK_DONE)
		return fate;
	if (!link_send(l, s, params, n)) {
		link_drop(l);
		return LINK_LOST;
	}
	fate = link_finish(l, s, deadline, result);
	histogram_add(s == STATEMENT_MESSAGES_SEND ? &metrics->batch_times : &metrics->database_times, HISTOGRAM_TIMES, time_steady_us() - asked_us);
	return fate;
}
