/* SPDX-License-Identifier: MIT */
/* The log: each conversion takes the right argument, and no value ends its line or its pair. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/log.h"

static int saved, pipe_fds[2];

static void
log_begin(bool json)
{
	fflush(stderr);
	saved = dup(STDERR_FILENO);
	assert_int_equal(pipe(pipe_fds), 0);
	dup2(pipe_fds[1], STDERR_FILENO);
	log_open("test", json);
}

/* Checks a line without its time. */
static void
log_expect(const char *want)
{
	char line[8192];
	ssize_t n = read(pipe_fds[0], line, sizeof line - 1);

	dup2(saved, STDERR_FILENO);
	close(saved);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	assert_true(n > 0);
	line[n] = '\0';
	const char *at = strstr(line, "program");
	assert_non_null(at);
	assert_string_equal(at, want);
}

static void
test_conversions(void **state)
{
	(void)state;
	log_begin(false);
	log_line(LOG_WARN, "all", "s=%s cut=%.*s d=%d u=%u l=%ld z=%zu f=%.2f", "text", 3, "abcdef", -1, 7u, 1L << 40, (size_t)9, 0.5);
	log_expect("program=test level=warn event=all s=text cut=abc d=-1 u=7 l=1099511627776 z=9 f=0.50\n");
}

static void
test_quoting(void **state)
{
	(void)state;
	log_begin(false);
	log_line(LOG_INFO, "odd", "blank=%s quote=%s empty=%s line=%s after=%d", "a b", "a\"b", "", "a\nb\x1f", 1);
	log_expect("program=test level=info event=odd blank=\"a b\" quote=\"a\\\"b\" empty=\"\" line=\"a\\u000ab\\u001f\" after=1\n");
}

static void
test_json(void **state)
{
	(void)state;
	log_begin(true);
	log_line(LOG_ERROR, "odd", "a=%s b=%d c=%.2f d=%s e=%ld f=%.1f", "x\"y", 2, 0.5, "7", -1L, 0.0 / 0.0);
	log_expect(
		"program\":\"test\",\"level\":\"error\",\"event\":\"odd\",\"a\":\"x\\\"y\",\"b\":2,\"c\":0.50,\"d\":\"7\",\"e\":-1,\"f\":\"-nan\"}\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_conversions), cmocka_unit_test(test_quoting), cmocka_unit_test(test_json) };

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
