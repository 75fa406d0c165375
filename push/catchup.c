/* SPDX-License-Identifier: MIT */
/*
 * Catching up after a break of the connections to Redis.
 *
 * The sweep finds durable events. This module finds the rest: watch lists and presence in Redis,
 * marks in the database. It reads each in batches, one batch at a time, and compares it with what
 * the streams received.
 *
 * There are two passes. The first waits a moment, so that other processes can send heartbeats again
 * when Redis has lost its data. The second finds what happened until the api was connected again.
 */
#include "push/catchup.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/id.h"
#include "lib/base/limits.h"
#include "lib/base/memory.h"
#include "lib/base/settings.h"
#include "lib/chat/presence.h"
#include "push/fanout/hub.h"
#include "push/links/redis.h"
#include "push/net/conns.h"
#include "push/net/loop.h"
#include "push/session/heartbeat.h"
#include "push/session/marks.h"
#include "push/session/presence.h"
#include "push/session/users.h"
#include "push/session/watched.h"
#include "push/sweep.h"

enum {
	FIRST_PASS_MS = 1000,
	SECOND_PASS_MS = 5000, /* after the first pass */
	LISTS_MOST = 100,      /* watch lists in one command */
};

static_assert((int)LISTS_MOST <= (int)REDIS_REPLY_VALUES, "a reply has room for all that are queried");

struct device {
	int64_t user, device;
};

/* Devices whose watch lists are still to be compared. */
struct lists {
	size_t count, at;
	int asked;
	struct device *devices;
};

static struct {
	struct timer timer;
	int passes;	     /* passes that are still to come */
	struct lists *lists; /* comparison under way, or NULL */
} catchup;

static void
lists_free(struct lists *l)
{
	free(l->devices);
	free(l);
	catchup.lists = NULL;
}

static void
list_compare(const struct device *d, const char *text)
{
	const struct user *u = users_get(d->user);
	int64_t users[LIMIT_PRESENCE_USERS];
	int n = 0;

	if (!u || !*text)
		return; /* Redis may have lost the list: the stream keeps its own */
	while (*text && n < LIMIT_PRESENCE_USERS) {
		size_t len = strcspn(text, " ");
		if (id_parse(text, len, &users[n]))
			n++;
		text += len + (text[len] == ' ');
	}
	for (struct conn *c = u->streams; c; c = c->user_next)
		if (c->device == d->device && c->state == CONN_LIVE && !presence_is_framed(c))
			presence_compare(c, users, n);
}

static void lists_ask(struct lists *l);

static void
lists_reply(void *context, const char *const *values, int count)
{
	struct lists *l = context;

	for (int i = 0; i < l->asked && count == l->asked; i++)
		list_compare(&l->devices[l->at + (size_t)i], values[i]);
	l->at += (size_t)l->asked;
	if (count < l->asked || l->at == l->count)
		lists_free(l);
	else
		lists_ask(l);
}

static void
lists_ask(struct lists *l)
{
	char ids[LISTS_MOST * 2][ID_TEXT_BYTES];
	const char *argv[4 + LISTS_MOST * 2] = { "EVAL", presence_lists_script, "0", settings.redis_prefix };

	l->asked = 0;
	for (size_t i = l->at; i < l->count && l->asked < LISTS_MOST; i++, l->asked++) {
		int k = 2 * l->asked;
		id_text(l->devices[i].user, ids[k]);
		id_text(l->devices[i].device, ids[k + 1]);
		argv[4 + k] = ids[k];
		argv[5 + k] = ids[k + 1];
	}
	redis_command(4 + 2 * l->asked, argv, lists_reply, l);
}

static void
lists_begin(void)
{
	if (catchup.lists)
		return;
	struct lists *l = memory_alloc(sizeof *l);
	l->devices = memory_alloc((conn_count() + 1) * sizeof l->devices[0]);
	for (struct conn *c = conn_next(NULL); c; c = conn_next(c))
		if (c->state == CONN_LIVE && !presence_is_framed(c))
			l->devices[l->count++] = (struct device){ c->user, c->device };
	catchup.lists = l;
	if (l->count)
		lists_ask(l);
	else
		lists_free(l);
}

static void
pass(struct timer *t)
{
	if (--catchup.passes > 0)
		timer_start(t, SECOND_PASS_MS);
	heartbeat_recover();
	lists_begin();
	watched_ask_all();
	marks_catch_up(catchup.passes == 0);
}

void
catchup_begin(void)
{
	sweep_hurry();
	heartbeat_all();
	marks_hold();
	catchup.passes = 2;
	timer_start(&catchup.timer, FIRST_PASS_MS);
}

void
catchup_open(void)
{
	catchup.timer.fire = pass;
}

void
catchup_close(void)
{
	timer_stop(&catchup.timer);
}
