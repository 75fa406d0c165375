/* SPDX-License-Identifier: MIT */
/* The URL of Redis: each form, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/redis_url.h"

/* What is read, as "path|host place port"; NULL: refused. */
static const struct row {
	const char *url, *expected;
} rows[] = {
	{ "unix:///run/redis.sock", "path /run/redis.sock 0" },
	{ "redis://localhost", "host localhost 6379" },
	{ "redis://localhost/", "host localhost 6379" },
	{ "redis://10.0.0.1:7000", "host 10.0.0.1 7000" },
	{ "redis://10.0.0.1:7000/0", "host 10.0.0.1 7000" },
	{ "redis://[::1]:7000", "host ::1 7000" },
	{ "redis://[::1]", "host ::1 6379" },
	{ "", NULL },
	{ "unix://redis.sock", NULL },
	{ "localhost:6379", NULL },
	{ "http://localhost", NULL },
	{ "redis://", NULL },
	{ "redis://:6379", NULL },
	{ "redis://host:", NULL },
	{ "redis://host:0", NULL },
	{ "redis://host:65536", NULL },
	{ "redis://host:7000x", NULL },
	{ "redis://[::1", NULL },
	{ "redis://[::1]7000", NULL },
};

static void
test_rows(void **state)
{
	char text[REDIS_PLACE_BYTES + 32];
	struct redis_url url;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		bool good = redis_url_parse(rows[i].url, &url);
		assert_int_equal(good, rows[i].expected != NULL);
		snprintf(text, sizeof text, "%s %s %d", url.is_path ? "path" : "host", url.place, url.port);
		if (good)
			assert_string_equal(text, rows[i].expected);
	}
}

static void
test_too_long(void **state)
{
	char url[REDIS_PLACE_BYTES + 32] = "unix:///";
	struct redis_url out;

	(void)state;
	memset(url + strlen("unix:///"), 'a', REDIS_PLACE_BYTES);
	assert_false(redis_url_parse(url, &out));
	memcpy(url, "redis://", strlen("redis://"));
	assert_false(redis_url_parse(url, &out));
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows), cmocka_unit_test(test_too_long) };

	return cmocka_run_group_tests_name("redis_url", tests, NULL, NULL);
}
