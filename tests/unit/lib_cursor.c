/* SPDX-License-Identifier: MIT */
/* The cursor: one text for each, and arithmetic that never claims an event that was not given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/cursor.h"

#include "chance.h"

static uint64_t seed;

static void
test_text(void **state)
{
	struct cursor c = { .base = 1000, .count = 2, .exceptions = { { 7, 1000 }, { 9, 5000 } } }, again;
	char text[LIMIT_CURSOR_BYTES + 1];

	(void)state;
	size_t n = cursor_text(c.base, c.exceptions, c.count, text);
	assert_string_equal(text, "AegHAgcAAqAf");
	assert_true(cursor_parse(text, n, &again));
	assert_int_equal(again.base, 1000);
	assert_int_equal(again.count, 2);
	assert_memory_equal(again.exceptions, c.exceptions, 2 * sizeof c.exceptions[0]);
	assert_int_equal(cursor_text(0, NULL, 0, text), 4);
	assert_string_equal(text, "AQAA");
}

/* The largest numbers, as many as there may be: it fits, and comes back. */
static void
test_full(void **state)
{
	struct cursor c = { .base = 0, .count = CURSOR_EXCEPTIONS }, again;
	char text[LIMIT_CURSOR_BYTES + 1];

	(void)state;
	for (int i = 0; i < CURSOR_EXCEPTIONS; i++)
		c.exceptions[i] = (struct cursor_exception){ INT64_MAX / CURSOR_EXCEPTIONS * (i + 1), INT64_MAX };
	size_t n = cursor_text(c.base, c.exceptions, c.count, text);
	assert_true(n <= LIMIT_CURSOR_BYTES);
	assert_true(cursor_parse(text, n, &again));
	assert_memory_equal(again.exceptions, c.exceptions, sizeof c.exceptions);
}

static void
test_refused(void **state)
{
	static const struct {
		const char *why, *text;
	} texts[] = {
		{ "nothing", "" },
		{ "another alphabet", "AegHAgcAAqA/" },
		{ "padding", "AQAA====" },
		{ "a blank", "AQAA " },
		{ "a byte above ASCII that libsodium takes for a letter", "AegHAgcAAqA\xca" },
		{ "bits left over", "AQAB" },
		{ "half a byte", "AQAAA" },
		{ "another version", "AgAA" },
		{ "no base", "AQ" },
		{ "no count", "AQA" },
		{ "bytes left over", "AQAAAA" },
		{ "a number in more bytes than it needs", "AYAAAA" },
		{ "a number of 64 bits", "Af___________wEA" },
		{ "an exception too few", "AegHAgcA" },
		{ "conversation 0", "AegHAQAA" },
		{ "a conversation twice", "AegHAgcAAAA" },
		{ "more exceptions than fit", "AQAr" },
	};
	char large[LIMIT_CURSOR_BYTES + 2];
	struct cursor c;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (cursor_parse(texts[i].text, strlen(texts[i].text), &c))
			fail_msg("taken: %s", texts[i].why);
	assert_false(cursor_parse("AQAA\0AQAA", 9, &c));
	memset(large, 'A', sizeof large);
	assert_false(cursor_parse(large, sizeof large, &c));
}

static void
test_arithmetic(void **state)
{
	struct cursor c = { .base = 100 };

	(void)state;
	assert_true(cursor_covers(&c, 1, 99));
	assert_false(cursor_covers(&c, 1, 100));
	cursor_advance(&c, 1, 50);
	assert_int_equal(c.count, 0);
	cursor_advance(&c, 1, 100);
	assert_true(cursor_covers(&c, 1, 100));
	assert_false(cursor_covers(&c, 1, 101));
	assert_false(cursor_covers(&c, 2, 100));
	cursor_advance(&c, 1, 120);
	cursor_advance(&c, 1, 110);
	assert_true(cursor_covers(&c, 1, 120));
	assert_int_equal(c.count, 1);
	cursor_rebase(&c, 100);
	cursor_rebase(&c, 90);
	assert_int_equal(c.base, 100);
	cursor_rebase(&c, 120);
	assert_int_equal(c.count, 1);
	cursor_rebase(&c, 121);
	assert_int_equal(c.count, 0);
	assert_true(cursor_covers(&c, 2, 120));
}

/* Against a plain record of what was given: never more is claimed; all of it while there is room. */
static void
test_against_a_record(void **state)
{
	enum { CONVERSATIONS = 60, STEPS = 400 };

	(void)state;
	for (int round = 0; round < 200; round++) {
		int64_t given[CONVERSATIONS + 1] = { 0 }, base = 0;
		size_t conversations = 1 + chance_below(&seed, CONVERSATIONS);
		struct cursor c = { .base = 0 };

		for (int step = 1; step < STEPS; step++) {
			int64_t conversation = 1 + (int64_t)chance_below(&seed, conversations), id = step + (int64_t)chance_below(&seed, 20);

			if (chance_below(&seed, 50) == 0) {
				cursor_rebase(&c, step);
				base = step;
			}
			cursor_advance(&c, conversation, id);
			assert_true(cursor_covers(&c, conversation, id));
			if (id > given[conversation])
				given[conversation] = id;
			for (int64_t other = 1; other <= (int64_t)conversations; other++) {
				int64_t most = given[other] < base ? base - 1 : given[other];
				assert_false(cursor_covers(&c, other, most + 1));
				if (conversations <= CURSOR_EXCEPTIONS && most > 0)
					assert_true(cursor_covers(&c, other, most));
			}
		}
		char text[LIMIT_CURSOR_BYTES + 1];
		struct cursor again;
		assert_true(cursor_parse(text, cursor_text(c.base, c.exceptions, c.count, text), &again));
		assert_int_equal(again.count, c.count);
		assert_memory_equal(again.exceptions, c.exceptions, (size_t)c.count * sizeof c.exceptions[0]);
	}
}

/* When it is full the smallest id goes, wherever it stands. */
static void
test_the_smallest_goes(void **state)
{
	(void)state;
	for (int smallest = 0; smallest < CURSOR_EXCEPTIONS; smallest++) {
		struct cursor c = { .base = 10 };

		for (int i = 0; i < CURSOR_EXCEPTIONS; i++)
			cursor_advance(&c, 2 * i + 2, i == smallest ? 20 : 30 + i);
		cursor_advance(&c, 2 * smallest + 1, 100);
		assert_int_equal(c.count, CURSOR_EXCEPTIONS);
		assert_true(cursor_covers(&c, 2 * smallest + 1, 100));
		for (int i = 0; i < CURSOR_EXCEPTIONS; i++)
			assert_int_equal(cursor_covers(&c, 2 * i + 2, i == smallest ? 20 : 30 + i), i != smallest);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_arithmetic),
		cmocka_unit_test(test_against_a_record),
		cmocka_unit_test(test_the_smallest_goes),
	};

	seed = chance_seed();
	return cmocka_run_group_tests_name("cursor", tests, NULL, NULL);
}
