/* SPDX-License-Identifier: MIT */
/* Lane: connecting, batches, and the queries of a failed connection. */
#include "push/links/lane.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/links/database.h"
#include "lib/base/log.h"
#include "lib/base/settings.h"
#include "lib/links/sqlstate.h"
#include "push/links/horizon.h"
#include "push/net/metrics.h"

enum {
	AGAIN_MOST = 5, /* repeats after a deadlock */
	BINARY = 1,	/* format of results: numbers need no parsing */
};

_Static_assert((int)STORE_STATEMENTS <= (int)SQLSTATE_STATEMENTS, "each statement has a number in sqlstate.c");

int
lane_load(const struct lane *l)
{
	return l->in_flight + (l->waiting.first != NULL) + (l->state != LANE_READY);
}

bool
lane_answers(const struct lane *l, int64_t within_us)
{
	return l->state == LANE_READY && (!l->in_flight || clock_us() - l->batches[0].sent_us <= within_us);
}

/* ---- queries without an answer */

static enum db_outcome
question_met(const struct question *q)
{
	return sqlstate_met(q->statement, statements[q->statement].name, q->result);
}

/* Answers a query as lost. */
static void
question_lose(struct question *q)
{
	PQclear(q->result);
	q->result = NULL;
	question_answer(q);
}

/* Queues a batch's queries before all others, in their order. Those sent too often go to lost. */
static void
batch_requeue(struct lane *l, struct lane_batch *b, bool alone, struct questions *lost)
{
	for (int i = b->lost ? 0 : b->count; i-- > 0;) {
		struct question *q = b->list[i];
		PQclear(q->result);
		q->result = NULL;
		q->alone = q->alone || alone;
		if (q->asked < LANE_ASKS)
			questions_add_first(&l->waiting, q);
		else
			questions_add_first(lost, q);
	}
}

static void
batch_lose(struct lane_batch *b, struct questions *lost)
{
	for (int i = 0; i < b->count && !b->lost; i++)
		questions_add(lost, b->list[i]);
	b->lost = true;
}

static void
lost_answer(struct questions *lost)
{
	struct question *q;

	while ((q = questions_take(lost)))
		question_lose(q);
}

/* ---- end of a connection */

/* Plans the next attempt to connect. */
static void
lane_rest(struct lane *l, const char *why)
{
	if (!l->told && *why)
		log_line(LOG_WARN, "database_lost", "lane=%s why=%.*s", l->application, (int)strcspn(why, "\n"), why);
	l->told = true;
	l->state = LANE_DOWN;
	if (l->closing)
		return;
	timer_start(&l->timer, l->pause_ms);
	l->pause_ms = l->pause_ms * 2 > LANE_PAUSE_MOST_MS ? LANE_PAUSE_MOST_MS : l->pause_ms * 2;
}

/* Disconnects. late: answers the oldest batch as lost. Queues all other queries again. */
static void
lane_end(struct lane *l, const char *why, bool late)
{
	struct questions lost;

	questions_open(&lost);
	lane_rest(l, why);
	if (l->db) {
		loop_unwatch(&l->watch);
		PQfinish(l->db);
		l->db = NULL;
	}
	for (int i = l->in_flight; i-- > 0;) {
		struct lane_batch *b = &l->batches[i];
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
lane_drop(struct lane *l, const char *why)
{
	lane_end(l, why, false);
}

/* ---- batches */

static void
batch_fill(struct lane *l, struct lane_batch *b)
{
	*b = (struct lane_batch){ .sent_us = clock_us() };
	while (l->waiting.first && b->count < LANE_BATCH_MOST) {
		if (l->waiting.first->alone && b->count)
			break;
		struct question *q = b->list[b->count++] = questions_take(&l->waiting);
		q->asked++;
		if (q->alone)
			break;
	}
}

static void
lane_flush(struct lane *l)
{
	int more = PQflush(l->db);

	if (more < 0) {
		lane_drop(l, PQerrorMessage(l->db));
		return;
	}
	if ((more == 1) != l->want_write) {
		l->want_write = more == 1;
		loop_want(&l->watch, EPOLLIN | (l->want_write ? EPOLLOUT : 0));
	}
}

static bool
batch_send(struct lane *l, const struct lane_batch *b)
{
	bool good = true;

	for (int i = 0; i < b->count && good; i++) {
		const struct question *q = b->list[i];
		const struct statement *s = &statements[q->statement];
		good = PQsendQueryPrepared(l->db, s->name, s->params, q->params, NULL, NULL, BINARY) == 1;
	}
	return good && PQpipelineSync(l->db) == 1;
}

void
lane_send(struct lane *l)
{
	bool sent = false;

	while (l->state == LANE_READY && !l->late && l->waiting.first && l->in_flight < LANE_BATCHES) {
		if (!l->in_flight)
			l->oldest_ms = loop_now();
		struct lane_batch *b = &l->batches[l->in_flight++];
		batch_fill(l, b);
		if (!batch_send(l, b)) {
			lane_drop(l, PQerrorMessage(l->db));
			return;
		}
		sent = true;
	}
	if (sent)
		lane_flush(l);
}

/* Returns the index of the first query without a good result, or -1. */
static int
batch_failed(const struct lane_batch *b)
{
	for (int i = 0; i < b->count; i++)
		if (sqlstate_result(b->list[i]->result) != DB_DONE)
			return i;
	return -1;
}

static void
batch_answer(struct lane *l, struct lane_batch *b)
{
	l->pause_ms = LANE_PAUSE_MS;
	for (int i = 0; i < b->count; i++) {
		question_met(b->list[i]);
		question_answer(b->list[i]);
	}
}

/* Drops a connection that its server has made useless. Queues all queries again. */
static void
batch_drop(struct lane *l, struct lane_batch *b, int failed)
{
	struct questions lost;
	char why[256];

	questions_open(&lost);
	question_met(b->list[failed]);
	snprintf(why, sizeof why, "%s", PQresultErrorMessage(b->list[failed]->result));
	batch_requeue(l, b, false, &lost);
	lane_drop(l, why);
	lost_answer(&lost);
}

/* Returns whether to repeat a query that a deadlock has rolled back. */
static bool
question_again(struct question *q, enum db_outcome outcome)
{
	return outcome == DB_AGAIN && q->again++ < AGAIN_MOST && q->expires_ms > loop_now();
}

/* Removes the oldest batch, which has ended. The lane stays late while the next one is lost. */
static struct lane_batch
batch_take(struct lane *l)
{
	struct lane_batch b = l->batches[0];

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
batch_end(struct lane *l)
{
	struct lane_batch b = batch_take(l);
	struct questions lost;

	if (b.lost)
		return;
	int failed = batch_failed(&b);
	questions_open(&lost);
	histogram_add(&metrics.database_times, HISTOGRAM_TIMES, clock_us() - b.sent_us);
	if (failed < 0) {
		batch_answer(l, &b);
		return;
	}
	enum db_outcome outcome = sqlstate_result(b.list[failed]->result);
	if (outcome == DB_LOST || outcome == DB_STALE) {
		batch_drop(l, &b, failed);
	} else if (b.count > 1 || question_again(b.list[0], outcome)) {
		batch_requeue(l, &b, true, &lost);
		lost_answer(&lost);
	} else {
		question_met(b.list[0]);
		question_lose(b.list[0]);
	}
}

/* Checks a result of a connection's first batch: the session's statement, then each PREPARE. */
static void
prepare_result(struct lane *l, struct lane_batch *b, const PGresult *result)
{
	int i = b->answered++;
	const char *why = NULL;

	if (i == 0)
		why = database_session_fault(result);
	else if (sqlstate_met((unsigned)i - 1, statements[i - 1].name, result) != DB_DONE)
		why = PQresultErrorMessage(result);
	if (why)
		lane_drop(l, *why ? why : "a statement cannot be prepared");
}

static void
prepare_end(struct lane *l)
{
	l->in_flight = 0;
	l->state = LANE_READY;
	l->told = false;
	timer_stop(&l->timer);
	metrics.database_connects++;
	horizon_connected();
}

static void
lane_result(struct lane *l, PGresult *result)
{
	struct lane_batch *b = &l->batches[0];

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
	} else if (b->answered == b->count) { /* the commit has failed: all queries are sent again */
		sqlstate_met(b->list[0]->statement, "commit", result);
		lane_drop(l, PQresultErrorMessage(result));
		PQclear(result);
	} else {
		b->list[b->answered++]->result = result;
	}
}

static void
lane_read(struct lane *l)
{
	if (!PQconsumeInput(l->db)) {
		lane_drop(l, PQerrorMessage(l->db));
		return;
	}
	while (l->db && l->in_flight && !PQisBusy(l->db)) {
		PGresult *result = PQgetResult(l->db);
		if (result)
			lane_result(l, result);
		else if (PQstatus(l->db) != CONNECTION_OK)
			break;
	}
	if (l->db && PQstatus(l->db) != CONNECTION_OK)
		lane_drop(l, PQerrorMessage(l->db));
}

/* Answers all queries as lost: those in flight and those that wait. */
static void
lane_lose(struct lane *l)
{
	struct questions lost;

	questions_open(&lost);
	for (int i = 0; i < l->in_flight; i++)
		batch_lose(&l->batches[i], &lost);
	lost_answer(&lost);
	questions_expire(&l->waiting, INT64_MAX);
}

void
lane_check(struct lane *l)
{
	questions_expire(&l->waiting, loop_now());
	if (l->state != LANE_READY || !l->in_flight || loop_now() - l->oldest_ms < settings.push_answer_ms)
		return;
	if (!l->late) {
		metrics.database_late++;
		log_line(LOG_ERROR, "database_late", "lane=%s statement=%s questions=%d waited_ms=%ld", l->application,
			 statements[l->batches[0].list[0]->statement].name, l->batches[0].count, (long)(loop_now() - l->oldest_ms));
	}
	l->late = l->kind != LANE_DROPPED;
	if (l->kind == LANE_KEPT)
		lane_lose(l);
	if (l->late)
		return;
	database_cancel(l->db);
	lane_end(l, "a batch is not answered in time", true);
}

/* ---- connections */

static void
lane_prepare(struct lane *l)
{
	l->state = LANE_PREPARING;
	bool good = PQenterPipelineMode(l->db) == 1 && database_session_send(l->db);
	for (int i = 0; i < STORE_STATEMENTS && good; i++)
		good = PQsendPrepare(l->db, statements[i].name, statements[i].sql, statements[i].params, NULL) == 1;
	if (!good || PQpipelineSync(l->db) != 1) {
		lane_drop(l, PQerrorMessage(l->db));
		return;
	}
	l->batches[0] = (struct lane_batch){ .prepares = true };
	l->in_flight = 1;
	loop_want(&l->watch, EPOLLIN);
	lane_flush(l);
}

static void
lane_connecting(struct lane *l)
{
	switch (PQconnectPoll(l->db)) {
	case PGRES_POLLING_OK:
		PQsetnonblocking(l->db, 1);
		lane_prepare(l);
		return;
	case PGRES_POLLING_FAILED:
		lane_drop(l, PQerrorMessage(l->db));
		return;
	default:
		break;
	}
	/* libpq may have moved to another address, and so to another socket */
	loop_unwatch(&l->watch);
	l->watch.fd = PQsocket(l->db);
	bool reads = PQstatus(l->db) != CONNECTION_STARTED && PQstatus(l->db) != CONNECTION_MADE;
	if (!loop_watch_level(&l->watch, reads ? EPOLLIN : EPOLLOUT))
		lane_drop(l, "cannot watch the socket");
}

static void
lane_watch_ready(struct watch *w, uint32_t events)
{
	struct lane *l = LOOP_OWNER(w, struct lane, watch);

	if (l->state == LANE_CONNECTING) {
		lane_connecting(l);
		return;
	}
	if (events & EPOLLOUT)
		lane_flush(l);
	if (l->db && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		lane_read(l);
}

static void
lane_connect(struct lane *l)
{
	struct database_target target;
	enum resolver_state state = database_target(&target, l->application);

	if (state == RESOLVER_PENDING) {
		l->state = LANE_RESOLVING;
		timer_start(&l->timer, RESOLVER_POLL_MS);
		return;
	}
	if (state == RESOLVER_FAILED) {
		lane_rest(l, "the host's name cannot be resolved");
		return;
	}
	l->db = PQconnectStartParams(target.keywords, target.values, 1);
	l->watch = (struct watch){ PQsocket(l->db), lane_watch_ready };
	l->state = LANE_CONNECTING;
	if (PQstatus(l->db) == CONNECTION_BAD || !loop_watch_level(&l->watch, EPOLLOUT)) {
		lane_rest(l, PQerrorMessage(l->db));
		PQfinish(l->db);
		l->db = NULL;
		return;
	}
	timer_start(&l->timer, database_connect_ms(&target));
}

/* Connects a lane that is down. Drops an attempt that takes too long, for the next address. */
static void
lane_timer(struct timer *t)
{
	struct lane *l = LOOP_OWNER(t, struct lane, timer);

	if (l->state == LANE_READY)
		return;
	if (l->db) {
		database_target_late();
		lane_drop(l, "connecting takes too long");
	} else {
		lane_connect(l);
	}
}

void
lane_open(struct lane *l, const char *application, enum lane_kind kind)
{
	l->application = application;
	l->kind = kind;
	l->timer.fire = lane_timer;
	l->pause_ms = LANE_PAUSE_MS;
	questions_open(&l->waiting);
	lane_connect(l);
}

void
lane_close(struct lane *l)
{
	l->closing = true;
	lane_drop(l, "");
	timer_stop(&l->timer);
	questions_answer(&l->waiting);
}
