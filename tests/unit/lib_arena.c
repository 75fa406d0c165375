/* SPDX-License-Identifier: MIT */
/* Texts that grow in an arena, and the JSON strings in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "lib/base/arena.h"

/* Checks that a parser reads each byte of a JSON string back, at each place. */
static void
test_json(void **unused)
{
	struct arena a = { 0 };

	(void)unused;
	for (int c = 1; c < 0x80; c++)
		for (int at = 0; at < 3; at++) {
			char said[] = "\xc3\xa9xxx\xf0\x9f\x98\x80";
			struct text t = { .arena = &a };

			said[2 + at] = (char)c;
			text_json(&t, said);
			json_t *string = json_loadb(t.bytes, t.len, JSON_DECODE_ANY, NULL);
			assert_string_equal(json_string_value(string), said);
			json_decref(string);
		}
	struct text t = { .arena = &a };
	text_json(&t, "\"\\\n\x7f");
	text_json(&t, "");
	assert_string_equal(t.bytes, "\"\\\"\\\\\\u000a\\u007f\"\"\"");
	arena_free(&a);
}

static void
test_growth(void **unused)
{
	struct arena a = { 0 };
	struct text t = { .arena = &a };

	(void)unused;
	for (int i = 0; i < 20000; i++)
		text_printf(&t, "%d,", i % 10);
	assert_int_equal(t.len, 40000);
	assert_int_equal(strlen(t.bytes), 40000);
	assert_memory_equal(t.bytes, "0,1,2,3,4,5,6,7,8,9,0,", 22);
	arena_reset(&a);
	char *zeroed = arena_alloc(&a, 1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(zeroed[i], 0);
	arena_free(&a);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_json), cmocka_unit_test(test_growth) };

	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
