/* SPDX-License-Identifier: MIT */
/* Our proxies: which peers push believes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "lib/auth/address.h"
#include "lib/base/settings.h"
#include "push/net/peer.h"

static bool
is_proxy(const char *address)
{
	struct sockaddr_storage peer = { .ss_family = AF_INET };

	assert_int_equal(inet_pton(AF_INET, address, &((struct sockaddr_in *)&peer)->sin_addr), 1);
	return peer_is_proxy(&peer);
}

/* Finds an IPv4 address of this machine that is no loopback address. */
static bool
other_address(char out[INET6_ADDRSTRLEN])
{
	struct ifaddrs *all, *a;
	bool found = false;

	if (getifaddrs(&all) != 0)
		return false;
	for (a = all; a && !found; a = a->ifa_next) {
		found = a->ifa_addr && a->ifa_addr->sa_family == AF_INET && (a->ifa_flags & IFF_UP) && !(a->ifa_flags & IFF_LOOPBACK);
		if (found)
			address_text((const struct sockaddr_storage *)a->ifa_addr, out);
	}
	freeifaddrs(all);
	return found;
}

static void
listens(const char *address, const char *proxies)
{
	settings.push_listen = address;
	settings.push_port = 8081;
	settings.push_proxies = proxies;
	peer_open();
}

static void
test_default(void **state)
{
	static const char *const loopback[] = { "127.0.0.1", "0.0.0.0", "::1", "::" };

	(void)state;
	for (size_t i = 0; i < sizeof loopback / sizeof loopback[0]; i++) {
		listens(loopback[i], SETTINGS_LOCAL_PROXIES);
		assert_true(is_proxy("127.0.0.1"));
		assert_false(is_proxy("192.0.2.200"));
	}
}

/* Checks that lighttpd on this machine is believed, whatever address push listens on. */
static void
test_other_address(void **state)
{
	char address[INET6_ADDRSTRLEN];

	(void)state;
	if (!other_address(address))
		skip();
	listens(address, SETTINGS_LOCAL_PROXIES);
	assert_true(is_proxy(address));
	assert_true(is_proxy("127.0.0.1"));
	listens(address, "127.0.0.9");
	assert_false(is_proxy(address));
	assert_false(is_proxy("127.0.0.1"));
	assert_true(is_proxy("127.0.0.9"));
	listens(address, "");
	assert_false(is_proxy(address));
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_default), cmocka_unit_test(test_other_address) };

	return cmocka_run_group_tests_name("net_peer", tests, NULL, NULL);
}
