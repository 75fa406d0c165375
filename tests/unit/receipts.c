/* SPDX-License-Identifier: MIT */
/* Acknowledgements of streams on their way to the database. */
#include "subscriber.h"

#include "push/net/metrics.h"
#include "push/session/receipts.h"

/* Checks that acknowledgements of many users are written by a few statements at a time. */
static void
test_many_acks(void **state)
{
	enum { USERS = 1100, IN_STATEMENT = 256, STATEMENTS = 4, TURNS_MOST = 1000 };
	struct subscriber alice = subscribe_as(ALICE);
	struct cursor cursor = { .base = FIRST_ID };
	uint64_t before = metrics.database_queries;

	(void)state;
	for (int i = 0; i < USERS; i++) {
		alice.conn->user = ALICE + i;
		receipts_ack(alice.conn, &cursor, RECEIPTS_SOON_MS);
	}
	for (int i = 0; i < TURNS_MOST && metrics.database_queries == before; i++)
		loop_turn();
	assert_int_equal(metrics.database_queries - before, STATEMENTS);
	alice.conn->user = ALICE + USERS - 1; /* still waits: its acknowledgements are joined */
	receipts_ack(alice.conn, &cursor, RECEIPTS_SOON_MS);
	alice.conn->user = ALICE; /* was written: it begins again */
	receipts_ack(alice.conn, &cursor, RECEIPTS_SOON_MS);
	receipts_flush();
	assert_int_equal(metrics.database_queries - before, (USERS + 1 + IN_STATEMENT - 1) / IN_STATEMENT);
	hang_up(alice);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_acks),
	};

	subscribers_open(argc, argv, "receipts");
	int failed = cmocka_run_group_tests_name("receipts", tests, NULL, NULL);
	subscribers_close();
	return failed;
}
