/* SPDX-License-Identifier: MIT */
/* The port of push: accepted sockets notice a peer that was lost without a close. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/settings.h"
#include "push/net/listener.h"

static int
option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof value;

	assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

static void
test_peer_seconds(void **state)
{
	struct sockaddr_in at;
	socklen_t len = sizeof at;

	(void)state;
	settings.push_listen = "127.0.0.1";
	settings.push_port = 0; /* any port */
	settings.push_peer_seconds = 7;
	settings.push_unsent_bytes = 65536;
	int port = listener_bind(), client = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(getsockname(port, (struct sockaddr *)&at, &len), 0);
	assert_int_equal(connect(client, (struct sockaddr *)&at, len), 0);
	assert_int_equal(poll(&(struct pollfd){ port, POLLIN, 0 }, 1, 10000), 1);
	int fd = accept(port, NULL, NULL);
	assert_true(fd >= 0);
	assert_int_equal(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 7000);
	assert_int_equal(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
	assert_int_equal(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 7);
	assert_true(option(fd, IPPROTO_TCP, TCP_KEEPINTVL) < 7);
	close(fd);
	close(client);
	close(port);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_peer_seconds) };

	return cmocka_run_group_tests_name("net_listener", tests, NULL, NULL);
}
