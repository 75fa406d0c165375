/* SPDX-License-Identifier: MIT */
/* Log lines: one write each, quoted so that nothing in a value can look like a pair or a line of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "lib/log.h"

static char line[8192];

/* Runs a log_line with standard error in a pipe; what was written is in line, without the time before it. */
#define LOGGED(...)                    \
	do {                           \
		int kept = divert();   \
		log_line(__VA_ARGS__); \
		restore(kept);         \
	} while (0)

static int ends[2];

static int
divert(void)
{
	int kept = dup(STDERR_FILENO);

	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	return kept;
}

static void
restore(int kept)
{
	dup2(kept, STDERR_FILENO);
	close(kept);
	ssize_t n = read(ends[0], line, sizeof line - 1);
	assert_true(n > 0);
	line[n] = '\0';
	assert_int_equal(read(ends[0], line + n, 1), 0);
	close(ends[0]);
	assert_ptr_equal(strchr(line, '\n'), line + n - 1);
	line[n - 1] = '\0';
}

static const char *
after_time(void)
{
	assert_memory_equal(line, "time=2", 6);
	return strchr(line, ' ') + 1;
}

static void
test_pairs(void **unused)
{
	(void)unused;
	log_open("test", false);
	LOGGED(LOG_INFO, "request", "id=%s status=%d user=%ld ms=%.2f bytes=%zu", "a-1", 201, 383456693452801731L, 1.5, (size_t)7);
	assert_string_equal(after_time(), "program=test level=info event=request id=a-1 status=201 user=383456693452801731 ms=1.50 bytes=7");
	LOGGED(LOG_ERROR, "short", "c=%c", 'x');
	assert_string_equal(after_time(), "program=test level=error event=short c=x");
}

static void
test_quoting(void **unused)
{
	(void)unused;
	log_open("test", false);
	LOGGED(LOG_WARN, "odd", "a=%s b=%s c=%s d=%s", "two words", "x\ny=1", "q\"\\", "");
	assert_string_equal(after_time(), "program=test level=warn event=odd a=\"two words\" b=\"x\\u000ay=1\" c=\"q\\\"\\\\\" d=\"\"");
}

static void
test_json(void **unused)
{
	(void)unused;
	log_open("test", true);
	LOGGED(LOG_INFO, "odd", "a=%s b=%s n=%d", "two \"words\"", "x\ny\t\x01", 7);
	json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(object);
	assert_string_equal(json_string_value(json_object_get(object, "event")), "odd");
	assert_string_equal(json_string_value(json_object_get(object, "a")), "two \"words\"");
	assert_string_equal(json_string_value(json_object_get(object, "b")), "x\ny\t\x01");
	assert_string_equal(json_string_value(json_object_get(object, "n")), "7");
	json_decref(object);
}

/* A value that is too long is cut, and the line is still one line. */
static void
test_long(void **unused)
{
	char text[6000];

	(void)unused;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	log_open("test", false);
	LOGGED(LOG_INFO, "long", "a=%s b=%s c=%s d=%s e=%s", text, text, text, text, text);
	assert_true(strlen(line) < 4096);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_quoting),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
