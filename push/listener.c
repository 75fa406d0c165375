/* SPDX-License-Identifier: MIT */
/* The port of push. */
#include "listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../lib/log.h"
#include "../lib/settings.h"
#include "address.h"
#include "bound.h"
#include "conn.h"
#include "front.h"
#include "loop.h"
#include "metrics.h"

enum {
	BACKLOG = 4096,
	ACCEPTS_PER_TURN = 64, /* so that those who are connected already are served while a crowd comes back */
	PAUSE_MS = 200,	       /* without descriptors: until some are free */
	RATE_MS = 20,	       /* above the rate: until the next may come */
	TOLD_EACH_MS = 10 * 1000,
};

static struct {
	struct watch watch;
	struct timer pause;
	int64_t told_ms;
	int64_t credit, credited_ms; /* thousandths of connections that may still be accepted, as of then */
} listener;

static void
listener_pause(enum bound bound, int64_t ms)
{
	metrics.bounds[bound]++;
	loop_want(&listener.watch, 0);
	timer_start(&listener.pause, ms);
}

static void
descriptors_gone(const char *why)
{
	if (!listener.told_ms || loop_now() - listener.told_ms >= TOLD_EACH_MS) {
		log_line(LOG_WARN, "accept_paused", "why=%s connections=%zu", why, conn_count());
		listener.told_ms = loop_now();
	}
	listener_pause(BOUND_DESCRIPTORS, PAUSE_MS);
}

static void
pause_fire(struct timer *t)
{
	(void)t;
	loop_want(&listener.watch, EPOLLIN);
}

/* A bucket of a tenth of a second's connections, so that a crowd comes in evenly. */
static bool
rate_allows(void)
{
	int64_t most = settings.push_accept_rate * 100;

	listener.credit += (loop_now() - listener.credited_ms) * settings.push_accept_rate;
	listener.credited_ms = loop_now();
	if (listener.credit > most)
		listener.credit = most;
	if (listener.credit < 1000)
		return false;
	listener.credit -= 1000;
	return true;
}

/* An address that has as many connections as it may have; a proxy's are those of many. */
static bool
address_is_over(const struct sockaddr_storage *peer, uint64_t address)
{
	return settings.push_streams_per_address && conn_count_of(address) >= (size_t)settings.push_streams_per_address && !front_is_proxy(peer);
}

/* False: no more for now. */
static bool
listener_accept(void)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof peer;
	int fd = accept4(listener.watch.fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM))
		descriptors_gone(strerror(errno));
	if (fd < 0)
		return false;
	metrics.accepted++;
	uint64_t address = address_of_socket(&peer);
	if (address_is_over(&peer, address)) {
		metrics.bounds[BOUND_STREAMS_PER_ADDRESS]++;
		close(fd);
		return true;
	}
	conn_open(fd, address);
	return true;
}

/* While it is above the rate, or without descriptors, the descriptor is not watched: who waits, waits in the kernel's queue. */
static void
listener_ready(struct watch *w, uint32_t events)
{
	(void)w;
	(void)events;
	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		if (conn_is_full()) {
			descriptors_gone("too many connections for ulimit -n");
			return;
		}
		bool may_open = conn_may_open();
		if (!may_open || !rate_allows()) {
			listener_pause(may_open ? BOUND_ACCEPT_RATE : BOUND_HANDSHAKES, RATE_MS);
			return;
		}
		if (!listener_accept())
			return;
	}
}

static void
refuse(const char *why)
{
	log_line(LOG_ERROR, "listen_failed", "address=%s port=%ld why=%s", settings.push_listen, settings.push_port, why);
	exit(71);
}

int
listener_bind(void)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICHOST }, *found;
	char port[16];
	int one = 1, unsent = (int)settings.push_unsent_bytes;

	snprintf(port, sizeof port, "%ld", settings.push_port);
	int error = getaddrinfo(settings.push_listen, port, &hints, &found);
	if (error)
		refuse(gai_strerror(error));
	int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		refuse(strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
	/* what is accepted has these from here */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
	if (bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0)
		refuse(strerror(errno));
	freeaddrinfo(found);
	return fd;
}

void
listener_open(int fd)
{
	listener.watch = (struct watch){ fd, listener_ready };
	listener.pause.fire = pause_fire;
	if (!loop_watch_level(&listener.watch, EPOLLIN))
		refuse(strerror(errno));
}

void
listener_close(void)
{
	timer_stop(&listener.pause);
	loop_unwatch(&listener.watch);
	close(listener.watch.fd);
}
