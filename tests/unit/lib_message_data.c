/* SPDX-License-Identifier: MIT */
/* Data of a message: its size, and the data that is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/json_text.h"
#include "lib/base/limits.h"
#include "lib/chat/message_data.h"

/* Data, and the same data as PostgreSQL writes it from jsonb, without blanks. */
static const struct {
	const char *data, *written;
} sizes[] = {
	{ "{}", "{}" },
	{ "{ \"a\" : [ 1 , true, null ] }", "{\"a\":[1,true,null]}" },
	{ "{\"a\":1e5}", "{\"a\":100000}" },
	{ "{\"a\":-1.5e3}", "{\"a\":-1500}" },
	{ "{\"a\":1.50}", "{\"a\":1.50}" },
	{ "{\"a\":1.50e1}", "{\"a\":15.0}" },
	{ "{\"a\":1.50E+1}", "{\"a\":15.0}" },
	{ "{\"a\":15e-1}", "{\"a\":1.5}" },
	{ "{\"a\":1e-5}", "{\"a\":0.00001}" },
	{ "{\"a\":0.001e2}", "{\"a\":0.1}" },
	{ "{\"a\":0.001e3}", "{\"a\":1}" },
	{ "{\"a\":0.001e5}", "{\"a\":100}" },
	{ "{\"a\":-0}", "{\"a\":0}" },
	{ "{\"a\":-0.0}", "{\"a\":0.0}" },
	{ "{\"a\":0e9}", "{\"a\":0}" },
	{ "{\"a\":0e-3}", "{\"a\":0.000}" },
	{ "{\"a\":18446744073709551616}", "{\"a\":18446744073709551616}" },
	{ "{\"\\u0061\":\"\\u00e9\\u6f22\\ud83d\\ude42\"}", "{\"a\":\"\xc3\xa9\xe6\xbc\xa2\xf0\x9f\x99\x82\"}" },
	{ "{\"a\":\"\\/\\\"\\\\\\b\\f\\n\\r\\t\"}", "{\"a\":\"/\\\"\\\\\\b\\f\\n\\r\\t\"}" },
	{ "{\"a\":\"\\u0001\\u000a\\u001f\\u0022\\u005c\\u007f\"}", "{\"a\":\"\\u0001\\n\\u001f\\\"\\\\\x7f\"}" },
};

static void
test_sizes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		size_t n = strlen(sizes[i].data);
		char *exact = malloc(n);

		memcpy(exact, sizes[i].data, n);
		assert_int_equal(message_data_size(exact, n), strlen(sizes[i].written));
		assert_null(message_data_refusal(exact, n));
		free(exact);
	}
}

static const char *const refused[] = {
	"{\"a\":\"\\u0000\"}",
	"{\"a\\u0000\":1}",
	"{\"a\":[{\"b\":\"x\\u0000\"}]}",
	"{\"a\":1e1000}",
	"{\"a\":1E+0001}",
	"{\"a\":1e-0001}",
	"{\"a\":0.000000000000000000000000000000000000000000000000000000000000001}",
};

static void
test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
		assert_non_null(message_data_refusal(refused[i], strlen(refused[i])));
}

/* Checks data that is cheap to send: the largest that counts as 16 KiB, and one unit more. */
static void
test_limits(void **state)
{
	static const struct {
		const char *unit; /* item of a list, with its comma */
		size_t counts;
	} units[] = { { "1,", 2 }, { "1e308,", 310 }, { "1e-308,", 311 }, { "{},", 3 }, { "\"\\u0041\",", 4 }, { "-9e99,", 102 } };

	(void)state;
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		size_t most = (LIMIT_DATA_BYTES - strlen("{\"a\":[0]}")) / units[i].counts, each = strlen(units[i].unit);
		char *text = malloc((most + 1) * each + 16), *to = text + sprintf(text, "{\"a\":[");

		for (size_t n = 0; n < most; n++)
			to += sprintf(to, "%s", units[i].unit);
		sprintf(to, "0]}");
		assert_null(message_data_refusal(text, strlen(text)));
		sprintf(to, "%s0]}", units[i].unit);
		assert_non_null(message_data_refusal(text, strlen(text)));
		free(text);
	}
}

static void
test_depth(void **state)
{
	char text[256];

	(void)state;
	for (int depth = LIMIT_DATA_DEPTH; depth <= LIMIT_DATA_DEPTH + 1; depth++) {
		int n = sprintf(text, "{\"a\":");
		for (int i = 1; i < depth; i++)
			text[n++] = '[';
		for (int i = 1; i < depth; i++)
			text[n++] = ']';
		text[n++] = '}';
		assert_int_equal(message_data_refusal(text, (size_t)n) != NULL, depth > LIMIT_DATA_DEPTH);
	}
}

static void
test_members(void **state)
{
	static const char text[] = " { \"a\" : 1 ,\"b\":{\"c\":\"}\"} , \"d\": [ 1, [ ] ] ,\"e\":-1e5}";
	static const char *const values[] = { "1", "{\"c\":\"}\"}", "[ 1, [ ] ]", "-1e5" };
	const char *end;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		const char *at = json_text_member(text, text + strlen(text), i, &end);
		assert_int_equal(end - at, strlen(values[i]));
		assert_memory_equal(at, values[i], strlen(values[i]));
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes), cmocka_unit_test(test_refusals), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_depth), cmocka_unit_test(test_members),
	};

	return cmocka_run_group_tests_name("message_data", tests, NULL, NULL);
}
