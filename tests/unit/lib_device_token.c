/* SPDX-License-Identifier: MIT */
/* Refresh tokens: one successor each, and no signature except ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "lib/auth/device_token.h"
#include "lib/base/settings.h"

static char folder[] = "/tmp/banter-device-token.XXXXXX";

static void
test_successors(void **state)
{
	char first[DEVICE_TOKEN_BYTES], other[DEVICE_TOKEN_BYTES], second[DEVICE_TOKEN_BYTES], again[DEVICE_TOKEN_BYTES];
	struct device_token t;

	(void)state;
	device_token_first(INT64_MAX, first);
	device_token_first(INT64_MAX, other);
	assert_string_not_equal(first, other);
	assert_true(device_token_parse(first, &t));
	assert_true(t.device == INT64_MAX && t.generation == 1 && t.is_signed);
	device_token_next(first, &t, second);
	device_token_next(first, &t, again);
	assert_string_equal(second, again);
	device_token_next(other, &t, again);
	assert_string_not_equal(second, again);
	assert_true(device_token_parse(second, &t));
	assert_true(t.device == INT64_MAX && t.generation == 2 && t.is_signed);
	t.generation = INT32_MAX;
	device_token_next(first, &t, again);
	assert_true(device_token_parse(again, &t) && t.generation == INT32_MAX && t.is_signed);
}

/* Checks that the signature covers every byte of a token. */
static void
test_signature(void **state)
{
	char token[DEVICE_TOKEN_BYTES];
	struct device_token t;

	(void)state;
	device_token_first(383456693452801731, token);
	for (size_t i = 0; i < strlen(token); i++) {
		char was = token[i];
		token[i] = was == '7' ? '8' : '7';
		assert_false(device_token_parse(token, &t) && t.is_signed);
		token[i] = was;
	}
	for (size_t n = strlen(token); n-- > 0;) {
		token[n] = '\0';
		assert_false(device_token_parse(token, &t) && t.is_signed);
	}
}

static void
test_forms(void **state)
{
	static const char *const bad[] = { "",
					   "r2",
					   "r2.",
					   "r2..",
					   "r2.1",
					   "r2.1.",
					   "r2.1.1",
					   "r2.x.1.s.s",
					   "r2.1.x.s.s",
					   "r2.1.2147483648.s.s",
					   "r2.0.1.s.s",
					   "r2.9223372036854775808.1.s.s",
					   "r2.-1.1.s.s",
					   "r3.1.1.s.s",
					   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };
	char longer[2 * DEVICE_TOKEN_BYTES];
	struct device_token t;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (device_token_parse(bad[i], &t))
			fail_msg("%s", bad[i]);
	snprintf(longer, sizeof longer, "r2.1.1.%0200d.s", 0);
	assert_false(device_token_parse(longer, &t));
}

static void
test_number(void **state)
{
	(void)state;
	assert_true(device_token_number("a", 1) == device_token_number("a", 1));
	assert_true(device_token_number("a", 1) != device_token_number("b", 1));
}

/* Runs a command in the folder of secrets, and loads the keys that are there then. */
static void
keys_after(const char *command)
{
	char all[256];

	snprintf(all, sizeof all, "cd %s && umask 077 && %s", folder, command);
	assert_int_equal(system(all), 0);
	device_tokens_open();
}

/*
 * Checks a rotation of the signing key. A token is accepted until its key is removed. New tokens
 * have the new key.
 */
static void
test_rotation(void **state)
{
	char before[DEVICE_TOKEN_BYTES], after[DEVICE_TOKEN_BYTES];
	struct device_token t;

	(void)state;
	device_token_first(7, before);
	keys_after("od -An -v -tx1 -N32 /dev/urandom | tr -d ' \\n' >jwt.key.next");
	assert_true(device_token_parse(before, &t) && t.is_signed);
	keys_after("cp jwt.key jwt.key.previous && mv jwt.key.next jwt.key");
	assert_true(device_token_parse(before, &t) && t.is_signed);
	device_token_next(before, &t, after);
	/* a host that has not rotated yet */
	keys_after("cp jwt.key jwt.key.next && cp jwt.key.previous jwt.key && rm jwt.key.previous");
	assert_true(device_token_parse(after, &t) && t.is_signed);
	keys_after("mv jwt.key.next jwt.key");
	assert_true(device_token_parse(before, &t) && !t.is_signed);
	assert_true(device_token_parse(after, &t) && t.is_signed);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_successors), cmocka_unit_test(test_signature), cmocka_unit_test(test_forms),
		cmocka_unit_test(test_number),	   cmocka_unit_test(test_rotation),
	};
	char command[64];

	if (sodium_init() < 0 || !mkdtemp(folder))
		return 1;
	settings.secrets_dir = folder;
	device_tokens_open();
	int failed = cmocka_run_group_tests_name("device_token", tests, NULL, NULL);
	snprintf(command, sizeof command, "rm -r %s", folder);
	return system(command) == 0 ? failed : 1;
}
