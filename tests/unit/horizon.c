/* SPDX-License-Identifier: MIT */
/* State of the database as push knows it: unknown from a connection until the sweep has read it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "push/links/horizon.h"

enum { HORIZON = 1000, INCARNATION = 7 };

static int told; /* calls after a connection */

static void
note_connected(void)
{
	told++;
	assert_int_equal(horizon_latest(), 0); /* unknown already when the callbacks run */
}

static void
expect_unknown(void)
{
	assert_int_equal(horizon_latest(), 0);
	assert_int_equal(horizon_incarnation(), HORIZON_UNKNOWN);
}

static void
test_connections(void **state)
{
	uint32_t connects = horizon_connects();

	(void)state;
	horizon_open(note_connected);
	horizon_connected();
	expect_unknown();
	horizon_learn(HORIZON, INCARNATION);
	assert_int_equal(horizon_latest(), HORIZON);
	assert_int_equal(horizon_incarnation(), INCARNATION);
	horizon_connected();
	expect_unknown();
	assert_int_equal(told, 2);
	assert_int_equal(horizon_connects() - connects, 2);
	horizon_learn(HORIZON + 1, INCARNATION);
	assert_int_equal(horizon_latest(), HORIZON + 1);
}

/* Checks that a doubt about what was delivered hides the incarnation alone. */
static void
test_doubt(void **state)
{
	(void)state;
	horizon_learn(HORIZON, INCARNATION);
	horizon_prove(false);
	horizon_learn(HORIZON, INCARNATION + 1);
	assert_int_equal(horizon_latest(), HORIZON);
	assert_int_equal(horizon_incarnation(), HORIZON_UNKNOWN);
	horizon_prove(true);
	assert_int_equal(horizon_incarnation(), INCARNATION + 1);
}

static void
test_rounds(void **state)
{
	uint32_t before = horizon_round();

	(void)state;
	assert_int_equal(horizon_round_begin(), before + 1);
	assert_int_equal(horizon_round(), before + 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_connections), cmocka_unit_test(test_doubt), cmocka_unit_test(test_rounds) };

	return cmocka_run_group_tests_name("horizon", tests, NULL, NULL);
}
