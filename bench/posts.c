/* SPDX-License-Identifier: MIT */
/*
 * Sends by REST as fast as they are answered: some kept connections, on each one message under way,
 * by random members to their conversation.
 * mixed=1: of twenty messages one names a member, one has a mail address, one is ten times as long
 * and one has data, as people write.
 * One thread over epoll, one send() and mostly one recv() for a message: what it costs is printed,
 * so that it can be seen not to be what is measured.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "access.h"
#include "options.h"
#include "usage.h"
#include "wire.h"

enum {
	HEAD_BYTES = 1024,
	BODY_BYTES = 8 * 1024,
	TEXT_BYTES = BODY_BYTES / 16,
	LONG = 10,
	KINDS = 20,
	ANSWER_BYTES = 16 * 1024,
	WAITS = 2000000,
	READY = 256
};

static const char usage[] =
	"key=FILE port=PORT users=FIRST count=USERS conversations=FIRST per_conversation=N connections=N seconds=S [text=TEXT] [mixed=0]";

struct connection {
	int fd;
	int64_t sent;
	size_t have;
	char answer[ANSWER_BYTES];
};

static struct {
	int epoll, port;
	struct connection *connections;
	char (*heads)[HEAD_BYTES]; /* of each user's request, up to the length of its body */
	long users;
	char mark[32];
	const char *text;
	long first_user, per;
	bool mixed;
	int64_t until;
	long number, answered, under_way, failed;
	double *waits;
} run;

/*
 * Writes the message of a number. One that names somebody names the first member of the sender's
 * conversation.
 */
static int
body_write(char *out, long number, long user)
{
	int kind = run.mixed ? (int)(number % KINDS) : KINDS;
	int n = snprintf(out, BODY_BYTES, "{\"client_id\":\"%s.%010ld\",\"text\":\"", run.mark, number);

	if (kind == 0)
		n += snprintf(out + n, (size_t)(BODY_BYTES - n), "@bench%ld ", run.first_user + 1 + user / run.per * run.per);
	if (kind == 1)
		n += snprintf(out + n, (size_t)(BODY_BYTES - n), "me@bench.example ");
	for (int i = 0; i < (kind == 2 ? LONG : 1); i++)
		n += snprintf(out + n, (size_t)(BODY_BYTES - n), "%s", run.text);
	return n + snprintf(out + n, (size_t)(BODY_BYTES - n), kind == 3 ? "\",\"data\":{\"kind\":\"poll\",\"options\":[1,2,3]}}" : "\"}");
}

static void
heads_make(void)
{
	long users = option_number("users", 0), first = option_number("conversations", 0), per = option_number("per_conversation", 10);
	char token[ACCESS_BYTES];

	run.users = option_number("count", 10000);
	run.first_user = users;
	run.per = per;
	run.heads = calloc((size_t)run.users, sizeof *run.heads);
	for (long i = 0; i < run.users; i++) {
		access_token(users + 1 + i, option_number("devices", 500000000) + users + 1 + i, token);
		int n = snprintf(run.heads[i], HEAD_BYTES,
				 "POST /v1/conversations/%ld/messages HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
				 "Content-Type: application/json\r\nContent-Length: ",
				 first + i / per, token);
		if (n >= HEAD_BYTES)
			usage_die("a head is too long");
	}
}

static void
connection_open(struct connection *c)
{
	struct epoll_event want = { .events = EPOLLIN, .data.ptr = c };

	c->fd = wire_connect(run.port);
	if (epoll_ctl(run.epoll, EPOLL_CTL_ADD, c->fd, &want) != 0)
		usage_die("epoll_ctl");
}

static void
connection_send(struct connection *c)
{
	char bytes[HEAD_BYTES + BODY_BYTES + 32], body[BODY_BYTES];
	long user = random() % run.users;
	int length = body_write(body, ++run.number, user);
	size_t n = strlen(run.heads[user]);

	memcpy(bytes, run.heads[user], n);
	n += (size_t)sprintf(bytes + n, "%d\r\n\r\n", length);
	memcpy(bytes + n, body, (size_t)length);
	n += (size_t)length;
	c->sent = usage_now();
	if (send(c->fd, bytes, n, MSG_NOSIGNAL) != (ssize_t)n)
		usage_die("send");
	run.under_way++;
}

/* The answer is whole: counts it and sends the next. */
static void
connection_answered(struct connection *c, bool last)
{
	int64_t now = usage_now();

	run.under_way--;
	if (memcmp(c->answer + 9, "201", 3) == 0)
		run.waits[run.answered++ % WAITS] = (double)(now - c->sent) / 1e3;
	else if (run.failed++ == 0)
		fprintf(stderr, "%.*s\n", (int)c->have, c->answer);
	c->have = 0;
	if (last) { /* lighttpd ends a kept connection after its number of requests, and says so */
		close(c->fd);
		connection_open(c);
	}
	if (now < run.until)
		connection_send(c);
}

static void
connection_read(struct connection *c)
{
	struct wire_unit unit;
	ssize_t got = recv(c->fd, c->answer + c->have, sizeof c->answer - c->have, MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0)
		usage_die("the server hung up");
	c->have += (size_t)got;
	if (wire_unit(TRANSPORT_POLL, c->answer, c->have, &unit))
		connection_answered(c, memmem(c->answer, c->have, "onnection: close", 16) != NULL);
}

static void
run_turn(void)
{
	struct epoll_event ready[READY];
	int n = epoll_wait(run.epoll, ready, READY, 1000);

	for (int i = 0; i < n; i++)
		connection_read(ready[i].data.ptr);
}

int
main(int argc, char **argv)
{
	options_read(argc, argv, usage);
	usage_files();
	access_open(option_text("key", "var/secrets/jwt.key"));
	run.port = (int)option_number("port", 8080);
	run.epoll = epoll_create1(EPOLL_CLOEXEC);
	run.waits = calloc(WAITS, sizeof *run.waits);
	srandom((unsigned)usage_now());
	run.text = option_text("text", "hello");
	if (strlen(run.text) > TEXT_BYTES)
		usage_die("the text is too long");
	run.mixed = option_number("mixed", 0);
	snprintf(run.mark, sizeof run.mark, "p%ld", (long)(usage_now() / 1000));
	heads_make();
	int connections = (int)option_number("connections", 32);
	run.connections = calloc((size_t)connections, sizeof *run.connections);
	for (int i = 0; i < connections; i++)
		connection_open(&run.connections[i]);

	int64_t start = usage_now(), cpu = usage_cpu(getpid());
	run.until = start + option_number("seconds", 5) * 1000000000;
	for (int i = 0; i < connections; i++)
		connection_send(&run.connections[i]);
	while (run.under_way > 0)
		run_turn();
	double took = (double)(usage_now() - start) / 1e9;
	size_t n = run.answered < WAITS ? (size_t)run.answered : WAITS;
	printf("sent=%ld took=%.3f failed=%ld p50_us=%.0f p99_us=%.0f client_us=%.1f\n", run.answered, took, run.failed,
	       usage_quantile(run.waits, n, 0.5), usage_quantile(run.waits, n, 0.99),
	       (double)(usage_cpu(getpid()) - cpu) / 1e3 / (double)(run.answered + 1));
	return run.failed != 0;
}
