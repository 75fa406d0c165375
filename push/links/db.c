/* SPDX-License-Identifier: MIT */
/*
 * PostgreSQL in the event loop. One connection reads, one writes, one is for revocations and the
 * horizon, and several send messages.
 */
#include "push/links/db.h"

#include "push/links/db_conn.h"
#include "push/links/query.h"
#include "push/links/statements.h"
#include "push/net/loop.h"
#include "push/net/metrics.h"

#include "lib/links/sqlstate.h"

enum {
	CHECK_EACH_MS = 500,
	SLOW_US = 1000 * 1000,
	CONNS = SENDING + DB_SENDERS,
};

static struct db_conn conns[CONNS];
static struct timer checking;

/*
 * Returns the connection of a statement. Of those that send messages, it takes the one with the
 * least work.
 */
static struct db_conn *
db_conn_of(enum query_name statement)
{
	struct db_conn *best = &conns[statements[statement].conn];

	if (statement == QUERY_SEND)
		for (struct db_conn *l = best + 1; l < conns + CONNS; l++)
			if (db_conn_load(l) < db_conn_load(best))
				best = l;
	return best;
}

void
db_query(enum query_name statement, const char *const *params, int64_t within_ms, db_reply *reply, void *context)
{
	struct query *q = query_new(statement, params, reply, context);

	q->expires_ms = loop_now() + within_ms;
	q->alone = statement == QUERY_SEND;
	metrics.database_queries++;
	query_queue_add(&db_conn_of(statement)->waiting, q);
}

static void
check(struct timer *t)
{
	for (int i = 0; i < CONNS; i++)
		db_conn_check(&conns[i]);
	timer_start(t, CHECK_EACH_MS);
}

void
db_open(void)
{
	static const char *const applications[] = { "banter-push-read", "banter-push-write", "banter-push-tend", "banter-push-send" };
	static const enum db_conn_kind kinds[] = {
		[READING] = DB_CONN_DROPPED, [WRITING] = DB_CONN_KEPT, [TENDING] = DB_CONN_DROPPED, [SENDING] = DB_CONN_PATIENT
	};

	for (int i = 0; i < CONNS; i++)
		db_conn_open(&conns[i], applications[i < SENDING ? i : SENDING], i < SENDING ? kinds[i] : kinds[SENDING]);
	checking.fire = check;
	timer_start(&checking, CHECK_EACH_MS);
}

bool
db_is_up(void)
{
	return conns[READING].state == DB_CONN_READY && conns[WRITING].state == DB_CONN_READY && db_tends();
}

bool
db_tends(void)
{
	return conns[TENDING].state == DB_CONN_READY;
}

bool
db_answers(void)
{
	for (int i = 0; i < CONNS; i++)
		if (!db_conn_answers(&conns[i], SLOW_US))
			return false;
	return !sqlstate_trouble();
}

bool
db_is_idle(void)
{
	for (int i = 0; i < CONNS; i++)
		if (conns[i].state == DB_CONN_READY && (conns[i].waiting.first || conns[i].in_flight))
			return false;
	return true;
}

void
db_turn_end(void)
{
	for (int i = 0; i < CONNS; i++)
		db_conn_send(&conns[i]);
}

void
db_close(void)
{
	timer_stop(&checking);
	for (int i = 0; i < CONNS; i++)
		db_conn_close(&conns[i]);
}
