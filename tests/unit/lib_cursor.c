/* SPDX-License-Identifier: MIT */
/*
 * The cursor: one text for each, and arithmetic that never covers an event that was not delivered.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/chat/cursor.h"

#include "chance.h"

/* Room for exceptions of a cursor without places. */
enum { ROOM = 39 };

static uint64_t seed;

static void
test_text(void **state)
{
	struct cursor c = { .incarnation = 5, .base = 1000, .count = 2, .exceptions = { { 7, 1000 }, { 9, 5000 } } }, again;
	char text[LIMIT_CURSOR_BYTES + 1];

	(void)state;
	size_t n = cursor_text(&c, text);
	assert_string_equal(text, "AgXoBwIHAAKgHwAA");
	assert_true(cursor_parse(text, n, &again));
	assert_int_equal(again.incarnation, 5);
	assert_int_equal(again.base, 1000);
	assert_int_equal(again.count, 2);
	assert_memory_equal(again.exceptions, c.exceptions, 2 * sizeof c.exceptions[0]);
	assert_int_equal(cursor_text(&(struct cursor){ 0 }, text), 8);
	assert_string_equal(text, "AgAAAAAA");
}

/* Checks that a cursor of version 1 is accepted, without an incarnation. */
static void
test_version_before(void **state)
{
	struct cursor c;

	(void)state;
	assert_true(cursor_parse("AegHAgcAAqAf", 12, &c));
	assert_int_equal(c.incarnation, 0);
	assert_int_equal(c.base, 1000);
	assert_int_equal(c.count, 2);
	assert_int_equal(c.exceptions[1].id, 5000);
	assert_int_equal(c.reads_count + c.dropped, 0);
	assert_true(cursor_parse("AQAA", 4, &c));
}

static bool
cursor_is(const struct cursor *a, const struct cursor *b)
{
	if (a->incarnation != b->incarnation || a->base != b->base || a->dropped != b->dropped || a->count != b->count ||
	    a->reads_count != b->reads_count)
		return false;
	if (a->pass.end != b->pass.end || a->pass.conversation != b->pass.conversation || a->pass.id != b->pass.id)
		return false;
	if (memcmp(a->exceptions, b->exceptions, (size_t)a->count * sizeof a->exceptions[0]) != 0)
		return false;
	for (int i = 0; i < a->reads_count; i++) {
		const struct cursor_read *x = &a->reads[i], *y = &b->reads[i];
		if (x->id != y->id || x->conversation != y->conversation || x->snapshot.xmin != y->snapshot.xmin ||
		    x->snapshot.xmax != y->snapshot.xmax || x->snapshot.count != y->snapshot.count ||
		    memcmp(x->snapshot.running, y->snapshot.running, (size_t)x->snapshot.count * 4) != 0)
			return false;
	}
	return true;
}

/* Checks that the reach is above each kind of what a cursor covers, except its exceptions. */
static void
test_reach(void **state)
{
	struct cursor_snapshot s = { .xmin = 1, .xmax = 2 };
	struct cursor c = { .base = 1000 };

	(void)state;
	assert_int_equal(cursor_reach(&c), 1000);
	cursor_advance(&c, 1, 5000);
	assert_int_equal(cursor_reach(&c), 1000);
	for (int i = 0; i < CURSOR_EXCEPTIONS; i++)
		cursor_advance(&c, 100 + i, 2000 + i);
	assert_true(c.dropped >= 2000);
	assert_int_equal(cursor_reach(&c), c.dropped + 1);
	cursor_advance_pass(&c, 50, 1500, 3000);
	assert_int_equal(cursor_reach(&c), 3000);
	assert_int_equal(cursor_horizon(&c), 3000);
	for (int i = 0; i < CURSOR_EXCEPTIONS; i++)
		cursor_advance(&c, 200 + i, 3500);
	cursor_advance_read(&c, 300, 4000, &s);
	assert_int_equal(c.reads_count, 1);
	assert_int_equal(cursor_reach(&c), c.reads[0].id + 1);
	assert_int_equal(cursor_horizon(&c), 3000);
	cursor_rebase(&c, 6000);
	assert_int_equal(cursor_reach(&c), 6000);
}

/*
 * Checks the largest numbers, with the most exceptions beside each number of places: the text fits
 * and is read again.
 */
static void
test_full(void **state)
{
	struct cursor_snapshot s = { .xmin = INT64_MAX - UINT32_MAX + 1, .xmax = INT64_MAX, .count = CURSOR_RUNNING };
	char text[LIMIT_CURSOR_BYTES + 1];

	(void)state;
	for (int i = 0; i < CURSOR_RUNNING; i++)
		s.running[i] = UINT32_MAX - (uint32_t)(2 * (CURSOR_RUNNING - i));
	for (int reads = 0; reads <= CURSOR_READS; reads++) {
		struct cursor c = { .incarnation = UINT32_MAX }, again;

		for (int i = 0; i < 60; i++)
			cursor_advance(&c, INT64_MAX / 60 * (i + 1), INT64_MAX - 160 + i);
		if (reads)
			cursor_advance_read(&c, 3, INT64_MAX - 102, &s);
		if (reads > 1) {
			for (int i = 0; i < 60; i++)
				cursor_advance(&c, INT64_MAX / 60 * (i + 1), INT64_MAX - 101);
			cursor_advance_read(&c, 4, INT64_MAX - 105, &s);
		}
		for (int i = 0; i < 60; i++)
			cursor_advance(&c, INT64_MAX / 60 * (i + 1), INT64_MAX - 100);
		int count = c.count;
		cursor_advance_pass(&c, INT64_MAX / 61, 0, INT64_MAX - 100);
		assert_int_equal(c.count, count);
		assert_int_equal(c.reads_count, reads);
		assert_true(c.count >= 16);
		size_t n = cursor_text(&c, text);
		assert_true(n <= LIMIT_CURSOR_BYTES);
		assert_true(cursor_parse(text, n, &again));
		assert_true(cursor_is(&again, &c));
	}
}

static void
test_snapshot(void **state)
{
	struct cursor_snapshot s;
	char text[CURSOR_SNAPSHOT_BYTES], many[4096] = "10:1000:";

	(void)state;
	assert_true(cursor_snapshot_parse("10:20:10,14,15", &s));
	assert_int_equal(s.count, 3);
	cursor_snapshot_text(&s, text);
	assert_string_equal(text, "10:20:10,14,15");
	assert_true(cursor_snapshot_parse("7:7:", &s));
	cursor_snapshot_text(&s, text);
	assert_string_equal(text, "7:7:");
	for (int i = 0; i < 60; i++)
		sprintf(many + strlen(many), "%s%d", i ? "," : "", 10 + 2 * i);
	assert_true(cursor_snapshot_parse(many, &s));
	assert_int_equal(s.count, CURSOR_RUNNING);
	assert_int_equal(s.xmax, 10 + 2 * CURSOR_RUNNING);
	assert_true(cursor_snapshot_parse("10:20000000000:10", &s));
	assert_int_equal(s.xmax, 10 + (int64_t)UINT32_MAX);
	const char *none[] = { "", "x", "10", "10:", "10:20", "20:10:", "10:20:9", "10:20:x" };
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
		assert_false(cursor_snapshot_parse(none[i], &s));
}

/*
 * Checks a reader with pages of events in many more conversations than a cursor names. It reaches
 * the end, and nothing is dropped.
 */
static void
test_place_of_reading(void **state)
{
	struct cursor_snapshot s = { .xmin = 100, .xmax = 110 };
	struct cursor c = { .base = 50 };

	(void)state;
	for (int i = 0; i < 1000; i++)
		cursor_advance_read(&c, 1 + i % 300, 1000 + i, &s);
	assert_int_equal(c.dropped, 0);
	assert_int_equal(c.reads_count, 1);
	assert_true(c.reads[0].id >= 1000 + 1000 - 42);
	assert_true(cursor_covers(&c, 1 + 999 % 300, 1999));
	assert_false(cursor_covers(&c, 1 + 999 % 300, 2000));

	/*
	 * late commits, in more conversations than there is room for, make a second place; the
	 * first stays, because it reaches further
	 */
	struct cursor_snapshot later = { .xmin = 120, .xmax = 130 };
	int64_t reached = c.reads[0].id;
	for (int i = 0; i < 200; i++)
		cursor_advance_read(&c, 500 + i, 100 + i, &later);
	assert_int_equal(c.reads_count, 2);
	assert_int_equal(c.reads[0].snapshot.xmax, 130);
	assert_int_equal(c.reads[1].id, reached);
	for (int i = 0; i < 200; i++)
		cursor_advance_read(&c, 1000 + i, 3000 + i, &later);
	assert_int_equal(c.reads_count, 1);
	cursor_rebase(&c, 3500);
	assert_int_equal(c.reads_count + c.count, 0);
	assert_int_equal(c.dropped, 0);
}

/*
 * Checks a cursor in the middle of a long absence, which is read conversation by conversation. It
 * covers the events that were delivered, and no event at or above the end of the pass.
 */
static void
test_pass(void **state)
{
	struct cursor c = { .base = 100, .count = 3, .exceptions = { { 1, 150 }, { 2, 350 }, { 9, 160 } } }, again;
	char text[LIMIT_CURSOR_BYTES + 1];

	(void)state;
	cursor_advance_pass(&c, 5, 200, 300);
	assert_true(cursor_covers(&c, 4, 299));
	assert_false(cursor_covers(&c, 4, 300));
	assert_true(cursor_covers(&c, 5, 200));
	assert_false(cursor_covers(&c, 5, 201));
	assert_false(cursor_covers(&c, 6, 100));
	assert_true(cursor_covers(&c, 9, 160));
	assert_int_equal(c.count, 2); /* the pass covers more of conversation 1 */
	assert_true(cursor_covers(&c, 2, 350));
	cursor_advance(&c, 4, 299);
	assert_int_equal(c.count, 2);

	size_t n = cursor_text(&c, text);
	assert_true(cursor_parse(text, n, &again));
	assert_true(cursor_is(&again, &c));
	/* the end of the pass is the base */
	assert_false(cursor_parse("AgBkAAAAAAUB", 12, &again));
	/* the place of the pass is its end */
	assert_false(cursor_parse("AgBkAAAAyAEFAA", 14, &again));

	cursor_rebase(&c, 200);
	assert_true(cursor_covers(&c, 4, 299));
	assert_false(cursor_covers(&c, 9, 200));
	cursor_rebase(&c, 300);
	assert_int_equal(c.pass.end, 0);
	assert_int_equal(c.count, 1);
	assert_true(cursor_covers(&c, 2, 350));
	cursor_advance_pass(&c, 7, 310, 305); /* an event at or above the end is an exception */
	assert_int_equal(c.pass.end, 0);
	assert_true(cursor_covers(&c, 7, 310));
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
		{ "another version", "AwAA" },
		{ "version 2 without its end", "AgAAAA" },
		{ "an incarnation of 33 bits", "AoCAgIAQAAAAAA" },
		{ "no base", "AQ" },
		{ "no count", "AQA" },
		{ "bytes left over", "AQAAAA" },
		{ "a number in more bytes than it needs", "AYAAAA" },
		{ "a number of 64 bits", "Af___________wEA" },
		{ "an exception too few", "AegHAgcA" },
		{ "conversation 0", "AegHAQAA" },
		{ "a conversation twice", "AegHAgcAAAA" },
		{ "more exceptions than fit", "AQAr" },
		{ "an exception of id 0", "AgAAAQcAAAA" },
		{ "an id behind which there is none", "AgBkAQeb_________38AAA" },
		{ "the same in version 1", "AWQBB5v_________fw" },
		{ "a snapshot from transaction 0", "AgBkAAEBBQAAAAA" },
		{ "a snapshot from transaction 2^32, which has no number", "AgBkAAEBBYCAgIAQCQAA" },
		{ "a snapshot to transaction 2^32", "AgBkAAEBBff___8PCQAA" },
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

/*
 * Checks against a plain record of delivered events. The cursor never covers more, and covers all
 * of them while there is room.
 */
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
				if (conversations <= ROOM && most > 0)
					assert_true(cursor_covers(&c, other, most));
			}
		}
		char text[LIMIT_CURSOR_BYTES + 1];
		struct cursor again;
		assert_true(cursor_parse(text, cursor_text(&c, text), &again));
		assert_int_equal(again.count, c.count);
		assert_memory_equal(again.exceptions, c.exceptions, (size_t)c.count * sizeof c.exceptions[0]);
	}
}

/* Checks that a full cursor drops the exception with the smallest id, at any place. */
static void
test_the_smallest_goes(void **state)
{
	enum { FULL = ROOM };

	(void)state;
	for (int smallest = 0; smallest < FULL; smallest++) {
		struct cursor c = { .base = 10 };

		for (int i = 0; i < FULL; i++)
			cursor_advance(&c, 2 * i + 2, i == smallest ? 20 : 30 + i);
		cursor_advance(&c, 2 * smallest + 1, 100);
		assert_int_equal(c.count, FULL);
		assert_int_equal(c.dropped, 20);
		assert_true(cursor_covers(&c, 2 * smallest + 1, 100));
		for (int i = 0; i < FULL; i++)
			assert_int_equal(cursor_covers(&c, 2 * i + 2, i == smallest ? 20 : 30 + i), i != smallest);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_version_before),
		cmocka_unit_test(test_reach),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_snapshot),
		cmocka_unit_test(test_place_of_reading),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_arithmetic),
		cmocka_unit_test(test_against_a_record),
		cmocka_unit_test(test_the_smallest_goes),
		cmocka_unit_test(test_pass),
	};

	seed = chance_seed();
	return cmocka_run_group_tests_name("cursor", tests, NULL, NULL);
}
