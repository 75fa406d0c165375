/* SPDX-License-Identifier: MIT */
/* The hub with real connections, and neither PostgreSQL nor Redis: order, holes, who has left, and cursors that never say too much. */
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
#include "lib/doorbell.h"
#include "lib/settings.h"
#include "push/bundle.h"
#include "push/bus.h"
#include "push/conn.h"
#include "push/delivery.h"
#include "push/hub.h"
#include "push/loop.h"
#include "push/metrics.h"
#include "push/store.h"
#include "push/sweep.h"
#include "push/transport.h"
#include "push/users.h"

enum { ROOM = 9, FIRST_ID = 1000, ALICE = 1, BOB = 2, EVENTS = 200 };

struct listener {
	struct conn *conn;
	int fd; /* the client's end */
};

static struct listener
listen_as(int64_t user)
{
	struct cursor from = { .base = FIRST_ID };
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	conn_open(fds[0], 1);
	struct conn *c = conn_next(NULL);
	for (struct conn *next = c; next; next = conn_next(next))
		c = next;
	c->transport = &transport_sse;
	c->position = position_of(&from);
	c->writable = true;
	c->device = user;
	conn_enter(c, CONN_LIVE);
	users_attach(c, user);
	hub_join(c, ROOM, 0, FIRST_ID, 2);
	return (struct listener){ c, fds[1] };
}

static void
turn_end(void)
{
	bundle_give_all();
	conn_turn_end();
	hub_turn_end();
}

static void
hang_up(struct listener l)
{
	conn_close(l.conn, CLOSE_GONE);
	turn_end();
	close(l.fd);
}

/* What the client was sent, as the seqs of the events. */
static int
heard(struct listener l, int seqs[], int most)
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
ring(int seq, int64_t gone)
{
	char json[64];
	int len = snprintf(json, sizeof json, "{\"type\":\"t\",\"seq\":%d}", seq);

	hub_event(ROOM, FIRST_ID + seq, seq, gone, json, (size_t)len);
}

static void
expect_heard(struct listener l, int from, int to)
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
	struct listener alice = listen_as(ALICE), bob = listen_as(BOB);

	(void)state;
	ring(1, 0);
	ring(3, 0);
	ring(3, 0);
	ring(1, 0);
	expect_heard(alice, 1, 1);
	ring(2, 0);
	expect_heard(alice, 2, 3);
	expect_heard(bob, 1, 3);
	assert_ptr_equal(alice.conn->position, bob.conn->position);
	assert_int_equal(hub_topic(ROOM)->seq, 3);
	hang_up(alice);
	hang_up(bob);
	assert_null(hub_topic(ROOM));
}

/* Shuffled within a window, some twice: each once and in order. */
static void
test_shuffled(void **state)
{
	uint64_t seed = chance_seed();
	struct listener alice = listen_as(ALICE);
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
		ring(seqs[i], 0);
		if (chance_below(&seed, 4) == 0)
			ring(seqs[chance_below(&seed, (size_t)i + 1)], 0);
	}
	expect_heard(alice, 1, EVENTS);
	hang_up(alice);
}

/* The one who leaves hears of it, and nothing behind it, though it was there before. */
static void
test_gone(void **state)
{
	struct listener alice = listen_as(ALICE), bob = listen_as(BOB);

	(void)state;
	ring(3, 0);
	ring(2, BOB);
	ring(1, 0);
	expect_heard(bob, 1, 2);
	expect_heard(alice, 1, 3);
	ring(4, DOORBELL_GONE_ALL);
	ring(5, 0);
	expect_heard(alice, 4, 4);
	assert_null(hub_topic(ROOM));
	hang_up(alice);
	hang_up(bob);
}

static void
replay(struct listener l, int seq, int64_t gone)
{
	static const char json[] = "{\"type\":\"t\"}";
	struct event *ev = event_durable(ROOM, FIRST_ID + seq, seq, gone, json, sizeof json - 1);

	hub_replayed(l.conn, ev);
	event_unref(ev);
}

/* By a replay alone only what the topic has not heard of yet ends the listening, and only who has left with it. */
static void
test_gone_by_replay(void **state)
{
	struct listener alice = listen_as(ALICE), bob = listen_as(BOB);

	(void)state;
	ring(1, 0);
	ring(2, 0);
	replay(bob, 2, BOB);
	replay(bob, 3, 0);
	replay(bob, 4, ALICE);
	assert_true(hub_listens(bob.conn, hub_topic(ROOM)));
	replay(bob, 4, BOB);
	assert_false(hub_listens(bob.conn, hub_topic(ROOM)));
	assert_non_null(bob.conn->opening);
	ring(3, 0);
	expect_heard(bob, 1, 2);
	expect_heard(alice, 1, 3);
	replay(alice, 4, DOORBELL_GONE_ALL);
	turn_end();
	assert_null(hub_topic(ROOM));
	hang_up(alice);
	hang_up(bob);
}

/* What a stream's cursor covers is not given again, though the hub repairs it late. */
static void
test_covered(void **state)
{
	struct listener alice = listen_as(ALICE), bob = listen_as(BOB);

	(void)state;
	bob.conn->position = position_rebase_take(bob.conn->position, FIRST_ID + 3);
	for (int seq = 1; seq <= 4; seq++)
		ring(seq, 0);
	expect_heard(alice, 1, 4);
	expect_heard(bob, 3, 4);
	hang_up(alice);
	hang_up(bob);
}

/* What comes at once is one block for each stream, an event that is large is shared and stands alone; the order is kept. */
static void
test_bundle(void **state)
{
	enum { LARGE = 40000 };
	static char large[LARGE + 64];
	struct listener alice = listen_as(ALICE), bob = listen_as(BOB);

	(void)state;
	bob.conn->position = position_rebase_take(bob.conn->position, FIRST_ID + 2);
	for (int seq = 1; seq <= 5; seq++)
		ring(seq, 0);
	assert_true(bundle_is_open());
	assert_int_equal(alice.conn->queue.count, 0);
	bundle_give_all();
	assert_false(bundle_is_open());
	assert_int_equal(alice.conn->queue.count, 1);
	assert_int_equal(alice.conn->events_out, 5);
	assert_int_equal(bob.conn->queue.count, 1);
	assert_int_equal(bob.conn->events_out, 4);
	assert_ptr_not_equal(alice.conn->queue.one.buffer, bob.conn->queue.one.buffer);
	assert_ptr_not_equal(alice.conn->position, bob.conn->position);
	ring(6, 0);
	int len = snprintf(large, sizeof large, "{\"seq\":7,\"data\":\"%*s\"}", LARGE, "");
	hub_event(ROOM, FIRST_ID + 7, 7, 0, large, (size_t)len);
	ring(8, 0);
	ring(9, 0);
	expect_heard(alice, 1, 9);
	expect_heard(bob, 2, 9);
	hang_up(alice);
	hang_up(bob);
}

/* A reader that does not read: the queue stays bounded, the cursor stands at the last event that was queued. */
static void
test_slow_reader(void **state)
{
	struct listener alice = listen_as(ALICE);
	struct cursor at;
	int seq = 0;

	(void)state;
	while (alice.conn->state == CONN_LIVE && seq < 1000000) {
		ring(++seq, 0);
		bundle_give_all();
		if (seq % 64 == 0)
			conn_turn_end();
		assert_true(alice.conn->queue.bytes <= (uint32_t)settings.push_queue_bytes + 1024);
	}
	assert_int_equal(alice.conn->why, CLOSE_SLOW_READER);
	position_cursor(alice.conn->position, &at);
	assert_true(cursor_covers(&at, ROOM, FIRST_ID + seq - 1));
	assert_false(cursor_covers(&at, ROOM, FIRST_ID + seq));
	conn_enter(alice.conn, CONN_DEAD);
	turn_end();
	close(alice.fd);
}

/* P8: what is left out, and counted, while so many sixteenths of the queue's limit wait. All of it: closed, and counted as such. */
static void
test_shedding(void **state)
{
	static const struct {
		long sixteenths;
		enum event_class first_kept;
	} steps[] = { { 1, EVENT_TYPING }, { 3, EVENT_PRESENCE }, { 5, EVENT_RECEIPT }, { 9, EVENT_NOTICE }, { 13, EVENT_DURABLE } };
	static const char filling[256];
	struct listener l = listen_as(ALICE);
	uint64_t closed = metrics.bounds[BOUND_QUEUE_BYTES];

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
	ring(1, DOORBELL_GONE_NOBODY);
	bundle_give_all();
	assert_true(l.conn->queue.bytes > bytes);
	while (l.conn->state == CONN_LIVE)
		conn_queue_bytes(l.conn, filling, sizeof filling);
	assert_int_equal(l.conn->why, CLOSE_SLOW_READER);
	assert_int_equal(metrics.bounds[BOUND_QUEUE_BYTES], closed + 1);
	conn_enter(l.conn, CONN_DEAD);
	turn_end();
	close(l.fd);
}

/* With little memory left a stream is closed for as much as a page, which names the other bound. */
static void
test_scarce_memory(void **state)
{
	static const char filling[256];
	struct listener l = listen_as(ALICE);
	long buffer_bytes = settings.push_buffer_bytes;
	uint64_t closed = metrics.bounds[BOUND_BUFFER_BYTES];

	(void)state;
	l.conn->writable = false;
	while (l.conn->queue.bytes <= settings.push_replay_bytes)
		conn_queue_bytes(l.conn, filling, sizeof filling);
	assert_int_equal(l.conn->state, CONN_LIVE);
	assert_true(metrics.buffer_bytes >= l.conn->queue.bytes);
	settings.push_buffer_bytes = settings.push_replay_bytes;
	conn_queue_bytes(l.conn, filling, sizeof filling);
	assert_int_equal(l.conn->why, CLOSE_SLOW_READER);
	assert_int_equal(metrics.bounds[BOUND_BUFFER_BYTES], closed + 1);
	settings.push_buffer_bytes = buffer_bytes;
	conn_enter(l.conn, CONN_DEAD);
	turn_end();
	close(l.fd);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),	       cmocka_unit_test(test_shuffled), cmocka_unit_test(test_gone),
		cmocka_unit_test(test_gone_by_replay), cmocka_unit_test(test_covered),	cmocka_unit_test(test_slow_reader),
		cmocka_unit_test(test_bundle),	       cmocka_unit_test(test_shedding), cmocka_unit_test(test_scarce_memory),
	};

	setenv("BANTER_DATABASE_URL", "host=/nonexistent", 1);
	settings_load(argc, argv, "hub", NULL);
	loop_open();
	store_open();
	int failed = cmocka_run_group_tests_name("hub", tests, NULL, NULL);
	store_close();
	bus_close();
	hub_close();
	users_close();
	conn_shutdown();
	loop_close();
	return failed;
}
