/* SPDX-License-Identifier: MIT */
/* The log file: opened again when it was moved, and moved when it is large. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/log_file.h"

enum { TRIES = 500, TRY_US = 10000, LIMIT = 100 };

static char folder[] = "/tmp/banter-log.XXXXXX", path[64], former[64], moved[64];

static long
size_of(const char *name)
{
	struct stat st;

	return stat(name, &st) == 0 ? (long)st.st_size : -1;
}

/* Waits until there is a file of that name, for five seconds at most. */
static void
look_until_there(const char *name)
{
	for (int i = 0; i < TRIES && size_of(name) < 0; i++) {
		usleep(TRY_US);
		log_file_look();
	}
	assert_true(size_of(name) >= 0);
}

static void
say(const char *text)
{
	assert_int_equal(write(STDERR_FILENO, text, strlen(text)), (ssize_t)strlen(text));
}

static void
test_moved(void **state)
{
	(void)state;
	say("one\n");
	assert_int_equal(rename(path, moved), 0);
	say("two\n");
	look_until_there(path);
	say("three\n");
	assert_int_equal(size_of(moved), 8);
	assert_int_equal(size_of(path), 6);
}

static void
test_reopen(void **state)
{
	(void)state;
	assert_int_equal(rename(path, moved), 0);
	log_file_reopen();
	assert_int_equal(size_of(path), 0);
}

static void
test_large(void **state)
{
	char text[LIMIT + 1];

	(void)state;
	memset(text, 'x', LIMIT);
	text[LIMIT] = '\0';
	say(text);
	look_until_there(former);
	say("after\n");
	assert_int_equal(size_of(former), LIMIT);
	assert_int_equal(size_of(path), 6);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_moved), cmocka_unit_test(test_reopen), cmocka_unit_test(test_large) };
	int saved = dup(STDERR_FILENO);

	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof path, "%s/log", folder);
	snprintf(former, sizeof former, "%s/log.1", folder);
	snprintf(moved, sizeof moved, "%s/moved", folder);
	log_file_open(path, LIMIT);
	int failed = cmocka_run_group_tests_name("log_file", tests, NULL, NULL);
	dup2(saved, STDERR_FILENO);
	close(saved);
	unlink(path);
	unlink(former);
	unlink(moved);
	rmdir(folder);
	return failed;
}
