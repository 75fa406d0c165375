/* SPDX-License-Identifier: MIT */
/* Opens and reads many streams over one epoll. */
#include "crowd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "access.h"
#include "options.h"
#include "usage.h"

enum { READ_BYTES = 256 * 1024, REST_BYTES = 256 * 1024, TURN_EVENTS = 1024, REQUEST_BYTES = 2560, SETTLE_MS = 400, SETTLE_MOST_MS = 20000 };

/* The rest of a unit, and behind it the input that is read next. */
static char buffer[REST_BYTES + READ_BYTES];

void
crowd_options(struct crowd *w)
{
	w->transport = wire_transport(option_text("transport", "ws"));
	w->port = (int)option_number("port", 8081);
	w->count = (int)option_number("subscribers", 1000);
	w->window = (int)option_number("window", 64);
	w->first_user = option_number("first_user", 1);
	w->user_step = option_number("user_step", 1);
	w->devices = option_number("devices", 500000000);
	w->from = option_text("from", NULL);
	w->per_address = (int)option_number("per_address", 0);
}

void
crowd_make(struct crowd *w)
{
	w->all = calloc((size_t)w->count, sizeof *w->all);
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!w->all || w->epoll < 0)
		usage_die("crowd");
	for (int i = 0; i < w->count; i++) {
		w->all[i].fd = -1;
		w->all[i].user = w->first_user + i * w->user_step;
	}
}

void
subscriber_watch(struct crowd *w, struct subscriber *s, int operation, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = s };

	if (epoll_ctl(w->epoll, operation, s->fd, &e) != 0)
		usage_die("epoll_ctl");
}

/* The kernel looks for a free port among those of the address, the longer the more are taken. */
static void
subscriber_bind(struct crowd *w, struct subscriber *s)
{
	struct sockaddr_in from = { .sin_family = AF_INET };
	int one = 1;

	inet_pton(AF_INET, w->from, &from.sin_addr);
	if (w->per_address)
		from.sin_addr.s_addr = htonl(ntohl(from.sin_addr.s_addr) + (uint32_t)((s - w->all) / w->per_address));
	setsockopt(s->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
	if (bind(s->fd, (struct sockaddr *)&from, sizeof from) != 0)
		usage_die("bind");
}

void
subscriber_open(struct crowd *w, struct subscriber *s)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)w->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1;

	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		usage_die("socket");
	setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (w->from)
		subscriber_bind(w, s);
	s->started = usage_now();
	s->state = SUBSCRIBER_CONNECTING;
	s->close_code = 0;
	if (connect(s->fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS)
		usage_die("connect");
	subscriber_watch(w, s, EPOLL_CTL_ADD, EPOLLOUT);
	w->started++;
}

void
subscriber_write(struct subscriber *s, const char *bytes, size_t n)
{
	if (send(s->fd, bytes, n, MSG_NOSIGNAL) != (ssize_t)n && errno != EPIPE && errno != ECONNRESET)
		usage_die("a request could not be written at once");
}

static void
subscriber_request(struct crowd *w, struct subscriber *s, long wait)
{
	char request[REQUEST_BYTES], token[ACCESS_BYTES];
	const char *sign = s->token;

	if (!sign) {
		access_token(s->user, w->devices + s->user, token);
		sign = token;
		if (w->transport == TRANSPORT_POLL)
			s->token = strdup(token);
	}
	size_t n = wire_open(w->transport, sign, s->since, wait, request, sizeof request);
	subscriber_write(s, request, n);
}

static void
subscriber_opened(struct crowd *w, struct subscriber *s)
{
	s->state = SUBSCRIBER_OPEN;
	s->opened = usage_now();
	w->opened++;
}

static void
subscriber_closed(struct crowd *w, struct subscriber *s)
{
	if (s->state != SUBSCRIBER_OPEN && w->patient) {
		w->refused++;
		subscriber_hang_up(w, s);
		return;
	}
	if (s->state != SUBSCRIBER_OPEN && s->state != SUBSCRIBER_CLOSED) {
		fprintf(stderr, "user %ld: the stream was refused (close code %d)\n", s->user, s->close_code);
		exit(1);
	}
	close(s->fd);
	s->fd = -1;
	s->state = SUBSCRIBER_CLOSED;
	w->closed++;
}

void
subscriber_hang_up(struct crowd *w, struct subscriber *s)
{
	if (s->fd >= 0)
		close(s->fd);
	if (s->state == SUBSCRIBER_OPEN)
		w->opened--;
	else if (s->state == SUBSCRIBER_CLOSED)
		w->opened--, w->closed--;
	w->started--;
	free(s->rest);
	s->rest = NULL;
	s->rest_len = 0;
	s->fd = -1;
	s->state = SUBSCRIBER_IDLE;
}

static void
subscriber_note(struct subscriber *s, const char *json, size_t n)
{
	const char *value;
	size_t len = wire_field(json, n, "cursor", true, &value);

	if (len) {
		free(s->since);
		s->since = strndup(value, len);
	}
}

static void
take_text(struct crowd *w, struct subscriber *s, const char *json, size_t n)
{
	if (wire_is_message(json, n)) {
		s->messages++;
		if (w->keep_cursors)
			subscriber_note(s, json, n);
		w->message(w, s, json, n);
		return;
	}
	if (s->state == SUBSCRIBER_OPENING && wire_is(json, n, "stream.ready")) {
		if (w->keep_cursors)
			subscriber_note(s, json, n);
		subscriber_opened(w, s);
	}
	if (w->text)
		w->text(w, s, json, n);
}

/* A poll's reply holds events; the next request follows at once. */
static void
take_poll(struct crowd *w, struct subscriber *s, const char *p, size_t n)
{
	static const char mark[] = "{\"type\":\"";
	const char *end = p + n;

	subscriber_note(s, p, n);
	for (const char *at = p; (at = memmem(at, (size_t)(end - at), mark, sizeof mark - 1)); at += sizeof mark)
		take_text(w, s, at, (size_t)(end - at));
	if (s->state == SUBSCRIBER_OPENING)
		subscriber_opened(w, s);
	if (s->fd >= 0)
		subscriber_request(w, s, 25);
}

static void
take_unit(struct crowd *w, struct subscriber *s, const struct wire_unit *u)
{
	char frame[160];

	switch (u->kind) {
	case WIRE_PING:
		subscriber_write(s, frame, wire_frame(10, u->text, u->len < 125 ? u->len : 125, frame));
		return;
	case WIRE_CLOSE:
		if (w->transport == TRANSPORT_POLL) {
			fprintf(stderr, "user %ld: a poll failed: %.300s\n", s->user, u->text);
			exit(1);
		}
		if (w->transport == TRANSPORT_WS && u->len >= 2)
			s->close_code = (unsigned char)u->text[0] << 8 | (unsigned char)u->text[1];
		return;
	case WIRE_OTHER:
		return;
	case WIRE_TEXT:
		break;
	}
	if (w->transport == TRANSPORT_POLL)
		take_poll(w, s, u->text, u->len);
	else
		take_text(w, s, u->text, u->len);
}

/* The head of the reply to the opening request; what follows it is the stream. */
static size_t
take_head(struct crowd *w, struct subscriber *s, const char *p, size_t n)
{
	if (w->transport == TRANSPORT_POLL) {
		s->state = SUBSCRIBER_OPENING;
		return 0;
	}
	size_t head = wire_head(p, n);
	if (!head)
		return 0;
	const char *want = w->transport == TRANSPORT_SSE ? "200" : "101";
	if (memcmp(p + 9, want, 3) != 0) {
		fprintf(stderr, "user %ld: refused: %.*s\n", s->user, (int)n, p);
		exit(1);
	}
	s->chunked = memmem(p, head, "chunked", 7) != NULL;
	s->chunks = (struct wire_chunks){ .left = 0 };
	s->state = SUBSCRIBER_OPENING;
	if (w->transport == TRANSPORT_LIMIT)
		subscriber_opened(w, s);
	return head;
}

static void
subscriber_keep(struct subscriber *s, const char *p, size_t n)
{
	if (n > REST_BYTES)
		usage_die("a unit of the wire is too long");
	char *rest = n ? malloc(n) : NULL;
	if (n)
		memcpy(rest, p, n);
	free(s->rest);
	s->rest = rest;
	s->rest_len = n;
}

/* Takes the units between the two places of the buffer, and keeps what is left of them. */
static void
subscriber_take(struct crowd *w, struct subscriber *s, size_t at, size_t end)
{
	struct wire_unit unit;
	size_t took;

	while (at < end && (took = wire_unit(w->transport, buffer + at, end - at, &unit))) {
		take_unit(w, s, &unit);
		if (s->fd < 0)
			return;
		at += took;
	}
	if (s->rest_len || at < end)
		subscriber_keep(s, buffer + at, end - at);
}

/* Reads once; false when there is nothing more to read now, unless the peer has hung up. */
static bool
subscriber_read(struct crowd *w, struct subscriber *s)
{
	size_t at = 0, new = s->rest_len, end;

	if (new)
		memcpy(buffer, s->rest, new);
	ssize_t got = recv(s->fd, buffer + new, READ_BYTES, 0);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return errno == EINTR;
	if (got <= 0) {
		subscriber_closed(w, s);
		return false;
	}
	w->bytes += got;
	w->reads++;
	end = new + (size_t)got;
	if (s->state == SUBSCRIBER_HEAD) {
		new = at = take_head(w, s, buffer, end);
		if (s->state == SUBSCRIBER_HEAD) {
			subscriber_keep(s, buffer, end);
			return got == READ_BYTES;
		}
	}
	if (s->chunked)
		end = new + wire_unchunk(&s->chunks, buffer + new, end - new);
	subscriber_take(w, s, at, end);
	return got == READ_BYTES;
}

/* A stream that is opened again meanwhile has another socket. */
void
subscriber_ready(struct crowd *w, struct subscriber *s, bool hung_up)
{
	bool more;

	do
		more = subscriber_read(w, s);
	while ((more || hung_up) && s->fd >= 0 && s->state != SUBSCRIBER_CONNECTING);
}

static void
subscriber_connected(struct crowd *w, struct subscriber *s)
{
	int error = 0;
	socklen_t n = sizeof error;

	getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &n);
	if (error) {
		errno = error;
		usage_die("connect");
	}
	s->state = SUBSCRIBER_HEAD;
	subscriber_watch(w, s, EPOLL_CTL_MOD, SUBSCRIBER_READABLE);
	subscriber_request(w, s, 0);
}

void
crowd_turn(struct crowd *w, int timeout_ms)
{
	struct epoll_event events[TURN_EVENTS];
	int n = epoll_wait(w->epoll, events, TURN_EVENTS, timeout_ms);

	for (int i = 0; i < n; i++) {
		struct subscriber *s = events[i].data.ptr;
		if (s->state == SUBSCRIBER_CONNECTING)
			subscriber_connected(w, s);
		else if (s->fd >= 0)
			subscriber_ready(w, s, events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR));
	}
}

void
crowd_open(struct crowd *w, int seconds)
{
	int64_t until = usage_now() + (int64_t)seconds * 1000000000;
	int next = 0;

	while (w->opened < w->count) {
		while (next < w->count && w->started - w->opened < w->window) {
			if (w->all[next].state == SUBSCRIBER_IDLE)
				subscriber_open(w, &w->all[next]);
			next++;
		}
		crowd_turn(w, 100);
		if (usage_now() > until) {
			fprintf(stderr, "only %d of %d streams are open after %d s\n", w->opened, w->count, seconds);
			exit(1);
		}
	}
}

void
crowd_settle(struct crowd *w)
{
	int64_t bytes, limit = usage_now() + SETTLE_MOST_MS * 1000000LL;

	do {
		bytes = w->bytes;
		for (int64_t until = usage_now() + SETTLE_MS * 1000000LL; usage_now() < until;)
			crowd_turn(w, 50);
	} while (w->bytes != bytes && usage_now() < limit);
	for (int i = 0; i < w->count; i++)
		w->all[i].messages = 0;
}

void
crowd_close(struct crowd *w)
{
	for (int i = 0; i < w->count; i++) {
		if (w->all[i].fd >= 0)
			close(w->all[i].fd);
		free(w->all[i].rest);
		free(w->all[i].token);
		free(w->all[i].since);
	}
	close(w->epoll);
	free(w->all);
}
