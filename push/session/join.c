/* SPDX-License-Identifier: MIT */
/* Subscriptions of a stream to the topics of its memberships. */
#include "push/session/join.h"

#include "push/fanout/cursor_state.h"
#include "push/fanout/hub.h"

/* Unsubscribes the stream from the topics without this mark. Returns whether there was one. */
static bool
leave_unmarked(struct conn *c, uint32_t mark)
{
	bool left = false;

	for (uint32_t i = c->subscriptions_count; i-- > 0;) {
		struct topic *t = hub_slot(c->subscriptions[i].topic);
		if (t->mark == mark)
			continue;
		hub_leave(c, t);
		left = true;
	}
	return left;
}

/*
 * Subscribes the stream to one more topic.
 * The topic may be ahead of the database's answer. The events between the two are missed then. One
 * of them may have ended this membership, for the subscribers of then. So the memberships are read
 * again.
 */
static struct topic *
join_one(struct conn *c, const struct membership *m, struct joined *j)
{
	struct topic *t = hub_join(c, m->conversation, m->seq, m->id, m->members);

	if (t->seq > m->seq)
		j->missed = j->again = true;
	return t;
}

struct joined
join_memberships(struct conn *c, const struct memberships *list, const struct cursor *from, int64_t horizon)
{
	struct cursor delivered = { .base = horizon };
	struct joined j = { .missed = false };
	static uint32_t marks;
	uint32_t before = ++marks, now = ++marks;

	for (uint32_t i = 0; i < c->subscriptions_count; i++)
		hub_slot(c->subscriptions[i].topic)->mark = before;
	if (!c->subscriptions_count)
		hub_reserve(c, (uint32_t)list->count);
	for (int i = 0; i < list->count; i++) {
		struct membership m = memberships_get(list, i);
		j.missed = j.missed || !(from ? cursor_covers(from, m.conversation, m.id) : m.delivered);
		if (!from && m.delivered && m.id >= horizon)
			cursor_advance(&delivered, m.conversation, m.id);
		if (m.ended)
			continue;
		struct topic *t = hub_topic(m.conversation);
		if (!t || t->mark != before)
			t = join_one(c, &m, &j);
		t->mark = now;
		if (t->subscription > j.waits_for)
			j.waits_for = t->subscription;
	}
	j.left = leave_unmarked(c, now);
	j.delivered = from ? NULL : cursor_state_of(&delivered);
	return j;
}
