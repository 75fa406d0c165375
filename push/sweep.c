/* SPDX-License-Identifier: MIT */
/* The sweep, and the horizon and incarnation of the database, which it reads each second. */
#include "push/sweep.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/hash.h"
#include "lib/base/id.h"
#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "lib/base/pg_array.h"
#include "lib/base/settings.h"
#include "push/fanout/cursor_state.h"
#include "push/fanout/delivery.h"
#include "push/fanout/hub.h"
#include "push/links/db.h"
#include "push/links/horizon.h"
#include "push/links/proof.h"
#include "push/links/redis.h"
#include "push/links/result.h"
#include "push/net/conn.h"
#include "push/net/conns.h"
#include "push/net/loop.h"
#include "push/net/metrics.h"
#include "push/session/resume.h"
#include "push/session/users.h"

enum {
	SLICES = 5,
	SLICE_MOST = 2000, /* ids in one query */
	WITHIN_MS = 10 * 1000,
	FIRST_TICK_MS = 10,
	AWAY_TICK_MS = 100, /* while the database is unavailable */
	/* time after which a horizon that stands still is logged … */
	STANDS_MS = 30 * 1000,
	STANDS_AGAIN_MS = 300 * 1000, /* … and logged once more */
	PROOF_MOST = 2000,	      /* conversations in one query */
};

static struct {
	struct timer timer;
	int64_t horizon;	   /* the latest one */
	int64_t moved_ms, told_ms; /* times when it moved, and when its standstill was logged */
	int64_t incarnation;	   /* incarnation of the database that answered */
	int proofs;		   /* queries under way about what this process has delivered */
	int64_t base;		   /* horizon at the start of this round */
	int64_t members_from;	   /* horizon at the start of the last completed round */
	int slice;		   /* next slice; SLICES: all were queried */
	int pending;		   /* queries and topics that the round waits for */
	bool running, failed, hurry;
} sweep;

/* A new topic. The list is in the order of the subscriptions. */
struct beginning {
	int64_t conversation;
	uint64_t subscription;
};

static struct {
	struct beginning *list;
	size_t count, room;
} begun;

/* Handles a new connection to the database: the round under way proves nothing. */
static void
connected(void)
{
	sweep.failed = true;
	hub_forget_heads();
	timer_start(&sweep.timer, FIRST_TICK_MS);
}

/* ---- a round */

static void
round_complete(void)
{
	sweep.running = false;
	metrics.sweep_rounds++;
	sweep.members_from = sweep.base;
	for (struct conn *c = conn_next(NULL); c; c = conn_next(c))
		if (c->state == CONN_LIVE && !c->resume && !c->poll.stale && c->joined_round < horizon_round())
			conn_rebase(c, sweep.base);
}

/* Ends a round. After a failed query the next one begins from the same memberships. */
static void
round_check(void)
{
	if (!sweep.running || sweep.slice < SLICES || sweep.pending > 0)
		return;
	if (sweep.failed)
		sweep.running = false;
	else
		round_complete();
}

static void
round_answered(const PGresult *result)
{
	sweep.pending--;
	if (!result)
		sweep.failed = true;
	round_check();
}

void
sweep_behind(void)
{
	sweep.pending++;
}

void
sweep_caught_up(void)
{
	sweep.pending--;
	round_check();
}

static void
heads_reply(void *context, PGresult *result)
{
	(void)context;
	for (int i = 0; result && i < result_rows(result); i++) {
		struct topic *t = hub_topic(result_int(result, i, 0));
		if (t)
			hub_head(t, result_int(result, i, 1), result_int(result, i, 2), (uint32_t)result_int(result, i, 3));
	}
	round_answered(result);
}

/* Resyncs streams without the subscription of a membership: its notification was lost. */
static void
members_reply(void *context, PGresult *result)
{
	(void)context;
	for (int i = 0; result && i < result_rows(result); i++) {
		const struct user *u = users_get(result_int(result, i, 0));
		const struct topic *t = hub_topic(result_int(result, i, 1));
		for (struct conn *c = u ? u->streams : NULL; c; c = c->user_next)
			if ((c->state == CONN_LIVE || c->resume) && !c->poll.stale && (!t || !hub_is_subscribed(c, t)))
				resume_resync(c);
	}
	round_answered(result);
}

static void
ask_heads(struct pg_array *ids)
{
	const char *params[] = { pg_array_text(ids) };

	if (ids->count) {
		sweep.pending++;
		db_query(QUERY_HEADS, params, WITHIN_MS, heads_reply, NULL);
	}
	pg_array_free(ids);
}

static void
ask_members(struct pg_array *ids)
{
	char since[24];
	const char *params[] = { pg_array_text(ids), since };

	id_text(sweep.members_from, since);
	if (ids->count) {
		sweep.pending++;
		db_query(QUERY_MEMBERS, params, WITHIN_MS, members_reply, NULL);
	}
	pg_array_free(ids);
}

static bool
in_slice(int64_t id)
{
	return hash_number((uint64_t)id) % SLICES == (uint64_t)sweep.slice;
}

static void
slice_ask(void)
{
	struct pg_array ids = { 0 };
	struct topic *t;
	struct user *u;

	for (size_t at = 0; (t = hub_next(&at));) {
		if (!in_slice(t->conversation))
			continue;
		pg_array_add(&ids, t->conversation);
		if (ids.count == SLICE_MOST)
			ask_heads(&ids);
	}
	ask_heads(&ids);
	for (size_t at = 0; (u = users_next(&at));) {
		if (!in_slice(u->id))
			continue;
		pg_array_add(&ids, u->id);
		if (ids.count == SLICE_MOST)
			ask_members(&ids);
	}
	ask_members(&ids);
	sweep.slice++;
}

static void
slices_ask(void)
{
	bool all = sweep.hurry || !redis_answers();

	sweep.hurry = false;
	do
		slice_ask();
	while (all && sweep.slice < SLICES);
	round_check();
}

static void
round_begin(int64_t horizon)
{
	sweep.running = true;
	sweep.failed = false;
	sweep.base = horizon;
	horizon_round_begin();
	sweep.slice = 0;
	slices_ask();
}

/* ---- new topics */

/*
 * Takes the heads of new topics after their channels were subscribed. Earlier commits had no
 * notification here. They are most likely on their way, so the topic waits for them as for a hole.
 */
static void
begun_reply(void *context, PGresult *result)
{
	(void)context;
	for (int i = 0; result && i < result_rows(result); i++) {
		struct topic *t = hub_topic(result_int(result, i, 0));
		if (t)
			hub_expect(t, result_int(result, i, 1));
	}
}

void
sweep_begun(const struct topic *t)
{
	begun.list = memory_grow(begun.list, begun.count, &begun.room, sizeof begun.list[0]);
	begun.list[begun.count++] = (struct beginning){ t->conversation, t->subscription };
}

static void
begun_forget(void)
{
	free(begun.list);
	begun.list = NULL;
	begun.count = begun.room = 0;
}

void
sweep_turn_end(void)
{
	struct pg_array ids = { 0 };
	size_t n = 0;

	while (n < begun.count && n < SLICE_MOST && begun.list[n].subscription <= redis_acked())
		pg_array_add(&ids, begun.list[n++].conversation);
	if (n) {
		const char *params[] = { pg_array_text(&ids) };
		db_query(QUERY_HEADS, params, WITHIN_MS, begun_reply, NULL);
		begun.count -= n;
		memmove(begun.list, begun.list + n, begun.count * sizeof begun.list[0]);
	}
	if (!begun.count)
		begun_forget();
	pg_array_free(&ids);
}

/* ---- each tick */

static void
proofs_are(int count)
{
	sweep.proofs = count;
	horizon_prove(!count);
}

/* Closes all streams, and their topics with them. A client resumes if its cursor is proven. */
static void
streams_end(const char *why)
{
	log_line(LOG_WARN, "database_other", "why=%s streams=%zu", why, conn_count());
	proofs_are(0);
	sweep.failed = true;
	/* a long-poll's last answer must still name the incarnation that its cursor covers */
	for (struct conn *c = conn_next(NULL); c; c = conn_next(c))
		if (c->user)
			conn_close(c, CLOSE_UNAVAILABLE);
	cursor_state_incarnation(sweep.incarnation);
}

/* Takes a proof of a part of what was delivered. A failed query counts as a missing event. */
static void
proof_reply(void *context, PGresult *result)
{
	if ((int64_t)(intptr_t)context != sweep.incarnation || !sweep.proofs)
		return;
	if (!result || !result_is_null(result, 0, 0)) {
		streams_end("events were lost");
		return;
	}
	proofs_are(sweep.proofs - 1);
	if (!sweep.proofs)
		cursor_state_incarnation(sweep.incarnation);
}

static void
delivered_ask(int64_t before, struct pg_array *conversations, struct pg_array *ids)
{
	proofs_are(sweep.proofs + 1);
	proof_ask(before, sweep.horizon, sweep.horizon, sweep.horizon, conversations, ids, proof_reply, (void *)(intptr_t)sweep.incarnation);
}

static void
delivered_add(int64_t before, struct pg_array *conversations, struct pg_array *ids, int64_t conversation, int64_t id)
{
	pg_array_add(conversations, conversation);
	pg_array_add(ids, id);
	if (ids->count == PROOF_MOST)
		delivered_ask(before, conversations, ids);
}

/* Adds events that only replays delivered. Closes a stream whose cursor does not name them all. */
static void
stream_prove(struct conn *c, int64_t before, struct pg_array *conversations, struct pg_array *ids)
{
	if (c->resume || cursor_state_is_partial(c->cursor_state))
		conn_close(c, CLOSE_UNAVAILABLE);
	for (int i = 0; i < c->cursor_state->count && c->state < CONN_CLOSING; i++) {
		const struct cursor_exception *e = &c->cursor_state->exceptions[i];
		const struct topic *t = hub_topic(e->conversation);
		if (!t || e->id > t->id)
			delivered_add(before, conversations, ids, e->conversation, e->id);
	}
}

/*
 * Checks what the streams have received, because the database has another history now. They stay
 * open when it has all of that: the last delivered event of each conversation, later events of
 * replays, and all below the last horizon.
 */
static void
incarnation_changed(int64_t before)
{
	struct pg_array conversations = { 0 }, ids = { 0 };
	struct topic *t;

	proofs_are(0);
	for (size_t at = 0; (t = hub_next(&at));)
		if (t->id)
			delivered_add(before, &conversations, &ids, t->conversation, t->id);
	for (struct conn *c = conn_next(NULL); c; c = conn_next(c))
		if (c->cursor_state)
			stream_prove(c, before, &conversations, &ids);
	delivered_ask(before, &conversations, &ids);
}

/* Logs a horizon that stands still, because cursors grow meanwhile. */
static void
horizon_watch(int64_t horizon)
{
	if (horizon != sweep.horizon || !sweep.moved_ms)
		sweep.moved_ms = sweep.told_ms = loop_now();
	metrics.horizon_stands = loop_now() - sweep.moved_ms >= STANDS_MS;
	if (!metrics.horizon_stands || (sweep.told_ms != sweep.moved_ms && loop_now() - sweep.told_ms < STANDS_AGAIN_MS))
		return;
	sweep.told_ms = loop_now();
	log_line(LOG_WARN, "horizon_stands", "seconds=%ld see=%s", (long)(loop_now() - sweep.moved_ms) / 1000, "banter.horizon_holders()");
}

/* Logs when the database's clock becomes wrong, and right again. */
static void
clock_watch(const char *state)
{
	bool is_wrong = strcmp(state, "ok") != 0;

	if (is_wrong != (bool)metrics.clock_wrong)
		log_line(is_wrong ? LOG_ERROR : LOG_INFO, "database_clock", "state=%s", state);
	metrics.clock_wrong = is_wrong;
}

static void
state_reply(void *context, PGresult *result)
{
	if (!result || result_rows(result) != 1 || (uint32_t)(uintptr_t)context != horizon_connects())
		return;
	int64_t horizon = result_int(result, 0, 0), incarnation = result_int(result, 0, 1), before = sweep.incarnation;
	sweep.incarnation = incarnation;
	if (!before)
		cursor_state_incarnation(incarnation);
	else if (before != incarnation)
		incarnation_changed(before);
	horizon_watch(horizon);
	clock_watch(result_text(result, 0, 2));
	sweep.horizon = horizon;
	horizon_learn(horizon, incarnation);
	/* a failover may have lost the notifications of memberships, so the older id stays */
	sweep.members_from = sweep.members_from && sweep.members_from < horizon ? sweep.members_from : horizon;
	if (!sweep.running && sweep.pending == 0 && !sweep.proofs)
		round_begin(sweep.horizon);
}

static void
tick(struct timer *timer)
{
	timer_start(timer, db_tends() ? settings.push_sweep_seconds * 1000 / (SLICES + 1) : AWAY_TICK_MS);
	if (!db_tends())
		return;
	db_query(QUERY_STATE, NULL, 1000, state_reply, (void *)(uintptr_t)horizon_connects());
	if (sweep.running && sweep.slice < SLICES)
		slices_ask();
}

void
sweep_hurry(void)
{
	sweep.hurry = true;
	timer_start(&sweep.timer, FIRST_TICK_MS);
}

void
sweep_open(void)
{
	sweep.timer.fire = tick;
	horizon_open(connected);
	timer_start(&sweep.timer, FIRST_TICK_MS);
}

void
sweep_close(void)
{
	timer_stop(&sweep.timer);
	begun_forget();
}
