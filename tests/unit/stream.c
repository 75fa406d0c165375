/* SPDX-License-Identifier: MIT */
/* A stream that becomes live. */
#include "subscriber.h"

#include "push/net/incoming.h"
#include "push/net/rare.h"
#include "push/session/stream.h"

/* A message that was begun while a replay went out has a deadline as soon as the stream is live. */
static void
test_begun_while_opening(void **state)
{
	static const uint8_t fragment[] = { 0x01, 0x81, 0, 0, 0, 0, '{' };
	struct subscriber alice = subscribe_as(ALICE);
	struct conn *c = alice.conn;

	(void)state;
	c->owner = &transport_ws.owner;
	c->state = CONN_OPENING;
	assert_int_equal(write(alice.fd, fragment, sizeof fragment), sizeof fragment);
	conn_read(c, false);
	assert_int_equal(c->rare->unfinished_ms, 0);
	stream_live(c);
	assert_true(c->rare && c->rare->unfinished_ms);
	redis_turn_end();
	hang_up(alice);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_begun_while_opening),
	};

	subscribers_open(argc, argv, "stream");
	int failed = cmocka_run_group_tests_name("stream", tests, NULL, NULL);
	subscribers_close();
	return failed;
}
