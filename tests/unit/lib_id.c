/* SPDX-License-Identifier: MIT */
/* Ids and times as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chance.h"
#include "lib/base/clock.h"
#include "lib/base/id.h"

static void
test_good(void **unused)
{
	static const struct {
		const char *text;
		int64_t id;
	} rows[] = { { "1", 1 }, { "10", 10 }, { "383456693452801731", 383456693452801731 }, { "9223372036854775807", INT64_MAX } };
	int64_t id;

	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_true(id_parse(rows[i].text, strlen(rows[i].text), &id));
		assert_int_equal(id, rows[i].id);
	}
}

static void
test_bad(void **unused)
{
	static const char *const rows[] = { "",
					    "0",
					    "01",
					    "-1",
					    "+1",
					    " 1",
					    "1 ",
					    "1.0",
					    "1e3",
					    "0x1",
					    "a",
					    "9223372036854775808",
					    "9999999999999999999",
					    "18446744073709551617",
					    "10000000000000000000",
					    "00000000000000000001" };
	int64_t id;

	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (id_parse(rows[i], strlen(rows[i]), &id))
			fail_msg("'%s' was taken for %ld", rows[i], (long)id);
	assert_false(id_parse("1\0", 2, &id));
	assert_true(id_parse("12x", 2, &id));
}

/* Checks that every text is read like strtoull, or refused. */
static void
test_against_strtoull(void **unused)
{
	uint64_t state = chance_seed();
	char text[24];
	int64_t id;

	(void)unused;
	for (int i = 0; i < 100000; i++) {
		snprintf(text, sizeof text, "%llu", (unsigned long long)(chance(&state) >> chance_below(&state, 64)));
		unsigned long long want = strtoull(text, NULL, 10);
		bool taken = id_parse(text, strlen(text), &id);
		assert_int_equal(taken, want >= 1 && want <= INT64_MAX);
		if (taken)
			assert_int_equal(id, (int64_t)want);
	}
}

static void
test_text(void **unused)
{
	uint64_t state = chance_seed();
	char text[ID_TEXT_BYTES], want[ID_TEXT_BYTES];

	(void)unused;
	assert_int_equal(id_text(0, text), 1);
	assert_string_equal(text, "0");
	assert_int_equal(id_text(INT64_MAX, text), ID_TEXT_BYTES - 1);
	assert_string_equal(text, "9223372036854775807");
	for (int i = 0; i < 100000; i++) {
		int64_t id = (int64_t)(chance(&state) >> (1 + chance_below(&state, 63)));
		int len = snprintf(want, sizeof want, "%ld", (long)id);
		assert_int_equal(id_text(id, text), len);
		assert_string_equal(text, want);
	}
}

static void
test_times(void **unused)
{
	char text[CLOCK_TEXT_BYTES];

	(void)unused;
	clock_text(INT64_C(1704067200000), text);
	assert_string_equal(text, "2024-01-01T00:00:00.000Z");
	clock_text(INT64_C(1795490466123), text);
	assert_string_equal(text, "2026-11-24T03:21:06.123Z");
	clock_text(INT64_C(1795490466045), text);
	assert_string_equal(text, "2026-11-24T03:21:06.045Z");
	clock_text(7, text);
	assert_string_equal(text, "1970-01-01T00:00:00.007Z");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good), cmocka_unit_test(test_bad),   cmocka_unit_test(test_against_strtoull),
		cmocka_unit_test(test_text), cmocka_unit_test(test_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
