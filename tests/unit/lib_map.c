/* SPDX-License-Identifier: MIT */
/*
 * The map against a plain array: random puts and removals, with small keys so that chains of probes
 * form.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "chance.h"
#include "lib/base/map.h"

enum { KEYS = 300, STEPS = 20000 };

static void
check_same(const struct map *m, void *const *want)
{
	size_t count = 0, seen = 0;

	for (int64_t key = 1; key < KEYS; key++) {
		assert_ptr_equal(map_get(m, key), want[key]);
		count += want[key] != NULL;
	}
	assert_int_equal(m->count, count);
	for (size_t at = 0; map_next(m, &at);)
		seen++;
	assert_int_equal(seen, count);
}

static void
test_against_an_array(void **state)
{
	struct map m = { 0 };
	void *want[KEYS] = { 0 };
	static char values[KEYS];
	uint64_t seed = chance_seed();

	(void)state;
	assert_null(map_get(&m, 1));
	map_remove(&m, 1);
	for (int i = 0; i < STEPS; i++) {
		int64_t key = 1 + (int64_t)chance_below(&seed, KEYS - 1);
		if (want[key]) {
			map_remove(&m, key);
			want[key] = NULL;
		} else {
			map_put(&m, key, &values[key]);
			want[key] = &values[key];
		}
		if (i % 100 == 0)
			check_same(&m, want);
	}
	check_same(&m, want);
	map_free(&m);
	assert_null(map_get(&m, 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_against_an_array) };

	return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
