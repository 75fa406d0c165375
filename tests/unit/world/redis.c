/* SPDX-License-Identifier: MIT */
/* A fake Redis. */
#include "tests/unit/world/redis.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "push/fanout/event_batch.h"
#include "push/links/redis.h"
#include "push/net/conn.h"
#include "push/fanout/hub.h"
#include "push/session/resume.h"
#include "push/session/users.h"

enum { COMMANDS = 256 };

static struct {
	bool is_up;
	uint64_t subscribed, confirmed;
	int commands_count;
	struct command {
		redis_reply *reply;
		void *context;
	} commands[COMMANDS];
} redis;

void
fake_redis_reset(void)
{
	fake_redis_turn_end();
	redis.is_up = true;
	redis.confirmed = redis.subscribed;
}

void
fake_redis_confirm(void)
{
	redis.confirmed = redis.subscribed;
}

void
fake_redis_is_up(bool is_up)
{
	redis.is_up = is_up;
}

static void
event_publish(const struct stored *e)
{
	const struct topic *t = hub_topic(e->room);

	if (!t || t->subscription > redis.confirmed)
		return;
	char *json = memory_alloc(sizeof e->json + (size_t)database.filling);
	int len = sprintf(json, "%.*s,\"filling\":\"%*s\"}", (int)strlen(e->json) - 1, e->json, database.filling, "");
	hub_event(e->room, e->id, e->seq, e->removed_user, json, (size_t)len);
	event_batch_deliver_all();
	free(json);
}

void
fake_redis_publish(const struct stored *e)
{
	const struct user *u = users_get(USER);

	if (!redis.is_up)
		return;
	event_publish(e);
	if (!e->joins || !u || u->subscription > redis.confirmed)
		return;
	for (struct conn *c = u->streams; c; c = c->user_next)
		if (c->state == CONN_LIVE || c->resume)
			resume_resync(c);
}

void
fake_redis_turn_end(void)
{
	while (redis.commands_count) {
		struct command command = redis.commands[--redis.commands_count];
		command.reply(command.context, NULL, -1);
	}
}

/* ---- push/links/redis.h */

uint64_t
redis_subscribe(char kind, int64_t id)
{
	(void)kind, (void)id;
	return ++redis.subscribed;
}

void
redis_unsubscribe(char kind, int64_t id)
{
	(void)kind, (void)id;
}

uint64_t
redis_acked(void)
{
	return redis.confirmed;
}

bool
redis_answers(void)
{
	return redis.is_up;
}

void
redis_publish(const char *channel, const char *payload, size_t payload_len)
{
	(void)channel, (void)payload, (void)payload_len;
}

void
redis_command(int argc, const char *const *argv, redis_reply *reply, void *context)
{
	(void)argc, (void)argv;
	if (!reply)
		return;
	assert(redis.commands_count < COMMANDS);
	redis.commands[redis.commands_count++] = (struct command){ reply, context };
}
