/* SPDX-License-Identifier: MIT */
/* A connection to Redis by a name with several addresses, of which the first does not answer. */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/clock.h"
#include "lib/links/redis_link.h"
#include "lib/links/resolver.h"
#include "lib/base/settings.h"

enum { PATIENCE_MS = 20000, ATTEMPTS_MOST = 3 };

/* Resolves every name to 127.0.0.2 and 127.0.0.1. hiredis resolves an address to itself. */
int
getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	static struct sockaddr_in at[2];
	static struct addrinfo found[2];
	in_port_t port = htons((uint16_t)(service ? atoi(service) : 0));

	(void)hints;
	for (int i = 0; i < 2; i++) {
		at[i] = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 - (unsigned)i) };
		found[i] = (struct addrinfo){
			.ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_addr = (struct sockaddr *)&at[i], .ai_addrlen = sizeof at[i]
		};
	}
	found[0].ai_next = inet_pton(AF_INET, host, &at[0].sin_addr) == 1 ? NULL : &found[1];
	*out = found;
	return 0;
}

void
freeaddrinfo(struct addrinfo *found)
{
	(void)found;
}

static int
listen_on_loopback(int *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

/* Tries to connect once. Returns whether TCP did: the greeting is sent. */
static bool
connect_once(struct redis_link *l)
{
	int64_t until = clock_ms() + PATIENCE_MS;
	enum redis_step step;

	while ((step = redis_link_begin(l)) == REDIS_WAIT) {
		assert_true(clock_ms() < until);
		poll(NULL, 0, RESOLVER_POLL_MS);
	}
	if (step == REDIS_DONE && poll(&(struct pollfd){ l->context->fd, POLLOUT, 0 }, 1, PATIENCE_MS) == 1)
		step = redis_link_stand(l);
	return step != REDIS_FAILED && l->state == REDIS_GREETING;
}

static void
test_next_address(void **state)
{
	struct redis_link l = { 0 };
	char url[64];
	int port, fd = listen_on_loopback(&port), attempts = 1;

	(void)state;
	snprintf(url, sizeof url, "redis://redis.example:%d", port);
	settings.redis_url = url;
	settings.redis_ca = settings.redis_certificate = settings.redis_key = "";
	while (!connect_once(&l)) {
		redis_link_end(&l);
		assert_true(++attempts <= ATTEMPTS_MOST);
	}
	assert_int_equal(attempts, 2);
	redis_link_end(&l);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_next_address) };

	return cmocka_run_group_tests_name("redis_link", tests, NULL, NULL);
}
