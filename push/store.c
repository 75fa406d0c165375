/* SPDX-License-Identifier: MIT */
/* PostgreSQL for the loop: lanes of batches, for reading, for writing, and for messages. */
#include "store.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/database.h"
#include "../lib/identifier.h"
#include "../lib/log.h"
#include "../lib/memory.h"
#include "loop.h"
#include "metrics.h"
#include "statements.h"

enum {
	BATCH_MOST = 64,
	BATCHES_IN_FLIGHT = 2,
	RECONNECT_MS = 250,
	CONNECT_MS = 5000,
	EXPIRE_MS = 500,
	SLOW_US = 1000 * 1000,
	AGAIN_MOST = 5, /* when deadlocked */
	BINARY = 1,	/* results: numbers need no reading then */
	LANES = SENDING + STORE_SENDERS,
};

struct question {
	struct question *next;
	enum store_statement statement;
	int64_t expires_ms;
	store_reply *reply;
	void *context;
	PGresult *result;
	int again;
	bool alone; /* asked by itself: its batch has failed, or it locks what another question of its kind might lock the other way round */
	const char *params[STORE_PARAMS];
	char text[];
};

struct batch {
	struct question *list[BATCH_MOST];
	int count, answered;
	int64_t sent_us;
	bool prepares; /* the first of a connection: no questions, but the statements */
};

enum lane_state { DOWN, CONNECTING, PREPARING, READY };

struct lane {
	struct watch watch;
	struct timer timer; /* reconnecting */
	const char *application;
	enum lane_state state;
	PGconn *db;
	struct question *waiting, **waiting_end;
	struct batch batches[BATCHES_IN_FLIGHT]; /* oldest first */
	int in_flight;
	bool want_write;
	bool told; /* that it is down */
};

static struct lane lanes[LANES];
static struct timer expiry;
static bool closing;

static void lane_connect(struct lane *l);

/* ---- questions */

static void
waiting_add(struct lane *l, struct question *q)
{
	q->next = NULL;
	*l->waiting_end = q;
	l->waiting_end = &q->next;
}

static struct question *
waiting_take(struct lane *l)
{
	struct question *q = l->waiting;

	l->waiting = q->next;
	if (!l->waiting)
		l->waiting_end = &l->waiting;
	return q;
}

static void
question_answer(struct question *q)
{
	q->reply(q->context, q->result);
	PQclear(q->result);
	free(q);
}

static int
lane_load(const struct lane *l)
{
	return l->in_flight + (l->waiting != NULL) + (l->state != READY);
}

/* The lane of a statement: of those for messages, the one with the least to do. */
static struct lane *
lane_of(enum store_statement statement)
{
	struct lane *best = &lanes[statements[statement].lane];

	if (statement == STORE_SEND)
		for (struct lane *l = best + 1; l < lanes + LANES; l++)
			if (lane_load(l) < lane_load(best))
				best = l;
	return best;
}

void
store_ask(enum store_statement statement, const char *const *params, int64_t within_ms, store_reply *reply, void *context)
{
	size_t size = 0;
	int count = statements[statement].params;

	for (int i = 0; i < count; i++)
		size += params[i] ? strlen(params[i]) + 1 : 0;
	struct question *q = memory_alloc(sizeof *q + size);
	char *at = q->text;
	for (int i = 0; i < count; i++) {
		if (!params[i])
			continue;
		q->params[i] = strcpy(at, params[i]);
		at += strlen(params[i]) + 1;
	}
	q->statement = statement;
	q->expires_ms = loop_now() + within_ms;
	q->reply = reply;
	q->context = context;
	q->alone = statement == STORE_SEND;
	metrics.database_queries++;
	waiting_add(lane_of(statement), q);
}

/* While the database is away, nobody waits for longer than was said. */
static void
waiting_expire(struct lane *l)
{
	struct question *expired = NULL, **at = &l->waiting;

	while (*at) {
		struct question *q = *at;
		if (q->expires_ms > loop_now()) {
			at = &q->next;
			continue;
		}
		*at = q->next;
		q->next = expired;
		expired = q;
	}
	l->waiting_end = at;
	while (expired) {
		struct question *q = expired;
		expired = q->next;
		question_answer(q);
	}
}

static void
expiry_fire(struct timer *t)
{
	for (int i = 0; i < LANES; i++)
		waiting_expire(&lanes[i]);
	timer_start(t, EXPIRE_MS);
}

/* ---- batches */

/* They are asked again before all that came later, so a sender's messages keep their order. */
static void
batch_requeue(struct lane *l, struct batch *b, bool alone)
{
	for (int i = b->count; i-- > 0;) {
		struct question *q = b->list[i];
		PQclear(q->result);
		q->result = NULL;
		q->alone = q->alone || alone;
		if (!l->waiting)
			l->waiting_end = &q->next;
		q->next = l->waiting;
		l->waiting = q;
	}
}

static void
lane_drop(struct lane *l, const char *why)
{
	if (l->db) {
		if (!l->told && *why)
			log_line(LOG_WARN, "database_lost", "lane=%s why=%.*s", l->application, (int)strcspn(why, "\n"), why);
		loop_unwatch(&l->watch);
		l->told = true;
		PQfinish(l->db);
		l->db = NULL;
	}
	l->state = DOWN;
	for (int i = l->in_flight; i-- > 0;)
		if (!l->batches[i].prepares)
			batch_requeue(l, &l->batches[i], false);
	l->in_flight = 0;
	l->want_write = false;
	if (!closing)
		timer_start(&l->timer, RECONNECT_MS);
}

static void
batch_fill(struct lane *l, struct batch *b)
{
	*b = (struct batch){ .sent_us = time_steady_us() };
	while (l->waiting && b->count < BATCH_MOST) {
		if (l->waiting->alone && b->count)
			break;
		struct question *q = b->list[b->count++] = waiting_take(l);
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

static void
lane_send(struct lane *l)
{
	bool sent = false;

	while (l->state == READY && l->waiting && l->in_flight < BATCHES_IN_FLIGHT) {
		struct batch *b = &l->batches[l->in_flight++];
		batch_fill(l, b);
		bool good = true;
		for (int i = 0; i < b->count && good; i++) {
			const struct question *q = b->list[i];
			good = PQsendQueryPrepared(l->db, statements[q->statement].name, statements[q->statement].params, q->params, NULL, NULL,
						   BINARY) == 1;
		}
		if (!good || PQpipelineSync(l->db) != 1) {
			lane_drop(l, PQerrorMessage(l->db));
			return;
		}
		sent = true;
	}
	if (sent)
		lane_flush(l);
}

/* Does it fail by what others did at the same time? Then it was rolled back, and may well succeed the next time. */
static bool
question_again(struct question *q)
{
	const char *state = q->result ? PQresultErrorField(q->result, PG_DIAG_SQLSTATE) : NULL;
	bool is_deadlock = state && (strcmp(state, "40P01") == 0 || strcmp(state, "40001") == 0);

	return is_deadlock && q->again++ < AGAIN_MOST && q->expires_ms > loop_now();
}

/* The transaction has ended: all were answered, or all are asked again by themselves, or what fails by itself has failed. */
static void
batch_end(struct lane *l)
{
	struct batch b = l->batches[0];
	int failed = -1;

	l->in_flight--;
	memmove(&l->batches[0], &l->batches[1], (size_t)l->in_flight * sizeof b);
	histogram_add(&metrics.database_times, HISTOGRAM_TIMES, time_steady_us() - b.sent_us);
	for (int i = 0; i < b.count && failed < 0; i++)
		if (!b.list[i]->result || PQresultStatus(b.list[i]->result) != PGRES_TUPLES_OK)
			failed = i;
	if (failed >= 0 && (b.count > 1 || question_again(b.list[0]))) {
		batch_requeue(l, &b, true);
		return;
	}
	if (failed >= 0) {
		const char *why = b.list[0]->result ? PQresultErrorMessage(b.list[0]->result) : "no answer";
		log_line(LOG_ERROR, "database_failed", "statement=%s why=%.*s", statements[b.list[0]->statement].name, (int)strcspn(why, "\n"), why);
		PQclear(b.list[0]->result);
		b.list[0]->result = NULL;
	}
	for (int i = 0; i < b.count; i++)
		question_answer(b.list[i]);
}

static void
lane_result(struct lane *l, PGresult *result)
{
	struct batch *b = &l->batches[0];

	if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
		PQclear(result);
		if (b->prepares) {
			l->in_flight = 0;
			l->state = READY;
			l->told = false;
			metrics.database_connects++;
		} else {
			batch_end(l);
		}
		return;
	}
	if (b->prepares) {
		if (PQresultStatus(result) != PGRES_COMMAND_OK)
			log_line(LOG_ERROR, "database_failed", "statement=%s why=%s", "prepare", PQresultErrorMessage(result));
		PQclear(result);
		return;
	}
	if (b->answered == b->count) { /* the transaction has failed at its end: all of it is asked again */
		lane_drop(l, PQresultErrorMessage(result));
		PQclear(result);
		return;
	}
	b->list[b->answered++]->result = result;
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

/* ---- connections */

static void
lane_prepare(struct lane *l)
{
	l->state = PREPARING;
	bool good = PQenterPipelineMode(l->db) == 1;
	for (int i = 0; i < STORE_STATEMENTS && good; i++)
		good = PQsendPrepare(l->db, statements[i].name, statements[i].sql, statements[i].params, NULL) == 1;
	if (!good || PQpipelineSync(l->db) != 1) {
		lane_drop(l, PQerrorMessage(l->db));
		return;
	}
	l->batches[0] = (struct batch){ .prepares = true };
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
	/* libpq may have gone on to another address, and so another socket */
	loop_unwatch(&l->watch);
	l->watch.fd = PQsocket(l->db);
	bool reads = PQstatus(l->db) != CONNECTION_STARTED && PQstatus(l->db) != CONNECTION_MADE;
	if (!loop_watch_level(&l->watch, reads ? EPOLLIN : EPOLLOUT))
		lane_drop(l, "cannot watch the socket");
}

static void
lane_ready(struct watch *w, uint32_t events)
{
	struct lane *l = LOOP_OWNER(w, struct lane, watch);

	if (l->state == CONNECTING) {
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

	database_target(&target, l->application);
	l->db = PQconnectStartParams(target.keywords, target.values, 1);
	l->watch = (struct watch){ PQsocket(l->db), lane_ready };
	l->state = CONNECTING;
	if (PQstatus(l->db) == CONNECTION_BAD || !loop_watch_level(&l->watch, EPOLLOUT)) {
		PQfinish(l->db);
		l->db = NULL;
		l->state = DOWN;
		timer_start(&l->timer, RECONNECT_MS);
		return;
	}
	timer_start(&l->timer, CONNECT_MS);
}

/* A lane that is down connects; one that has been connecting for too long begins anew. */
static void
lane_timer(struct timer *t)
{
	struct lane *l = LOOP_OWNER(t, struct lane, timer);

	if (l->state == READY)
		return;
	if (l->db)
		lane_drop(l, "connecting takes too long");
	timer_stop(&l->timer);
	lane_connect(l);
}

void
store_open(void)
{
	static const char *const applications[] = { "banter-push-read", "banter-push-write", "banter-push-send" };

	for (int i = 0; i < LANES; i++) {
		lanes[i].application = applications[i < SENDING ? i : SENDING];
		lanes[i].timer.fire = lane_timer;
		lanes[i].waiting_end = &lanes[i].waiting;
		lane_connect(&lanes[i]);
	}
	expiry.fire = expiry_fire;
	timer_start(&expiry, EXPIRE_MS);
}

bool
store_is_up(void)
{
	return lanes[READING].state == READY && lanes[WRITING].state == READY;
}

bool
store_answers(void)
{
	for (int i = 0; i < LANES; i++)
		if (lanes[i].state != READY || (lanes[i].in_flight && time_steady_us() - lanes[i].batches[0].sent_us > SLOW_US))
			return false;
	return true;
}

bool
store_is_idle(void)
{
	for (int i = 0; i < LANES; i++)
		if (lanes[i].state == READY && (lanes[i].waiting || lanes[i].in_flight))
			return false;
	return true;
}

void
store_turn_end(void)
{
	for (int i = 0; i < LANES; i++)
		lane_send(&lanes[i]);
}

/* Whoever still waits is told that there is no answer. */
void
store_close(void)
{
	closing = true;
	timer_stop(&expiry);
	for (int i = 0; i < LANES; i++) {
		lane_drop(&lanes[i], "");
		timer_stop(&lanes[i].timer);
		while (lanes[i].waiting) /* an answer may be a reason to ask again */
			question_answer(waiting_take(&lanes[i]));
	}
}
