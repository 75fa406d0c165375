/* SPDX-License-Identifier: MIT */
/* A database connection of the api: connecting, sending, waiting. */
#include "link.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>

#include "lib/database.h"
#include "lib/identifier.h"
#include "lib/log.h"
#include "metrics.h"

enum { RECONNECT_MS = 100, CONNECT_LEAST_MS = 2000 };

/*
 * The time of the next attempt to connect, for all links. A database that is down gets ten attempts
 * a second, not one for every request.
 */
static _Atomic int64_t next_try_ms;

/* Input on an idle connection most likely means that the server closed it. */
bool
link_lives(struct link *l)
{
	struct pollfd idle = { .fd = PQsocket(l->db), .events = POLLIN };

	if (!l->db || PQstatus(l->db) != CONNECTION_OK)
		return false;
	if (poll(&idle, 1, 0) <= 0)
		return true;
	return PQconsumeInput(l->db) && !(idle.revents & (POLLHUP | POLLERR)) && PQstatus(l->db) == CONNECTION_OK;
}

bool
link_ready(struct link *l, int64_t deadline)
{
	int64_t least = time_steady_ms() + CONNECT_LEAST_MS;

	if (link_lives(l))
		return true;
	link_drop(l);
	if (time_steady_ms() < atomic_load(&next_try_ms))
		return false;
	l->db = database_connect("banter-api", deadline > least ? deadline : least);
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
	PQclear(l->result);
	l->db = NULL;
	l->result = NULL;
	l->stage = LINK_IDLE;
	memset(l->prepared, 0, sizeof l->prepared);
}

/*
 * Waits until the next result is complete, and writes unsent bytes meanwhile. Returns LINK_DONE,
 * LINK_LATE or LINK_LOST.
 */
static enum link_fate
link_wait(struct link *l, int64_t deadline)
{
	for (;;) {
		int unsent = PQflush(l->db);
		if (unsent < 0)
			return LINK_LOST;
		if (!PQisBusy(l->db))
			return LINK_DONE;
		int64_t left = deadline - time_steady_ms();
		struct pollfd io = { .fd = PQsocket(l->db), .events = (short)(POLLIN | (unsent ? POLLOUT : 0)) };
		int n = poll(&io, 1, left <= 0 ? 0 : left < INT_MAX ? (int)left : INT_MAX);
		if (n == 0)
			return LINK_LATE;
		if (n < 0 && errno != EINTR)
			return LINK_LOST;
		if (n > 0 && (io.revents & ~POLLOUT) && !PQconsumeInput(l->db))
			return LINK_LOST;
	}
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

/* Receives all results of the statement. Keeps the last one in l->result. */
static enum link_fate
link_finish(struct link *l, int64_t deadline)
{
	enum link_fate fate;
	PGresult *next;

	while ((fate = link_wait(l, deadline)) == LINK_DONE && (next = PQgetResult(l->db))) {
		PQclear(l->result);
		l->result = next;
	}
	if (fate == LINK_LATE)
		return fate;
	if (fate == LINK_LOST || !l->result) {
		link_drop(l);
		return LINK_LOST;
	}
	fate = sqlstate_met(l->statement, statement_row(l->statement)->name, l->result);
	if (l->stage == LINK_PREPARES) {
		l->prepared[l->statement] = fate == LINK_DONE;
	} else {
		struct histogram *times = l->statement == STATEMENT_MESSAGES_SEND ? &metrics->batch_times : &metrics->database_times;
		histogram_add(times, HISTOGRAM_TIMES, time_steady_us() - l->asked_us);
	}
	l->stage = LINK_IDLE;
	return fate;
}

/* Returns the link's result, and passes its ownership to the caller. */
static PGresult *
link_result(struct link *l)
{
	PGresult *result = l->result;

	l->result = NULL;
	return result;
}

/* Prepares the statement, unless the connection has it prepared. */
static enum link_fate
link_prepare(struct link *l, int64_t deadline)
{
	const struct statement_row *row = statement_row(l->statement);

	if (l->prepared[l->statement])
		return LINK_DONE;
	l->stage = LINK_PREPARES;
	if (PQsendPrepare(l->db, row->name, row->sql, row->params, NULL) != 1) {
		link_drop(l);
		return LINK_LOST;
	}
	enum link_fate fate = link_finish(l, deadline);
	PQclear(link_result(l));
	return fate;
}

enum link_fate
link_run(struct link *l, enum statement s, const struct param *params, int n, int64_t deadline, PGresult **result)
{
	assert(l->stage == LINK_IDLE && !l->result);
	*result = NULL;
	l->statement = s;
	l->asked_us = time_steady_us();
	enum link_fate fate = link_prepare(l, deadline);
	if (fate != LINK_DONE)
		return fate;
	l->stage = LINK_RUNS;
	if (!link_send(l, s, params, n)) {
		link_drop(l);
		return LINK_LOST;
	}
	return link_await(l, deadline, result);
}

enum link_fate
link_await(struct link *l, int64_t deadline, PGresult **result)
{
	bool ran = l->stage == LINK_RUNS;
	enum link_fate fate = link_finish(l, deadline);

	*result = NULL;
	if (fate == LINK_LATE)
		return fate;
	if (ran) {
		*result = link_result(l);
		return fate;
	}
	PQclear(link_result(l));
	return fate == LINK_DONE ? LINK_SLOW : fate;
}
