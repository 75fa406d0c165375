/* SPDX-License-Identifier: MIT */
/* Table of SQLSTATEs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/sqlstate.h"

static void
test_fates(void **unused)
{
	static const struct {
		const char *state;
		enum link_fate fate;
	} rows[] = {
		{ "BN000", LINK_REFUSED }, { "40001", LINK_AGAIN },   { "40P01", LINK_AGAIN },	 { "0A000", LINK_STALE },  { "42883", LINK_STALE },
		{ "3F000", LINK_STALE },   { "22P02", LINK_INVALID }, { "23514", LINK_INVALID }, { "57014", LINK_SLOW },   { "57P01", LINK_LOST },
		{ "25006", LINK_LOST },	   { "08006", LINK_LOST },    { "53100", LINK_UNABLE },	 { "58P01", LINK_UNABLE }, { "XX000", LINK_UNABLE },
		{ "XX001", LINK_UNABLE },  { "42501", LINK_UNABLE },  { "23505", LINK_BUG },	 { "42703", LINK_BUG },	   { "P0001", LINK_BUG },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(sqlstate_fate(rows[i].state), rows[i].fate);
	assert_int_equal(sqlstate_fate(NULL), LINK_LOST);
	assert_int_equal(sqlstate_result(NULL), LINK_LOST);
	assert_false(sqlstate_trouble());
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_fates) };

	return cmocka_run_group_tests_name("sqlstate", tests, NULL, NULL);
}
