/* SPDX-License-Identifier: MIT */
/*
 * The limit that push is held against: a bare epoll server that sends one prepared frame to every
 * subscriber for every message, by one
 * send() each, and does nothing else. A connection that begins with "pub BYTES" publishes: each
 * further byte on it is a message.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "options.h"
#include "usage.h"

enum { FILES = 65536, FRAME_BYTES = 65536 };

static int subscribers[FILES];
static int count;
static bool publishes[FILES];
static bool known[FILES];
static unsigned char frame[FRAME_BYTES + 4];
static size_t frame_len;
static int loop;

/* A WebSocket frame of that many bytes in all whose text looks like a message's event. */
static void
frame_make(long bytes)
{
	static const char start[] = "{\"type\":\"message.created\"";

	frame_len = (size_t)(bytes < 130 ? 130 : bytes > FRAME_BYTES ? FRAME_BYTES : bytes);
	frame[0] = 0x81;
	frame[1] = 126;
	frame[2] = (unsigned char)((frame_len - 4) >> 8);
	frame[3] = (unsigned char)(frame_len - 4);
	memset(frame + 4, ' ', frame_len - 4);
	memcpy(frame + 4, start, sizeof start - 1);
	frame[frame_len - 1] = '}';
}

static void
publish(int publisher, ssize_t messages)
{
	for (ssize_t m = 0; m < messages; m++) {
		for (int i = 0; i < count; i++)
			if (send(subscribers[i], frame, frame_len, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)frame_len && errno == EAGAIN)
				usage_die("a subscriber does not keep up");
		send(publisher, ".", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
}

static void
forget(int fd)
{
	for (int i = 0; i < count; i++)
		if (subscribers[i] == fd) {
			subscribers[i] = subscribers[--count];
			break;
		}
	known[fd] = publishes[fd] = false;
	close(fd);
}

static void
greet(int fd, const char *first)
{
	static const char upgraded[] = "HTTP/1.1 101 Switching Protocols\r\n\r\n";

	known[fd] = true;
	if (memcmp(first, "pub ", 4) == 0) {
		publishes[fd] = true;
		frame_make(atol(first + 4));
		send(fd, ".", 1, MSG_NOSIGNAL);
	} else {
		subscribers[count++] = fd;
		send(fd, upgraded, sizeof upgraded - 1, MSG_NOSIGNAL);
	}
}

static void
take(int fd)
{
	char input[4096];
	ssize_t n = recv(fd, input, sizeof input, MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
		forget(fd);
	else if (!known[fd])
		greet(fd, input);
	else if (publishes[fd])
		publish(fd, n);
}

static void
welcome(int listener)
{
	int one = 1, fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };

	if (fd < 0 || fd >= FILES)
		usage_die("accept");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	epoll_ctl(loop, EPOLL_CTL_ADD, fd, &e);
}

int
main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct epoll_event events[1024];
	int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	options_read(argc, argv, "port=PORT");
	usage_files();
	at.sin_port = htons((uint16_t)option_number("port", 0));
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(listener, 4096) != 0)
		usage_die("bind");
	loop = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event e = { .events = EPOLLIN, .data.fd = listener };
	epoll_ctl(loop, EPOLL_CTL_ADD, listener, &e);
	for (;;) {
		int n = epoll_wait(loop, events, 1024, -1);
		for (int i = 0; i < n; i++)
			events[i].data.fd == listener ? welcome(listener) : take(events[i].data.fd);
	}
}
