/* SPDX-License-Identifier: MIT */
/* Percent-encoded text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/percent.h"

enum { ROOM = 8 };

static void
test_decode(void **state)
{
	static const struct {
		const char *text, *query, *other; /* NULL: refused */
	} cases[] = {
		{ "", "", "" },
		{ "a+b", "a b", "a+b" },
		{ "%41%7a%7A", "Azz", "Azz" },
		{ "%2b", "+", "+" },
		{ "%25", "%", "%" },
		{ "%", NULL, NULL },
		{ "%4", NULL, NULL },
		{ "%4g", NULL, NULL },
		{ "%g4", NULL, NULL },
		{ "%00", NULL, NULL },
		{ "1234567", "1234567", "1234567" },
		{ "12345678", NULL, NULL },
	};
	char out[ROOM];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (int plus = 0; plus < 2; plus++) {
			const char *want = plus ? cases[i].query : cases[i].other;
			assert_int_equal(percent_decode(cases[i].text, strlen(cases[i].text), plus, out, sizeof out), want != NULL);
			if (want)
				assert_string_equal(out, want);
		}
}

/* Checks that nothing is written where there is no room, and that text ends where n says. */
static void
test_bounds(void **state)
{
	char out[4] = "xyz";

	(void)state;
	assert_false(percent_decode("", 0, false, out, 0));
	assert_string_equal(out, "xyz");
	assert_true(percent_decode("%41%", 3, false, out, 2));
	assert_string_equal(out, "A");
	assert_false(percent_decode("%41", 2, false, out, sizeof out));
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_decode), cmocka_unit_test(test_bounds) };

	return cmocka_run_group_tests_name("percent", tests, NULL, NULL);
}
