/* SPDX-License-Identifier: MIT */
/* From a cursor to a live stream. */
#include "opening.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/identifier.h"
#include "../lib/memory.h"
#include "../lib/settings.h"
#include "delivery.h"
#include "flush.h"
#include "hub.h"
#include "line.h"
#include "memberships.h"
#include "metrics.h"
#include "page.h"
#include "receipts.h"
#include "store.h"
#include "stream.h"
#include "sweep.h"
#include "transport.h"
#include "users.h"

enum { KEPT_MOST = 1024, KEPT_BYTES = 1024 * 1024, FAILURES_MOST = 5 };

enum step {
	STEP_USER,	  /* waits for the user's channel */
	STEP_MEMBERSHIPS, /* waits for the database */
	STEP_TOPICS,	  /* waits for the conversations' channels */
	STEP_PAGE,	  /* waits for the database: missed events */
	STEP_FEED,	  /* waits for the peer to take them */
	STEP_SPLICE,	  /* waits for the peer to take what came meanwhile */
};

struct opening {
	struct conn *conn; /* NULL: abandoned, freed when the last answer is there */
	enum step step;
	int answers; /* that are still to come */
	bool first;  /* not a resync */
	bool said_ready;
	bool again;	     /* something has changed meanwhile: once more from the memberships */
	bool overflowed;     /* more came than is kept: once more from the page */
	bool missed;	     /* there is, or may be, something that the cursor does not cover */
	struct since *since; /* what the client said, or NULL */
	const char *reset;   /* why the cursor is not resumed */
	char reset_text[16];
	int64_t horizon;	    /* that was read before the memberships were asked for, and before a page was */
	struct position *delivered; /* without a cursor: the horizon, and beyond it what the user has already had elsewhere */
	struct page page;
	int replayed;
	struct event_list kept; /* what came meanwhile */
	int failures;		/* of the database, while it answers others */
	struct waiting channel; /* until it is heard: the user's, or the conversations' */
};

static line_turn opening_go_on;
static void opening_ask(struct opening *o);
static void replay_ask(struct opening *o);

/* ---- its end */

static void
opening_free(struct opening *o)
{
	event_list_free(&o->page.events);
	event_list_free(&o->kept);
	position_unref(o->delivered);
	free(o->since);
	free(o);
}

void
opening_abandon(struct opening *o)
{
	o->conn->opening = NULL;
	o->conn = NULL;
	page_leave(&o->page);
	if (!o->answers && !line_has(&o->channel))
		opening_free(o);
}

/* An answer has come. False when nobody wants it any more: the connection is gone, or is ending in this very turn. */
static bool
answered(struct opening *o)
{
	o->answers--;
	if (o->conn)
		return o->conn->state < CONN_CLOSING;
	if (!o->answers && !line_has(&o->channel))
		opening_free(o);
	return false;
}

/* ---- waiting for channels */

static void
wait_for(struct opening *o, enum step step, uint64_t subscription)
{
	o->step = step;
	line_join(&o->channel, subscription, opening_go_on);
}

/* The database gave no answer: a client that waits is sent away, a stream that is there tries again, unless it is alone with that. */
static void
unanswered(struct opening *o)
{
	if (store_is_up())
		o->failures++;
	if (o->first || o->failures == FAILURES_MOST)
		conn_close(o->conn, CLOSE_UNAVAILABLE);
	else
		wait_for(o, STEP_USER, 0);
}

/* ---- memberships */

/* Does it go on from the client's cursor? */
static bool
is_resumed(const struct opening *o)
{
	return o->since && o->since->is_cursor && !o->reset;
}

/* From where the stream goes on: from where it stands, at first from the client's cursor. False: it has none. */
static bool
opening_from(const struct opening *o, struct cursor *from)
{
	if (o->conn->position)
		position_cursor(o->conn->position, from);
	else if (is_resumed(o))
		*from = o->since->cursor;
	else
		return false;
	return true;
}

/* What was kept came by the memberships of before: it is read from the database instead. */
static void
kept_drop(struct opening *o)
{
	o->missed = o->missed || o->overflowed || event_list_has_more(&o->kept);
	o->overflowed = false;
	event_list_free(&o->kept);
}

/* Leaves what is not marked. Who came too late to be dismissed may have kept something of it that is not for them. */
static void
leave_unmarked(struct opening *o, uint32_t mark)
{
	struct conn *c = o->conn;

	for (uint32_t i = c->subscriptions_count; i-- > 0;) {
		struct topic *t = hub_slot(c->subscriptions[i].topic);
		if (t->mark == mark)
			continue;
		hub_leave(c, t);
		kept_drop(o);
	}
}

/*
 * Listens to one more conversation. The hub may be past where it stood in the database. What lies between is missed; and it may have ended this very
 * membership, for those who listened then: so the memberships are read once more.
 */
static struct topic *
join_one(struct opening *o, const struct membership *m)
{
	struct topic *t = hub_join(o->conn, m->conversation, m->seq, m->id, m->members);

	if (t->seq > m->seq)
		o->missed = o->again = true;
	return t;
}

static void
join_new(struct opening *o, const struct memberships *list, uint64_t *waits_for)
{
	struct cursor from, delivered = { .base = o->horizon };
	struct conn *c = o->conn;
	bool has_from = opening_from(o, &from);
	static uint32_t marks;
	uint32_t before = ++marks, now = ++marks;

	for (uint32_t i = 0; i < c->subscriptions_count; i++)
		hub_slot(c->subscriptions[i].topic)->mark = before;
	if (!c->subscriptions_count)
		hub_reserve(c, (uint32_t)list->count);
	for (int i = 0; i < list->count; i++) {
		struct membership m = memberships_get(list, i);
		o->missed = o->missed || !(has_from ? cursor_covers(&from, m.conversation, m.id) : m.delivered);
		if (!has_from && m.delivered && m.id >= o->horizon)
			cursor_advance(&delivered, m.conversation, m.id);
		if (m.ended)
			continue;
		struct topic *t = hub_topic(m.conversation);
		if (!t || t->mark != before)
			t = join_one(o, &m);
		t->mark = now;
		if (t->subscription > *waits_for)
			*waits_for = t->subscription;
	}
	leave_unmarked(o, now);
	position_unref(o->delivered);
	o->delivered = has_from ? NULL : position_of(&delivered);
}

static void
memberships_answer(void *context, const struct memberships *list)
{
	struct opening *o = context;
	uint64_t waits_for = 0;

	if (!answered(o))
		return;
	struct conn *c = o->conn;
	if (!list) {
		unanswered(o);
		return;
	}
	if (!list->good) {
		conn_close(c, CLOSE_REVOKED);
		return;
	}
	if (list->reset && !c->position) {
		snprintf(o->reset_text, sizeof o->reset_text, "%s", list->reset);
		o->reset = o->reset_text;
	}
	c->wired_round = sweep_round();
	join_new(o, list, &waits_for);
	if (o->reset && !c->position)
		o->missed = false; /* it begins anew */
	if (is_resumed(o) && !c->position)
		receipts_ack(c, &o->since->cursor, RECEIPTS_SOON_MS);
	wait_for(o, STEP_TOPICS, waits_for);
}

static void
opening_ask(struct opening *o)
{
	struct cursor from;
	int64_t base = opening_from(o, &from) ? from.base : MEMBERSHIPS_NO_BASE;

	o->step = STEP_MEMBERSHIPS;
	o->again = false;
	kept_drop(o);
	o->answers++;
	o->horizon = sweep_horizon();
	memberships_ask(stream_user(o->conn), o->conn->device, base, memberships_answer, o);
}

/* ---- missed events */

static void
say_ready(struct opening *o)
{
	struct conn *c = o->conn;

	o->said_ready = true;
	c->transport->open(c);
	stream_ready(c, is_resumed(o), o->page.rows);
	if (o->reset)
		stream_reset(c, o->reset);
}

/* The stream may say that it has all below base. */
static void
stream_base(struct conn *c, int64_t base)
{
	if (!c->stale)
		c->position = position_rebase_take(c->position, base);
}

static void
opening_done(struct opening *o)
{
	struct conn *c = o->conn;
	bool first = o->first;

	c->opening = NULL;
	opening_free(o);
	if (first)
		stream_live(c);
	if (c->queue.count)
		conn_touch(c); /* a poll is not answered while it opens */
	conn_resume_input(c);
}

/* The replay is out; then what came meanwhile, if the memberships are still the same. A stream that is closed by it is done as well. */
static void
opening_splice(struct opening *o)
{
	struct conn *c = o->conn;

	if (o->again && !c->stale) {
		opening_ask(o);
		return;
	}
	o->step = STEP_SPLICE;
	while (event_list_has_more(&o->kept) && c->state < CONN_CLOSING) {
		if (conn_is_behind(c))
			return;
		struct event *ev = event_list_next(&o->kept);
		conn_event(c, ev);
		event_unref(ev);
	}
	event_list_free(&o->kept);
	if (c->state >= CONN_CLOSING)
		return;
	if (o->overflowed && !c->stale) {
		o->overflowed = false;
		replay_ask(o);
	} else {
		opening_done(o);
	}
}

static void
page_done(struct opening *o)
{
	struct conn *c = o->conn;

	event_list_free(&o->page.events);
	if (o->page.is_last) {
		stream_base(c, o->horizon);
		o->missed = false;
	}
	if (o->page.is_last || c->stale) {
		o->reset = NULL;
		opening_splice(o);
		return;
	}
	if (o->replayed < settings.push_replay_events) {
		replay_ask(o);
		return;
	}
	stream_reset(c, "too_far");
	stream_base(c, o->horizon);
	opening_splice(o);
}

/* A page is in the order of ids, so what is below the next one, and below the horizon, has been given or was never there. */
void
opening_feed(struct opening *o)
{
	struct conn *c = o->conn;

	if (o->step == STEP_SPLICE && c->state < CONN_CLOSING) {
		opening_splice(o);
		return;
	}
	if (o->step != STEP_FEED)
		return;
	while (event_list_has_more(&o->page.events) && c->state < CONN_CLOSING) {
		if (conn_is_behind(c))
			return;
		struct event *ev = event_list_next(&o->page.events);
		stream_base(c, ev->id < o->horizon ? ev->id : o->horizon);
		conn_event(c, ev);
		hub_replayed(c, ev);
		event_unref(ev);
		o->replayed++;
		metrics.replayed++;
	}
	if (c->state < CONN_CLOSING)
		page_done(o);
}

/* Where the stream stands before the first page: at its cursor; or, without one, before the first thing that it will be given. */
static void
position_begin(struct opening *o)
{
	struct cursor from;
	struct conn *c = o->conn;

	if (is_resumed(o)) {
		from = o->since->cursor;
	} else {
		position_cursor(o->delivered, &from);
		if (o->page.rows && o->page.events.events[0]->id < from.base)
			from.base = o->page.events.events[0]->id;
	}
	c->position = position_of(&from);
	if (is_resumed(o) && !o->page.rows)
		stream_base(c, o->horizon);
}

static void
replay_begin(struct opening *o)
{
	if (!o->conn->position)
		position_begin(o);
	if (!o->said_ready && o->first)
		say_ready(o);
	o->step = STEP_FEED;
	opening_feed(o);
}

/* The memberships have shown that the cursor covers all there is, so the database is not asked for it. */
static void
replay_nothing(struct opening *o)
{
	page_none(&o->page);
	replay_begin(o);
}

static void
replay_reply(void *context, PGresult *result)
{
	struct opening *o = context;

	if (!answered(o))
		return;
	if (!result) {
		unanswered(o);
		return;
	}
	page_take(&o->page, result);
	replay_begin(o);
}

static void
replay_turn(struct page *p)
{
	struct opening *o = LOOP_OWNER(p, struct opening, page);
	struct cursor from;

	o->answers++;
	o->horizon = sweep_horizon();
	page_ask(p, stream_user(o->conn), opening_from(o, &from) ? &from : NULL, replay_reply, o);
}

static void
replay_ask(struct opening *o)
{
	o->step = STEP_PAGE;
	page_wait(&o->page, replay_turn);
}

/* ---- begin, keep, go on */

void
opening_keep(struct opening *o, struct event *ev)
{
	if (o->overflowed)
		return;
	if (o->kept.count == KEPT_MOST || o->kept.bytes >= KEPT_BYTES) {
		event_list_free(&o->kept);
		o->overflowed = true;
		return;
	}
	event_list_add(&o->kept, event_ref(ev));
}

void
opening_begin(struct conn *c)
{
	struct opening *o = memory_alloc(sizeof *o);

	o->conn = c;
	o->first = true;
	o->since = c->since;
	c->since = NULL;
	c->opening = o;
	if (o->since && !o->since->is_cursor)
		o->reset = "invalid_cursor";
	wait_for(o, STEP_USER, c->user->subscription);
}

void
opening_resync(struct conn *c)
{
	if (c->opening) {
		c->opening->again = true;
		return;
	}
	struct opening *o = memory_alloc(sizeof *o);
	o->conn = c;
	c->opening = o;
	metrics.resyncs++;
	wait_for(o, STEP_USER, 0);
}

static void
opening_go_on(struct waiting *w)
{
	struct opening *o = LOOP_OWNER(w, struct opening, channel);

	if (!o->conn) {
		if (!o->answers)
			opening_free(o);
	} else if (o->step == STEP_USER || o->again) {
		opening_ask(o);
	} else if (o->missed) {
		replay_ask(o);
	} else {
		replay_nothing(o);
	}
}
