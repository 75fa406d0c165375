/* SPDX-License-Identifier: MIT */
/* The list of origins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/auth/origins.h"
#include "lib/base/settings.h"

static ptrdiff_t
place_of(const char *origin)
{
	const char *at = origins_find(origin, strlen(origin));

	return at ? at - settings.origins : -1;
}

static void
test_find(void **state)
{
	(void)state;
	settings.origins = "https://a.example.org, https://a.example,https://b.example";
	assert_int_equal(place_of("https://a.example.org"), 0);
	assert_int_equal(place_of("https://a.example"), 23);
	assert_int_equal(place_of("https://b.example"), 41);
	assert_int_equal(place_of("https://b.exampl"), -1);
	assert_int_equal(place_of("https://b.example,"), -1);
	assert_int_equal(place_of(""), -1);
	assert_null(origins_any());
}

static void
test_any(void **state)
{
	(void)state;
	settings.origins = " https://a.example , * ";
	assert_int_equal(place_of("https://a.example"), 1);
	assert_int_equal(place_of("https://other.example"), -1);
	assert_int_equal(origins_any() - settings.origins, 21);
	settings.origins = "";
	assert_int_equal(place_of(""), -1);
	assert_null(origins_any());
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_find), cmocka_unit_test(test_any) };

	return cmocka_run_group_tests_name("origins", tests, NULL, NULL);
}
