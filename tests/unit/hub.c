/* SPDX-License-Identifier: MIT */
/* The hub: order, holes, removed users, failovers, and what it calls. */
#include "subscriber.h"

#include "chance.h"
#include "lib/chat/notification.h"
#include "push/links/horizon.h"
#include "push/session/resume.h"

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
 * Checks when a resync is requested: once for each open stream of a removed user, after it was
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
	stale.conn->poll.stale = true;
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

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),	       cmocka_unit_test(test_shuffled), cmocka_unit_test(test_gone),
		cmocka_unit_test(test_gone_by_replay), cmocka_unit_test(test_forked),	cmocka_unit_test(test_lost_head),
		cmocka_unit_test(test_resyncs),	       cmocka_unit_test(test_kept),	cmocka_unit_test(test_begun),
	};

	subscribers_open(argc, argv, "hub");
	int failed = cmocka_run_group_tests_name("hub", tests, NULL, NULL);
	subscribers_close();
	return failed;
}
