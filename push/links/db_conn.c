/* SPDX-License-Identifier: MIT */
/* Connection: connecting, batches, and the queries of a failed connection. */
#include "push/links/db_conn.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/settings.h"
#include "lib/links/database.h"
#include "lib/links/sqlstate.h"
#include "push/links/horizon.h"
#include "push/net/metrics.h"

enum {
	AGAIN_MOST = 5, /* repeats after a deadlock */
	BINARY = 1,	/* format of results: numbers need no parsing */
};

_Static_assert((int)QUERIES <= (int)SQLSTATE_STATEMENTS, "each statement has a number in sqlstate.c");

int
db_conn_load(const struct db_conn *l)
{
	return l->in_flight + (l->waiting.first != NULL) + (l->state != DB_CONN_READY);
}

bool
db_conn_answers(const struct db_conn *l, int64_t within_us)
{
	return l->state == DB_CONN_READY && (!l->in_flight || clock_us() - l->batches[0].sent_us <= within_us);
}

/* ---- queries without an answer */

static enum db_outcome
query_met(const struct query *q)
{
	return sqlstate_met(q->statement, statements[q->statement].name, q->result);
}

/* Answers a query as lost. */
static void
query_lose(struct query *q)
{
	PQclear(q->result);
	q->result = NULL;
	query_answer(q);
}

/* Queues a batch's queries before all others, in their order. Those sent too often go to lost. */
static void
batch_requeue(struct db_conn *l, struct db_conn_batch *b, bool alone, struct query_queue *lost)
{
	for (int i = b->lost ? 0 : b->count; i-- > 0;) {
		struct query *q = b->list[i];
		PQclear(q->result);
		q->result = NULL;
		q->alone = q->alone || alone;
		if (q->asked < DB_CONN_ASKS)
			query_queue_add_first(&l->waiting, q);
		else
			query_queue_add_first(lost, q);
	}
}

static void
batch_lose(struct db_conn_batch *b, struct query_queue *lost)
{
	for (int i = 0; i < b->count && !b->lost; i++)
		query_queue_add(lost, b->list[i]);
	b->lost = true;
}

static void
lost_answer(struct query_queue *lost)
{
	struct query *q;

	while ((q = query_queue_take(lost)))
		query_lose(q);
}

/* ---- end of a connection */

/* Plans the next attempt to connect. */
static void
db_conn_rest(struct db_conn *l, const char *why)
{
	if (!l->told && *why)
		log_line(LOG_WARN, "database_lost", "lane=%s why=%.*s", l->application, (int)strcspn(why, "\n"), why);
	l->told = true;
	l->state = DB_CONN_DOWN;
	if (l->closing)
		return;
	timer_start(&l->timer, l->pause_ms);
	l->pause_ms = l->pause_ms * 2 > DB_CONN_PAUSE_MOST_MS ? DB_CONN_PAUSE_MOST_MS : l->pause_ms * 2;
}

/* Disconnects. late: answers the oldest batch as lost. Queues all other queries again. */
static void
db_conn_end(struct db_conn *l, const char *why, bool late)
{
	struct query_queue lost;

	query_queue_open(&lost);
	db_conn_rest(l, why);
	if (l->db) {
		loop_unwatch(&l->watch);
		PQfinish(l->db);
		l->db = NULL;
	}
	for (int i = l->in_flight; i-- > 0;) {
		struct db_conn_batch *b = &l->batches[i];
		if (late && i == 0)
			batch_lose(b, &lost);
		else if (!b->prepares)
			batch_requeue(l, b, false, &lost);
	}
	l->in_flight = 0;
	l->want_write = l->late = false;
	lost_answer(&lost);
}

static void
db_conn_drop(struct db_conn *l, const char *why)
{
	db_conn_end(l, why, false);
}

/* ---- batches */

static void
batch_fill(struct db_conn *l, struct db_conn_batch *b)
{
	*b = (struct db_conn_batch){ .sent_us = clock_us() };
	while (l->waiting.first && b->count < DB_CONN_BATCH_MOST) {
		if (l->waiting.first->alone && b->count)
			break;
		struct query *q = b->list[b->count++] = query_queue_take(&l->waiting);
		q->asked++;
		if (q->alone)
			break;
	}
}

static void
db_conn_flush(struct db_conn *l)
{
	int more = PQflush(l->db);

	if (more < 0) {
		db_conn_drop(l, PQerrorMessage(l->db));
		return;
	}
	if ((more == 1) != l->want_write) {
		l->want_write = more == 1;
		loop_want(&l->watch, EPOLLIN | (l->want_write ? EPOLLOUT : 0));
	}
}

static bool
batch_send(struct db_conn *l, const struct db_conn_batch *b)
{
	bool good = true;

	for (int i = 0; i < b->count && good; i++) {
		const struct query *q = b->list[i];
		const struct statement *s = &statements[q->statement];
		good = PQsendQueryPrepared(l->db, s->name, s->params, q->params, NULL, NULL, BINARY) == 1;
	}
	return good && PQpipelineSync(l->db) == 1;
}

void
db_conn_send(struct db_conn *l)
{
	bool sent = false;

	while (l->state == DB_CONN_READY && !l->late && l->waiting.first && l->in_flight < DB_CONN_BATCHES) {
		if (!l->in_flight)
			l->oldest_ms = loop_now();
		struct db_conn_batch *b = &l->batches[l->in_flight++];
		batch_fill(l, b);
		if (!batch_send(l, b)) {
			db_conn_drop(l, PQerrorMessage(l->db));
			return;
		}
		sent = true;
	}
	if (sent)
		db_conn_flush(l);
}

/* Returns the index of the first query without a good result, or -1. */
static int
batch_failed(const struct db_conn_batch *b)
{
	for (int i = 0; i < b->count; i++)
		if (sqlstate_result(b->list[i]->result) != DB_DONE)
			return i;
	return -1;
}

static void
batch_answer(struct db_conn *l, struct db_conn_batch *b)
{
	l->pause_ms = DB_CONN_PAUSE_MS;
	for (int i = 0; i < b->count; i++) {
		query_met(b->list[i]);
		query_answer(b->list[i]);
	}
}

/* Drops a connection that its server has made useless. Queues all queries again. */
static void
batch_drop(struct db_conn *l, struct db_conn_batch *b, int failed)
{
	struct query_queue lost;
	char why[256];

	query_queue_open(&lost);
	query_met(b->list[failed]);
	snprintf(why, sizeof why, "%s", PQresultErrorMessage(b->list[failed]->result));
	batch_requeue(l, b, false, &lost);
	db_conn_drop(l, why);
	lost_answer(&lost);
}

/* Returns whether to repeat a query that a deadlock has rolled back. */
static bool
query_again(struct query *q, enum db_outcome outcome)
{
	return outcome == DB_AGAIN && q->again++ < AGAIN_MOST && q->expires_ms > loop_now();
}

/*
 * Removes the oldest batch, which has ended. The connection stays late while the next one is lost.
 */
static struct db_conn_batch
batch_take(struct db_conn *l)
{
	struct db_conn_batch b = l->batches[0];

	l->in_flight--;
	memmove(&l->batches[0], &l->batches[1], (size_t)l->in_flight * sizeof b);
	l->oldest_ms = loop_now();
	if (l->late)
		log_line(LOG_INFO, "database_answers", "lane=%s waited_ms=%ld", l->application, (long)((clock_us() - b.sent_us) / 1000));
	l->late = l->in_flight && l->batches[0].lost;
	return b;
}

/* Ends a batch: answers all, or queues all again one by one, or loses the one that failed. */
static void
batch_end(struct db_conn *l)
{
	struct db_conn_batch b = batch_take(l);
	struct query_queue lost;

	if (b.lost)
		return;
	int failed = batch_failed(&b);
	query_queue_open(&lost);
	histogram_add(&metrics.database_times, HISTOGRAM_TIMES, clock_us() - b.sent_us);
	if (failed < 0) {
		batch_answer(l, &b);
		return;
	}
	enum db_outcome outcome = sqlstate_result(b.list[failed]->result);
	if (outcome == DB_LOST || outcome == DB_STALE) {
		batch_drop(l, &b, failed);
	} else if (b.count > 1 || query_again(b.list[0], outcome)) {
		batch_requeue(l, &b, true, &lost);
		lost_answer(&lost);
	} else {
		query_met(b.list[0]);
		query_lose(b.list[0]);
	}
}

/* Checks a result of a connection's first batch: the session's statement, then each PREPARE. */
static void
prepare_result(struct db_conn *l, struct db_conn_batch *b, const PGresult *result)
{
	int i = b->answered++;
	const char *why = NULL;

	if (i == 0)
		why = database_session_fault(result);
	else if (sqlstate_met((unsigned)i - 1, statements[i - 1].name, result) != DB_DONE)
		why = PQresultErrorMessage(result);
	if (why)
		db_conn_drop(l, *why ? why : "a statement cannot be prepared");
}

static void
prepare_end(struct db_conn *l)
{
	l->in_flight = 0;
	l->state = DB_CONN_READY;
	l->told = false;
	timer_stop(&l->timer);
	metrics.database_connects++;
	horizon_connected();
}

static void
db_conn_result(struct db_conn *l, PGresult *result)
{
	struct db_conn_batch *b = &l->batches[0];

	if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
		PQclear(result);
		if (b->prepares)
			prepare_end(l);
		else
			batch_end(l);
	} else if (b->prepares) {
		prepare_result(l, b, result);
		PQclear(result);
	} else if (b->lost) {
		PQclear(result);
	} else if (b->answered == b->count) {
		/* the commit has failed: all queries are sent again */
		sqlstate_met(b->list[0]->statement, "commit", result);
		db_conn_drop(l, PQresultErrorMessage(result));
		PQclear(result);
	} else {
		b->list[b->answered++]->result = result;
	}
}

static void
db_conn_read(struct db_conn *l)
{
	if (!PQconsumeInput(l->db)) {
		db_conn_drop(l, PQerrorMessage(l->db));
		return;
	}
	while (l->db && l->in_flight && !PQisBusy(l->db)) {
		PGresult *result = PQgetResult(l->db);
		if (result)
			db_conn_result(l, result);
		else if (PQstatus(l->db) != CONNECTION_OK)
			break;
	}
	if (l->db && PQstatus(l->db) != CONNECTION_OK)
		db_conn_drop(l, PQerrorMessage(l->db));
}

/* Answers all queries as lost: those in flight and those that wait. */
static void
db_conn_lose(struct db_conn *l)
{
	struct query_queue lost;

	query_queue_open(&lost);
	for (int i = 0; i < l->in_flight; i++)
		batch_lose(&l->batches[i], &lost);
	lost_answer(&lost);
	query_queue_expire(&l->waiting, INT64_MAX);
}

void
db_conn_check(struct db_conn *l)
{
	query_queue_expire(&l->waiting, loop_now());
	if (l->state != DB_CONN_READY || !l->in_flight || loop_now() - l->oldest_ms < settings.push_answer_ms)
		return;
	if (!l->late) {
		metrics.database_late++;
		log_line(LOG_ERROR, "database_late", "lane=%s statement=%s questions=%d waited_ms=%ld", l->application,
			 statements[l->batches[0].list[0]->statement].name, l->batches[0].count, (long)(loop_now() - l->oldest_ms));
	}
	l->late = l->kind != DB_CONN_DROPPED;
	if (l->kind == DB_CONN_KEPT)
		db_conn_lose(l);
	if (l->late)
		return;
	database_cancel(l->db);
	db_conn_end(l, "a batch is not answered in time", true);
}

/* ---- connections */

static void
db_conn_prepare(struct db_conn *l)
{
	l->state = DB_CONN_PREPARING;
	bool good = PQenterPipelineMode(l->db) == 1 && database_session_send(l->db);
	for (int i = 0; i < QUERIES && good; i++)
		good = PQsendPrepare(l->db, statements[i].name, statements[i].sql, statements[i].params, NULL) == 1;
	if (!good || PQpipelineSync(l->db) != 1) {
		db_conn_drop(l, PQerrorMessage(l->db));
		return;
	}
	l->batches[0] = (struct db_conn_batch){ .prepares = true };
	l->in_flight = 1;
	loop_want(&l->watch, EPOLLIN);
	db_conn_flush(l);
}

static void
db_conn_connecting(struct db_conn *l)
{
	switch (PQconnectPoll(l->db)) {
	case PGRES_POLLING_OK:
		PQsetnonblocking(l->db, 1);
		db_conn_prepare(l);
		return;
	case PGRES_POLLING_FAILED:
		db_conn_drop(l, PQerrorMessage(l->db));
		return;
	default:
		break;
	}
	/* libpq may have moved to another address, and so to another socket */
	loop_unwatch(&l->watch);
	l->watch.fd = PQsocket(l->db);
	bool reads = PQstatus(l->db) != CONNECTION_STARTED && PQstatus(l->db) != CONNECTION_MADE;
	if (!loop_watch_level(&l->watch, reads ? EPOLLIN : EPOLLOUT))
		db_conn_drop(l, "cannot watch the socket");
}

static void
db_conn_watch_ready(struct watch *w, uint32_t events)
{
	struct db_conn *l = LOOP_OWNER(w, struct db_conn, watch);

	if (l->state == DB_CONN_CONNECTING) {
		db_conn_connecting(l);
		return;
	}
	if (events & EPOLLOUT)
		db_conn_flush(l);
	if (l->db && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		db_conn_read(l);
}

static void
db_conn_connect(struct db_conn *l)
{
	struct database_target target;
	enum resolver_state state = database_target(&target, l->application);

	if (state == RESOLVER_PENDING) {
		l->state = DB_CONN_RESOLVING;
		timer_start(&l->timer, RESOLVER_POLL_MS);
		return;
	}
	if (state == RESOLVER_FAILED) {
		db_conn_rest(l, "the host's name cannot be resolved");
		return;
	}
	l->db = PQconnectStartParams(target.keywords, target.values, 1);
	l->watch = (struct watch){ PQsocket(l->db), db_conn_watch_ready };
	l->state = DB_CONN_CONNECTING;
	if (PQstatus(l->db) == CONNECTION_BAD || !loop_watch_level(&l->watch, EPOLLOUT)) {
		db_conn_rest(l, PQerrorMessage(l->db));
		PQfinish(l->db);
		l->db = NULL;
		return;
	}
	timer_start(&l->timer, database_connect_ms(&target));
}

/*
 * Connects a connection that is down. Drops an attempt that takes too long, for the next address.
 */
static void
db_conn_timer(struct timer *t)
{
	struct db_conn *l = LOOP_OWNER(t, struct db_conn, timer);

	if (l->state == DB_CONN_READY)
		return;
	if (l->db) {
		database_target_late();
		db_conn_drop(l, "connecting takes too long");
	} else {
		db_conn_connect(l);
	}
}

void
db_conn_open(struct db_conn *l, const char *application, enum db_conn_kind kind)
{
	l->application = application;
	l->kind = kind;
	l->timer.fire = db_conn_timer;
	l->pause_ms = DB_CONN_PAUSE_MS;
	query_queue_open(&l->waiting);
	db_conn_connect(l);
}

void
db_conn_close(struct db_conn *l)
{
	l->closing = true;
	db_conn_drop(l, "");
	timer_stop(&l->timer);
	lost_answer(&l->waiting);
}
