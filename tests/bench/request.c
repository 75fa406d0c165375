/* SPDX-License-Identifier: MIT */
/* Sends messages over a kept HTTP connection. */
#include "request.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "usage.h"
#include "wire.h"

enum { BODY_BYTES = 70000, ANSWER_BYTES = 80000 };

int
request_connect(int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
		usage_die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

void
request_open(struct request *r, int port)
{
	r->port = port;
	r->fd = request_connect(port);
}

int
request_message(struct request *r, const char *token, long conversation, const char *client_id, const char *text)
{
	char body[BODY_BYTES], head[2048], answer[ANSWER_BYTES];
	struct wire_unit unit;
	size_t have = 0;

	int n = snprintf(body, sizeof body, "{\"client_id\":\"%s\",\"text\":\"%s\"}", client_id, text);
	int m = snprintf(head, sizeof head,
			 "POST /v1/conversations/%ld/messages HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
			 "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n",
			 conversation, token, n);
	if (send(r->fd, head, (size_t)m, MSG_NOSIGNAL | MSG_MORE) != m || send(r->fd, body, (size_t)n, MSG_NOSIGNAL) != n)
		usage_die("send");
	do {
		ssize_t got = recv(r->fd, answer + have, sizeof answer - have, 0);
		if (got <= 0)
			usage_die("the server hung up");
		if (have == 0)
			r->answered = usage_now();
		have += (size_t)got;
	} while (!wire_unit(TRANSPORT_POLL, answer, have, &unit));
	int status = atoi(answer + 9);
	/* lighttpd ends a kept connection after its number of requests, and says so. */
	if (memmem(answer, wire_head(answer, have), "onnection: close", 16)) {
		close(r->fd);
		r->fd = request_connect(r->port);
	}
	return status;
}
