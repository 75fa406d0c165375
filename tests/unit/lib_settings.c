/* SPDX-License-Identifier: MIT */
/*
 * Settings: defaults, the file, the environment that overrides it, and errors that end a program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/settings.h"

#define THIRTY "abcdefghijklmnopqrstuvwxyabcde"
#define FIFTY "abcdefghijklmnopqrstuvwxyabcdefghijklmnopqrstuvwxy"

static char path[] = "/tmp/banter-settings-XXXXXX";

static int
make_file(void **unused)
{
	(void)unused;
	unsetenv("BANTER_CONFIG");
	int fd = mkstemp(path);
	return fd < 0 || close(fd) != 0;
}

static int
remove_file(void **unused)
{
	(void)unused;
	return unlink(path);
}

static void
file_says(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void
load_with(const char *a, const char *b)
{
	char *argv[] = { "test", (char *)a, (char *)b, NULL };

	settings_load(a ? b ? 3 : 2 : 1, argv, "a test", NULL);
}

/* Returns the exit code of a program with these arguments, or -1 when it continues. */
static int
ends_with(const char *a, const char *b)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		if (!freopen("/dev/null", "w", stderr) || !freopen("/dev/null", "w", stdout))
			_exit(1);
		load_with(a, b);
		_exit(200);
	}
	waitpid(child, &status, 0);
	return WEXITSTATUS(status) == 200 ? -1 : WEXITSTATUS(status);
}

static void
test_order(void **unused)
{
	(void)unused;
	load_with(NULL, NULL);
	assert_int_equal(settings.token_seconds, 900);
	assert_string_equal(settings.redis_prefix, "banter:");
	assert_false(settings.cookie_secure);

	file_says("# a comment\n\n  BANTER_TOKEN_SECONDS=60  \nBANTER_REDIS_PREFIX=file=:\nBANTER_COOKIE_SECURE=on\n");
	setenv("BANTER_REDIS_PREFIX", "environment:", 1);
	load_with("--config", path);
	assert_int_equal(settings.token_seconds, 60);
	assert_string_equal(settings.redis_prefix, "environment:");
	assert_true(settings.cookie_secure);
	unsetenv("BANTER_REDIS_PREFIX");
	load_with("--config", path);
	assert_string_equal(settings.redis_prefix, "file=:");
}

static void
test_refused(void **unused)
{
	static const char *const files[] = { "BANTER_TOKEN_SECONDS=x\n",
					     "BANTER_TOKEN_SECONDS=\n",
					     "BANTER_TOKEN_SECONDS=10s\n",
					     "BANTER_TOKEN_SECONDS=1\n",
					     "BANTER_TOKEN_SECONDS=99999999999999999999\n",
					     "BANTER_COOKIE_SECURE=yes\n",
					     "BANTER_LOG_FORMAT=xml\n",
					     "BANTER_UNHEARD_OF=1\n",
					     "nonsense\n" };

	(void)unused;
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		file_says(files[i]);
		if (ends_with("--config", path) != 64)
			fail_msg("taken: %s", files[i]);
	}
	file_says("BANTER_REDIS_PREFIX=" FIFTY THIRTY "\n");
	assert_int_equal(ends_with("--config", path), -1);
	file_says("BANTER_REDIS_PREFIX=" FIFTY THIRTY ":\n");
	assert_int_equal(ends_with("--config", path), 64);
	assert_int_equal(ends_with("--config", "/nonexistent"), 64);
	assert_int_equal(ends_with("--unheard-of", NULL), 64);
	assert_int_equal(ends_with("--help", NULL), 0);
	file_says("BANTER_LOG_FORMAT=json\n");
	assert_int_equal(ends_with("--config", path), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_order), cmocka_unit_test(test_refused) };

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
