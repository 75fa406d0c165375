/* SPDX-License-Identifier: MIT */
/* URL of Redis: each form, and texts that are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/links/redis_url.h"

/* Describes the parsed URL as "path|host|tls place port" and its other parts; NULL: refused. */
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
	{ "redis://localhost/5", "host localhost 6379 db 5" },
	{ "redis://localhost:1/16383", "host localhost 1 db 16383" },
	{ "rediss://10.0.0.1:7000/2", "tls 10.0.0.1 7000 db 2" },
	{ "redis://:secret@localhost", "host localhost 6379 as '' 'secret'" },
	{ "rediss://banter:p%40s%2fs%3A@[::1]:7000/3", "tls ::1 7000 db 3 as 'banter' 'p@s/s:'" },
	{ "redis://user:a:b@localhost", "host localhost 6379 as 'user' 'a:b'" },
	{ "unix://user:secret@/run/re%20dis.sock?db=4", "path /run/re dis.sock 0 db 4 as 'user' 'secret'" },
	{ "unix:///run/redis.sock?db=1", "path /run/redis.sock 0 db 1" },
	{ "redis://user@localhost", NULL },
	{ "redis://user:@localhost", NULL },
	{ "redis://:%zz@localhost", NULL },
	{ "redis://:%4@localhost", NULL },
	{ "redis://:%00@localhost", NULL },
	{ "redis://localhost/x", NULL },
	{ "redis://localhost/16384", NULL },
	{ "redis://localhost/-1", NULL },
	{ "redis://localhost/1/2", NULL },
	{ "redis://localhost:1x/2", NULL },
	{ "unix:///run/redis.sock?database=1", NULL },
	{ "unix:///run/redis.sock?db=", NULL },
};

static void
test_rows(void **state)
{
	char text[sizeof(struct redis_url) + 64];
	struct redis_url url;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		bool good = redis_url_parse(rows[i].url, &url);
		assert_int_equal(good, rows[i].expected != NULL);
		int len = snprintf(text, sizeof text, "%s %s %d", url.is_path ? "path" : url.is_tls ? "tls" : "host", url.place, url.port);
		if (url.database)
			len += snprintf(text + len, sizeof text - (size_t)len, " db %d", url.database);
		if (*url.password)
			snprintf(text + len, sizeof text - (size_t)len, " as '%s' '%s'", url.user, url.password);
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
