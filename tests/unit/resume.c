/* SPDX-License-Identifier: MIT */
/*
 * The resume of a stream, from its cursor to live delivery, with a fake database and a fake Redis:
 * each step with each order of arrival, cuts, answers that fail.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/settings.h"
#include "push/fanout/event_batch.h"
#include "push/links/horizon.h"
#include "push/fanout/hub.h"
#include "push/net/metrics.h"
#include "push/session/resume.h"
#include "push/fanout/cursor_state.h"
#include "tests/unit/world/client.h"
#include "tests/unit/world/redis.h"

enum { FILLING = 50000, MISSED = 3, MISSED_LARGE = 12, PAGE = 2, PAGE_LARGE = 16, FAILURES_MOST = 5, KEPT_MOST = 1024 };

/* Places at which an opening waits. */
enum place { AT_USER, AT_PROOF, AT_MEMBERSHIPS, AT_TOPICS, AT_PAGE, AT_SECOND_PAGE, AT_FEED, AT_MERGE, AT_LIVE, PLACES };

static const enum query_name queried[PLACES] = {
	[AT_USER] = QUERIES,	       [AT_PROOF] = QUERY_RESET, [AT_MEMBERSHIPS] = QUERY_OPEN, [AT_TOPICS] = QUERIES, [AT_PAGE] = QUERY_SYNC,
	[AT_SECOND_PAGE] = QUERY_SYNC, [AT_FEED] = QUERIES,	 [AT_MERGE] = QUERIES,		[AT_LIVE] = QUERIES,
};

static struct client client;
static bool has_bystander; /* the topics are there already */

static void
send_and_publish(int64_t room)
{
	fake_redis_publish(database_send(room));
}

/* Begins a test with a client that has a cursor, is cut, and has missed some events of ROOM. */
static void
begin_at(enum place place)
{
	bool is_large = place == AT_FEED;

	memset(&client, 0, sizeof client);
	client.fd = -1;
	world_begin();
	if (has_bystander)
		bystander_open();
	settings.push_replay_page = is_large ? PAGE_LARGE : PAGE;
	client_connect(&client);
	client_settle(&client);
	client_cut(&client);
	for (int i = 0; i < (is_large ? MISSED_LARGE : MISSED); i++)
		send_and_publish(ROOM);
	database.filling = is_large ? FILLING : 0;
	database.incarnation = place == AT_PROOF ? INCARNATION + 1 : INCARNATION;
	database_horizon();
	client_connect(&client);
	client.reads = place != AT_FEED && place != AT_MERGE;
	turn(&client);
}

/* Sends large events while the last page is under way, so that the kept ones fill the queue. */
static void
fill_merge(void)
{
	database_run(QUERY_SYNC);
	database.filling = FILLING;
	for (int i = 0; i < MISSED_LARGE; i++)
		send_and_publish(ROOM);
	database_answer(QUERY_SYNC);
}

/* Takes the opening from the first place to this one. */
static void
reach(enum place place)
{
	if (place == AT_USER)
		return;
	fake_redis_confirm();
	turn(&client);
	if (place == AT_PROOF || place == AT_MEMBERSHIPS)
		return;
	database_answer(QUERY_OPEN);
	turn(&client);
	if (place == AT_TOPICS)
		return;
	fake_redis_confirm();
	turn(&client);
	if (place == AT_PAGE)
		return;
	if (place == AT_MERGE)
		settings.push_replay_page = PAGE_LARGE;
	if (place == AT_SECOND_PAGE || place == AT_FEED || place == AT_MERGE) {
		database_answer(QUERY_SYNC);
		turn(&client);
	}
	/* until the peer's socket is full */
	while (place == AT_FEED && database_waiting(QUERY_SYNC)) {
		database_answer(QUERY_SYNC);
		turn(&client);
	}
	if (place == AT_MERGE) {
		fill_merge();
		turn(&client);
	}
	if (place == AT_LIVE)
		client_settle(&client);
}

static void
reach_checked(enum place place)
{
	begin_at(place);
	reach(place);
	const struct conn *c = client_conn(&client);
	assert_non_null(c);
	assert_int_equal(c->resume == NULL, place == AT_LIVE);
	assert_int_equal(database_waiting(QUERIES), queried[place] != QUERIES);
	if (queried[place] != QUERIES)
		assert_int_equal(database_waiting(queried[place]), 1);
}

/*
 * Lets the opening finish, repairs what Redis has lost, and checks what the client has received. A
 * last message shows whether the stream is still subscribed, and only then when it may be.
 */
static void
finish(void)
{
	client.reads = true;
	client_settle(&client);
	database_horizon();
	send_and_publish(ROOM);
	sweep(&client);
	client_settle(&client);
	turn(&client);
	client_expect_all(&client);
	assert_string_equal(client.reset, "");
	world_end(&client);
}

/* ---- orders of arrival */

static void
act_nothing(void)
{
}

static void
act_message(void)
{
	send_and_publish(ROOM);
}

static void
act_lost(void)
{
	database_send(ROOM);
}

/* An event arrives before the one that precedes it. */
static void
act_hole(void)
{
	const struct stored *first = database_send(ROOM), *second = database_send(ROOM);

	fake_redis_publish(second);
	fake_redis_publish(first);
}

/* An event arrives behind a hole, which the hub repairs from the database. */
static void
act_repair(void)
{
	struct topic *t = hub_topic(ROOM);

	database_send(ROOM);
	send_and_publish(ROOM);
	if (t)
		hub_head(t, database_seq(ROOM), database_id(ROOM), 2);
	while (database_waiting(QUERY_RANGE))
		database_answer(QUERY_RANGE);
}

static void
act_removed(void)
{
	send_and_publish(ROOM);
	fake_redis_publish(database_remove(ROOM));
	send_and_publish(ROOM);
}

static void
act_added_again(void)
{
	act_removed();
	fake_redis_publish(database_add(ROOM));
	send_and_publish(ROOM);
}

/* The user is added again before the notification of the removal arrives. */
static void
act_added_before(void)
{
	const struct stored *removal = database_remove(ROOM), *between = database_send(ROOM), *addition = database_add(ROOM);

	turn(&client);
	fake_redis_publish(removal);
	turn(&client);
	fake_redis_publish(between);
	fake_redis_publish(addition);
	send_and_publish(ROOM);
}

/* The notification of the addition arrives before that of the removal. */
static void
act_addition_first(void)
{
	const struct stored *removal = database_remove(ROOM), *addition = database_add(ROOM);

	fake_redis_publish(addition);
	client.reads = true;
	client_settle(&client);
	fake_redis_publish(removal);
	send_and_publish(ROOM);
}

/* Two memberships of a room begin, and one ends, within the step. */
static void
act_another(void)
{
	fake_redis_publish(database_add(ROOM + 1));
	send_and_publish(ROOM + 1);
	fake_redis_publish(database_remove(ROOM + 1));
	fake_redis_publish(database_add(ROOM + 1));
	send_and_publish(ROOM + 1);
}

/* The query under way reads before the events of another action. */
static void
query_run(void)
{
	for (int i = 0; i < database_waiting(QUERIES); i++)
		database_run_at(i);
}

static void (*const actions[])(void) = {
	act_nothing, act_message, act_lost, act_hole, act_repair, act_removed, act_added_again, act_added_before, act_addition_first, act_another,
};

/*
 * Checks that whatever happens while an opening waits, the client receives each event of its
 * memberships once and in order, and none between them. The query under way has read what was
 * stored before the event, or after it.
 */
static void
test_orders(void **state)
{
	for (enum place place = AT_USER; place < PLACES; place++)
		for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
			for (int runs_first = 0; runs_first < 2; runs_first++) {
				has_bystander = *state;
				if (has_bystander && place == AT_TOPICS)
					/*
					 * no stream waits for channels that are subscribed already
					 */
					continue;
				reach_checked(place);
				if (runs_first)
					query_run();
				actions[i]();
				finish();
			}
}

/* The same while a live stream resyncs. */
static void
test_orders_of_resync(void **state)
{
	for (int answers = 0; answers < 4; answers++)
		for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
			has_bystander = *state;
			reach_checked(AT_LIVE);
			resume_resync(client_conn(&client));
			database_send(ROOM); /* lost, so that a page is read */
			for (int k = 0; k < answers; k++) {
				fake_redis_confirm();
				turn(&client);
				if (database_waiting(QUERIES))
					database_answer_at(0);
			}
			turn(&client);
			query_run();
			actions[i]();
			finish();
		}
}

/* Checks that events before, between and after the pages arrive in their order. */
static void
test_pages(void **state)
{
	(void)state;
	reach_checked(AT_TOPICS);
	send_and_publish(ROOM);
	fake_redis_confirm();
	turn(&client);
	while (database_waiting(QUERY_SYNC)) {
		send_and_publish(ROOM);
		database_run(QUERY_SYNC);
		send_and_publish(ROOM);
		database_answer(QUERY_SYNC);
		if (database_events() > 20)
			settings.push_replay_page = PAGE_LARGE;
		turn(&client);
	}
	assert_true(client_is_live(&client));
	send_and_publish(ROOM);
	finish();
}

/* Checks that nothing is read for the replay when the cursor covers all events. */
static void
test_nothing_missed(void **state)
{
	uint64_t queries;

	(void)state;
	begin_at(AT_LIVE);
	client_settle(&client);
	client_cut(&client);
	client_connect(&client);
	queries = metrics.replayed;
	turn(&client);
	fake_redis_confirm();
	turn(&client);
	database_answer(QUERY_OPEN);
	fake_redis_confirm();
	turn(&client);
	assert_int_equal(database_waiting(QUERIES), 0);
	assert_true(client_is_live(&client));
	assert_int_equal(client.ready, 1);
	assert_int_equal(metrics.replayed, queries);
	finish();
}

/* ---- ends */

/*
 * Checks that a connection may end at each place: the opening is freed with its last answer, and
 * the client resumes from its cursor.
 */
static void
test_cut(void **state)
{
	(void)state;
	for (enum place place = AT_USER; place < PLACES; place++)
		for (int how = 0; how < 3; how++) {
			reach_checked(place);
			client_cut(&client);
			assert_null(client_conn(&client));
			for (int i = database_waiting(QUERIES); i > 0; i--)
				how == 0 ? database_answer_at(0) : how == 1 ? database_fail_at(0) : database_run_at(0);
			fake_redis_confirm();
			turn(&client);
			database.filling = 0;
			send_and_publish(ROOM);
			client_connect(&client);
			finish();
		}
}

/* Checks that a first opening closes its connection when a query of it has no answer. */
static void
test_no_answer(void **state)
{
	(void)state;
	for (enum place place = AT_USER; place < PLACES; place++) {
		if (queried[place] == QUERIES)
			continue;
		reach_checked(place);
		database_fail(queried[place]);
		assert_int_equal(client_conn(&client)->state, CONN_CLOSING);
		assert_int_equal(client_conn(&client)->why, CLOSE_UNAVAILABLE);
		turn(&client);
		client_cut(&client);
		client_connect(&client);
		finish();
	}
}

/* Brings a resync to a query of this statement. */
static void
resync_reach(enum query_name statement)
{
	resume_resync(client_conn(&client));
	database_send(ROOM);
	for (int i = 0; i < 8 && !database_waiting(statement); i++) {
		turn(&client);
		fake_redis_confirm();
		turn(&client);
		if (!database_waiting(statement) && database_waiting(QUERIES))
			database_answer_at(0);
	}
	assert_int_equal(database_waiting(statement), 1);
}

/*
 * Checks that a live stream stays when a query of its resync has no answer: it begins again. It
 * closes after some failures while the database answers others, and waits while it does not.
 */
static void
test_no_answer_of_resync(void **state)
{
	static const enum query_name asked[] = { QUERY_OPEN, QUERY_SYNC };

	(void)state;
	for (int i = 0; i < 2; i++) {
		reach_checked(AT_LIVE);
		database.is_up = false;
		for (int n = 0; n < 3 * FAILURES_MOST; n++) {
			resync_reach(asked[i]);
			database_fail(asked[i]);
			assert_int_equal(client_conn(&client)->state, CONN_LIVE);
		}
		database.is_up = true;
		for (int n = 1; n < FAILURES_MOST; n++) {
			resync_reach(asked[i]);
			database_fail(asked[i]);
			assert_int_equal(client_conn(&client)->state, CONN_LIVE);
		}
		resync_reach(asked[i]);
		database_fail(asked[i]);
		assert_int_equal(client_conn(&client)->why, CLOSE_UNAVAILABLE);
		turn(&client);
		client_cut(&client);
		client_connect(&client);
		finish();
	}
}

/* Checks that an answer of before a new connection to the database does not count. */
static void
test_connected_anew(void **state)
{
	(void)state;
	for (enum place place = AT_USER; place < PLACES; place++) {
		if (queried[place] == QUERIES)
			continue;
		reach_checked(place);
		query_run();
		horizon_connected();
		database_horizon();
		send_and_publish(ROOM);
		database_answer_at(0);
		turn(&client);
		assert_non_null(client_conn(&client)->resume);
		assert_int_equal(database_waiting(place == AT_PROOF ? QUERY_RESET : QUERY_OPEN), 1);
		finish();
	}
}

/* Checks that a device without the right to streams gets the error. */
static void
test_revoked(void **state)
{
	(void)state;
	reach_checked(AT_MEMBERSHIPS);
	database.device_unknown = true;
	database_answer(QUERY_OPEN);
	assert_int_equal(client_conn(&client)->why, CLOSE_REVOKED);
	turn(&client);
	world_end(&client);
}

/* Checks that a cursor that the database cannot prove, or not resume, is reset. */
static void
test_reset(void **state)
{
	static const enum place places[] = { AT_PROOF, AT_MEMBERSHIPS };

	(void)state;
	for (int i = 0; i < 2; i++) {
		reach_checked(places[i]);
		client_forget(&client);
		database.no_resume = "future";
		client_settle(&client);
		assert_string_equal(client.reset, "future");
		assert_int_equal(client.ready, 1);
		assert_int_equal(client.count, 0);
		world_end(&client);
	}
}

/* Checks that a client that has missed too many events is reset, and live. */
static void
test_too_far(void **state)
{
	long most = settings.push_replay_events;

	(void)state;
	reach_checked(AT_PAGE);
	settings.push_replay_events = PAGE;
	client_settle(&client);
	settings.push_replay_events = most;
	assert_string_equal(client.reset, "too_far");
	send_and_publish(ROOM);
	turn(&client);
	assert_int_equal(client.heard[client.count - 1].seq, database_seq(ROOM));
	world_end(&client);
}

/* Checks that the database is read again when more events arrive than an opening keeps. */
static void
test_too_many_kept(void **state)
{
	(void)state;
	begin_at(AT_PAGE);
	settings.push_replay_page = 2 * KEPT_MOST;
	reach(AT_PAGE);
	database_run(QUERY_SYNC);
	for (int i = 0; i <= KEPT_MOST; i++)
		send_and_publish(ROOM);
	finish();
}

/* Checks that a resync within an opening reads the memberships again before any page. */
static void
test_again(void **state)
{
	(void)state;
	reach_checked(AT_TOPICS);
	resume_resync(client_conn(&client));
	fake_redis_confirm();
	turn(&client);
	assert_int_equal(database_waiting(QUERY_SYNC), 0);
	assert_int_equal(database_waiting(QUERY_OPEN), 1);
	finish();
}

/*
 * Checks that a stream that joins a topic ahead of its memberships reads them again: it may have
 * been removed meanwhile. What it kept until then is dropped.
 */
static void
test_topic_ahead(void **state)
{
	(void)state;
	has_bystander = true;
	reach_checked(AT_MEMBERSHIPS);
	query_run();
	fake_redis_publish(database_remove(ROOM));
	database_answer(QUERY_OPEN);
	send_and_publish(ROOM);
	finish();
}

/*
 * Checks that a resync repeats no event when the cursor has dropped the exceptions of some rooms,
 * so that its page has them again.
 */
static void
test_received_before(void **state)
{
	(void)state;
	reach_checked(AT_LIVE);
	for (int64_t room = ROOM + 1; room < ROOM + ROOMS; room++)
		fake_redis_publish(database_add(room));
	client_settle(&client);
	for (int round = 0; round < 2; round++)
		for (int64_t room = ROOM; room < ROOM + ROOMS; room++)
			send_and_publish(room);
	turn(&client);
	database_send(ROOM);
	resume_resync(client_conn(&client));
	finish();
}

/* Checks that a client may be cut while its page waits for those of others. */
static void
test_cut_while_page_waits(void **state)
{
	enum { CROWD = 12 };
	static struct client crowd[CROWD];

	(void)state;
	begin_at(AT_FEED); /* pages are large, so that few are under way at once */
	client.reads = true;
	client_settle(&client);
	for (int i = 0; i < CROWD; i++) {
		crowd[i] = (struct client){ .fd = -1 };
		client_connect(&crowd[i]);
	}
	fake_redis_confirm();
	turn(&client);
	database_answer(QUERY_OPEN);
	fake_redis_confirm();
	turn(&client);
	int under_way = database_waiting(QUERY_SYNC);
	assert_true(under_way > 0 && under_way < CROWD);
	for (int i = CROWD - 1; i > 0; i--)
		client_cut(&crowd[i]);
	while (database_waiting(QUERY_SYNC))
		database_answer(QUERY_SYNC);
	database.filling = 0;
	client_settle(&crowd[0]);
	client_expect_all(&crowd[0]);
	client_cut(&crowd[0]);
	for (int i = 0; i < CROWD; i++)
		free(crowd[i].rest);
	finish();
}

/* Checks that no stream waits for a channel while Redis is unavailable. */
static void
test_without_redis(void **state)
{
	(void)state;
	begin_at(AT_USER);
	fake_redis_is_up(false);
	for (int i = 0; i < 10 && !client_is_live(&client); i++) {
		turn(&client);
		if (database_waiting(QUERIES))
			database_answer_at(0);
	}
	assert_true(client_is_live(&client));
	fake_redis_is_up(true);
	finish();
}

/* Checks that no stream begins before the horizon is known. */
static void
test_without_horizon(void **state)
{
	(void)state;
	begin_at(AT_USER);
	horizon_connected();
	fake_redis_confirm();
	turn(&client);
	assert_int_equal(database_waiting(QUERIES), 0);
	database_horizon();
	finish();
}

/* Makes the next test begin without topics. */
static int
alone(void **state)
{
	(void)state;
	has_bystander = false;
	return 0;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_missed),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_orders_of_resync),
		{ "test_orders, topics are there", test_orders, NULL, alone, &has_bystander },
		{ "test_orders_of_resync, topics are there", test_orders_of_resync, NULL, alone, &has_bystander },
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_cut_while_page_waits),
		cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_no_answer_of_resync),
		cmocka_unit_test(test_connected_anew),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_received_before),
		cmocka_unit_test_teardown(test_topic_ahead, alone),
		cmocka_unit_test(test_revoked),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_too_far),
		cmocka_unit_test(test_too_many_kept),
		cmocka_unit_test(test_without_redis),
		cmocka_unit_test(test_without_horizon),
	};

	world_open(argc, argv, "resume");
	int failed = cmocka_run_group_tests_name("resume", tests, NULL, NULL);
	world_close();
	return failed;
}
