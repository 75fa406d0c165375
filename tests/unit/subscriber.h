/* SPDX-License-Identifier: MIT */
/*
 * Streams that are subscribed to one room, without PostgreSQL and Redis: real connections on
 * socketpairs, the real hub, and notes of what the hub calls.
 */
#ifndef TESTS_SUBSCRIBER_H
#define TESTS_SUBSCRIBER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/settings.h"
#include "push/fanout/cursor_state.h"
#include "push/fanout/event_batch.h"
#include "push/fanout/hub.h"
#include "push/fanout/transport.h"
#include "push/links/db.h"
#include "push/links/horizon.h"
#include "push/links/redis.h"
#include "push/net/conn.h"
#include "push/net/conns.h"
#include "push/net/loop.h"
#include "push/session/heartbeat.h"
#include "push/session/users.h"

enum { ROOM = 9, FIRST_ID = 1000, ALICE = 1, BOB = 2, EVENTS = 200 };

struct subscriber {
	struct conn *conn;
	int fd; /* socket of the client */
};

/* Calls that the hub has made since the last calls_forget. */
static struct {
	int resyncs, kept, delivered, begun, freed;
	int behind;	       /* topics that the sweep waits for, over all tests */
	struct conn *resynced; /* the last one */
	int64_t kept_seq;
	bool was_subscribed; /* the resynced stream was subscribed to the topic */
} calls;

static inline void
calls_forget(void)
{
	int behind = calls.behind;

	memset(&calls, 0, sizeof calls);
	calls.behind = behind;
}

static inline void
note_resync(struct conn *c)
{
	const struct topic *t = hub_topic(ROOM);

	calls.resyncs++;
	calls.resynced = c;
	calls.was_subscribed = t && hub_is_subscribed(c, t);
}

static inline void
note_kept(struct resume *o, struct event *ev)
{
	assert_non_null(o);
	calls.kept++;
	calls.kept_seq = ev->seq;
}

static inline void
note_delivered(struct topic *t, const struct event *ev)
{
	assert_int_equal(t->seq, ev->seq);
	calls.delivered++;
}

static inline void
note_begun(const struct topic *t)
{
	assert_int_equal(t->conversation, ROOM);
	calls.begun++;
}

static inline void
note_behind(void)
{
	calls.behind++;
}

static inline void
note_caught_up(void)
{
	assert_true(calls.behind > 0);
	calls.behind--;
}

static inline void
note_freed(struct topic *t)
{
	assert_int_equal(t->subscribers_count, 0);
	calls.freed++;
}

static const struct hub_calls hub_calls = {
	.resync = note_resync,
	.keep = note_kept,
	.delivered = note_delivered,
	.begun = note_begun,
	.behind = note_behind,
	.caught_up = note_caught_up,
	.freed = note_freed,
};

static inline struct subscriber
subscribe_as(int64_t user)
{
	struct cursor from = { .base = FIRST_ID };
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	conn_open(fds[0], 1, &transport_sse.owner);
	struct conn *c = conn_next(NULL);
	for (struct conn *next = c; next; next = conn_next(next))
		c = next;
	c->cursor_state = cursor_state_of(&from);
	c->writable = true;
	c->device = user;
	conn_enter(c, CONN_LIVE);
	users_attach(c, user);
	hub_join(c, ROOM, 0, FIRST_ID, 2);
	return (struct subscriber){ c, fds[1] };
}

static inline void
turn_end(void)
{
	event_batch_deliver_all();
	conn_turn_end();
	hub_turn_end();
}

static inline void
hang_up(struct subscriber l)
{
	conn_close(l.conn, CLOSE_GONE);
	turn_end();
	close(l.fd);
}

/* Returns the seqs of the events that the client received. */
static inline int
heard(struct subscriber l, int seqs[], int most)
{
	static char text[1 << 20];
	ssize_t len;
	int n = 0;

	turn_end();
	len = read(l.fd, text, sizeof text - 1);
	text[len < 0 ? 0 : len] = '\0';
	for (const char *at = text; (at = strstr(at, "\"seq\":")) && n < most; at++)
		seqs[n++] = atoi(at + strlen("\"seq\":"));
	return n;
}

static inline void
publish(int seq, int64_t removed_user)
{
	char json[64];
	int len = snprintf(json, sizeof json, "{\"type\":\"t\",\"seq\":%d}", seq);

	hub_event(ROOM, FIRST_ID + seq, seq, removed_user, json, (size_t)len);
}

static inline void
expect_heard(struct subscriber l, int from, int to)
{
	int seqs[EVENTS + 1];
	int n = heard(l, seqs, EVENTS + 1);

	assert_int_equal(n, to - from + 1);
	for (int i = 0; i < n; i++)
		assert_int_equal(seqs[i], from + i);
}

/* Opens the modules of push, once for a program; closes them. */
static inline void
subscribers_open(int argc, char **argv, const char *name)
{
	setenv("BANTER_DATABASE_URL", "host=/nonexistent", 1);
	settings_load(argc, argv, name, NULL);
	loop_open();
	hub_open(&hub_calls);
	horizon_open(hub_forget_heads);
	db_open();
	heartbeat_open();
}

static inline void
subscribers_close(void)
{
	heartbeat_close();
	db_close();
	redis_close();
	hub_close();
	users_close();
	conn_shutdown();
	loop_close();
}

#endif
