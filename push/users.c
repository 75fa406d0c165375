/* SPDX-License-Identifier: MIT */
/* The users who have streams here. */
#include "users.h"

#include <assert.h>

#include "../lib/settings.h"
#include "bus.h"
#include "delivery.h"
#include "map.h"
#include "pool.h"

static struct map users;
static struct pool pool = { .size = POOL_SIZE(struct user) };

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

static void
close_oldest(const struct user *u)
{
	struct conn *oldest = u->streams;

	while (oldest->user_next)
		oldest = oldest->user_next;
	conn_exceeds(oldest, BOUND_STREAMS_PER_USER, CLOSE_TOO_MANY_STREAMS);
}

void
users_attach(struct conn *c, int64_t id)
{
	struct user *u = users_get(id);

	assert(!c->user && !c->handshaking);
	if (!u) {
		u = pool_take(&pool);
		u->id = id;
		map_put(&users, id, u);
		u->subscription = bus_subscribe('u', id);
	}
	c->user = u;
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
	struct user *u = c->user;

	if (!u)
		return;
	if (c->user_next)
		c->user_next->user_prev = c->user_prev;
	if (c->user_prev)
		c->user_prev->user_next = c->user_next;
	else
		u->streams = c->user_next;
	c->user = NULL;
	c->user_next = c->user_prev = NULL;
	if (--u->streams_count > 0)
		return;
	bus_unsubscribe('u', u->id);
	map_remove(&users, u->id);
	pool_give(&pool, u);
}

void
users_notice(const struct user *u, struct event *ev)
{
	for (struct conn *c = u->streams; c; c = c->user_next)
		if (c->state == CONN_LIVE && !c->opening)
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
