/* SPDX-License-Identifier: MIT */
/* The sweep, and what else is asked of the database each second: the horizon and the revocations. */
#include "sweep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/array.h"
#include "../lib/identifier.h"
#include "../lib/memory.h"
#include "../lib/revoked.h"
#include "../lib/settings.h"
#include "bus.h"
#include "conn.h"
#include "hub.h"
#include "loop.h"
#include "metrics.h"
#include "opening.h"
#include "result.h"
#include "store.h"
#include "users.h"

enum {
	SLICES = 5,
	SLICE_MOST = 2000, /* ids in one question */
	WITHIN_MS = 10 * 1000,
	REVOKED_OVERLAP_MS = 60 * 1000, /* a revocation may commit late, and clocks differ */
	REVOKED_EACH_MS = 800,		/* so that a stream ends within a second */
	FIRST_TICK_MS = 10,
	AWAY_TICK_MS = 100, /* while the database is away */
};

static struct {
	struct timer timer, revoked_timer;
	int64_t horizon;      /* the latest */
	int64_t base;	      /* the horizon that this round began with */
	int64_t members_from; /* and the last completed one */
	uint32_t round;
	int slice;   /* the next one; SLICES: all are asked */
	int pending; /* questions and topics that the round waits for */
	bool running, failed, hurry;
	bool revoked_before;
} sweep;

/* In the order of the subscriptions. */
struct beginning {
	int64_t conversation;
	uint64_t subscription;
};

static struct {
	struct beginning *list;
	size_t count, room;
} begun;

int64_t
sweep_horizon(void)
{
	return sweep.horizon;
}

uint32_t
sweep_round(void)
{
	return sweep.round;
}

/* ---- a round */

static void
round_complete(void)
{
	sweep.running = false;
	metrics.sweep_rounds++;
	sweep.members_from = sweep.base;
	for (struct conn *c = conn_next(NULL); c; c = conn_next(c))
		if (c->state == CONN_LIVE && !c->opening && !c->stale && c->wired_round < sweep.round)
			c->position = position_rebase_take(c->position, sweep.base);
}

/* A round in which the database failed to answer says nothing: the next one begins from the same memberships. */
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
	for (int i = 0; result && i < PQntuples(result); i++) {
		struct topic *t = hub_topic(result_int(result, i, 0));
		if (t)
			hub_head(t, result_int(result, i, 1), (uint32_t)result_int(result, i, 3));
	}
	round_answered(result);
}

/* A membership that a stream does not listen to: its doorbell was lost. */
static void
members_reply(void *context, PGresult *result)
{
	(void)context;
	for (int i = 0; result && i < PQntuples(result); i++) {
		const struct user *u = users_get(result_int(result, i, 0));
		const struct topic *t = hub_topic(result_int(result, i, 1));
		for (struct conn *c = u ? u->streams : NULL; c; c = c->user_next)
			if ((c->state == CONN_LIVE || c->opening) && !c->stale && (!t || !hub_listens(c, t)))
				opening_resync(c);
	}
	round_answered(result);
}

static void
ask_heads(struct array *ids)
{
	const char *params[] = { array_text(ids) };

	if (ids->count) {
		sweep.pending++;
		store_ask(STORE_HEADS, params, WITHIN_MS, heads_reply, NULL);
	}
	array_free(ids);
}

static void
ask_members(struct array *ids)
{
	char since[24];
	const char *params[] = { array_text(ids), since };

	identifier_text(sweep.members_from, since);
	if (ids->count) {
		sweep.pending++;
		store_ask(STORE_MEMBERS, params, WITHIN_MS, members_reply, NULL);
	}
	array_free(ids);
}

static bool
in_slice(int64_t id)
{
	return (uint64_t)id * UINT64_C(0x9e3779b97f4a7c15) % SLICES == (uint64_t)sweep.slice;
}

static void
slice_ask(void)
{
	struct array ids = { 0 };
	struct topic *t;
	struct user *u;

	for (size_t at = 0; (t = hub_next(&at));) {
		if (!in_slice(t->conversation))
			continue;
		array_add(&ids, t->conversation);
		if (ids.count == SLICE_MOST)
			ask_heads(&ids);
	}
	ask_heads(&ids);
	for (size_t at = 0; (u = users_next(&at));) {
		if (!in_slice(u->id))
			continue;
		array_add(&ids, u->id);
		if (ids.count == SLICE_MOST)
			ask_members(&ids);
	}
	ask_members(&ids);
	sweep.slice++;
}

static void
slices_ask(void)
{
	bool all = sweep.hurry || !bus_answers();

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
	sweep.round++;
	sweep.slice = 0;
	slices_ask();
}

/* ---- topics that have just begun */

/*
 * What commits after a topic's place was read and before its channel is heard rings in vain, so each is compared with the database once more then.
 * What is found is most likely on its way: it is waited for as a hole is.
 */
static void
begun_reply(void *context, PGresult *result)
{
	(void)context;
	for (int i = 0; result && i < PQntuples(result); i++) {
		struct topic *t = hub_topic(result_int(result, i, 0));
		if (t)
			hub_expect(t, result_int(result, i, 1));
	}
}

void
sweep_begun(const struct topic *t)
{
	begun.list = memory_room(begun.list, begun.count, &begun.room, sizeof begun.list[0]);
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
	struct array ids = { 0 };
	size_t n = 0;

	while (n < begun.count && n < SLICE_MOST && begun.list[n].subscription <= bus_acked())
		array_add(&ids, begun.list[n++].conversation);
	if (n) {
		const char *params[] = { array_text(&ids) };
		store_ask(STORE_HEADS, params, WITHIN_MS, begun_reply, NULL);
		begun.count -= n;
		memmove(begun.list, begun.list + n, begun.count * sizeof begun.list[0]);
	}
	if (!begun.count)
		begun_forget();
	array_free(&ids);
}

/* ---- each tick */

static void
horizon_reply(void *context, PGresult *result)
{
	(void)context;
	if (!result || PQntuples(result) != 1)
		return;
	sweep.horizon = result_int(result, 0, 0);
	if (!sweep.members_from)
		sweep.members_from = sweep.horizon;
	if (!sweep.running && sweep.pending == 0)
		round_begin(sweep.horizon);
}

static void
revoked_reply(void *context, PGresult *result)
{
	(void)context;
	for (int i = 0; result && i < PQntuples(result); i++) {
		int64_t device = result_int(result, i, 0);
		if (revoked_is(device))
			continue;
		revoked_add(device, loop_now(), settings.token_seconds * 1000 + REVOKED_OVERLAP_MS);
		users_revoke(device);
	}
	if (result)
		sweep.revoked_before = true;
}

static void
ask_revoked(void)
{
	char since[24];
	const char *params[] = { since };
	int64_t back = sweep.revoked_before ? REVOKED_OVERLAP_MS : settings.token_seconds * 1000 + REVOKED_OVERLAP_MS;

	identifier_text(time_now_ms() - back, since);
	store_ask(STORE_REVOKED, params, 1000, revoked_reply, NULL);
}

static void
revoked_fire(struct timer *timer)
{
	timer_start(timer, store_is_up() ? REVOKED_EACH_MS : AWAY_TICK_MS);
	if (store_is_up())
		ask_revoked();
}

static void
tick(struct timer *timer)
{
	timer_start(timer, store_is_up() ? settings.push_sweep_seconds * 1000 / (SLICES + 1) : AWAY_TICK_MS);
	if (!store_is_up())
		return;
	store_ask(STORE_HORIZON, NULL, 1000, horizon_reply, NULL);
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
	sweep.revoked_timer.fire = revoked_fire;
	timer_start(&sweep.timer, FIRST_TICK_MS);
	timer_start(&sweep.revoked_timer, FIRST_TICK_MS);
}

void
sweep_close(void)
{
	timer_stop(&sweep.timer);
	timer_stop(&sweep.revoked_timer);
	begun_forget();
}
