/* SPDX-License-Identifier: MIT */
/* Users with streams in this process. */
#include "push/session/users.h"

#include <assert.h>

#include "lib/base/map.h"
#include "lib/base/settings.h"
#include "push/fanout/delivery.h"
#include "push/links/redis.h"
#include "push/net/conns.h"
#include "push/net/pool.h"

enum { BUDGET_SECONDS = 4, SMALL_BYTES = 1024 };

static struct map users;
static struct pool pool = { .size = POOL_SIZE(struct user) };
static size_t streams;

struct user *
users_get(int64_t id)
{
	return map_get(&users, id);
}

struct user *
users_next(size_t *at)
{
	return map_next(&users, at);
}

size_t
users_streams(void)
{
	return streams;
}

/*
 * Charges bytes to a bucket that holds four seconds' worth and owes one at most. Small messages
 * pass always, so that the user's other devices continue.
 */
bool
users_pay(struct conn *c, uint32_t bytes)
{
	struct user *u = users_get(c->user);
	int64_t full = settings.push_input_bytes * BUDGET_SECONDS;
	uint32_t now = (uint32_t)(loop_now() / 1000);

	u->budget += (int64_t)(now - u->paid_sec) * settings.push_input_bytes;
	if (u->budget > full)
		u->budget = full;
	u->paid_sec = now;
	u->budget -= bytes;
	if (u->budget < -settings.push_input_bytes)
		u->budget = -settings.push_input_bytes;
	return u->budget >= 0 || bytes <= SMALL_BYTES;
}

/*
 * Closes the user's oldest stream. Streams that end in this turn are still in the list and do not
 * count.
 */
static void
close_oldest(const struct user *u)
{
	struct conn *oldest = NULL;
	long open = 0;

	for (struct conn *c = u->streams; c; c = c->user_next)
		if (c->state < CONN_CLOSING) {
			oldest = c;
			open++;
		}
	if (open > settings.push_streams_per_user)
		conn_close_over_limit(oldest, LIMITED_STREAMS_PER_USER, CLOSE_TOO_MANY_STREAMS);
}

void
users_attach(struct conn *c, int64_t id)
{
	struct user *u = users_get(id);

	assert(!c->user && !c->unauthenticated);
	if (!u) {
		u = pool_take(&pool);
		u->id = id;
		map_put(&users, id, u);
		u->subscription = redis_subscribe('u', id);
		u->budget = settings.push_input_bytes * BUDGET_SECONDS;
		u->paid_sec = (uint32_t)(loop_now() / 1000);
	}
	streams++;
	c->user = id;
	c->user_prev = NULL;
	c->user_next = u->streams;
	if (u->streams)
		u->streams->user_prev = c;
	u->streams = c;
	if (++u->streams_count > (uint32_t)settings.push_streams_per_user)
		close_oldest(u);
}

void
users_detach(struct conn *c)
{
	if (!c->user)
		return;
	struct user *u = users_get(c->user);
	if (c->user_next)
		c->user_next->user_prev = c->user_prev;
	if (c->user_prev)
		c->user_prev->user_next = c->user_next;
	else
		u->streams = c->user_next;
	c->user = 0;
	c->user_next = c->user_prev = NULL;
	streams--;
	if (--u->streams_count > 0)
		return;
	redis_unsubscribe('u', u->id);
	map_remove(&users, u->id);
	pool_give(&pool, u);
}

void
users_notice(const struct user *u, const struct topic *t, struct event *ev)
{
	for (struct conn *c = u->streams; c; c = c->user_next)
		if (c->state == CONN_LIVE && !c->resume && hub_is_subscribed(c, t))
			conn_event(c, ev);
}

void
users_revoke(int64_t device)
{
	for (struct conn *c = conn_next(NULL); c; c = conn_next(c))
		if (c->user && c->device == device)
			conn_close(c, CLOSE_REVOKED);
}

void
users_close(void)
{
	assert(users.count == 0);
	map_free(&users);
	pool_close(&pool);
}
