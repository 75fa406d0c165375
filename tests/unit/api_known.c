/* SPDX-License-Identifier: MIT */
/* Table of known devices: insertion, expiry and capacity. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/http/known.h"

enum { START_MS = 1000, LIFE_MS = KNOWN_SECONDS * 1000, FIRST = 1000000 };

/*
 * Returns the id of a device as the database makes it: ascending, with the time in its upper bits.
 */
static int64_t
device(int i)
{
	return ((int64_t)FIRST + i) << 22;
}

static void
test_learned(void **state)
{
	(void)state;
	assert_false(known_recall(1, device(0), START_MS));
	known_remember(1, device(0), START_MS);
	assert_true(known_recall(1, device(0), START_MS));
	assert_false(known_recall(2, device(0), START_MS)); /* device of another user */
	assert_false(known_recall(1, device(1), START_MS));
	assert_false(known_recall(0, 0, START_MS)); /* an empty place is not a device */
}

static void
test_forgotten(void **state)
{
	(void)state;
	known_remember(1, device(2), START_MS);
	assert_true(known_recall(1, device(2), START_MS + LIFE_MS - 1));
	assert_false(known_recall(1, device(2), START_MS + LIFE_MS));
	known_remember(1, device(2), START_MS + LIFE_MS);
	assert_true(known_recall(1, device(2), START_MS + 2 * LIFE_MS - 1));
}

/*
 * Checks that a device of another user, as after a restore, is no longer known as the first user's.
 */
static void
test_replaced(void **state)
{
	(void)state;
	known_remember(1, device(3), START_MS);
	known_remember(2, device(3), START_MS);
	assert_false(known_recall(1, device(3), START_MS));
	assert_true(known_recall(2, device(3), START_MS));
}

static int
recalled(int from, int to, int64_t now_ms)
{
	int n = 0;

	for (int i = from; i < to; i++)
		n += known_recall(i, device(i), now_ms);
	return n;
}

/*
 * Checks that half the capacity of devices is remembered almost without loss. With more devices
 * than the table holds, the newest replace the oldest.
 */
static void
test_limits(void **state)
{
	int64_t now_ms = START_MS + 10 * LIFE_MS;

	(void)state;
	for (int i = 0; i < KNOWN_DEVICES / 2; i++)
		known_remember(i, device(i), now_ms);
	assert_in_range(recalled(0, KNOWN_DEVICES / 2, now_ms), KNOWN_DEVICES / 2 * 9 / 10, KNOWN_DEVICES / 2);
	for (int i = 0; i < 4 * KNOWN_DEVICES; i++)
		known_remember(i, device(i), now_ms + i);
	assert_in_range(recalled(0, 4 * KNOWN_DEVICES, now_ms), KNOWN_DEVICES * 9 / 10, KNOWN_DEVICES);
	assert_int_equal(recalled(4 * KNOWN_DEVICES - 100, 4 * KNOWN_DEVICES, now_ms), 100);
	assert_int_equal(recalled(0, KNOWN_DEVICES, now_ms), 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_learned),
		cmocka_unit_test(test_forgotten),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_limits),
	};

	known_open();
	return cmocka_run_group_tests_name("known", tests, NULL, NULL);
}
