/* SPDX-License-Identifier: MIT */
/* Cache of good tokens: verdicts that it must never change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "lib/auth/bearer.h"
#include "lib/auth/revoked.h"
#include "lib/base/settings.h"
#include "push/session/stream.h"

enum { ALICE = 1, PHONE = 11, DEVICES = 40000 };

static char folder[] = "/tmp/banter-bearer.XXXXXX";

static void
make(int64_t user, int64_t device, char out[TOKEN_BYTES])
{
	assert_true(token_make(user, device, out));
}

static void
expect_good(const char *text, int64_t user, int64_t device)
{
	struct token token = { 0 };

	assert_int_equal(bearer_check(text, strlen(text), &token), TOKEN_GOOD);
	assert_int_equal(token.user, user);
	assert_int_equal(token.device, device);
}

static void
expect_bad(const char *text, size_t n)
{
	struct token token;

	assert_int_equal(bearer_check(text, n, &token), TOKEN_BAD);
}

static void
test_again(void **state)
{
	char text[TOKEN_BYTES];

	(void)state;
	make(ALICE, PHONE, text);
	for (int i = 0; i < 3; i++)
		expect_good(text, ALICE, PHONE);
}

/*
 * Checks that a token with one character less, more or changed is refused, although the original is
 * cached.
 */
static void
test_not_quite(void **state)
{
	char text[TOKEN_BYTES], other[TOKEN_BYTES + 1];
	size_t n;

	(void)state;
	make(ALICE, PHONE, text);
	n = strlen(text);
	expect_good(text, ALICE, PHONE);
	expect_bad(text, n - 1);
	expect_bad(text, n + 1); /* the NUL */
	expect_bad(text, 0);
	for (size_t i = 0; i + 1 < n; i++) { /* two bits of the last character do not count */
		strcpy(other, text);
		other[i] = other[i] == 'A' ? 'B' : 'A';
		expect_bad(other, n);
	}
	memset(other, 'a', sizeof other);
	expect_bad(other, sizeof other);
	expect_good(text, ALICE, PHONE);
}

/* Checks more tokens than the cache holds: each belongs to its own device, cached or not. */
static void
test_many(void **state)
{
	char(*texts)[TOKEN_BYTES] = malloc(DEVICES * sizeof *texts);

	(void)state;
	assert_non_null(texts);
	for (int i = 0; i < DEVICES; i++) {
		make(ALICE + i % 7, PHONE + i, texts[i]);
		expect_good(texts[i], ALICE + i % 7, PHONE + i);
	}
	for (int i = 0; i < DEVICES; i++)
		expect_good(texts[i], ALICE + i % 7, PHONE + i);
	free(texts);
}

static void
test_expiry(void **state)
{
	char text[TOKEN_BYTES];
	struct token token;

	(void)state;
	settings.token_seconds = 3;
	make(ALICE, PHONE, text);
	settings.token_seconds = 900;
	expect_good(text, ALICE, PHONE);
	assert_int_equal(token_check(text, strlen(text), &token), TOKEN_GOOD);
	while (time(NULL) < token.expires)
		usleep(20 * 1000);
	assert_int_equal(bearer_check(text, strlen(text), &token), TOKEN_EXPIRED);
}

static void
test_revocation(void **state)
{
	char text[TOKEN_BYTES];
	struct token token;

	(void)state;
	make(ALICE, PHONE, text);
	assert_int_equal(stream_token_refusal(bearer_check(text, strlen(text), &token), &token), CLOSE_NONE);
	revoked_add(PHONE, 1, 1000);
	assert_int_equal(stream_token_refusal(bearer_check(text, strlen(text), &token), &token), CLOSE_REVOKED);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_again),  cmocka_unit_test(test_not_quite),  cmocka_unit_test(test_many),
		cmocka_unit_test(test_expiry), cmocka_unit_test(test_revocation),
	};
	char command[64];

	if (sodium_init() < 0 || !mkdtemp(folder))
		return 1;
	settings.secrets_dir = folder;
	settings.token_seconds = 900;
	token_open();
	bearers_open();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(command, sizeof command, "rm -r %s", folder);
	return system(command) != 0 || failed;
}
