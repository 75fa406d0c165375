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
#include "conn.h"
#include "loop.h"
#include "metrics.h"

enum {
	BACKLOG = 4096,
	ACCEPTS_PER_TURN = 64, /* so that those who are connected already are served while a crowd comes back */
	PAUSE_MS = 200,	       /* without descriptors: until some are free */
};

static struct {
	struct watch watch;
	struct timer pause;
	bool told;
} listener;

static void
listener_pause(void)
{
	if (!listener.told)
		log_line(LOG_WARN, "accept_paused", "why=%s connections=%zu", strerror(errno), conn_count());
	listener.told = true;
	loop_want(&listener.watch, 0);
	timer_start(&listener.pause, PAUSE_MS);
}

static void
pause_fire(struct timer *t)
{
	(void)t;
	loop_want(&listener.watch, EPOLLIN);
}

static void
listener_ready(struct watch *w, uint32_t events)
{
	(void)events;
	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		struct sockaddr_storage peer;
		socklen_t len = sizeof peer;
		int one = 1;
		int fd = accept4(w->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM))
			listener_pause();
		if (fd < 0)
			return;
		listener.told = false;
		metrics.accepted++;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		conn_open(fd, address_of_socket(&peer));
	}
}

static void
refuse(const char *why)
{
	log_line(LOG_ERROR, "listen_failed", "address=%s port=%ld why=%s", settings.push_listen, settings.push_port, why);
	exit(71);
}

void
listener_open(void)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICHOST }, *found;
	char port[16];
	int one = 1;

	snprintf(port, sizeof port, "%ld", settings.push_port);
	int error = getaddrinfo(settings.push_listen, port, &hints, &found);
	if (error)
		refuse(gai_strerror(error));
	int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		refuse(strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
	if (bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0)
		refuse(strerror(errno));
	freeaddrinfo(found);
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
