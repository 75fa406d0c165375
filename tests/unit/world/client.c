/* SPDX-License-Identifier: MIT */
/* A client with one stream by SSE. */
#include "tests/unit/world/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/settings.h"
#include "push/session/heartbeat.h"
#include "push/fanout/event_batch.h"
#include "push/net/conns.h"
#include "push/links/horizon.h"
#include "push/fanout/hub.h"
#include "push/fanout/subscribe_wait.h"
#include "push/net/loop.h"
#include "push/session/memberships.h"
#include "push/session/resume.h"
#include "push/fanout/cursor_state.h"
#include "push/session/receipts.h"
#include "push/session/stream.h"
#include "push/fanout/transport.h"
#include "push/session/users.h"
#include "tests/unit/world/redis.h"

enum { TURNS_MOST = 5000, INPUT_BYTES = 1 << 20 };

static struct client bystander = { .fd = -1 };

/* ---- modules */

static void
ignore(void)
{
}

static void
ignore_delivered(struct topic *t, const struct event *ev)
{
	(void)t, (void)ev;
}

static void
ignore_begun(const struct topic *t)
{
	(void)t;
}

static void
ignore_freed(struct topic *t)
{
	(void)t;
}

static const struct hub_calls hub_calls = {
	.resync = resume_resync,
	.keep = resume_keep,
	.delivered = ignore_delivered,
	.begun = ignore_begun,
	.behind = ignore,
	.caught_up = ignore,
	.freed = ignore_freed,
};

void
world_open(int argc, char **argv, const char *name)
{
	setenv("BANTER_DATABASE_URL", "host=/nonexistent", 1);
	settings_load(argc, argv, name, NULL);
	loop_open();
	hub_open(&hub_calls);
	horizon_open(hub_forget_heads);
	heartbeat_open();
}

void
world_close(void)
{
	database_reset();
	fake_redis_reset();
	heartbeat_close();
	receipts_flush();
	database_reset();
	hub_close();
	users_close();
	conn_shutdown();
	loop_close();
}

void
world_begin(void)
{
	horizon_connected();
	cursor_state_incarnation(INCARNATION);
	database_reset();
	fake_redis_reset();
}

/* ---- the connection */

struct conn *
client_conn(const struct client *l)
{
	for (struct conn *c = conn_next(NULL); c; c = conn_next(c))
		if (l->number && c->number == l->number)
			return c;
	return NULL;
}

static struct conn *
conn_new(int *fd)
{
	struct conn *c = NULL;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	conn_open(fds[0], 1, &transport_sse.owner);
	for (struct conn *next = conn_next(NULL); next; next = conn_next(next))
		if (!c || next->number > c->number)
			c = next;
	c->writable = true;
	*fd = fds[1];
	return c;
}

void
bystander_open(void)
{
	struct cursor from = { .base = FIRST_ID };
	struct conn *c = conn_new(&bystander.fd);

	bystander.number = c->number;
	c->cursor_state = cursor_state_of(&from);
	c->device = DEVICE + 1;
	conn_enter(c, CONN_LIVE);
	users_attach(c, OTHER);
	for (int64_t room = ROOM; room < ROOM + ROOMS; room++)
		hub_join(c, room, database_seq(room), database_id(room), 2);
	fake_redis_confirm();
}

/* Drops the input of the bystander, who must not become a slow reader. */
static void
bystander_read(void)
{
	static char input[INPUT_BYTES];

	while (bystander.fd >= 0 && read(bystander.fd, input, sizeof input) > 0)
		;
}

static void
bystander_close(void)
{
	if (bystander.fd < 0)
		return;
	conn_close(client_conn(&bystander), CLOSE_GONE);
	close(bystander.fd);
	bystander = (struct client){ .fd = -1 };
}

void
client_connect(struct client *l)
{
	struct token token = { .user = USER, .device = DEVICE, .expires = (int64_t)time(NULL) + 600 };
	struct conn *c = conn_new(&l->fd);

	l->number = c->number;
	l->reads = true;
	l->ready = 0;
	l->rest_len = 0;
	if (*l->cursor)
		stream_since(c, l->cursor, strlen(l->cursor));
	stream_begin(c, &token);
}

void
client_cut(struct client *l)
{
	struct conn *c = client_conn(l);

	if (c && c->state < CONN_CLOSING)
		conn_close(c, CLOSE_GONE);
	else if (c && c->state == CONN_CLOSING)
		conn_enter(c, CONN_DEAD);
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	l->rest_len = 0;
	turn(l);
}

bool
client_is_live(const struct client *l)
{
	const struct conn *c = client_conn(l);

	return c && c->state == CONN_LIVE && !c->resume;
}

void
world_end(struct client *l)
{
	client_cut(l);
	bystander_close();
	for (int i = 0; i < TURNS_MOST && database_waiting(QUERIES); i++) {
		database_fail_at(0);
		turn(l);
	}
	fake_redis_confirm();
	turn(l);
	turn(l);
	assert_int_equal(conn_count(), 0);
	assert_int_equal(users_streams(), 0);
	for (size_t at = 0; hub_next(&at);)
		fail_msg("a topic is left");
	free(l->rest);
	l->rest = NULL;
	l->rest_len = 0;
}

/* ---- input */

static void
field_copy(const char *text, const char *name, char *out, size_t size)
{
	const char *at = strstr(text, name);
	size_t len = at ? strcspn(at + strlen(name), "\"") : 0;

	if (at)
		snprintf(out, size, "%.*s", (int)len, at + strlen(name));
}

/* Takes one event of the stream, without the empty line at its end. */
static void
client_take(struct client *l, char *text)
{
	const char *room = strstr(text, "\"room\":"), *seq = strstr(text, "\"seq\":");

	if (strstr(text, "\"type\":\"stream.ready\""))
		l->ready++;
	if (strstr(text, "\"type\":\"stream.reset\""))
		field_copy(text, "\"reason\":\"", l->reset, sizeof l->reset);
	if (room && seq) {
		assert_true(l->count < HEARD);
		assert_int_equal(l->ready, 1);
		l->heard[l->count].room = strtoll(room + strlen("\"room\":"), NULL, 10);
		l->heard[l->count++].seq = strtoll(seq + strlen("\"seq\":"), NULL, 10);
	}
	field_copy(text, "\"cursor\":\"", l->cursor, sizeof l->cursor);
}

static void
client_read(struct client *l)
{
	char *end, *at;

	if (!l->rest)
		l->rest = malloc(INPUT_BYTES);
	for (;;) {
		ssize_t got = l->fd < 0 ? 0 : read(l->fd, l->rest + l->rest_len, INPUT_BYTES - 1 - l->rest_len);
		if (got <= 0)
			return;
		l->rest_len += (size_t)got;
		l->rest[l->rest_len] = '\0';
		for (at = l->rest; (end = strstr(at, "\n\n")); at = end + 2) {
			*end = '\0';
			client_take(l, at);
		}
		l->rest_len -= (size_t)(at - l->rest);
		memmove(l->rest, at, l->rest_len + 1);
	}
}

/* ---- turns */

void
turn(struct client *l)
{
	event_batch_deliver_all();
	subscribe_wait_turn_end();
	conn_turn_end();
	hub_turn_end();
	memberships_turn_end();
	fake_redis_turn_end();
	bystander_read();
	if (!l->reads)
		return;
	client_read(l);
	const struct conn *c = client_conn(l);
	if (c && !c->writable)
		loop_turn(); /* the socket has room again */
}

void
client_settle(struct client *l)
{
	turn(l);
	for (int i = 0; i < TURNS_MOST && !client_is_live(l); i++) {
		fake_redis_confirm();
		if (database_waiting(QUERIES))
			database_answer_at(0);
		turn(l);
	}
	if (!client_is_live(l)) {
		const struct conn *c = client_conn(l);
		fail_msg("the stream is not live: state %d, reason %d", c ? (int)c->state : -1, c ? (int)c->why : -1);
	}
}

void
client_forget(struct client *l)
{
	l->count = 0;
}

void
sweep(struct client *l)
{
	struct topic *t;

	for (size_t at = 0; (t = hub_next(&at));)
		hub_head(t, database_seq(t->conversation), database_id(t->conversation), 2);
	for (int i = 0; i < TURNS_MOST && database_waiting(QUERY_RANGE); i++)
		database_answer(QUERY_RANGE);
	turn(l);
}

/* Returns the next event of the user in the room, at or behind an index. */
static int
next_of(int64_t room, int at)
{
	while (at < database_events() && (database_event(at)->room != room || !database_is_of_user(database_event(at))))
		at++;
	return at;
}

void
client_expect_all(const struct client *l)
{
	int at[ROOMS] = { 0 };

	for (int i = 0; i < l->count; i++) {
		int64_t room = l->heard[i].room;
		int *next = &at[room - ROOM];
		*next = next_of(room, *next);
		if (*next == database_events() || database_event(*next)->seq != l->heard[i].seq)
			fail_msg("event %d of the client is seq %ld of room %ld, not %ld", i, (long)l->heard[i].seq, (long)room,
				 (long)(*next < database_events() ? database_event(*next)->seq : 0));
		(*next)++;
	}
	for (int64_t room = ROOM; room < ROOM + ROOMS; room++) {
		int next = next_of(room, at[room - ROOM]);
		if (next < database_events())
			fail_msg("seq %ld of room %ld is missing", (long)database_event(next)->seq, (long)room);
	}
}

void
client_expect(const struct client *l, const int64_t *seqs, int count)
{
	for (int i = 0; i < count && i < l->count; i++) {
		assert_int_equal(l->heard[i].room, ROOM);
		assert_int_equal(l->heard[i].seq, seqs[i]);
	}
	assert_int_equal(l->count, count);
}
