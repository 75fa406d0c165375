/* SPDX-License-Identifier: MIT */
/* The resolver, with a getaddrinfo of the test that can be silent. */
#include <netdb.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/clock.h"
#include "lib/links/resolver.h"

enum { PATIENCE_MS = 20000 };

static _Atomic bool silent;
static _Atomic int lookups;
static _Atomic int answer; /* the last byte of 192.0.2.x, or an error below 0 */

int
getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	(void)host;
	(void)service;
	(void)hints;
	lookups++;
	while (silent)
		usleep(1000);
	if (answer < 0)
		return answer;
	struct addrinfo *a = calloc(1, sizeof *a + sizeof(struct sockaddr_in));
	struct sockaddr_in *in = (struct sockaddr_in *)(void *)(a + 1);
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(0xc0000200u + (unsigned)answer);
	a->ai_addr = (struct sockaddr *)in;
	a->ai_addrlen = sizeof *in;
	*out = a;
	return 0;
}

void
freeaddrinfo(struct addrinfo *a)
{
	free(a);
}

/* Queries until the state is the wanted one. Returns the time of the longest call. */
static int64_t
find_until(const char *host, enum resolver_state want, struct resolved *out)
{
	int64_t until = clock_ms() + PATIENCE_MS, longest = 0;

	for (;;) {
		int64_t begun = clock_ms();
		enum resolver_state state = resolver_find(host, out);
		int64_t took = clock_ms() - begun;
		longest = took > longest ? took : longest;
		if (state == want)
			return longest;
		assert_true(clock_ms() < until);
		usleep(1000);
	}
}

/* Queries until the first address is the wanted one. */
static void
find_address(const char *host, const char *want)
{
	int64_t until = clock_ms() + PATIENCE_MS;
	struct resolved out;

	do {
		assert_true(clock_ms() < until);
		find_until(host, RESOLVER_FOUND, &out);
		usleep(1000);
	} while (strcmp(out.addresses[0], want) != 0);
}

/* Waits until so many lookups have begun, each on its thread. Checks that there are not more. */
static void
wait_for_lookups(int want)
{
	int64_t until = clock_ms() + PATIENCE_MS;

	while (lookups < want) {
		assert_true(clock_ms() < until);
		usleep(1000);
	}
	assert_int_equal(lookups, want);
}

static void
test_numeric(void **unused)
{
	static const char *const hosts[] = { "192.0.2.7", "::1", "2001:db8::1", "fe80::1%lo" };
	struct resolved out;

	(void)unused;
	for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
		assert_int_equal(resolver_find(hosts[i], &out), RESOLVER_FOUND);
		assert_int_equal(out.count, 1);
		assert_string_equal(out.addresses[0], hosts[i]);
	}
	assert_int_equal(resolver_find("", &out), RESOLVER_FAILED);
	assert_int_equal(lookups, 0);
}

static void
test_finds(void **unused)
{
	struct resolved out;

	(void)unused;
	answer = 1;
	find_until("one.test", RESOLVER_FOUND, &out);
	assert_string_equal(out.addresses[0], "192.0.2.1");
	answer = 2;
	find_address("one.test", "192.0.2.2"); /* looked up again after a while */
	answer = EAI_NONAME;
	find_until("none.test", RESOLVER_FAILED, &out);
}

/*
 * Checks that a silent resolver blocks no caller. One lookup is under way, however often its name
 * is queried.
 */
static void
test_silent(void **unused)
{
	int before = lookups;
	struct resolved out;

	(void)unused;
	silent = true;
	answer = 3;
	assert_int_equal(resolver_find("silent.test", &out), RESOLVER_PENDING);
	assert_true(find_until("silent.test", RESOLVER_FAILED, &out) < RESOLVER_PATIENCE_MS / 2);
	int64_t begun = clock_ms();
	assert_int_equal(resolver_wait("quiet.test", begun + 100, &out), RESOLVER_FAILED);
	assert_true(clock_ms() - begun < RESOLVER_PATIENCE_MS);
	wait_for_lookups(before + 2);
	silent = false;
	find_address("silent.test", "192.0.2.3");
}

/*
 * Checks that known addresses are used while the resolver is silent or fails. They are dropped when
 * it answers that the name does not exist.
 */
static void
test_keeps(void **unused)
{
	int64_t until = clock_ms() + PATIENCE_MS;
	struct resolved out;

	(void)unused;
	answer = 4;
	find_address("kept.test", "192.0.2.4");
	silent = true;
	while (resolver_find("kept.test", &out) != RESOLVER_PENDING)
		assert_true(clock_ms() < until);
	find_address("kept.test", "192.0.2.4");
	answer = EAI_AGAIN;
	silent = false;
	find_address("kept.test", "192.0.2.4");
	answer = EAI_NONAME;
	find_until("kept.test", RESOLVER_FAILED, &out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_numeric), cmocka_unit_test(test_finds), cmocka_unit_test(test_silent),
					    cmocka_unit_test(test_keeps) };

	return cmocka_run_group_tests_name("resolver", tests, NULL, NULL);
}
