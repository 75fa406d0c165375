/* SPDX-License-Identifier: MIT */
/*
 * A WebSocket server that says everything back, made of the very objects of banter-push that read
 * heads and frames, for whatever suite of RFC 6455 one wants to point at it.
 *
 *	build/ws-echo PORT [LIMIT]	port 0: any, it is printed; LIMIT: bytes of a message, 16 MiB
 *
 * One process per connection, blocking: this is about bytes, not about speed.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/memory.h"
#include "push/wire/frame.h"
#include "push/wire/handshake.h"
#include "push/wire/http.h"

enum { READ_BYTES = 64 * 1024, LINGER_MS = 2000 };

struct peer {
	int fd;
	size_t limit;
	uint8_t *data; /* what came and is not read yet */
	size_t len, room;
};

static void
peer_write(struct peer *p, const void *bytes, size_t n)
{
	for (size_t at = 0; at < n;) {
		ssize_t sent = send(p->fd, (const char *)bytes + at, n - at, MSG_NOSIGNAL);
		if (sent <= 0)
			exit(0);
		at += (size_t)sent;
	}
}

/* Waits for more; the process ends with the peer. */
static void
peer_read(struct peer *p)
{
	ssize_t got;

	if (p->room - p->len < READ_BYTES)
		p->data = memory_resize(p->data, p->room = 2 * p->room + READ_BYTES);
	got = recv(p->fd, p->data + p->len, p->room - p->len, 0);
	if (got <= 0)
		exit(0);
	p->len += (size_t)got;
}

static void
peer_drop(struct peer *p, size_t n)
{
	memmove(p->data, p->data + n, p->len - n);
	p->len -= n;
}

/* Lets the peer read what was said to it: closing with unread bytes would reset the connection. */
static _Noreturn void
peer_end(struct peer *p)
{
	struct pollfd wait = { .fd = p->fd, .events = POLLIN };
	char rest[READ_BYTES];

	shutdown(p->fd, SHUT_WR);
	while (poll(&wait, 1, LINGER_MS) > 0 && recv(p->fd, rest, sizeof rest, 0) > 0)
		;
	exit(0);
}

static void
peer_frame(struct peer *p, enum frame_opcode opcode, const uint8_t *payload, size_t n)
{
	uint8_t header[FRAME_HEADER_BYTES];

	peer_write(p, header, frame_header(opcode, n, header));
	peer_write(p, payload, n);
}

static _Noreturn void
peer_close(struct peer *p, uint16_t code)
{
	uint8_t payload[2];

	peer_frame(p, FRAME_CLOSE, payload, frame_close_payload(code, payload));
	peer_end(p);
}

static _Noreturn void
peer_refuse(struct peer *p, int status)
{
	char text[160];
	int n = snprintf(text, sizeof text, "HTTP/1.1 %d Refused\r\n%sContent-Length: 0\r\nConnection: close\r\n\r\n", status,
			 status == 426 ? HANDSHAKE_VERSION_HEADERS : "");

	peer_write(p, text, (size_t)n);
	peer_end(p);
}

/* The handshake of section 4.2. */
static void
peer_greet(struct peer *p)
{
	char accept[HANDSHAKE_ACCEPT_BYTES], text[256];
	struct http_head head;
	int n, status;

	while ((n = http_head_parse((const char *)p->data, p->len, &head)) == 0)
		peer_read(p);
	if (n < 0)
		peer_refuse(p, -n);
	if ((status = handshake_read(&head, accept)) != 101)
		peer_refuse(p, status);
	peer_drop(p, (size_t)n);
	n = snprintf(text, sizeof text,
		     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", accept);
	peer_write(p, text, (size_t)n);
}

static void
peer_answer(struct peer *p, const struct frame *frame)
{
	switch (frame->opcode) {
	case FRAME_TEXT:
	case FRAME_BINARY:
		peer_frame(p, frame->opcode, frame->payload, frame->len);
		return;
	case FRAME_PING:
		peer_frame(p, FRAME_PONG, frame->payload, frame->len);
		return;
	case FRAME_CLOSE:
		peer_close(p, frame->close_code);
	default:
		return;
	}
}

static _Noreturn void
peer_serve(int fd, size_t limit)
{
	struct frame_input input = { 0 };
	struct peer p = { .fd = fd, .limit = limit };
	enum frame_result result;
	struct frame frame;
	size_t consumed, at;
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	peer_greet(&p);
	for (;;) {
		for (at = 0; (result = frame_read(&input, p.data + at, p.len - at, p.limit, &frame, &consumed)) == FRAME_MESSAGE; at += consumed)
			peer_answer(&p, &frame);
		if (result == FRAME_ERROR)
			peer_close(&p, frame.close_code);
		peer_drop(&p, at + consumed);
		peer_read(&p);
	}
}

int
main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof address;
	size_t limit = argc > 2 ? strtoul(argv[2], NULL, 10) : 16 * 1024 * 1024;
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: ws-echo PORT [LIMIT]\n");
		return 64;
	}
	address.sin_port = htons((uint16_t)atoi(argv[1]));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 128) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
		perror("ws-echo");
		return 1;
	}
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		int peer = accept(fd, NULL, NULL);

		if (peer >= 0 && fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			close(fd);
			peer_serve(peer, limit);
		}
		if (peer >= 0)
			close(peer);
	}
}
