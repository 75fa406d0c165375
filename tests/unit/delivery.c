/* SPDX-License-Identifier: MIT */
/*
 * Delivery of events to a stream: cursors that never cover too much, events that share a block, and
 * overload.
 */
#include "subscriber.h"

#include "lib/chat/notification.h"
#include "push/fanout/delivery.h"
#include "push/net/metrics.h"
#include "push/net/outgoing.h"

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

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_covered),	 cmocka_unit_test(test_event_batch),   cmocka_unit_test(test_slow_reader),
		cmocka_unit_test(test_shedding), cmocka_unit_test(test_scarce_memory),
	};

	subscribers_open(argc, argv, "delivery");
	int failed = cmocka_run_group_tests_name("delivery", tests, NULL, NULL);
	subscribers_close();
	return failed;
}
