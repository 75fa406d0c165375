/* SPDX-License-Identifier: MIT */
/*
 * The hub: order, holes and their repair, delivery.
 *
 * A hole is a missing seq between delivered and known events of a topic. Held events are those
 * behind a hole. A head is the last event that the database has.
 *
 *               later event                 hold time is over
 * new ──▶ CURRENT ─────────▶ HOLDING ──────────────────────────▶ REPAIRING
 *           ▲  ▲ hole filled   │  ▲ no answer                      │  ▲
 *           │  └───────────────┘  └────────────────────────────────┤  │ later head (sweep)
 *           └──────────────────────────────────────────────────────┘ CURRENT, HOLDING
 *                                    answered
 *
 * | from      | event                                  | to            | by                 |
 * |-----------|----------------------------------------|---------------|--------------------|
 * |           | the first stream subscribes            | CURRENT       | hub_join           |
 * | any       | the next event arrives                 | the same      | topic_deliver      |
 * | CURRENT   | a later event is known to exist        | HOLDING       | hub_expect         |
 * | HOLDING   | the hole is filled                     | CURRENT       | topic_release_held |
 * | HOLDING   | the hold timer fires                   | REPAIRING     | hold_fire          |
 * | CURRENT   | the sweep has read a later head        | REPAIRING     | hub_head           |
 * | HOLDING   | the sweep has read a later head        | REPAIRING     | hub_head           |
 * | REPAIRING | answered, no hole is left              | CURRENT       | repair_reply       |
 * | REPAIRING | answered with rows, a hole is left     | REPAIRING     | repair_reply       |
 * | REPAIRING | no answer                              | HOLDING       | repair_reply       |
 * | REPAIRING | no rows: the held events do not exist  | CURRENT       | topic_doubt        |
 * | REPAIRING | no rows, but the sweep's head is later | HOLDING       | topic_doubt        |
 * | any       | a later id has a delivered seq         | streams close | topic_knows        |
 * | any       | the database was connected anew        | the same      | hub_forget_heads   |
 * | any       | no subscriber at the end of a turn     | freed         | hub_turn_end       |
 *
 * Invariants:
 * 1. seq <= known_seq. CURRENT means that they are equal.
 * 2. topic_deliver delivers seq + 1 and nothing else.
 * 3. Held events ascend by seq, each once. All lie behind seq + 1.
 * 4. While seq < known_seq, the hold timer runs or a repair is under way.
 * 5. The event that removes a user is delivered before the user's streams are unsubscribed.
 * 6. The list of subscribers does not change while a batch is open.
 * 7. The list of a topic and the subscriptions of a stream point at each other's places.
 * 8. A topic is freed only when a turn ends, so pointers to it are valid until then.
 */
#include "push/fanout/hub.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/id.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/memory.h"
#include "lib/base/settings.h"
#include "lib/chat/notification.h"
#include "push/fanout/delivery.h"
#include "push/fanout/event_batch.h"
#include "push/links/db.h"
#include "push/links/horizon.h"
#include "push/links/redis.h"
#include "push/links/result.h"
#include "push/net/metrics.h"
#include "push/net/pool.h"
#include "push/net/slots.h"

enum { REPAIR_PAGE = 500, REPAIR_WITHIN_MS = 10 * 1000, REPAIR_AGAIN_MS = 500 };

static struct {
	const struct hub_calls *calls;
	struct map topics;
	struct slots slots; /* topics */
	struct topic **emptied;
	size_t emptied_count, emptied_room;
} hub;

static struct pool pool = { .size = POOL_SIZE(struct topic) };

static void topic_repair(struct topic *t);

void
hub_open(const struct hub_calls *calls)
{
	hub.calls = calls;
}

void
hub_keep(struct resume *o, struct event *ev)
{
	hub.calls->keep(o, ev);
}

struct topic *
hub_topic(int64_t conversation)
{
	return map_get(&hub.topics, conversation);
}

struct topic *
hub_slot(uint32_t slot)
{
	return slots_get(&hub.slots, slot);
}

struct topic *
hub_next(size_t *at)
{
	return map_next(&hub.topics, at);
}

/* ---- order */

static void
hub_unsubscribe_removed(struct conn *c, struct topic *t, int64_t removed_user)
{
	hub_leave(c, t);
	if (removed_user != NOTIFICATION_REMOVES_ALL && c->state < CONN_CLOSING && !c->poll.stale)
		hub.calls->resync(c);
}

/*
 * Unsubscribes the users who left with an event. A user may have been added again since, so the
 * streams of one user resync.
 */
static void
topic_unsubscribe_removed(struct topic *t, int64_t removed_user)
{
	for (uint32_t i = t->subscribers_count; i-- > 0;) {
		struct conn *c = t->subscribers[i];
		if (removed_user == NOTIFICATION_REMOVES_ALL || c->user == removed_user)
			hub_unsubscribe_removed(c, t, removed_user);
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
	event_batch_add(t, ev);
	hub.calls->delivered(t, ev);
	if (ev->removed_user != NOTIFICATION_REMOVES_NOBODY) {
		event_batch_deliver_all();
		topic_unsubscribe_removed(t, ev->removed_user);
	}
	if (t->swept && t->seq >= t->swept_seq) {
		event_batch_deliver_all();
		t->swept = false;
		hub.calls->caught_up();
	}
}

static void
topic_release_held(struct topic *t)
{
	struct event *ev;

	while ((ev = held_take(&t->held, t->seq + 1))) {
		if (ev->seq == t->seq + 1)
			topic_deliver(t, ev);
		event_unref(ev);
	}
	if (t->seq >= t->known_seq)
		timer_stop(&t->hold);
}

void
hub_expect(struct topic *t, int64_t seq)
{
	if (seq <= t->seq)
		return;
	if (t->known_seq < seq)
		t->known_seq = seq;
	if (!timer_is_running(&t->hold) && !t->repairing)
		timer_start(&t->hold, settings.push_hold_ms);
}

static void
topic_hold(struct topic *t, struct event *ev)
{
	metrics.holds++;
	hub_expect(t, ev->seq);
	held_add(&t->held, ev);
}

/*
 * Delivers an event to all subscribers of its conversation, once and in seq order. Holds an event
 * behind a hole. Drops an event that was delivered before.
 */
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

/*
 * Returns whether the topic has delivered an event with this seq.
 * Ids ascend with seq in a conversation. So a later id with such a seq is of another history: a
 * promotion has lost delivered events. All streams of the topic close then. Their clients reconnect
 * with cursors that name a lost event.
 */
static bool
topic_knows(const struct topic *t, int64_t id, int64_t seq)
{
	uint32_t ended = 0;

	if (seq > t->seq || id <= t->id)
		return seq <= t->seq;
	for (uint32_t i = 0; i < t->subscribers_count; i++) {
		ended += t->subscribers[i]->state < CONN_CLOSING;
		conn_close(t->subscribers[i], CLOSE_UNAVAILABLE);
	}
	if (ended) {
		log_line(LOG_WARN, "conversation_forked", "conversation=%ld seq=%ld id=%ld streams=%u", t->conversation, seq, id, ended);
		/* as after a connection: the incarnation is read before anything is concluded */
		horizon_connected();
	}
	return true;
}

void
hub_event(int64_t conversation, int64_t id, int64_t seq, int64_t removed_user, const char *json, size_t len)
{
	struct topic *t = hub_topic(conversation);

	if (!t || topic_knows(t, id, seq))
		return;
	struct event *ev = event_durable(conversation, id, seq, removed_user, json, len);
	topic_event(t, ev);
	event_unref(ev);
}

/* ---- repair */

/*
 * Discards held events that the database does not know. They were never committed, despite their
 * notifications.
 */
static void
topic_doubt(struct topic *t)
{
	held_free(&t->held);
	t->known_seq = t->seq > t->swept_seq ? t->seq : t->swept_seq;
	if (t->seq < t->known_seq)
		timer_start(&t->hold, REPAIR_AGAIN_MS);
}

/*
 * Takes the answer of a repair. context is the conversation, because the topic may have been freed,
 * or created again, meanwhile.
 */
static void
repair_reply(void *context, PGresult *result)
{
	struct topic *t = hub_topic((int64_t)(intptr_t)context);
	int rows = result ? result_rows(result) : 0;

	if (!t)
		return;
	t->repairing = false;
	for (int i = 0; i < rows; i++)
		hub_event(t->conversation, result_int(result, i, 0), result_int(result, i, 1), result_removed_user(result, i, 2),
			  result_text(result, i, 3), result_length(result, i, 3));
	topic_release_held(t);
	event_batch_deliver_all();
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
	id_text(t->conversation, conversation);
	id_text(t->id, after);
	snprintf(limit, sizeof limit, "%d", REPAIR_PAGE);
	db_query(QUERY_RANGE, params, REPAIR_WITHIN_MS, repair_reply, (void *)(intptr_t)t->conversation);
}

static void
hold_fire(struct timer *timer)
{
	struct topic *t = LOOP_OWNER(timer, struct topic, hold);

	if (t->seq < t->known_seq)
		topic_repair(t);
}

void
hub_head(struct topic *t, int64_t seq, int64_t id, uint32_t members)
{
	t->members = members;
	if (topic_knows(t, id, seq))
		return;
	metrics.sweep_finds++;
	if (t->known_seq < seq)
		t->known_seq = seq;
	t->swept_seq = seq;
	if (!t->swept) {
		t->swept = true;
		hub.calls->behind();
	}
	topic_repair(t);
}

void
hub_forget_heads(void)
{
	struct topic *t;

	for (size_t at = 0; (t = hub_next(&at));) {
		t->swept_seq = 0;
		if (!t->swept)
			continue;
		t->swept = false;
		hub.calls->caught_up();
	}
}

/* ---- subscribers */

static struct topic *
topic_new(int64_t conversation, int64_t seq, int64_t id, uint32_t members)
{
	struct topic *t = pool_take(&pool);

	assert(hub.calls);
	t->conversation = conversation;
	t->seq = t->known_seq = seq;
	t->id = id;
	t->members = members;
	t->hold.fire = hold_fire;
	t->slot = slots_add(&hub.slots, t);
	map_put(&hub.topics, conversation, t);
	t->subscription = redis_subscribe('c', conversation);
	hub.calls->begun(t);
	return t;
}

static void
topic_free(struct topic *t)
{
	redis_unsubscribe('c', t->conversation);
	map_remove(&hub.topics, t->conversation);
	slots_remove(&hub.slots, t->slot);
	timer_stop(&t->hold);
	held_free(&t->held);
	hub.calls->freed(t);
	if (t->swept)
		hub.calls->caught_up();
	free(t->subscribers);
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

	assert(!event_batch_is_open());
	if (!t)
		t = topic_new(conversation, seq, id, members);
	if (t->subscribers_count == t->subscribers_room) {
		t->subscribers_room = t->subscribers_room ? t->subscribers_room + t->subscribers_room / 2 + 1 : 2;
		t->subscribers = memory_resize(t->subscribers, t->subscribers_room * sizeof t->subscribers[0]);
	}
	if (c->subscriptions_count == c->subscriptions_room)
		hub_reserve(c, c->subscriptions_room / 2 + 1);
	c->subscriptions[c->subscriptions_count++] = (struct subscription){ t->slot, t->subscribers_count };
	t->subscribers[t->subscribers_count++] = c;
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
hub_is_subscribed(const struct conn *c, const struct topic *t)
{
	return subscription_find(c, t) != NULL;
}

static void
topic_emptied(struct topic *t)
{
	if (t->emptied)
		return;
	t->emptied = true;
	hub.emptied = memory_grow(hub.emptied, hub.emptied_count, &hub.emptied_room, sizeof hub.emptied[0]);
	hub.emptied[hub.emptied_count++] = t;
}

/* Removes a subscriber. The last subscriber moves to its place. */
static void
subscriber_remove(struct topic *t, uint32_t place)
{
	assert(!event_batch_is_open());
	struct conn *last = t->subscribers[--t->subscribers_count];

	if (place != t->subscribers_count) {
		t->subscribers[place] = last;
		subscription_find(last, t)->place = place;
	}
	if (t->subscribers_count == 0)
		topic_emptied(t);
}

void
hub_leave(struct conn *c, struct topic *t)
{
	struct subscription *s = subscription_find(c, t);

	if (!s)
		return;
	subscriber_remove(t, s->place);
	*s = c->subscriptions[--c->subscriptions_count];
}

void
hub_replayed(struct conn *c, const struct event *ev)
{
	struct topic *t = hub_topic(ev->conversation);

	if (!t || ev->seq <= t->seq || (ev->removed_user != NOTIFICATION_REMOVES_ALL && ev->removed_user != c->user))
		return;
	event_batch_deliver_all();
	hub_unsubscribe_removed(c, t, ev->removed_user);
}

void
hub_leave_all(struct conn *c)
{
	while (c->subscriptions_count) {
		struct subscription s = c->subscriptions[c->subscriptions_count - 1];
		subscriber_remove(hub_slot(s.topic), s.place);
		c->subscriptions_count--;
	}
	free(c->subscriptions);
	c->subscriptions = NULL;
	c->subscriptions_room = 0;
}

void
hub_ephemeral(struct topic *t, struct event *ev, int64_t except)
{
	for (uint32_t i = 0; i < t->subscribers_count; i++) {
		struct conn *c = t->subscribers[i];
		if (c->state == CONN_LIVE && !c->resume && c->user != except)
			conn_event(c, ev);
	}
}

void
hub_turn_end(void)
{
	for (size_t i = 0; i < hub.emptied_count; i++) {
		hub.emptied[i]->emptied = false;
		if (hub.emptied[i]->subscribers_count == 0)
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
	slots_free(&hub.slots);
	free(hub.emptied);
}
