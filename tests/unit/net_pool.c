/* SPDX-License-Identifier: MIT */
/*
 * Pools: a new object is zero, belongs to one owner and is not changed. A freed one is poisoned,
 * and its memory returns to the system.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sanitizer/asan_interface.h>

#include "chance.h"
#include "push/net/pool.h"

enum { OBJECTS = 3000, STEPS = 60000 };

struct object {
	uint64_t number;
	char more[89];
};

static void
object_take(struct pool *p, struct object **o, uint64_t number)
{
	static const struct object zero;

	*o = pool_take(p);
	assert_int_equal((uintptr_t)*o % 16, 0);
	assert_memory_equal(*o, &zero, sizeof zero);
	(*o)->number = number;
	memset((*o)->more, (int)(number % 251), sizeof(*o)->more);
}

static void
object_check(const struct object *o, uint64_t number)
{
	assert_int_equal(o->number, number);
	for (size_t i = 0; i < sizeof o->more; i++)
		assert_int_equal((unsigned char)o->more[i], number % 251);
}

static void
object_give(struct pool *p, struct object **o, uint64_t number)
{
	object_check(*o, number);
	pool_give(p, *o);
	*o = NULL;
}

static void
test_chance(void **state)
{
	static struct object *objects[OBJECTS];
	struct pool p = { .size = POOL_SIZE(struct object) };
	uint64_t seed = chance_seed();
	size_t used = 0;

	(void)state;
	for (int i = 0; i < STEPS; i++) {
		size_t at = chance_below(&seed, OBJECTS);
		if (objects[at]) {
			object_give(&p, &objects[at], at);
			used--;
		} else {
			object_take(&p, &objects[at], at);
			used++;
		}
		assert_int_equal(p.used, used);
	}
	for (size_t at = 0; at < OBJECTS; at++)
		if (objects[at])
			object_give(&p, &objects[at], at);
	pool_close(&p);
	assert_null(p.room);
}

/*
 * Checks that one slab is left after many objects were freed, in the order of their creation or in
 * reverse.
 */
static void
test_return(void **state)
{
	static struct object *objects[OBJECTS];

	(void)state;
	for (int backwards = 0; backwards < 2; backwards++) {
		struct pool p = { .size = POOL_SIZE(struct object) };
		for (size_t i = 0; i < OBJECTS; i++)
			object_take(&p, &objects[i], i);
		for (size_t i = 0; i < OBJECTS; i++) {
			size_t at = backwards ? OBJECTS - 1 - i : i;
			pool_give(&p, objects[at]);
		}
		assert_int_equal(p.used, 0);
		assert_non_null(p.room);
		pool_close(&p);
		assert_null(p.room);
	}
}

#ifdef __SANITIZE_ADDRESS__
static void
test_poison(void **state)
{
	struct pool p = { .size = POOL_SIZE(struct object) };
	struct object *kept, *given;

	(void)state;
	object_take(&p, &kept, 1);
	object_take(&p, &given, 2);
	assert_true(__asan_address_is_poisoned((char *)given + p.size));
	pool_give(&p, given);
	assert_non_null(__asan_region_is_poisoned(given, sizeof *given));
	assert_null(__asan_region_is_poisoned(kept, sizeof *kept));
	object_take(&p, &given, 3);
	assert_null(__asan_region_is_poisoned(given, sizeof *given));
	pool_give(&p, given);
	object_give(&p, &kept, 1);
	pool_close(&p);
}
#endif

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chance),
		cmocka_unit_test(test_return),
#ifdef __SANITIZE_ADDRESS__
		cmocka_unit_test(test_poison),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
