/* SPDX-License-Identifier: MIT */
/* Addresses as numbers: those that are the same in other spellings, and those that are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>

#include "lib/auth/address.h"

/* clang-format off */
static const struct row {
	const char *one, *other;
	int same;
} rows[] = {
	{ "192.0.2.1", "192.0.2.1", 1 },
	{ "192.0.2.1", "192.0.2.2", 0 },
	{ "192.0.2.1", "198.51.100.7, 192.0.2.1", 1 },
	{ "192.0.2.1", "192.0.2.1, 198.51.100.7", 0 },
	/* two proxies */
	{ "192.0.2.1", "198.51.100.7, 192.0.2.1, 203.0.113.1", 1 },
	/* three proxies */
	{ "192.0.2.1", "198.51.100.7, 192.0.2.1,[2001:db8:9::9]:80 , 203.0.113.1", 1 },
	{ "192.0.2.1", "192.0.2.1, 198.51.100.7, 203.0.113.1", 0 },
	{ "203.0.113.1", "203.0.113.1, 203.0.113.1", 1 }, /* the proxy is the client itself */
	{ "192.0.2.1", "  192.0.2.1 ", 1 },
	{ "192.0.2.1", "192.0.2.1:50000", 1 },
	{ "192.0.2.1", "::ffff:192.0.2.1", 1 },
	{ "2001:db8::1", "[2001:db8::1]", 1 },
	{ "2001:db8::1", "[2001:db8::1]:443", 1 },
	{ "2001:db8::1", "2001:db8::2", 1 }, /* the same network */
	{ "2001:db8::1", "2001:db8:0:1::1", 0 },
	{ "unknown", "unknown", 1 },
	{ "unknown", "_hidden", 0 },
	{ "", "192.0.2.1", 0 },
};
/* clang-format on */

static const char proxies[] = "127.0.0.1, 203.0.113.1,2001:DB8:9::9";

static void
test_forwarded(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct row *r = &rows[i];
		if ((address_of_text(r->one, strlen(r->one)) == address_of_forwarded(r->other, strlen(r->other), proxies)) != r->same)
			fail_msg("%s and %s", r->one, r->other);
	}
}

static void
expect_socket(int family, const char *address, const char *as_text)
{
	struct sockaddr_storage peer = { .ss_family = (sa_family_t)family };
	void *at = family == AF_INET ? (void *)&((struct sockaddr_in *)&peer)->sin_addr : (void *)&((struct sockaddr_in6 *)&peer)->sin6_addr;
	char text[INET6_ADDRSTRLEN];

	assert_int_equal(inet_pton(family, address, at), 1);
	address_text(&peer, text);
	assert_string_equal(text, as_text);
	assert_true(address_of_socket(&peer) == address_of_text(address, strlen(address)));
}

static void
test_socket(void **state)
{
	(void)state;
	expect_socket(AF_INET, "192.0.2.1", "192.0.2.1");
	expect_socket(AF_INET6, "2001:db8::1", "2001:db8::1");
	expect_socket(AF_INET6, "::ffff:127.0.0.1", "127.0.0.1");
}

static void
test_listed(void **state)
{
	(void)state;
	assert_true(address_is_listed(proxies, "::ffff:127.0.0.1", 16));
	assert_true(address_is_listed(proxies, "[2001:db8:9:0::9]:443", 21));
	/* the same network, but no proxy */
	assert_false(address_is_listed(proxies, "2001:db8:9::8", 13));
	assert_false(address_is_listed(proxies, "", 0));
	assert_false(address_is_listed("", "127.0.0.1", 9));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_forwarded), cmocka_unit_test(test_socket), cmocka_unit_test(test_listed) };

	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
