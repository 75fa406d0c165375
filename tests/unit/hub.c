/* SPDX-License-Identifier: MIT */
/*
 * The hub with real connections, without PostgreSQL and Redis: order, holes, removed users, and
 * cursors that never cover too much.
 */
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

#include "chance.h"
#include "lib/base/settings.h"
#include "lib/chat/notification.h"
#include "push/fanout/delivery.h"
#include "push/fanout/event_batch.h"
#include "push/fanout/hub.h"
#include "push/fanout/transport.h"
#include "push/links/db.h"
#include "push/links/horizon.h"
#include "push/links/redis.h"
#include "push/net/conn.h"
#include "push/net/conns.h"
#include "push/net/incoming.h"
#include "push/net/loop.h"
#include "push/net/metrics.h"
#include "push/net/outgoing.h"
#include "push/net/rare.h"
#include "push/session/heartbeat.h"
#include "push/session/receipts.h"
#include "push/session/resume.h"
#include "push/session/stream.h"
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

static void
calls_forget(void)
{
	int behind = calls.behind;

	memset(&calls, 0, sizeof calls);
	calls.behind = behind;
}

static void
note_resync(struct conn *c)
{
	const struct topic *t = hub_topic(ROOM);

	calls.resyncs++;
	calls.resynced = c;
	calls.was_subscribed = t && hub_is_subscribed(c, t);
}

static void
note_kept(struct resume *o, struct event *ev)
{
	assert_non_null(o);
	calls.kept++;
	calls.kept_seq = ev->seq;
}

static void
note_delivered(struct topic *t, const struct event *ev)
{
	assert_int_equal(t->seq, ev->seq);
	calls.delivered++;
}

static void
note_begun(const struct topic *t)
{
	assert_int_equal(t->conversation, ROOM);
	calls.begun++;
}

static void
note_behind(void)
{
	calls.behind++;
}

static void
note_caught_up(void)
{
	assert_true(calls.behind > 0);
	calls.behind--;
}

static void
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

static struct subscriber
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

static void
turn_end(void)
{
	event_batch_deliver_all();
	conn_turn_end();
	hub_turn_end();
}

static void
hang_up(struct subscriber l)
{
	conn_close(l.conn, CLOSE_GONE);
	turn_end();
	close(l.fd);
}

/* Returns the seqs of the events that the client received. */
static int
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

static void
publish(int seq, int64_t removed_user)
{
	char json[64];
	int len = snprintf(json, sizeof json, "{\"type\":\"t\",\"seq\":%d}", seq);

	hub_event(ROOM, FIRST_ID + seq, seq, removed_user, json, (size_t)len);
}

static void
expect_heard(struct subscriber l, int from, int to)
{
	int seqs[EVENTS + 1];
	int n = heard(l, seqs, EVENTS + 1);

	assert_int_equal(n, to - from + 1);
	for (int i = 0; i < n; i++)
		assert_int_equal(seqs[i], from + i);
}

static void
test_order(void **state)
{
	struct subscriber alice = subscribe_as(ALICE), bob = subscribe_as(BOB);

	(void)state;
	publish(1, 0);
	publish(3, 0);
	publish(3, 0);
	publish(1, 0);
	expect_heard(alice, 1, 1);
	publish(2, 0);
	expect_heard(alice, 2, 3);
	expect_heard(bob, 1, 3);
	assert_ptr_equal(alice.conn->cursor_state, bob.conn->cursor_state);
	assert_int_equal(hub_topic(ROOM)->seq, 3);
	hang_up(alice);
	hang_up(bob);
	assert_null(hub_topic(ROOM));
}

/* Checks that events shuffled within a window, some repeated, arrive once and in order. */
static void
test_shuffled(void **state)
{
	uint64_t seed = chance_seed();
	struct subscriber alice = subscribe_as(ALICE);
	int seqs[EVENTS];

	(void)state;
	for (int i = 0; i < EVENTS; i++)
		seqs[i] = i + 1;
	for (int i = 0; i + 1 < EVENTS; i++) {
		int k = i + (int)chance_below(&seed, 8);
		if (k < EVENTS) {
			int swapped = seqs[i];
			seqs[i] = seqs[k];
			seqs[k] = swapped;
		}
	}
	for (int i = 0; i < EVENTS; i++) {
		publish(seqs[i], 0);
		if (chance_below(&seed, 4) == 0)
			publish(seqs[chance_below(&seed, (size_t)i + 1)], 0);
	}
	expect_heard(alice, 1, EVENTS);
	hang_up(alice);
}

/*
 * Checks that a removed user receives the removal and no later event, even one that arrived before
 * it.
 */
static void
test_gone(void **state)
{
	struct subscriber alice = subscribe_as(ALICE), bob = subscribe_as(BOB);

	(void)state;
	publish(3, 0);
	publish(2, BOB);
	publish(1, 0);
	expect_heard(bob, 1, 2);
	expect_heard(alice, 1, 3);
	publish(4, NOTIFICATION_REMOVES_ALL);
	publish(5, 0);
	expect_heard(alice, 4, 4);
	assert_null(hub_topic(ROOM));
	hang_up(alice);
	hang_up(bob);
}

static void
replay(struct subscriber l, int seq, int64_t removed_user)
{
	static const char json[] = "{\"type\":\"t\"}";
	struct event *ev = event_durable(ROOM, FIRST_ID + seq, seq, removed_user, json, sizeof json - 1);

	hub_replayed(l.conn, ev);
	event_unref(ev);
}

/*
 * Checks which events of a replay unsubscribe a stream: only those that the topic has not delivered
 * yet and that remove the stream's user.
 */
static void
test_gone_by_replay(void **state)
{
	struct subscriber alice = subscribe_as(ALICE), bob = subscribe_as(BOB);

	(void)state;
	calls_forget();
	publish(1, 0);
	publish(2, 0);
	replay(bob, 2, BOB);
	replay(bob, 3, 0);
	replay(bob, 4, ALICE);
	assert_true(hub_is_subscribed(bob.conn, hub_topic(ROOM)));
	replay(bob, 4, BOB);
	assert_false(hub_is_subscribed(bob.conn, hub_topic(ROOM)));
	assert_int_equal(calls.resyncs, 1);
	assert_ptr_equal(calls.resynced, bob.conn);
	publish(3, 0);
	expect_heard(bob, 1, 2);
	expect_heard(alice, 1, 3);
	replay(alice, 4, NOTIFICATION_REMOVES_ALL);
	turn_end();
	assert_null(hub_topic(ROOM));
	hang_up(alice);
	hang_up(bob);
}

/*
 * Checks that streams are closed when a promoted standby lacks events that they have received. They
 * are closed before an event of the other history is delivered.
 */
static void
test_forked(void **state)
{
	struct subscriber alice = subscribe_as(ALICE), bob = subscribe_as(BOB);
	struct cursor at;
	uint32_t connects = horizon_connects();

	(void)state;
	for (int seq = 1; seq <= 4; seq++)
		publish(seq, 0);
	expect_heard(alice, 1, 4);
	publish(2, 0); /* late, and of the same history */
	assert_int_equal(alice.conn->state, CONN_LIVE);
	static const char json[] = "{\"type\":\"t\",\"seq\":3}";
	hub_event(ROOM, FIRST_ID + 7, 3, 0, json, sizeof json - 1);
	for (int seq = 4; seq <= 6; seq++)
		hub_event(ROOM, FIRST_ID + 4 + seq, seq, 0, json, sizeof json - 1);
	event_batch_deliver_all();
	for (int i = 0; i < 2; i++) {
		const struct conn *c = i ? bob.conn : alice.conn;
		assert_int_equal(c->state, CONN_CLOSING);
		assert_int_equal(c->why, CLOSE_UNAVAILABLE);
		cursor_state_cursor(c->cursor_state, &at);
		assert_true(cursor_covers(&at, ROOM, FIRST_ID + 4));
		assert_false(cursor_covers(&at, ROOM, FIRST_ID + 7));
	}
	assert_true(horizon_connects() > connects);
	turn_end();
	assert_null(hub_topic(ROOM));
	conn_enter(alice.conn, CONN_DEAD);
	conn_enter(bob.conn, CONN_DEAD);
	turn_end();
	close(alice.fd);
	close(bob.fd);
}

/*
 * Checks that a head which a failover may have lost is forgotten. No event of the new database
 * would end the wait for it, so the sweep would stand still.
 */
static void
test_lost_head(void **state)
{
	struct subscriber alice = subscribe_as(ALICE);
	struct topic *t = hub_topic(ROOM);

	(void)state;
	publish(1, 0);
	hub_head(t, 3, FIRST_ID + 3, 2);
	assert_true(t->swept);
	assert_int_equal(calls.behind, 1);
	horizon_connected();
	assert_false(t->swept);
	assert_int_equal(t->swept_seq, 0);
	assert_int_equal(calls.behind, 0);
	hub_head(t, 2, FIRST_ID + 2, 2);
	assert_true(t->swept);
	publish(2, 0);
	assert_false(t->swept);
	expect_heard(alice, 1, 2);
	hang_up(alice);
}

/*
 * Checks when a resync is asked for: once for each open stream of a removed user, after it was
 * unsubscribed. Not for a stream that has missed an event anyway, and not when the conversation was
 * deleted.
 */
static void
test_resyncs(void **state)
{
	struct subscriber alice = subscribe_as(ALICE), bob = subscribe_as(BOB), second = subscribe_as(BOB), stale = subscribe_as(BOB),
			  closing = subscribe_as(BOB);

	(void)state;
	calls_forget();
	stale.conn->stale = true;
	conn_close(closing.conn, CLOSE_GONE);
	publish(2, BOB);
	publish(3, 0);
	assert_int_equal(calls.resyncs, 0); /* held behind a hole */
	publish(1, 0);
	assert_int_equal(calls.resyncs, 2);
	assert_false(calls.was_subscribed);
	assert_true(calls.resynced == bob.conn || calls.resynced == second.conn);
	publish(2, BOB); /* a repeated notification */
	assert_int_equal(calls.resyncs, 2);
	assert_int_equal(calls.delivered, 3);
	expect_heard(bob, 1, 2);
	expect_heard(alice, 1, 3);
	publish(4, NOTIFICATION_REMOVES_ALL);
	expect_heard(alice, 4, 4);
	assert_int_equal(calls.resyncs, 2);
	assert_int_equal(calls.freed, 1);
	hang_up(alice);
	hang_up(bob);
	hang_up(second);
	hang_up(stale);
	turn_end();
	close(closing.fd);
}

/* Checks that the events of a stream that is opening are kept, in order. Others receive them. */
static void
test_kept(void **state)
{
	static const char json[] = "{\"type\":\"t\"}";
	struct subscriber alice = subscribe_as(ALICE), bob = subscribe_as(BOB);

	(void)state;
	calls_forget();
	resume_resync(bob.conn);
	assert_non_null(bob.conn->resume);
	publish(1, 0);
	publish(3, 0);
	event_batch_deliver_all();
	assert_int_equal(calls.kept, 1);
	publish(2, 0);
	event_batch_deliver_all();
	assert_int_equal(calls.kept, 3);
	assert_int_equal(calls.kept_seq, 3);
	struct event *ev = event_ephemeral(EVENT_TYPING, json, sizeof json - 1);
	hub_ephemeral(hub_topic(ROOM), ev, 0);
	event_unref(ev);
	assert_int_equal(bob.conn->events_out, 0);
	assert_int_equal(alice.conn->events_out, 4);
	hang_up(alice);
	hang_up(bob);
}

/* Checks that a topic begins and ends once, however many streams come and go within a turn. */
static void
test_begun(void **state)
{
	struct subscriber alice, bob;

	(void)state;
	calls_forget();
	alice = subscribe_as(ALICE);
	bob = subscribe_as(BOB);
	assert_int_equal(calls.begun, 1);
	hub_leave_all(alice.conn);
	hub_leave_all(bob.conn);
	hub_join(bob.conn, ROOM, 5, FIRST_ID + 5, 2);
	hub_turn_end();
	assert_int_equal(hub_topic(ROOM)->seq, 0); /* the same topic as before */
	assert_int_equal(calls.freed, 0);
	hub_head(hub_topic(ROOM), 2, FIRST_ID + 2, 2);
	assert_int_equal(calls.behind, 1);
	hang_up(alice);
	hang_up(bob);
	assert_null(hub_topic(ROOM));
	assert_int_equal(calls.begun, 1);
	assert_int_equal(calls.freed, 1);
	assert_int_equal(calls.behind, 0); /* the sweep does not wait for a freed topic */
}

/* Checks that events under a stream's cursor are not sent again when the hub repairs them late. */
static void
test_covered(void **state)
{
	struct subscriber alice = subscribe_as(ALICE), bob = subscribe_as(BOB);

	(void)state;
	bob.conn->cursor_state = cursor_state_rebase_take(bob.conn->cursor_state, FIRST_ID + 3);
	for (int seq = 1; seq <= 4; seq++)
		publish(seq, 0);
	expect_heard(alice, 1, 4);
	expect_heard(bob, 3, 4);
	hang_up(alice);
	hang_up(bob);
}

/*
 * Checks that the events of one turn are one block for each stream. A large event is shared and has
 * a block of its own. The order is kept.
 */
static void
test_event_batch(void **state)
{
	enum { LARGE = 40000 };
	static char large[LARGE + 64];
	struct subscriber alice = subscribe_as(ALICE), bob = subscribe_as(BOB);

	(void)state;
	bob.conn->cursor_state = cursor_state_rebase_take(bob.conn->cursor_state, FIRST_ID + 2);
	for (int seq = 1; seq <= 5; seq++)
		publish(seq, 0);
	assert_true(event_batch_is_open());
	assert_int_equal(alice.conn->queue.count, 0);
	event_batch_deliver_all();
	assert_false(event_batch_is_open());
	assert_int_equal(alice.conn->queue.count, 1);
	assert_int_equal(alice.conn->events_out, 5);
	assert_int_equal(bob.conn->queue.count, 1);
	assert_int_equal(bob.conn->events_out, 4);
	assert_ptr_not_equal(alice.conn->queue.one.buffer, bob.conn->queue.one.buffer);
	assert_ptr_not_equal(alice.conn->cursor_state, bob.conn->cursor_state);
	publish(6, 0);
	int len = snprintf(large, sizeof large, "{\"seq\":7,\"data\":\"%*s\"}", LARGE, "");
	hub_event(ROOM, FIRST_ID + 7, 7, 0, large, (size_t)len);
	publish(8, 0);
	publish(9, 0);
	expect_heard(alice, 1, 9);
	expect_heard(bob, 2, 9);
	hang_up(alice);
	hang_up(bob);
}

/*
 * Checks a client that does not read: its queue stays within the limit, and its cursor is at the
 * last queued event.
 */
static void
test_slow_reader(void **state)
{
	struct subscriber alice = subscribe_as(ALICE);
	struct cursor at;
	int seq = 0;

	(void)state;
	while (alice.conn->state == CONN_LIVE && seq < 1000000) {
		publish(++seq, 0);
		event_batch_deliver_all();
		if (seq % 64 == 0)
			conn_turn_end();
		assert_true(alice.conn->queue.bytes <= (uint32_t)settings.push_queue_bytes + 1024);
	}
	assert_int_equal(alice.conn->why, CLOSE_SLOW_READER);
	cursor_state_cursor(alice.conn->cursor_state, &at);
	assert_true(cursor_covers(&at, ROOM, FIRST_ID + seq - 1));
	assert_false(cursor_covers(&at, ROOM, FIRST_ID + seq));
	conn_enter(alice.conn, CONN_DEAD);
	turn_end();
	close(alice.fd);
}

/*
 * Checks P8: the classes that are shed, and counted, while so many sixteenths of the queue's limit
 * wait. A full queue closes the stream, which is counted as well.
 */
static void
test_shedding(void **state)
{
	static const struct {
		long sixteenths;
		enum event_class first_kept;
	} steps[] = { { 1, EVENT_TYPING }, { 3, EVENT_PRESENCE }, { 5, EVENT_RECEIPT }, { 9, EVENT_NOTICE }, { 13, EVENT_DURABLE } };
	static const char filling[256];
	struct subscriber l = subscribe_as(ALICE);
	uint64_t closed = metrics.limits[LIMITED_QUEUE_BYTES];

	(void)state;
	l.conn->writable = false;
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		while (l.conn->queue.bytes < settings.push_queue_bytes / 16 * steps[i].sixteenths)
			conn_queue_bytes(l.conn, filling, sizeof filling);
		for (enum event_class class = EVENT_TYPING; class < EVENT_DURABLE; class ++) {
			struct event *ev = event_ephemeral(class, "{}", 2);
			uint64_t before = metrics.shed[class];
			conn_event(l.conn, ev);
			assert_int_equal(metrics.shed[class] - before, class < steps[i].first_kept);
			event_unref(ev);
		}
	}
	uint32_t bytes = l.conn->queue.bytes;
	publish(1, NOTIFICATION_REMOVES_NOBODY);
	event_batch_deliver_all();
	assert_true(l.conn->queue.bytes > bytes);
	while (l.conn->state == CONN_LIVE)
		conn_queue_bytes(l.conn, filling, sizeof filling);
	assert_int_equal(l.conn->why, CLOSE_SLOW_READER);
	assert_int_equal(metrics.limits[LIMITED_QUEUE_BYTES], closed + 1);
	conn_enter(l.conn, CONN_DEAD);
	turn_end();
	close(l.fd);
}

/* Checks that a stream closes at the size of a page while memory is scarce, by the other limit. */
static void
test_scarce_memory(void **state)
{
	static const char filling[256];
	struct subscriber l = subscribe_as(ALICE);
	long buffer_bytes = settings.push_buffer_bytes;
	uint64_t closed = metrics.limits[LIMITED_BUFFER_BYTES];

	(void)state;
	l.conn->writable = false;
	while (l.conn->queue.bytes <= settings.push_replay_bytes)
		conn_queue_bytes(l.conn, filling, sizeof filling);
	assert_int_equal(l.conn->state, CONN_LIVE);
	assert_true(metrics.buffer_bytes >= l.conn->queue.bytes);
	settings.push_buffer_bytes = settings.push_replay_bytes;
	conn_queue_bytes(l.conn, filling, sizeof filling);
	assert_int_equal(l.conn->why, CLOSE_SLOW_READER);
	assert_int_equal(metrics.limits[LIMITED_BUFFER_BYTES], closed + 1);
	settings.push_buffer_bytes = buffer_bytes;
	conn_enter(l.conn, CONN_DEAD);
	turn_end();
	close(l.fd);
}

/* Checks that acknowledgements of many users are written by a few statements at a time. */
static void
test_many_acks(void **state)
{
	enum { USERS = 1100, IN_STATEMENT = 256, STATEMENTS = 4, TURNS_MOST = 1000 };
	struct subscriber alice = subscribe_as(ALICE);
	struct cursor cursor = { .base = FIRST_ID };
	uint64_t before = metrics.database_queries;

	(void)state;
	for (int i = 0; i < USERS; i++) {
		alice.conn->user = ALICE + i;
		receipts_ack(alice.conn, &cursor, RECEIPTS_SOON_MS);
	}
	for (int i = 0; i < TURNS_MOST && metrics.database_queries == before; i++)
		loop_turn();
	assert_int_equal(metrics.database_queries - before, STATEMENTS);
	alice.conn->user = ALICE + USERS - 1; /* still waits: its acknowledgements are joined */
	receipts_ack(alice.conn, &cursor, RECEIPTS_SOON_MS);
	alice.conn->user = ALICE; /* was written: it begins anew */
	receipts_ack(alice.conn, &cursor, RECEIPTS_SOON_MS);
	receipts_flush();
	assert_int_equal(metrics.database_queries - before, (USERS + 1 + IN_STATEMENT - 1) / IN_STATEMENT);
	hang_up(alice);
}

/* A message that was begun while a replay went out has a deadline as soon as the stream is live. */
static void
test_begun_while_opening(void **state)
{
	static const uint8_t fragment[] = { 0x01, 0x81, 0, 0, 0, 0, '{' };
	struct subscriber alice = subscribe_as(ALICE);
	struct conn *c = alice.conn;

	(void)state;
	c->owner = &transport_ws.owner;
	c->state = CONN_OPENING;
	assert_int_equal(write(alice.fd, fragment, sizeof fragment), sizeof fragment);
	conn_read(c, false);
	assert_int_equal(c->rare->unfinished_ms, 0);
	stream_live(c);
	assert_true(c->rare && c->rare->unfinished_ms);
	redis_turn_end();
	hang_up(alice);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),	       cmocka_unit_test(test_shuffled),	     cmocka_unit_test(test_gone),
		cmocka_unit_test(test_gone_by_replay), cmocka_unit_test(test_covered),	     cmocka_unit_test(test_forked),
		cmocka_unit_test(test_lost_head),      cmocka_unit_test(test_slow_reader),   cmocka_unit_test(test_event_batch),
		cmocka_unit_test(test_shedding),       cmocka_unit_test(test_scarce_memory), cmocka_unit_test(test_begun_while_opening),
		cmocka_unit_test(test_many_acks),      cmocka_unit_test(test_resyncs),	     cmocka_unit_test(test_kept),
		cmocka_unit_test(test_begun),
	};

	setenv("BANTER_DATABASE_URL", "host=/nonexistent", 1);
	settings_load(argc, argv, "hub", NULL);
	loop_open();
	hub_open(&hub_calls);
	horizon_open(hub_forget_heads);
	db_open();
	heartbeat_open();
	int failed = cmocka_run_group_tests_name("hub", tests, NULL, NULL);
	heartbeat_close();
	db_close();
	redis_close();
	hub_close();
	users_close();
	conn_shutdown();
	loop_close();
	return failed;
}
