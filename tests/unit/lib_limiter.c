/* SPDX-License-Identifier: MIT */
/* Rate limits: their size, their refill, and which callers share one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/auth/limiter.h"
#include "lib/base/settings.h"

enum { SECOND = 1000000, WORKERS = 4, TRIES = 500 };

static const int64_t now = INT64_C(5000) * SECOND;

static int
open_limiter(void **unused)
{
	(void)unused;
	limiter_open(limiter_make());
	settings.rate_login = 60;
	settings.rate_read = 0;
	settings.rate_write = 600;
	settings.rate_send = 7;
	settings.rate_members = 100;
	return 0;
}

static void
test_minute(void **unused)
{
	(void)unused;
	for (int i = 0; i < 60; i++) {
		struct allowance a = limiter_take(RATE_LOGIN, 1, now);
		assert_true(a.allowed);
		assert_int_equal(a.limit, 60);
		assert_int_equal(a.remaining, 59 - i);
		assert_int_equal(a.reset_seconds, i + 1);
	}
	struct allowance a = limiter_take(RATE_LOGIN, 1, now);
	assert_false(a.allowed);
	assert_int_equal(a.remaining, 0);
	assert_int_equal(a.retry_seconds, 1);
	assert_false(limiter_take(RATE_LOGIN, 1, now + SECOND - 1).allowed);
	assert_true(limiter_take(RATE_LOGIN, 1, now + SECOND).allowed);
	assert_false(limiter_take(RATE_LOGIN, 1, now + SECOND).allowed);
	assert_int_equal(limiter_take(RATE_LOGIN, 1, now + 3600 * (int64_t)SECOND).remaining, 59);
}

static void
test_many(void **unused)
{
	(void)unused;
	assert_true(limiter_take_many(RATE_MEMBERS, 9, 60, now).allowed);
	struct allowance a = limiter_take_many(RATE_MEMBERS, 9, 60, now);
	assert_false(a.allowed);
	assert_int_equal(a.remaining, 40);
	assert_int_equal(a.retry_seconds, 12);
	assert_true(limiter_take_many(RATE_MEMBERS, 9, 40, now).allowed);
	/* an amount above the limit counts as the limit */
	assert_true(limiter_take_many(RATE_MEMBERS, 8, 101, now).allowed);
	assert_false(limiter_take_many(RATE_MEMBERS, 8, 1, now).allowed);
}

static void
test_apart(void **unused)
{
	(void)unused;
	for (int i = 0; i < 7; i++)
		assert_true(limiter_take(RATE_SEND, 2, now).allowed);
	assert_false(limiter_take(RATE_SEND, 2, now).allowed);
	assert_true(limiter_take(RATE_SEND, 3, now).allowed);
	assert_true(limiter_take(RATE_WRITE, 2, now).allowed);
}

static void
test_no_limit(void **unused)
{
	(void)unused;
	for (int i = 0; i < 1000; i++) {
		struct allowance a = limiter_take(RATE_READ, 2, now);
		assert_true(a.allowed && a.limit == 0);
	}
	assert_true(limiter_take(RATE_NONE, 2, now).allowed);
}

/* Checks more callers than there is room for: those that used most stay longest. */
static void
test_crowd(void **unused)
{
	(void)unused;
	while (limiter_take(RATE_SEND, 4, now).allowed)
		;
	for (uint64_t whom = 1000; whom < 60000; whom++)
		assert_true(limiter_take(RATE_WRITE, whom, now).allowed);
	assert_false(limiter_take(RATE_SEND, 4, now).allowed);
}

/* Checks that processes share one count exactly. */
static void
test_together(void **unused)
{
	int allowed = 0, status;

	(void)unused;
	for (int w = 0; w < WORKERS; w++) {
		if (fork() > 0)
			continue;
		int mine = 0;
		for (int i = 0; i < TRIES; i++)
			mine += limiter_take(RATE_WRITE, 5, now).allowed;
		_exit(mine / 4); /* an exit code is a byte */
	}
	while (wait(&status) > 0)
		allowed += WEXITSTATUS(status) * 4;
	assert_in_range(allowed, 600 - 4 * WORKERS, 600);
	assert_false(limiter_take(RATE_WRITE, 5, now).allowed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_minute), cmocka_unit_test(test_apart),	cmocka_unit_test(test_no_limit),
		cmocka_unit_test(test_crowd),  cmocka_unit_test(test_together), cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, open_limiter, NULL);
}
