/* SPDX-License-Identifier: MIT */
/* Database URLs for libpq: a hostaddr for each address, so that libpq queries no resolver. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/settings.h"
#include "lib/links/target.h"

/* Returns the value of the last such keyword, or NULL. */
static const char *
value_of(const struct database_target *t, const char *keyword)
{
	const char *value = NULL;

	for (int i = 0; t->keywords[i]; i++)
		if (strcmp(t->keywords[i], keyword) == 0)
			value = t->values[i];
	return value;
}

static void
expect(const char *url, const char *hosts, const char *addresses, const char *ports)
{
	struct database_target t;

	settings.database_url = url;
	assert_int_equal(database_target(&t, "test"), RESOLVER_FOUND);
	if (!hosts) {
		assert_null(value_of(&t, "hostaddr"));
		return;
	}
	assert_string_equal(value_of(&t, "host"), hosts);
	assert_string_equal(value_of(&t, "hostaddr"), addresses);
	assert_string_equal(value_of(&t, "port"), ports);
}

static void
test_addresses(void **unused)
{
	(void)unused;
	expect("postgresql://banter@127.0.0.1:6000/banter", "127.0.0.1", "127.0.0.1", "6000");
	expect("postgresql://127.0.0.1,[::1]/banter", "127.0.0.1,::1", "127.0.0.1,::1", ",");
	expect("postgresql://127.0.0.1:1,127.0.0.2:2,127.0.0.3/banter", "127.0.0.1,127.0.0.2,127.0.0.3", "127.0.0.1,127.0.0.2,127.0.0.3", "1,2,");
	expect("host=127.0.0.1,/run/postgresql port=6000 dbname=banter", "127.0.0.1,/run/postgresql", "127.0.0.1,", "6000,6000");
	expect("postgresql:///banter?host=/run/postgresql", "/run/postgresql", "", "");
	expect("host=db hostaddr=127.0.0.1", NULL, NULL, NULL);
	expect("service=banter host=db", NULL, NULL, NULL);
	expect("banter", NULL, NULL, NULL);
}

/* Checks that another address comes first after connecting took too long. */
static void
test_late(void **unused)
{
	(void)unused;
	expect("host=127.0.0.1,127.0.0.2,127.0.0.3", "127.0.0.1,127.0.0.2,127.0.0.3", "127.0.0.1,127.0.0.2,127.0.0.3", ",,");
	database_target_late();
	expect("host=127.0.0.1,127.0.0.2,127.0.0.3", "127.0.0.2,127.0.0.3,127.0.0.1", "127.0.0.2,127.0.0.3,127.0.0.1", ",,");
}

/* Checks that the URL overrides the default, because it comes later. */
static void
test_read_write(void **unused)
{
	struct database_target t;

	(void)unused;
	settings.database_url = "host=127.0.0.1 target_session_attrs=any";
	assert_int_equal(database_target(&t, "test"), RESOLVER_FOUND);
	assert_string_equal(t.keywords[0], "target_session_attrs");
	assert_string_equal(t.values[0], "read-write");
	assert_string_equal(t.keywords[1], "dbname");
	assert_null(value_of(&t, "options"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_addresses), cmocka_unit_test(test_late), cmocka_unit_test(test_read_write) };

	for (const char *const *name = (const char *const[]){ "PGHOST", "PGHOSTADDR", "PGPORT", "PGSERVICE", NULL }; *name; name++)
		unsetenv(*name);
	return cmocka_run_group_tests_name("target", tests, NULL, NULL);
}
