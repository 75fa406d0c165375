/* SPDX-License-Identifier: MIT */
/*
 * A connection with an owner that only notes its calls. The program is linked with push/net,
 * push/wire and lib alone, so nothing below may call up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/settings.h"
#include "push/net/conn.h"
#include "push/net/conns.h"
#include "push/net/flush.h"
#include "push/net/incoming.h"
#include "push/net/loop.h"
#include "push/net/metrics.h"
#include "push/net/outgoing.h"

enum { ADDRESS = 7 << 1 | 1, HANDSHAKES = 4, TURNS_MOST = 1000 };

/* Calls that the owner has received since the last client_open. */
static struct {
	int inputs, paid, drained, timeouts, closes, ended;
	enum close_reason why;
	char input[64]; /* the last input */
	bool keeps;	/* keeps all input */
	bool is_poor;	/* cannot pay */
	bool waits;	/* has nothing to send in this turn */
} owner;

static void
note_input(struct conn *c, uint8_t *data, size_t n)
{
	owner.inputs++;
	snprintf(owner.input, sizeof owner.input, "%.*s", (int)n, (const char *)data);
	if (owner.keeps)
		conn_save_input(c, data, n);
}

static bool
note_pay(struct conn *c, uint32_t cost)
{
	assert_true(c->user && cost);
	owner.paid++;
	return !owner.is_poor;
}

static bool
note_turn(struct conn *c)
{
	(void)c;
	return !owner.waits;
}

static void
note_drained(struct conn *c)
{
	assert_int_equal(c->queue.count, 0);
	owner.drained++;
}

static void
note_timeout(struct conn *c)
{
	assert_int_equal(c->state, CONN_LIVE);
	owner.timeouts++;
}

static void
note_close(struct conn *c, enum close_reason why)
{
	owner.closes++;
	owner.why = why;
	conn_queue_bytes(c, "bye", 3);
}

static void
note_ended(struct conn *c)
{
	assert_true(c->state >= CONN_CLOSING);
	owner.ended++;
	c->user = 0;
}

static const struct conn_owner noting = {
	.name = "test",
	.input = note_input,
	.pay = note_pay,
	.turn = note_turn,
	.drained = note_drained,
	.timeout = note_timeout,
	.close = note_close,
	.ended = note_ended,
};

struct client {
	struct conn *conn;
	int fd;
};

static struct conn *
conn_newest(void)
{
	struct conn *c = NULL;

	for (struct conn *next = conn_next(NULL); next; next = conn_next(next))
		if (!c || next->number > c->number)
			c = next;
	return c;
}

static struct client
client_open(void)
{
	int fds[2];

	memset(&owner, 0, sizeof owner);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	conn_open(fds[0], ADDRESS, &noting);
	return (struct client){ conn_newest(), fds[1] };
}

static void
turn(void)
{
	loop_turn();
	conn_turn_end();
}

/* Ends the client's side. Then the connection is freed, whatever its state was. */
static void
client_leave(struct client client)
{
	close(client.fd);
	for (int i = 0; i < TURNS_MOST && conn_count(); i++)
		turn();
	assert_int_equal(conn_count(), 0);
	assert_int_equal(conn_count_of(ADDRESS), 0);
	assert_int_equal(owner.ended, 1);
}

/* Returns the bytes that the client has received; "end": the server has ended its side. */
static const char *
received(struct client client)
{
	static char text[64];
	ssize_t n = read(client.fd, text, sizeof text - 1);

	text[n < 0 ? 0 : n] = '\0';
	return n == 0 ? "end" : text;
}

static void
client_write(struct client client, const char *text)
{
	int before = owner.inputs;

	assert_int_equal(write(client.fd, text, strlen(text)), strlen(text));
	for (int i = 0; i < TURNS_MOST && owner.inputs == before; i++)
		turn();
}

static void
test_open(void **state)
{
	struct client client = client_open();

	(void)state;
	assert_int_equal(client.conn->state, CONN_HEAD);
	assert_int_equal(conn_count(), 1);
	assert_int_equal(conn_count_of(ADDRESS), 1);
	assert_true(timer_is_running(&client.conn->timer));
	client_write(client, "hello");
	assert_string_equal(owner.input, "hello");
	assert_int_equal(owner.paid, 0);
	client_leave(client);
	assert_int_equal(owner.closes, 0); /* the connection has no owner to notify */
}

static void
test_input_kept(void **state)
{
	struct client client = client_open();

	(void)state;
	owner.keeps = true;
	client_write(client, "half ");
	assert_true(metrics.unfinished_bytes == 5);
	client_write(client, "message");
	assert_string_equal(owner.input, "half message");
	owner.keeps = false;
	conn_resume_input(client.conn);
	assert_int_equal(owner.inputs, 3);
	assert_string_equal(owner.input, "half message");
	assert_true(metrics.unfinished_bytes == 0);
	assert_null(client.conn->rare);
	conn_resume_input(client.conn);
	assert_int_equal(owner.inputs, 3);
	client_leave(client);
}

static void
test_pay(void **state)
{
	struct client client = client_open();
	uint64_t closed = metrics.limits[LIMITED_INPUT_BYTES];

	(void)state;
	client.conn->user = 1;
	client_write(client, "paid");
	assert_int_equal(owner.paid, 1);
	assert_int_equal(owner.closes, 0);
	owner.is_poor = true;
	assert_int_equal(write(client.fd, "unpaid", 6), 6);
	for (int i = 0; i < TURNS_MOST && !owner.closes; i++)
		turn();
	assert_int_equal(owner.why, CLOSE_PROTOCOL);
	assert_int_equal(owner.inputs, 1);
	assert_int_equal(metrics.limits[LIMITED_INPUT_BYTES], closed + 1);
	client_leave(client);
}

static void
test_drained(void **state)
{
	struct client client = client_open();

	(void)state;
	turn(); /* the socket takes bytes */
	owner.waits = true;
	conn_queue_bytes(client.conn, "news", 4);
	conn_turn_end();
	assert_string_equal(received(client), "");
	assert_int_equal(owner.drained, 0);
	owner.waits = false;
	conn_touch(client.conn);
	conn_touch(client.conn);
	conn_turn_end();
	assert_string_equal(received(client), "news");
	assert_int_equal(owner.drained, 1);
	client_leave(client);
}

static void
test_timeout(void **state)
{
	struct client client = client_open();

	(void)state;
	conn_enter(client.conn, CONN_LIVE);
	conn_deadline(client.conn, 1);
	for (int i = 0; i < TURNS_MOST && !owner.timeouts; i++)
		turn();
	assert_int_equal(owner.timeouts, 1);
	assert_int_equal(client.conn->state, CONN_LIVE);
	client_leave(client);
}

/* Checks the deadlines of states that no stream has: the connection closes by itself. */
static void
test_handshake_timeout(void **state)
{
	static const struct {
		enum conn_state state;
		enum close_reason why;
	} rows[] = { { CONN_HEAD, CLOSE_IDLE }, { CONN_AUTH, CLOSE_AUTH_TIMEOUT }, { CONN_OPENING, CLOSE_UNAVAILABLE } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct client client = client_open();
		client.conn->state = rows[i].state;
		conn_deadline(client.conn, 1);
		for (int t = 0; t < TURNS_MOST && !owner.closes; t++)
			turn();
		assert_int_equal(owner.why, rows[i].why);
		assert_int_equal(owner.timeouts, 0);
		client_leave(client);
	}
}

/* Checks the order of an end: the reason is queued, the owner's part freed, and the socket last. */
static void
test_close(void **state)
{
	struct client client = client_open();

	(void)state;
	turn();
	conn_close(client.conn, CLOSE_DRAIN);
	conn_close(client.conn, CLOSE_IDLE);
	assert_int_equal(owner.closes, 1);
	assert_int_equal(owner.why, CLOSE_DRAIN);
	assert_int_equal(owner.ended, 0);
	conn_turn_end();
	assert_int_equal(owner.ended, 1);
	assert_string_equal(received(client), "bye");
	assert_string_equal(received(client), "end");
	/* until the peer ends, or for LINGER_MS */
	assert_int_equal(client.conn->state, CONN_CLOSING);
	assert_int_equal(conn_count(), 1);
	assert_int_equal(write(client.fd, "late", 4), 4);
	turn();
	assert_int_equal(owner.inputs, 0);
	client_leave(client);
}

static void
test_pinned(void **state)
{
	struct client client = client_open();

	(void)state;
	conn_pin(client.conn);
	close(client.fd);
	for (int i = 0; i < TURNS_MOST && !owner.ended; i++)
		turn();
	assert_int_equal(client.conn->state, CONN_DEAD);
	conn_turn_end();
	assert_int_equal(conn_count(), 1);
	conn_unpin(client.conn);
	conn_turn_end();
	assert_int_equal(conn_count(), 0);
	assert_int_equal(owner.ended, 1);
}

/* Checks that the oldest unauthenticated connection makes room for one more. */
static void
test_unauthenticated(void **state)
{
	struct client clients[HANDSHAKES + 1];
	uint64_t closed = metrics.limits[LIMITED_HANDSHAKES];

	(void)state;
	for (int i = 0; i < HANDSHAKES; i++)
		clients[i] = client_open();
	conn_enter(clients[0].conn, CONN_LIVE); /* authenticated */
	clients[HANDSHAKES] = client_open();
	assert_int_equal(owner.closes, 0);
	int fds[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	conn_open(fds[0], ADDRESS, &noting);
	assert_int_equal(owner.closes, 1);
	assert_int_equal(owner.why, CLOSE_IDLE);
	assert_int_equal(clients[0].conn->state, CONN_LIVE);
	assert_int_equal(clients[1].conn->state, CONN_DEAD);
	assert_int_equal(metrics.limits[LIMITED_HANDSHAKES], closed + 1);
	for (int i = 0; i <= HANDSHAKES; i++)
		close(clients[i].fd);
	close(fds[1]);
	for (int i = 0; i < TURNS_MOST && conn_count(); i++)
		turn();
	assert_int_equal(conn_count(), 0);
	assert_int_equal(owner.ended, HANDSHAKES + 2);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),	cmocka_unit_test(test_input_kept), cmocka_unit_test(test_pay),
		cmocka_unit_test(test_drained), cmocka_unit_test(test_timeout),	   cmocka_unit_test(test_handshake_timeout),
		cmocka_unit_test(test_close),	cmocka_unit_test(test_pinned),	   cmocka_unit_test(test_unauthenticated),
	};

	setenv("BANTER_DATABASE_URL", "host=/nonexistent", 1);
	settings_load(argc, argv, "net_conn", NULL);
	settings.push_handshakes = HANDSHAKES;
	loop_open();
	int failed = cmocka_run_group_tests_name("net_conn", tests, NULL, NULL);
	conn_shutdown();
	loop_close();
	return failed;
}
