/* SPDX-License-Identifier: MIT */
/* Listening socket of push. */
#include "push/net/listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/auth/address.h"
#include "lib/base/log.h"
#include "lib/base/settings.h"
#include "push/net/conn.h"
#include "push/net/conns.h"
#include "push/net/limit.h"
#include "push/net/loop.h"
#include "push/net/metrics.h"
#include "push/net/peer.h"

enum {
	BACKLOG = 4096,
	ACCEPTS_PER_TURN = 64, /* so that present streams are served while many clients reconnect */
	PAUSE_MS = 200,	       /* pause without descriptors, until some are free */
	RATE_MS = 20,	       /* pause above the rate, until the next connection may come */
	TOLD_EACH_MS = 10 * 1000,
};

static struct {
	struct watch watch;
	struct timer pause;
	const struct conn_owner *owner;
	int64_t told_ms;
	/* thousandths of connections that may be accepted, and the time of that value */
	int64_t credit, credited_ms;
} listener;

static void
listener_pause(enum limit limit, int64_t ms)
{
	metrics.limits[limit]++;
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
	listener_pause(LIMITED_DESCRIPTORS, PAUSE_MS);
}

static void
pause_fire(struct timer *t)
{
	(void)t;
	loop_want(&listener.watch, EPOLLIN);
}

/*
 * Returns whether the rate allows one more connection. Its bucket holds a tenth of a second's
 * worth, so that a crowd is accepted evenly.
 */
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

/*
 * Returns whether the address has as many connections as it may have. A proxy is exempt, because it
 * has those of many clients.
 */
static bool
address_is_over(const struct sockaddr_storage *peer, uint64_t address)
{
	return settings.push_streams_per_address && conn_count_of(address) >= (size_t)settings.push_streams_per_address && !peer_is_proxy(peer);
}

/* Accepts one connection. Returns false when there is none for now. */
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
		metrics.limits[LIMITED_STREAMS_PER_ADDRESS]++;
		close(fd);
		return true;
	}
	conn_open(fd, address, listener.owner);
	return true;
}

/*
 * Accepts what the socket has. Above the rate, or without descriptors, the socket is not watched:
 * clients wait in the kernel's queue.
 */
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
			listener_pause(may_open ? LIMITED_ACCEPT_RATE : LIMITED_HANDSHAKES, RATE_MS);
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

/*
 * Sets the socket's options to notice a lost peer within settings.push_peer_seconds. Either sent
 * bytes are not acknowledged, or a silent peer does not answer the kernel's probes. Without them
 * the kernel waits for 15 minutes.
 */
static void
peer_watch(int fd)
{
	int one = 1, seconds = (int)settings.push_peer_seconds, ms = seconds * 1000, probe = seconds / 3 + 1;

	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &probe, sizeof probe);
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
	/* accepted sockets inherit these options */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
	peer_watch(fd);
	if (bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0)
		refuse(strerror(errno));
	freeaddrinfo(found);
	return fd;
}

void
listener_open(int fd, const struct conn_owner *owner)
{
	listener.owner = owner;
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
