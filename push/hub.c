/* SPDX-License-Identifier: MIT */
/* The hub: order, holes and their repair, delivery. */
#include "hub.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/doorbell.h"
#include "../lib/identifier.h"
#include "../lib/memory.h"
#include "../lib/settings.h"
#include "bundle.h"
#include "bus.h"
#include "delivery.h"
#include "map.h"
#include "metrics.h"
#include "opening.h"
#include "pool.h"
#include "receipts.h"
#include "result.h"
#include "store.h"
#include "stream.h"
#include "sweep.h"

enum {
	HELD_MOST = 512, /* events before their turn: what is beyond is read by the repair anyway */
	REPAIR_PAGE = 500,
	REPAIR_WITHIN_MS = 10 * 1000,
	REPAIR_AGAIN_MS = 500,
};

struct held {
	struct held *next;
	struct event *event;
};

static struct {
	struct map topics;
	struct topic **slots;
	uint32_t slots_count;
	size_t slots_room;
	uint32_t *free_slots;
	uint32_t free_count;
	size_t free_room;
	struct topic **emptied;
	size_t emptied_count, emptied_room;
} hub;

static struct pool pool = { .size = POOL_SIZE(struct topic) };

static void topic_repair(struct topic *t);

struct topic *
hub_topic(int64_t conversation)
{
	return map_get(&hub.topics, conversation);
}

struct topic *
hub_slot(uint32_t slot)
{
	return hub.slots[slot];
}

struct topic *
hub_next(size_t *at)
{
	return map_next(&hub.topics, at);
}

/* ---- order */

static void
held_free(struct topic *t)
{
	while (t->held) {
		struct held *h = t->held;
		t->held = h->next;
		event_unref(h->event);
		free(h);
	}
	t->held_count = 0;
}

static void
listener_dismiss(struct conn *c, struct topic *t, int64_t gone)
{
	hub_leave(c, t);
	if (gone != DOORBELL_GONE_ALL && c->state < CONN_CLOSING && !c->stale)
		opening_resync(c);
}

/* Those who have left with an event hear no later one; but they may have been added again since, and have heard of that already. */
static void
topic_dismiss(struct topic *t, int64_t gone)
{
	for (uint32_t i = t->listeners_count; i-- > 0;) {
		struct conn *c = t->listeners[i];
		if (gone != DOORBELL_GONE_ALL && stream_user(c) != gone)
			continue;
		listener_dismiss(c, t, gone);
	}
}

static void
topic_deliver(struct topic *t, struct event *ev)
{
	assert(ev->seq == t->seq + 1);
	t->seq = ev->seq;
	t->id = ev->id;
	if (t->known_seq < t->seq)
		t->known_seq = t->seq;
	metrics.events++;
	bundle_add(t, ev);
	receipts_delivered(t, ev);
	if (ev->gone != DOORBELL_GONE_NOBODY) {
		bundle_give_all();
		topic_dismiss(t, ev->gone);
	}
	if (t->swept && t->seq >= t->swept_seq) {
		bundle_give_all();
		t->swept = false;
		sweep_caught_up();
	}
}

static void
topic_release_held(struct topic *t)
{
	while (t->held && t->held->event->seq <= t->seq + 1) {
		struct held *h = t->held;
		t->held = h->next;
		t->held_count--;
		if (h->event->seq == t->seq + 1)
			topic_deliver(t, h->event);
		event_unref(h->event);
		free(h);
	}
	if (t->seq >= t->known_seq)
		timer_stop(&t->hold);
}

/* There are events up to this seq, which will come soon, or are repaired. */
static void
topic_expect(struct topic *t, int64_t seq)
{
	if (t->known_seq < seq)
		t->known_seq = seq;
	if (!timer_is_running(&t->hold) && !t->repairing)
		timer_start(&t->hold, settings.push_hold_ms);
}

static void
topic_hold(struct topic *t, struct event *ev)
{
	struct held **at = &t->held;

	metrics.holds++;
	topic_expect(t, ev->seq);
	while (*at && (*at)->event->seq < ev->seq)
		at = &(*at)->next;
	if ((*at && (*at)->event->seq == ev->seq) || t->held_count >= HELD_MOST)
		return;
	struct held *h = memory_alloc(sizeof *h);
	*h = (struct held){ *at, event_ref(ev) };
	*at = h;
	t->held_count++;
}

/* Gives an event to all who listen to its conversation, in seq order, once. A hole is held and repaired; what is known is dropped. */
static void
topic_event(struct topic *t, struct event *ev)
{
	if (ev->seq <= t->seq)
		return;
	if (ev->seq > t->seq + 1) {
		topic_hold(t, ev);
		return;
	}
	topic_deliver(t, ev);
	topic_release_held(t);
}

void
hub_event(int64_t conversation, int64_t id, int64_t seq, int64_t gone, const char *json, size_t len)
{
	struct topic *t = hub_topic(conversation);

	if (!t || seq <= t->seq)
		return;
	struct event *ev = event_durable(conversation, id, seq, gone, json, len);
	topic_event(t, ev);
	event_unref(ev);
}

/* ---- repair */

/* What the database does not have was never committed: a doorbell that announces it is not believed. */
static void
topic_doubt(struct topic *t)
{
	held_free(t);
	t->known_seq = t->seq > t->swept_seq ? t->seq : t->swept_seq;
	if (t->seq < t->known_seq)
		timer_start(&t->hold, REPAIR_AGAIN_MS);
}

/* The context is the conversation: its topic may have ended, or have begun anew, meanwhile. */
static void
repair_reply(void *context, PGresult *result)
{
	struct topic *t = hub_topic((int64_t)(intptr_t)context);
	int rows = result ? PQntuples(result) : 0;

	if (!t)
		return;
	t->repairing = false;
	for (int i = 0; i < rows; i++)
		hub_event(t->conversation, result_int(result, i, 0), result_int(result, i, 1), result_gone(result, i, 2), PQgetvalue(result, i, 3),
			  (size_t)PQgetlength(result, i, 3));
	topic_release_held(t);
	bundle_give_all();
	if (t->seq >= t->known_seq)
		return;
	if (rows > 0)
		topic_repair(t);
	else if (!result)
		timer_start(&t->hold, REPAIR_AGAIN_MS);
	else
		topic_doubt(t);
}

static void
topic_repair(struct topic *t)
{
	char conversation[24], after[24], limit[16];
	const char *params[] = { conversation, after, limit };

	if (t->repairing)
		return;
	t->repairing = true;
	metrics.repairs++;
	timer_stop(&t->hold);
	identifier_text(t->conversation, conversation);
	identifier_text(t->id, after);
	snprintf(limit, sizeof limit, "%d", REPAIR_PAGE);
	store_ask(STORE_RANGE, params, REPAIR_WITHIN_MS, repair_reply, (void *)(intptr_t)t->conversation);
}

static void
hold_fire(struct timer *timer)
{
	struct topic *t = LOOP_OWNER(timer, struct topic, hold);

	if (t->seq < t->known_seq)
		topic_repair(t);
}

void
hub_head(struct topic *t, int64_t seq, uint32_t members)
{
	t->members = members;
	if (seq <= t->seq)
		return;
	metrics.sweep_finds++;
	if (t->known_seq < seq)
		t->known_seq = seq;
	t->swept_seq = seq;
	if (!t->swept) {
		t->swept = true;
		sweep_behind();
	}
	topic_repair(t);
}

void
hub_expect(struct topic *t, int64_t seq)
{
	if (seq > t->seq)
		topic_expect(t, seq);
}

/* ---- listeners */

static uint32_t
slot_take(struct topic *t)
{
	if (hub.free_count)
		return hub.free_slots[--hub.free_count];
	hub.slots = memory_room(hub.slots, hub.slots_count, &hub.slots_room, sizeof hub.slots[0]);
	hub.slots[hub.slots_count] = t;
	return hub.slots_count++;
}

static void
slot_give_back(uint32_t slot)
{
	hub.free_slots = memory_room(hub.free_slots, hub.free_count, &hub.free_room, sizeof hub.free_slots[0]);
	hub.free_slots[hub.free_count++] = slot;
}

static struct topic *
topic_new(int64_t conversation, int64_t seq, int64_t id, uint32_t members)
{
	struct topic *t = pool_take(&pool);

	t->conversation = conversation;
	t->seq = t->known_seq = seq;
	t->id = id;
	t->members = members;
	t->hold.fire = hold_fire;
	t->slot = slot_take(t);
	hub.slots[t->slot] = t;
	map_put(&hub.topics, conversation, t);
	t->subscription = bus_subscribe('c', conversation);
	sweep_begun(t);
	return t;
}

static void
topic_free(struct topic *t)
{
	bus_unsubscribe('c', t->conversation);
	map_remove(&hub.topics, t->conversation);
	hub.slots[t->slot] = NULL;
	slot_give_back(t->slot);
	timer_stop(&t->hold);
	held_free(t);
	receipts_free(t);
	if (t->swept)
		sweep_caught_up();
	free(t->listeners);
	pool_give(&pool, t);
}

void
hub_reserve(struct conn *c, uint32_t n)
{
	if (c->subscriptions_room - c->subscriptions_count >= n)
		return;
	c->subscriptions_room = c->subscriptions_count + n;
	c->subscriptions = memory_resize(c->subscriptions, c->subscriptions_room * sizeof c->subscriptions[0]);
}

struct topic *
hub_join(struct conn *c, int64_t conversation, int64_t seq, int64_t id, uint32_t members)
{
	struct topic *t = hub_topic(conversation);

	assert(!bundle_is_open());
	if (!t)
		t = topic_new(conversation, seq, id, members);
	if (t->listeners_count == t->listeners_room) {
		t->listeners_room = t->listeners_room ? t->listeners_room + t->listeners_room / 2 + 1 : 2;
		t->listeners = memory_resize(t->listeners, t->listeners_room * sizeof t->listeners[0]);
	}
	if (c->subscriptions_count == c->subscriptions_room)
		hub_reserve(c, c->subscriptions_room / 2 + 1);
	c->subscriptions[c->subscriptions_count++] = (struct subscription){ t->slot, t->listeners_count };
	t->listeners[t->listeners_count++] = c;
	return t;
}

static struct subscription *
subscription_find(const struct conn *c, const struct topic *t)
{
	for (uint32_t i = 0; i < c->subscriptions_count; i++)
		if (c->subscriptions[i].topic == t->slot)
			return &c->subscriptions[i];
	return NULL;
}

bool
hub_listens(const struct conn *c, const struct topic *t)
{
	return subscription_find(c, t) != NULL;
}

static void
topic_emptied(struct topic *t)
{
	if (t->emptied)
		return;
	t->emptied = true;
	hub.emptied = memory_room(hub.emptied, hub.emptied_count, &hub.emptied_room, sizeof hub.emptied[0]);
	hub.emptied[hub.emptied_count++] = t;
}

/* The last listener moves into the place that becomes free. */
static void
listener_remove(struct topic *t, uint32_t place)
{
	assert(!bundle_is_open());
	struct conn *last = t->listeners[--t->listeners_count];

	if (place != t->listeners_count) {
		t->listeners[place] = last;
		subscription_find(last, t)->place = place;
	}
	if (t->listeners_count == 0)
		topic_emptied(t);
}

void
hub_leave(struct conn *c, struct topic *t)
{
	struct subscription *s = subscription_find(c, t);

	if (!s)
		return;
	listener_remove(t, s->place);
	*s = c->subscriptions[--c->subscriptions_count];
}

void
hub_replayed(struct conn *c, const struct event *ev)
{
	struct topic *t = hub_topic(ev->conversation);

	if (!t || ev->seq <= t->seq || (ev->gone != DOORBELL_GONE_ALL && ev->gone != stream_user(c)))
		return;
	bundle_give_all();
	listener_dismiss(c, t, ev->gone);
}

void
hub_leave_all(struct conn *c)
{
	while (c->subscriptions_count) {
		struct subscription s = c->subscriptions[c->subscriptions_count - 1];
		listener_remove(hub_slot(s.topic), s.place);
		c->subscriptions_count--;
	}
	free(c->subscriptions);
	c->subscriptions = NULL;
	c->subscriptions_room = 0;
}

void
hub_ephemeral(struct topic *t, struct event *ev, int64_t except)
{
	for (uint32_t i = 0; i < t->listeners_count; i++) {
		struct conn *c = t->listeners[i];
		if (c->state == CONN_LIVE && !c->opening && stream_user(c) != except)
			conn_event(c, ev);
	}
}

void
hub_turn_end(void)
{
	for (size_t i = 0; i < hub.emptied_count; i++) {
		hub.emptied[i]->emptied = false;
		if (hub.emptied[i]->listeners_count == 0)
			topic_free(hub.emptied[i]);
	}
	hub.emptied_count = 0;
}

void
hub_close(void)
{
	hub_turn_end();
	assert(hub.topics.count == 0);
	pool_close(&pool);
	map_free(&hub.topics);
	free(hub.slots);
	free(hub.free_slots);
	free(hub.emptied);
}
