/* SPDX-License-Identifier: MIT */
/*
 * Two streams of one user under random orders of commits, notifications, reads, answers, removals,
 * cuts and failures. In the end each client has received each event of its memberships once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chance.h"
#include "lib/base/settings.h"
#include "push/fanout/hub.h"
#include "push/links/horizon.h"
#include "push/session/resume.h"
#include "tests/unit/world/client.h"
#include "tests/unit/world/redis.h"

enum { RUNS = 300, STEPS = 150, CLIENTS = 2, UNPUBLISHED = 256 };

static struct client clients[CLIENTS];
static const struct stored *unpublished[UNPUBLISHED];
static int unpublished_count;
static uint64_t seed;

/*
 * Shape of a run. With many rooms a cursor drops exceptions. A resync then repeats an event that a
 * page had and the hub had not, so in such a run the hub has every event at once.
 */
static struct {
	int64_t rooms;
	bool has_bystander; /* the topics are there from the beginning */
	bool ends;	    /* connections are cut, and queries fail */
	bool is_prompt;	    /* each event is published when it is stored */
	/* notifications are lost, so that only the sweep finds their events */
	bool loses;
} shape;

static size_t
below(size_t n)
{
	return chance_below(&seed, n);
}

static void
turns(void)
{
	for (int i = 0; i < CLIENTS; i++)
		turn(&clients[i]);
}

static void
later_publish(const struct stored *e)
{
	if (shape.is_prompt)
		fake_redis_publish(e);
	else if (unpublished_count < UNPUBLISHED)
		unpublished[unpublished_count++] = e;
}

/* Publishes an event, in any order. */
static void
publish(void)
{
	if (!unpublished_count)
		return;
	size_t i = below((size_t)unpublished_count);
	const struct stored *e = unpublished[i];
	unpublished[i] = unpublished[--unpublished_count];
	if (!shape.loses || below(8))
		fake_redis_publish(e);
}

/* Connects the clients whose stream has ended. */
static void
reconnect(void)
{
	for (int i = 0; i < CLIENTS; i++) {
		const struct conn *c = client_conn(&clients[i]);
		if (c && c->state < CONN_CLOSING)
			continue;
		client_cut(&clients[i]);
		client_connect(&clients[i]);
	}
}

static void
resync(struct client *l)
{
	struct conn *c = client_conn(l);

	if (c && (c->state == CONN_LIVE || c->resume))
		resume_resync(c);
}

static void
change_membership(void)
{
	int64_t room = ROOM + (int64_t)below((size_t)shape.rooms);

	later_publish(database_is_member(room) ? database_remove(room) : database_add(room));
}

static void
end_something(void)
{
	int waiting = database_waiting(QUERIES);

	if (!shape.ends)
		return;
	if (waiting && below(2))
		database_fail_at((int)below((size_t)waiting));
	else
		client_cut(&clients[below(CLIENTS)]);
}

static void
compare_head(void)
{
	struct topic *t = hub_topic(ROOM + (int64_t)below((size_t)shape.rooms));

	if (t)
		hub_head(t, database_seq(t->conversation), database_id(t->conversation), 2);
}

/* Does one of the things that may happen next. */
static void
step(void)
{
	int waiting = database_waiting(QUERIES);

	switch (below(20)) {
	case 0:
	case 1:
	case 2:
	case 3:
		later_publish(database_send(ROOM + (int64_t)below((size_t)shape.rooms)));
		return;
	case 4:
		change_membership();
		return;
	case 5:
	case 6:
	case 7:
		publish();
		return;
	case 8:
	case 9:
		if (waiting)
			database_run_at((int)below((size_t)waiting));
		return;
	case 10:
	case 11:
		if (waiting)
			database_answer_at((int)below((size_t)waiting));
		return;
	case 12:
		fake_redis_confirm();
		return;
	case 13:
		if (!below(8))
			database_horizon();
		return;
	case 14:
		if (!below(4))
			end_something();
		return;
	case 15:
		reconnect();
		return;
	case 16:
		if (!below(8))
			resync(&clients[below(CLIENTS)]);
		return;
	case 17:
		if (!below(32))
			horizon_connected();
		if (!horizon_latest())
			database_horizon();
		return;
	case 18:
		if (!below(8))
			compare_head();
		return;
	default:
		turns();
	}
}

static void
settle(void)
{
	reconnect();
	for (int i = 0; i < CLIENTS; i++)
		client_settle(&clients[i]);
	while (database_waiting(QUERIES))
		database_answer_at(0);
	turns();
}

/* Lets all that is under way end, as it does when nothing new happens. */
static void
quiet(void)
{
	while (unpublished_count)
		fake_redis_publish(unpublished[--unpublished_count]);
	database_horizon();
	settle();
	if (!shape.loses)
		return;
	for (int i = 0; i < CLIENTS; i++)
		resync(&clients[i]);
	settle();
	sweep(&clients[0]);
	settle();
}

static void
run(int number)
{
	shape.is_prompt = number % 3 == 0;
	shape.rooms = shape.is_prompt ? ROOMS : 1 + (int64_t)below(4);
	shape.ends = !shape.is_prompt;
	shape.has_bystander = shape.is_prompt || number % 2;
	shape.loses = !shape.has_bystander || (!shape.is_prompt && number % 4 == 1);
	settings.push_replay_page = 1 + (long)below(8);
	world_begin();
	for (int64_t room = ROOM + 1; room < ROOM + shape.rooms; room++)
		if (below(8))
			database_add(room);
	if (shape.has_bystander)
		bystander_open();
	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = (struct client){ .fd = -1 };
		client_connect(&clients[i]);
	}
	for (int i = 0; i < STEPS * (shape.ends ? 1 : 4); i++)
		step();
	quiet();
	for (int i = 0; i < CLIENTS; i++) {
		client_expect_all(&clients[i]);
		assert_string_equal(clients[i].reset, "");
	}
	client_cut(&clients[1]);
	free(clients[1].rest);
	world_end(&clients[0]);
}

static void
test_random_orders(void **state)
{
	uint64_t first = chance_seed();

	(void)state;
	for (int i = 0; i < RUNS; i++) {
		seed = first + (uint64_t)i;
		run(i);
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_random_orders) };

	world_open(argc, argv, "resume_orders");
	int failed = cmocka_run_group_tests_name("resume_orders", tests, NULL, NULL);
	world_close();
	return failed;
}
