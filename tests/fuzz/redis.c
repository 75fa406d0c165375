/* SPDX-License-Identifier: MIT */
/*
 * Noise as what Redis says, on either connection and cut in two anywhere: every command is answered
 * once, in its order, with whole texts or with no answer; a message is delivered whole; and
 * whatever was said, a new connection works.
 */
#include <hiredis/hiredis.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/settings.h"
#include "lib/chat/notification.h"
#include "push/links/redis.h"
#include "push/net/loop.h"
#include "push/net/metrics.h"

enum { LISTENING, COMMANDING, WIRES, COMMANDS = 3, ANNOUNCED_MOST = 100000 };

struct metrics metrics;
struct settings settings = { .redis_url = "unix:///nowhere", .redis_prefix = "banter:" };

/*
 * The loop of this test: what is watched, which timers run, and the other ends of the connections.
 */
static struct watch *watched[WIRES];
static struct timer *timers[WIRES];
static int peers[WIRES];
static int wires, asked, answered, connects;

static void
expect(bool right)
{
	if (!right)
		abort();
}

/* Formats the line, so that its bytes are read, and discards it. */
void
log_line(enum log_level level, const char *subject, const char *keys, ...)
{
	char line[4096];
	va_list arguments;

	(void)level;
	(void)subject;
	va_start(arguments, keys);
	vsnprintf(line, sizeof line, keys, arguments);
	va_end(arguments);
}

int64_t
loop_now(void)
{
	return 1;
}

bool
loop_watch_level(struct watch *w, uint32_t events)
{
	(void)events;
	watched[watched[LISTENING] ? COMMANDING : LISTENING] = w;
	return true;
}

void
loop_want(struct watch *w, uint32_t events)
{
	(void)w;
	(void)events;
}

void
loop_unwatch(struct watch *w)
{
	for (int i = 0; i < WIRES; i++)
		if (watched[i] == w)
			watched[i] = NULL;
}

void
timer_start(struct timer *t, int64_t delay_ms)
{
	(void)delay_ms;
	if (t != timers[LISTENING] && t != timers[COMMANDING])
		timers[timers[LISTENING] ? COMMANDING : LISTENING] = t;
}

void
timer_stop(struct timer *t)
{
	(void)t;
}

/* In the place of hiredis's own: one end of a pair whose other end is ours. */
redisContext *
redisConnectUnixNonBlock(const char *path)
{
	int pair[2];

	(void)path;
	expect(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
	peers[wires++ % WIRES] = pair[1];
	redisContext *c = redisConnectFd(pair[0]);
	c->flags &= ~REDIS_BLOCK;
	return c;
}

static void
on_message(const char *channel, size_t channel_len, const char *payload, size_t payload_len)
{
	struct notification_channel ch;
	struct notification d;

	if (notification_channel_parse(channel, channel_len, "banter:", &ch))
		expect(ch.id > 0);
	if (notification_parse(payload, payload_len, &d) && d.json)
		expect(d.json >= payload && d.json + d.json_len <= payload + payload_len);
}

static void
on_pause(void)
{
}

static void
on_connected(void)
{
	connects++;
}

static void
on_answer(void *context, const char *const *values, int count)
{
	expect((intptr_t)context == answered++);
	expect(count >= -1);
	for (int i = 0; i < count; i++)
		expect(strlen(values[i]) < 100000);
}

static void
ask(void)
{
	static const char *const argv[] = { "GET", "it" };

	redis_command(2, argv, on_answer, (void *)(intptr_t)asked++);
}

/* It connects, says PING, and is answered. */
static void
stand_up(int wire)
{
	static const char pong[] = "+PONG\r\n";

	if (watched[wire])
		watched[wire]->ready(watched[wire], EPOLLOUT);
	if (watched[wire]) {
		expect(write(peers[wire], pong, sizeof pong - 1) == sizeof pong - 1);
		watched[wire]->ready(watched[wire], EPOLLIN);
	}
	redis_turn_end();
}

static void
hear(int wire, const uint8_t *data, size_t n)
{
	if (!watched[wire] || n == 0)
		return;
	expect(write(peers[wire], data, n) == (ssize_t)n);
	watched[wire]->ready(watched[wire], EPOLLIN);
	redis_turn_end();
}

/*
 * hiredis makes room for as many values as are announced, and Redis is one of ours: numbers beyond
 * reason are not what is looked for.
 */
static bool
announces_too_much(const uint8_t *data, size_t n)
{
	for (size_t i = 0; i + 1 < n; i++) {
		long number = 0;
		for (size_t k = i + 1; data[i] == '*' && k < n && data[k] >= '0' && data[k] <= '9'; k++) {
			number = number * 10 + (data[k] - '0');
			if (number > ANNOUNCED_MOST)
				return true;
		}
	}
	return false;
}

static void
talk(int wire, const uint8_t *data, size_t cut, size_t n)
{
	watched[LISTENING] = watched[COMMANDING] = NULL;
	timers[LISTENING] = timers[COMMANDING] = NULL;
	wires = asked = answered = connects = 0;

	redis_open(on_message, on_pause, on_connected);
	redis_subscribe('c', 7);
	stand_up(LISTENING);
	stand_up(COMMANDING);
	for (int i = 0; i < COMMANDS; i++)
		ask();
	redis_turn_end();
	hear(wire, data, cut);
	hear(wire, data + cut, n - cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* The first byte says which connection, the second where the cut is. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const uint8_t good[] = "+OK\r\n";

	if (n < 2 || announces_too_much(data, n))
		return 0;
	n -= 2;
	int wire = data[0] & 1;
	talk(wire, data + 2, n ? data[1] % (n + 1) : 0, n);

	/*
	 * whatever the input: a dropped connection is reopened, and a command on it is
	 * answered
	 */
	if (!watched[wire]) {
		expect(wire == LISTENING || answered == asked);
		close(peers[wire]);
		wires = wire;
		timers[wire]->fire(timers[wire]);
		stand_up(wire);
		ask();
		hear(COMMANDING, good, wire == COMMANDING ? sizeof good - 1 : 0);
		expect(wire == LISTENING || answered == asked);
	}
	redis_close();
	expect(answered == asked);
	close(peers[LISTENING]);
	close(peers[COMMANDING]);
	return 0;
}
