/* SPDX-License-Identifier: MIT */
/* Notifications: those that the database writes are parsed, and all others are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/chat/notification.h"

/* Describes the parsed payload as "kind id seq removed_user delivered read json"; NULL: refused. */
static const struct row {
	const char *payload, *expected;
} rows[] = {
	{ "e 9 3 0\n{\"a\":1}", "e 9 3 0 0 0 {\"a\":1}" },
	{ "e 9 3 7\n{}", "e 9 3 7 0 0 {}" },
	{ "e 9 3 *\n{}", "e 9 3 -1 0 0 {}" },
	{ "e 9223372036854775807 1 0\n{}", "e 9223372036854775807 1 0 0 0 {}" },
	{ "r 7 9 8", "r 7 0 0 9 8 " },
	{ "r 7 0 0", "r 7 0 0 0 0 " },
	{ "R", "R 0 0 0 0 0 " },
	{ "t 7", "t 7 0 0 0 0 " },
	{ "j 9", "j 9 0 0 0 0 " },
	{ "x 9", "x 9 0 0 0 0 " },
	{ "w 9", "w 9 0 0 0 0 " },
	{ "n 9 8 {\"a\":1}", "n 9 0 0 0 8 {\"a\":1}" },
	{ "{\"a\":1}", "{ 0 0 0 0 0 {\"a\":1}" },
	{ "", NULL },
	{ "e", NULL },
	{ "e 9 3 0", NULL },
	{ "e 9 3 0\n", NULL },
	{ "e 9 3 0\n{", NULL },
	{ "e 9 3 0\n[]", NULL },
	{ "e 9 3 0{}", NULL },
	{ "e 9 3\n{}", NULL },
	{ "e  9 3 0\n{}", NULL },
	{ "e 9 3 **\n{}", NULL },
	{ "e 9 3 -1\n{}", NULL },
	{ "e 09 3 0\n{}", NULL },
	{ "e 9223372036854775808 1 0\n{}", NULL },
	{ "r 7 9", NULL },
	{ "r 7 9 8 ", NULL },
	{ "r 7 9 8 1", NULL },
	{ "R ", NULL },
	{ "R 1", NULL },
	{ "t", NULL },
	{ "t ", NULL },
	{ "t 7 ", NULL },
	{ "t x", NULL },
	{ "n{}", NULL },
	{ "n 9 8 {", NULL },
	{ "n 9 {}", NULL },
	{ "n 9 8{}", NULL },
	{ "{", NULL },
	{ "{}x", NULL },
	{ "y 1", NULL },
	{ "E 9 3 0\n{}", NULL },
};

static void
test_payloads(void **state)
{
	char line[256];
	struct notification d;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		size_t n = strlen(rows[i].payload);
		char *copy = malloc(n + 1);

		memcpy(copy, rows[i].payload, n);
		bool taken = notification_parse(copy, n, &d);
		if (taken != !!rows[i].expected)
			fail_msg("%s: %s", taken ? "taken" : "refused", rows[i].payload);
		if (taken) {
			snprintf(line, sizeof line, "%c %lld %lld %lld %lld %lld %.*s", d.kind, (long long)d.id, (long long)d.seq,
				 (long long)d.removed_user, (long long)d.delivered, (long long)d.read, (int)d.json_len, d.json ? d.json : "");
			assert_string_equal(line, rows[i].expected);
		}
		free(copy);
	}
}

static void
test_channels(void **state)
{
	struct notification_channel channel;

	(void)state;
	assert_true(notification_channel_parse("banter:c:9", 10, "banter:", &channel));
	assert_int_equal(channel.kind, 'c');
	assert_int_equal(channel.id, 9);
	assert_true(notification_channel_parse("u:383456945111040311", 20, "", &channel));
	assert_int_equal(channel.id, INT64_C(383456945111040311));
	assert_true(notification_channel_parse("p:1", 3, "", &channel));
	assert_false(notification_channel_parse("\0:1", 3, "", &channel));
	assert_false(notification_channel_parse("x:1", 3, "", &channel));
	assert_false(notification_channel_parse("c:", 2, "", &channel));
	assert_false(notification_channel_parse("c;1", 3, "", &channel));
	assert_false(notification_channel_parse("c:1x", 4, "", &channel));
	assert_false(notification_channel_parse("other:c:9", 9, "banter:", &channel));
	assert_false(notification_channel_parse("banter:", 7, "banter:", &channel));
	assert_false(notification_channel_parse("", 0, "", &channel));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_payloads),
		cmocka_unit_test(test_channels),
	};

	return cmocka_run_group_tests_name("notification", tests, NULL, NULL);
}
