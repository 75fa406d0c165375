/* SPDX-License-Identifier: MIT */
/* A database connection of the api: connecting, sending, waiting. */
#include "api/links/db_sync.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>

#include "api/links/metrics.h"
#include "lib/base/clock.h"
#include "lib/links/database.h"

enum { RECONNECT_MS = 100, CONNECT_LEAST_MS = 2000 };

/*
 * The time of the next attempt to connect, for all connections. A database that is down gets ten
 * attempts a second, not one for every request.
 */
static _Atomic int64_t next_try_ms;

/* Input on an idle connection most likely means that the server closed it. */
bool
db_sync_lives(struct db_sync *c)
{
	struct pollfd idle = { .fd = PQsocket(c->pg), .events = POLLIN };

	if (!c->pg || PQstatus(c->pg) != CONNECTION_OK)
		return false;
	if (poll(&idle, 1, 0) <= 0)
		return true;
	return PQconsumeInput(c->pg) && !(idle.revents & (POLLHUP | POLLERR)) && PQstatus(c->pg) == CONNECTION_OK;
}

bool
db_sync_ready(struct db_sync *c, int64_t deadline)
{
	int64_t least = clock_ms() + CONNECT_LEAST_MS;

	if (db_sync_lives(c))
		return true;
	db_sync_drop(c);
	if (clock_ms() < atomic_load(&next_try_ms))
		return false;
	c->pg = database_connect("banter-api", deadline > least ? deadline : least);
	if (!c->pg || PQsetnonblocking(c->pg, 1) != 0) {
		db_sync_drop(c);
		atomic_store(&next_try_ms, clock_ms() + RECONNECT_MS);
		return false;
	}
	metrics_count(&metrics->database_connects);
	return true;
}

void
db_sync_drop(struct db_sync *c)
{
	PQfinish(c->pg);
	PQclear(c->result);
	c->pg = NULL;
	c->result = NULL;
	c->stage = DB_IDLE;
	memset(c->prepared, 0, sizeof c->prepared);
}

/*
 * Waits until the next result is complete, and writes unsent bytes meanwhile. Returns DB_DONE,
 * DB_LATE or DB_LOST.
 */
static enum db_outcome
db_sync_wait(struct db_sync *c, int64_t deadline)
{
	for (;;) {
		int unsent = PQflush(c->pg);
		if (unsent < 0)
			return DB_LOST;
		if (!PQisBusy(c->pg))
			return DB_DONE;
		int64_t left = deadline - clock_ms();
		struct pollfd io = { .fd = PQsocket(c->pg), .events = (short)(POLLIN | (unsent ? POLLOUT : 0)) };
		int n = poll(&io, 1, left <= 0 ? 0 : left < INT_MAX ? (int)left : INT_MAX);
		if (n == 0)
			return DB_LATE;
		if (n < 0 && errno != EINTR)
			return DB_LOST;
		if (n > 0 && (io.revents & ~POLLOUT) && !PQconsumeInput(c->pg))
			return DB_LOST;
	}
}

static bool
db_sync_send(struct db_sync *c, enum statement s, const struct param *params, int n)
{
	const struct statement_row *row = statement_row(s);
	struct params p;

	assert(n == row->params);
	params_set(&p, params, n);
	return PQsendQueryPrepared(c->pg, row->name, n, p.values, p.lengths, p.formats, 0) == 1;
}

/* Receives all results of the statement. Keeps the last one in c->result. */
static enum db_outcome
db_sync_finish(struct db_sync *c, int64_t deadline)
{
	enum db_outcome outcome;
	PGresult *next;

	while ((outcome = db_sync_wait(c, deadline)) == DB_DONE && (next = PQgetResult(c->pg))) {
		PQclear(c->result);
		c->result = next;
	}
	if (outcome == DB_LATE)
		return outcome;
	if (outcome == DB_LOST || !c->result) {
		db_sync_drop(c);
		return DB_LOST;
	}
	outcome = sqlstate_met(c->statement, statement_row(c->statement)->name, c->result);
	if (c->stage == DB_PREPARES) {
		c->prepared[c->statement] = outcome == DB_DONE;
	} else {
		struct histogram *times = c->statement == STATEMENT_MESSAGES_SEND ? &metrics->batch_times : &metrics->database_times;
		histogram_add(times, HISTOGRAM_TIMES, clock_us() - c->started_us);
	}
	c->stage = DB_IDLE;
	return outcome;
}

/* Returns the connection's result, and passes its ownership to the caller. */
static PGresult *
db_sync_result(struct db_sync *c)
{
	PGresult *result = c->result;

	c->result = NULL;
	return result;
}

/* Prepares the statement, unless the connection has it prepared. */
static enum db_outcome
db_sync_prepare(struct db_sync *c, int64_t deadline)
{
	const struct statement_row *row = statement_row(c->statement);

	if (c->prepared[c->statement])
		return DB_DONE;
	c->stage = DB_PREPARES;
	if (PQsendPrepare(c->pg, row->name, row->sql, row->params, NULL) != 1) {
		db_sync_drop(c);
		return DB_LOST;
	}
	enum db_outcome outcome = db_sync_finish(c, deadline);
	PQclear(db_sync_result(c));
	return outcome;
}

enum db_outcome
db_sync_run(struct db_sync *c, enum statement s, const struct param *params, int n, int64_t deadline, PGresult **result)
{
	assert(c->stage == DB_IDLE && !c->result);
	*result = NULL;
	c->statement = s;
	c->started_us = clock_us();
	enum db_outcome outcome = db_sync_prepare(c, deadline);
	if (outcome != DB_DONE)
		return outcome;
	c->stage = DB_RUNS;
	if (!db_sync_send(c, s, params, n)) {
		db_sync_drop(c);
		return DB_LOST;
	}
	return db_sync_await(c, deadline, result);
}

enum db_outcome
db_sync_await(struct db_sync *c, int64_t deadline, PGresult **result)
{
	bool ran = c->stage == DB_RUNS;
	enum db_outcome outcome = db_sync_finish(c, deadline);

	*result = NULL;
	if (outcome == DB_LATE)
		return outcome;
	if (ran) {
		*result = db_sync_result(c);
		return outcome;
	}
	PQclear(db_sync_result(c));
	return outcome == DB_DONE ? DB_SLOW : outcome;
}
