/* SPDX-License-Identifier: MIT */
/*
 * Opening of a stream: from a cursor to live delivery.
 *
 *  begin ─┬─▶ USER ─▶ (PROOF) ─▶ MEMBERSHIPS ─▶ TOPICS ─▶ (PAGE ◀─▶) FEED ─▶ MERGE ─▶ live
 * resync ─┘                             ▲            │ again                      │ again
 *                                       └────────────┴────────────────────────────┘
 *
 * QUERY is PROOF in a first opening whose cursor needs a proof (needs_proof). Otherwise QUERY is
 * MEMBERSHIPS. Reconnect means push's connection to the database.
 *
 * | from        | event                                 | to          | by                 |
 * |-------------|---------------------------------------|-------------|--------------------|
 * |             | a stream begins                       | USER        | resume_begin       |
 * |             | a live stream resyncs                 | USER        | resume_resync      |
 * | USER        | the user's channel is subscribed      | QUERY       | resume_continue    |
 * | PROOF       | answered; no proof resets the cursor  | MEMBERSHIPS | proof_reply        |
 * | PROOF       | answered before a reconnect           | QUERY       | proof_reply        |
 * | MEMBERSHIPS | answered: subscribes to the topics    | TOPICS      | memberships_answer |
 * | MEMBERSHIPS | the device may not have streams       | closed      | memberships_answer |
 * | MEMBERSHIPS | answered before a reconnect           | QUERY       | memberships_answer |
 * | TOPICS      | channels subscribed, again is set     | QUERY       | resume_continue    |
 * | TOPICS      | channels subscribed, missed is set    | PAGE        | resume_continue    |
 * | TOPICS      | channels subscribed, nothing missed   | FEED        | resume_continue    |
 * | PAGE        | answered                              | FEED        | replay_reply       |
 * | PAGE        | answered before a reconnect           | QUERY       | replay_reply       |
 * | FEED        | a page is delivered, not the last     | PAGE        | page_done          |
 * | FEED        | the last page is delivered            | MERGE       | page_done          |
 * | FEED        | too many events: stream.reset         | MERGE       | page_done          |
 * | FEED        | a long-poll has missed an event       | MERGE       | page_done          |
 * | MERGE       | again is set                          | QUERY       | resume_merge_live  |
 * | MERGE       | too many events were kept             | PAGE        | resume_merge_live  |
 * | MERGE       | the kept events are delivered         | live        | resume_done        |
 * | a query     | no answer, in a resync                | USER        | unanswered         |
 * | a query     | no answer, first opening or too often | closed      | unanswered         |
 * | any         | the connection closes                 | abandoned   | resume_abandon     |
 *
 * FEED and MERGE pause while the peer is behind. resume_feed continues them.
 *
 * Invariants:
 * 1. A connection has at most one opening. A further resync sets again.
 * 2. The channels of all topics are subscribed before a page is read. So an event that no page
 *    holds arrives live. While Redis is unavailable the sweep finds such events.
 * 3. The horizon is read before the memberships, and before a page, are queried. So the answer
 *    holds all events below it. The base rises to it only when those are delivered or reset.
 * 4. Live events are kept until the replay is delivered. The cursor skips those that it covers.
 * 5. Kept events are dropped before the memberships are queried again. A page reads them instead.
 * 6. Memberships and pages count only without a reconnect between query and answer.
 * 7. The cursor state is set before the first event. stream.ready comes before that event, once.
 * 8. A resync delivers no event that the stream has received from the hub, although its cursor may
 *    have dropped that conversation's exception.
 * 9. An opening is freed only without queries under way and outside of the queue for channels.
 */
#include "push/session/resume.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/map.h"
#include "lib/base/memory.h"
#include "lib/base/settings.h"
#include "push/fanout/cursor_state.h"
#include "push/fanout/delivery.h"
#include "push/fanout/event_batch.h"
#include "push/fanout/hub.h"
#include "push/fanout/subscribe_wait.h"
#include "push/fanout/transport.h"
#include "push/links/db.h"
#include "push/links/horizon.h"
#include "push/links/proof.h"
#include "push/links/result.h"
#include "push/net/flush.h"
#include "push/net/incoming.h"
#include "push/net/metrics.h"
#include "push/net/outgoing.h"
#include "push/net/rare.h"
#include "push/session/join.h"
#include "push/session/kept.h"
#include "push/session/memberships.h"
#include "push/session/presence.h"
#include "push/session/receipts.h"
#include "push/session/replay.h"
#include "push/session/stream.h"
#include "push/session/users.h"

enum { FAILURES_MOST = 5 };

enum step {
	STEP_USER,	  /* waits for the user's channel */
	STEP_PROOF,	  /* waits for the database: does it have all that the cursor covers? */
	STEP_MEMBERSHIPS, /* waits for the database: memberships */
	STEP_TOPICS,	  /* waits for the channels of the conversations */
	STEP_PAGE,	  /* waits for the database: missed events */
	STEP_FEED,	  /* waits for the peer to take the missed events */
	STEP_MERGE,	  /* waits for the peer to take the kept events */
};

struct resume {
	struct conn *conn; /* NULL: abandoned, freed with the last answer */
	enum step step;
	int answers; /* queries under way */
	bool first;  /* the stream is not live yet: no resync */
	bool said_ready;
	/* something has changed meanwhile: the memberships are read again */
	bool again;
	bool missed;	     /* the cursor does not, or may not, cover all events */
	struct since *since; /* cursor that the client has sent, or NULL */
	const char *reset;   /* reason of stream.reset: the cursor is not resumed */
	char reset_text[16];
	uint32_t connects; /* horizon_connects() of the last query */
	/* the same of the proof that the database has all that the cursor covers */
	uint32_t proven;
	int64_t horizon; /* horizon that was read before the last query */
	/* without a cursor: the horizon, and later events that another device received */
	struct cursor_state *delivered;
	struct replay_page page;
	int replayed;
	struct kept kept;
	/* resync: the last id received in each conversation, where the cursor may not say it */
	struct map received;
	/* queries that failed while the database answered others */
	int failures;
	/* place in the queue for the user's channel, or the conversations' */
	struct subscribe_wait channel;
};

static subscribe_wait_turn resume_continue;
static void resume_ask(struct resume *o);
static void replay_ask(struct resume *o);

/* ---- end */

static void
resume_free(struct resume *o)
{
	event_list_free(&o->page.events);
	kept_drop(&o->kept);
	map_free(&o->received);
	cursor_state_unref(o->delivered);
	free(o->since);
	free(o);
}

void
resume_abandon(struct resume *o)
{
	o->conn->resume = NULL;
	o->conn = NULL;
	replay_page_leave(&o->page);
	if (!o->answers && !subscribe_wait_is_queued(&o->channel))
		resume_free(o);
}

/*
 * Counts an answer. Returns false when the opening is abandoned or its connection is closing. Frees
 * an abandoned opening with its last answer.
 */
static bool
answered(struct resume *o)
{
	o->answers--;
	if (o->conn)
		return o->conn->state < CONN_CLOSING;
	if (!o->answers && !subscribe_wait_is_queued(&o->channel))
		resume_free(o);
	return false;
}

/* ---- waiting for channels */

static void
wait_for(struct resume *o, enum step step, uint64_t subscription)
{
	o->step = step;
	subscribe_wait_begin(&o->channel, subscription, resume_continue);
}

/*
 * Handles a query without an answer. A client that still waits is disconnected. A live stream tries
 * again, at most FAILURES_MOST times while the database answers others.
 */
static void
unanswered(struct resume *o)
{
	if (db_is_up())
		o->failures++;
	if (o->first || o->failures == FAILURES_MOST)
		conn_close(o->conn, CLOSE_UNAVAILABLE);
	else
		wait_for(o, STEP_USER, 0);
}

/* Counts an answer. Returns whether there is one and its stream still waits for it. */
static bool
has_answer(struct resume *o, const void *answer)
{
	if (!answered(o))
		return false;
	if (!answer)
		unanswered(o);
	return answer != NULL;
}

/* ---- memberships */

/* Returns whether the stream resumes from the client's cursor. */
static bool
is_resumed(const struct resume *o)
{
	return o->since && o->since->is_cursor && !o->reset;
}

/*
 * Copies the cursor that the stream continues from: its cursor state or, at first, the client's
 * cursor. Returns false when there is none.
 */
static bool
resume_from(const struct resume *o, struct cursor *from)
{
	if (o->conn->cursor_state)
		cursor_state_cursor(o->conn->cursor_state, from);
	else if (is_resumed(o))
		*from = o->since->cursor;
	else
		return false;
	return true;
}

/*
 * Subscribes the stream to its topics and returns the subscription to wait for. Drops the kept
 * events when the stream has left a topic.
 */
static uint64_t
resume_join(struct resume *o, const struct memberships *list)
{
	struct cursor from;
	bool has_from = resume_from(o, &from);
	struct joined j = join_memberships(o->conn, list, has_from ? &from : NULL, o->horizon);

	o->missed = o->missed || j.missed;
	o->again = o->again || j.again;
	if (j.left && kept_drop(&o->kept))
		o->missed = true;
	cursor_state_unref(o->delivered);
	o->delivered = j.delivered;
	return j.waits_for;
}

static void
memberships_answer(void *context, const struct memberships *list)
{
	struct resume *o = context;

	if (!has_answer(o, list))
		return;
	struct conn *c = o->conn;
	if (o->connects != horizon_connects()) {
		resume_ask(o);
		return;
	}
	if (!list->good) {
		conn_close(c, CLOSE_REVOKED);
		return;
	}
	if (list->reset && !o->reset && !c->cursor_state) {
		snprintf(o->reset_text, sizeof o->reset_text, "%s", list->reset);
		o->reset = o->reset_text;
	}
	c->joined_round = horizon_round();
	uint64_t waits_for = resume_join(o, list);
	if (o->reset && !c->cursor_state)
		o->missed = false; /* the stream begins after a reset: nothing is replayed */
	if (is_resumed(o) && !c->cursor_state)
		receipts_ack(c, &o->since->cursor, RECEIPTS_SOON_MS);
	wait_for(o, STEP_TOPICS, waits_for);
}

static void
proof_reply(void *context, PGresult *result)
{
	struct resume *o = context;

	if (!has_answer(o, result))
		return;
	if (!result_is_null(result, 0, 0)) {
		snprintf(o->reset_text, sizeof o->reset_text, "%s", result_text(result, 0, 0));
		o->reset = o->reset_text;
	}
	o->proven = o->connects;
	resume_ask(o);
}

/*
 * Returns whether the cursor may cover what the database does not have: it is of another
 * incarnation, the present one is not known yet, or its pass ends at a horizon that is not.
 */
static bool
needs_proof(const struct cursor *c)
{
	return c->incarnation != horizon_incarnation() || c->pass.end > horizon_latest();
}

static void
resume_ask(struct resume *o)
{
	struct cursor from;

	if (o->first && !o->conn->cursor_state && is_resumed(o) && o->proven != horizon_connects() && needs_proof(&o->since->cursor)) {
		o->step = STEP_PROOF;
		o->answers++;
		o->connects = horizon_connects();
		proof_ask_cursor(&o->since->cursor, proof_reply, o);
		return;
	}
	int64_t base = resume_from(o, &from) ? from.base : MEMBERSHIPS_NO_BASE;

	o->step = STEP_MEMBERSHIPS;
	o->again = false;
	/* the former memberships chose the kept events: the database has them all */
	if (kept_drop(&o->kept))
		o->missed = true;
	o->answers++;
	o->connects = horizon_connects();
	o->horizon = horizon_latest();
	memberships_ask(o->conn->user, o->conn->device, base, memberships_answer, o);
}

/* ---- missed events */

static void
say_ready(struct resume *o)
{
	struct conn *c = o->conn;

	o->said_ready = true;
	transport_of(c)->open(c);
	stream_ready(c, is_resumed(o), o->page.rows);
	if (o->reset)
		stream_reset(c, o->reset);
}

/* Raises the base of the stream's cursor, unless a long-poll has missed an event. */
static void
stream_base(struct conn *c, int64_t base)
{
	if (!c->poll.stale)
		conn_rebase(c, base);
}

static void
resume_done(struct resume *o)
{
	struct conn *c = o->conn;

	c->resume = NULL;
	presence_judge(c);
	if (o->first)
		stream_live(c);
	resume_free(o);
	if (c->queue.count)
		conn_touch(c); /* a long-poll is answered only after it has opened */
	conn_resume_input(c);
}

/*
 * Delivers the kept events after the replay, provided that the memberships are still the same.
 * Stops when the stream closes.
 */
static void
resume_merge_live(struct resume *o)
{
	struct conn *c = o->conn;

	if (o->again && !c->poll.stale) {
		resume_ask(o);
		return;
	}
	o->step = STEP_MERGE;
	while (event_list_has_more(&o->kept.list) && c->state < CONN_CLOSING) {
		if (conn_is_behind(c))
			return;
		struct event *ev = event_list_next(&o->kept.list);
		conn_event(c, ev);
		event_unref(ev);
	}
	event_list_free(&o->kept.list);
	if (c->state >= CONN_CLOSING)
		return;
	if (o->kept.overflowed && !c->poll.stale) {
		o->kept.overflowed = false;
		replay_ask(o);
	} else {
		resume_done(o);
	}
}

static void
page_done(struct resume *o)
{
	struct conn *c = o->conn;

	event_list_free(&o->page.events);
	if (o->page.pass_end && !o->page.is_cut)
		stream_base(c, o->page.pass_end);
	if (o->page.is_last) {
		stream_base(c, o->horizon);
		o->missed = false;
	}
	if (!o->page.is_last && conn_answer_is_full(c, 1))
		c->poll.stale = true;
	if (o->page.is_last || c->poll.stale) {
		o->reset = NULL;
		resume_merge_live(o);
		return;
	}
	if (o->replayed < settings.push_replay_events) {
		replay_ask(o);
		return;
	}
	stream_reset(c, "too_far");
	stream_base(c, o->horizon);
	resume_merge_live(o);
}

/* Delivers an event of the page, unless the stream has received it before its resync. */
static void
resume_deliver(struct resume *o, struct event *ev)
{
	struct conn *c = o->conn;
	struct cursor_state *before = cursor_state_ref(c->cursor_state);

	cursor_state_read_by(o->page.has_snapshot ? &o->page.snapshot : NULL, o->page.pass_end);
	if (ev->id <= (intptr_t)map_get(&o->received, ev->conversation))
		conn_received(c, ev);
	else
		conn_event(c, ev);
	cursor_state_read_by(NULL, 0);
	conn_replayed(c, before, ev);
	cursor_state_unref(before);
}

/*
 * Delivers the page as far as the peer takes it. Without a pass, events are in the order of ids. So
 * everything below the next event and the horizon was delivered or never existed. The base may rise
 * to it.
 */
void
resume_feed(struct resume *o)
{
	struct conn *c = o->conn;

	if (o->step == STEP_MERGE && c->state < CONN_CLOSING) {
		resume_merge_live(o);
		return;
	}
	if (o->step != STEP_FEED)
		return;
	while (event_list_has_more(&o->page.events) && c->state < CONN_CLOSING) {
		if (conn_is_behind(c))
			return;
		struct event *ev = event_list_next(&o->page.events);
		if (!o->page.pass_end)
			stream_base(c, ev->id < o->horizon ? ev->id : o->horizon);
		resume_deliver(o, ev);
		hub_replayed(c, ev);
		event_unref(ev);
		o->replayed++;
		metrics.replayed++;
	}
	if (c->state < CONN_CLOSING)
		page_done(o);
}

/*
 * Sets the cursor state before the first page: the client's cursor or, without one, the place
 * before the first event.
 */
static void
resume_set_cursor(struct resume *o)
{
	struct cursor from;
	struct conn *c = o->conn;

	if (is_resumed(o)) {
		from = o->since->cursor;
	} else {
		cursor_state_cursor(o->delivered, &from);
		if (o->page.rows && o->page.events.events[0]->id < from.base)
			from.base = o->page.events.events[0]->id;
	}
	c->cursor_state = cursor_state_of(&from);
	if (is_resumed(o) && o->page.is_last && !o->page.rows)
		stream_base(c, o->horizon);
}

static void
replay_begin(struct resume *o)
{
	if (!o->conn->cursor_state)
		resume_set_cursor(o);
	if (!o->said_ready && o->first)
		say_ready(o);
	o->step = STEP_FEED;
	resume_feed(o);
}

static void
replay_reply(void *context, PGresult *result)
{
	struct resume *o = context;

	if (!has_answer(o, result))
		return;
	if (o->connects != horizon_connects()) {
		resume_ask(o);
		return;
	}
	replay_page_take(&o->page, result);
	replay_begin(o);
}

static void
replay_turn(struct replay_page *p)
{
	struct resume *o = LOOP_OWNER(p, struct resume, page);
	struct cursor from;

	o->answers++;
	o->connects = horizon_connects();
	o->horizon = horizon_latest();
	p->most = conn_events_most(o->conn);
	replay_page_ask(p, o->conn->user, resume_from(o, &from) ? &from : NULL, o->horizon, replay_reply, o);
}

static void
replay_ask(struct resume *o)
{
	o->step = STEP_PAGE;
	replay_page_wait(&o->page, replay_turn);
}

/* ---- begin, keep, continue */

void
resume_keep(struct resume *o, struct event *ev)
{
	kept_add(&o->kept, ev);
}

void
resume_begin(struct conn *c)
{
	struct resume *o = memory_alloc(sizeof *o);

	o->conn = c;
	o->first = true;
	if (c->rare) {
		o->since = c->rare->since;
		c->rare->since = NULL;
	}
	c->resume = o;
	if (o->since && !o->since->is_cursor)
		o->reset = "invalid_cursor";
	wait_for(o, STEP_USER, users_get(c->user)->subscription);
}

/*
 * Notes what a live stream has received in each conversation, if its cursor has dropped exceptions.
 * The pages of its resync have those events again.
 */
static void
received_note(struct resume *o)
{
	const struct conn *c = o->conn;

	assert(!event_batch_is_open());
	if (!cursor_state_has_dropped(c->cursor_state))
		return;
	for (uint32_t i = 0; i < c->subscriptions_count; i++) {
		const struct topic *t = hub_slot(c->subscriptions[i].topic);
		if (t->id >= c->cursor_state->base)
			map_put(&o->received, t->conversation, (void *)(intptr_t)t->id);
	}
}

void
resume_resync(struct conn *c)
{
	if (c->resume) {
		c->resume->again = true;
		return;
	}
	struct resume *o = memory_alloc(sizeof *o);
	o->conn = c;
	c->resume = o;
	received_note(o);
	metrics.resyncs++;
	wait_for(o, STEP_USER, 0);
}

static void
resume_continue(struct subscribe_wait *w)
{
	struct resume *o = LOOP_OWNER(w, struct resume, channel);

	if (!o->conn) {
		if (!o->answers)
			resume_free(o);
	} else if (o->step == STEP_USER || o->again) {
		resume_ask(o);
	} else if (o->missed) {
		replay_ask(o);
	} else {
		/* the memberships show that the cursor covers all events */
		replay_page_none(&o->page);
		replay_begin(o);
	}
}
