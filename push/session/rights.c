/* SPDX-License-Identifier: MIT */
/*
 * Rights to watch.
 *
 * Two users share a conversation or they do not, which changes with their memberships. A right that
 * may have changed is due. No presence is sent by it until the database has judged it. Due rights
 * are queried together.
 */
#include "push/session/rights.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/id.h"
#include "lib/base/memory.h"
#include "lib/base/pg_array.h"
#include "lib/chat/notification.h"
#include "push/links/db.h"
#include "push/links/ids.h"
#include "push/links/result.h"
#include "push/session/presence.h"
#include "push/session/users.h"
#include "push/session/watched.h"

enum {
	PAIRS_MOST = 2000, /* pairs in one query, rounded up to a user's; one query is under way */
	SOON_MS = 20,
	AGAIN_MS = 1000, /* pause after the database did not answer */
	WITHIN_MS = 10 * 1000,
};

/* Query under way, and the users whose wishes it judges. */
struct judging {
	int count;
	int64_t users[];
};

static struct {
	struct timer timer;
	struct ids due; /* users with wishes that are due */
	bool under_way;
	uint32_t changes;
} rights;

uint32_t
rights_changes(void)
{
	return rights.changes;
}

/* ---- rights that become due */

static void
user_due(int64_t user)
{
	struct user *u = users_get(user);

	if (!u || u->judged_soon)
		return;
	u->judged_soon = true;
	ids_add(&rights.due, user);
	if (!timer_is_running(&rights.timer))
		timer_start(&rights.timer, SOON_MS);
}

void
presence_judge(const struct conn *c)
{
	if (!c->presence || !c->presence->count)
		return;
	for (int i = 0; i < c->presence->count; i++)
		c->presence->list[i].state = WISH_DUE;
	user_due(c->user);
}

static void
wish_due(struct conn *c, struct wish *wish, void *topic)
{
	if (!hub_is_subscribed(c, topic))
		return;
	wish->state = WISH_DUE;
	user_due(c->user);
}

/*
 * Makes due the rights of a user's watchers, because the user's membership of a conversation has
 * begun or ended.
 */
static void
user_changed(const struct topic *t, int64_t user)
{
	struct watched *w = watched_find(user);

	if (w)
		watched_each(w, wish_due, (void *)(uintptr_t)t);
}

/*
 * Makes due the rights to watch the users of a member.added. Each has a user_id in the event's
 * data.
 */
static void
added_changed(const struct topic *t, const struct event *ev)
{
	static const char key[] = "\"user_id\":\"";
	const char *at = (const char *)ev->body->bytes, *end = at + ev->body->len;

	while ((at = memmem(at, (size_t)(end - at), key, sizeof key - 1))) {
		int64_t user;
		at += sizeof key - 1;
		const char *quote = memchr(at, '"', (size_t)(end - at));
		if (quote && id_parse(at, (size_t)(quote - at), &user))
			user_changed(t, user);
	}
}

static bool
event_is(const struct event *ev, const char *type)
{
	return ev->body->len > strlen(type) && memcmp(ev->body->bytes, type, strlen(type)) == 0;
}

void
presence_changed(const struct topic *t, const struct event *ev)
{
	bool adds = event_is(ev, "{\"type\":\"member.added\"");

	if (!adds && ev->removed_user == NOTIFICATION_REMOVES_NOBODY)
		return;
	rights.changes++;
	if (adds)
		added_changed(t, ev);
	else if (ev->removed_user != NOTIFICATION_REMOVES_ALL)
		user_changed(t, ev->removed_user);
	for (uint32_t i = 0; ev->removed_user != NOTIFICATION_REMOVES_NOBODY && i < t->subscribers_count; i++)
		if (ev->removed_user == NOTIFICATION_REMOVES_ALL || t->subscribers[i]->user == ev->removed_user)
			presence_judge(t->subscribers[i]);
}

/* ---- judging */

static void
judged_settle(const struct user *u)
{
	for (struct conn *c = u->streams; c; c = c->user_next)
		for (int i = 0; c->presence && i < c->presence->count; i++) {
			struct wish *wish = &c->presence->list[i];
			if (wish->state != WISH_JUDGING && wish->state != WISH_CONFIRMED)
				continue;
			bool may = wish->state == WISH_CONFIRMED, is_new = may && !wish->may;
			wish->state = WISH_SETTLED;
			watched_permit(wish, may);
			if (is_new)
				watched_miss(wish, true);
			if (wish->missed)
				watched_ask(wish->watched);
		}
}

static struct wish *
wish_find(const struct conn *c, int64_t user)
{
	int low = 0, high = c->presence ? c->presence->count : 0;

	while (low < high) {
		int middle = (low + high) / 2;
		if (watched_user(c->presence->list[middle].watched) < user)
			low = middle + 1;
		else
			high = middle;
	}
	if (!c->presence || low == c->presence->count || watched_user(c->presence->list[low].watched) != user)
		return NULL;
	return &c->presence->list[low];
}

static void
judged_confirm(int64_t user, int64_t other)
{
	const struct user *u = users_get(user);

	for (struct conn *c = u ? u->streams : NULL; c; c = c->user_next) {
		struct wish *wish = wish_find(c, other);
		if (wish && wish->state == WISH_JUDGING)
			wish->state = WISH_CONFIRMED;
	}
}

/* Makes the queried rights due again, because the database did not answer. */
static void
judging_failed(const struct user *u)
{
	for (struct conn *c = u->streams; c; c = c->user_next)
		for (int i = 0; c->presence && i < c->presence->count; i++)
			if (c->presence->list[i].state == WISH_JUDGING)
				c->presence->list[i].state = WISH_DUE;
	user_due(u->id);
}

static void
judging_reply(void *context, PGresult *result)
{
	struct judging *j = context;

	rights.under_way = false;
	for (int i = 0; result && i < result_rows(result); i++)
		judged_confirm(result_int(result, i, 0), result_int(result, i, 1));
	for (int i = 0; i < j->count; i++) {
		const struct user *u = users_get(j->users[i]);
		if (u && result)
			judged_settle(u);
		else if (u)
			judging_failed(u);
	}
	if (rights.due.count)
		timer_start(&rights.timer, result ? SOON_MS : AGAIN_MS);
	free(j);
}

static void
pairs_add(const struct user *u, struct pg_array *users, struct pg_array *others)
{
	for (struct conn *c = u->streams; c; c = c->user_next)
		for (int i = 0; c->presence && i < c->presence->count; i++) {
			struct wish *wish = &c->presence->list[i];
			if (wish->state != WISH_DUE)
				continue;
			wish->state = WISH_JUDGING;
			pg_array_add(users, u->id);
			pg_array_add(others, watched_user(wish->watched));
		}
}

static void
rights_fire(struct timer *t)
{
	struct pg_array users = { 0 }, others = { 0 };
	struct judging *j;

	(void)t;
	if (rights.under_way || !rights.due.count)
		return;
	j = memory_alloc(sizeof *j + rights.due.count * sizeof j->users[0]);
	while (rights.due.count && users.count < PAIRS_MOST) {
		struct user *u = users_get(rights.due.list[--rights.due.count]);
		if (!u)
			continue;
		u->judged_soon = false;
		j->users[j->count++] = u->id;
		pairs_add(u, &users, &others);
	}
	const char *params[] = { pg_array_text(&users), pg_array_text(&others) };
	if (users.count) {
		rights.under_way = true;
		db_query(QUERY_RIGHTS, params, WITHIN_MS, judging_reply, j);
	} else {
		free(j);
	}
	pg_array_free(&users);
	pg_array_free(&others);
}

void
rights_open(void)
{
	rights.timer.fire = rights_fire;
}

void
rights_close(void)
{
	timer_stop(&rights.timer);
	ids_free(&rights.due);
}
