/* SPDX-License-Identifier: MIT */
/* Table of SQLSTATEs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/links/sqlstate.h"

static void
test_outcomes(void **unused)
{
	static const struct {
		const char *state;
		enum db_outcome outcome;
	} rows[] = {
		{ "BN000", DB_REFUSED }, { "40001", DB_AGAIN },	  { "40P01", DB_AGAIN },   { "0A000", DB_STALE },  { "42883", DB_STALE },
		{ "3F000", DB_STALE },	 { "22P02", DB_INVALID }, { "23514", DB_INVALID }, { "57014", DB_SLOW },   { "57P01", DB_LOST },
		{ "25006", DB_LOST },	 { "08006", DB_LOST },	  { "53100", DB_UNABLE },  { "58P01", DB_UNABLE }, { "XX000", DB_UNABLE },
		{ "XX001", DB_UNABLE },	 { "42501", DB_UNABLE },  { "23505", DB_BUG },	   { "42703", DB_BUG },	   { "P0001", DB_BUG },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(sqlstate_outcome(rows[i].state), rows[i].outcome);
	assert_int_equal(sqlstate_outcome(NULL), DB_LOST);
	assert_int_equal(sqlstate_result(NULL), DB_LOST);
	assert_false(sqlstate_trouble());
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_outcomes) };

	return cmocka_run_group_tests_name("sqlstate", tests, NULL, NULL);
}
