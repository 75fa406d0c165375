/* SPDX-License-Identifier: MIT */
/* Revoked devices, from the database. */
#include "push/session/revocations.h"

#include "lib/auth/revoked.h"
#include "lib/base/id.h"
#include "push/links/db.h"
#include "push/links/result.h"
#include "push/net/loop.h"
#include "push/session/users.h"

enum {
	EACH_MS = 800, /* so that a stream closes within a second */
	FIRST_MS = 10,
	AWAY_MS = 100, /* while the database is unavailable */
	WITHIN_MS = 1000,
};

static struct timer timer;
static int64_t position; /* of the last answer, a time of the database; 0: none yet */

void
revocations_take(int64_t device)
{
	revoked_add(device, loop_now(), revoked_keep_ms());
	users_revoke(device);
}

/* Takes the answer: the new position as device 0, and devices, which may be known already. */
static void
revoked_reply(void *context, PGresult *result)
{
	(void)context;
	for (int i = 0; result && i < result_rows(result); i++) {
		int64_t device = result_int(result, i, 0);
		if (!device)
			position = result_int(result, i, 1);
		else if (!revoked_is(device))
			revocations_take(device);
	}
}

static void
revoked_ask(void)
{
	char from[ID_TEXT_BYTES], seconds[ID_TEXT_BYTES];
	const char *params[] = { position ? from : NULL, seconds };

	id_text(position, from);
	id_text(revoked_keep_ms() / 1000, seconds);
	db_query(QUERY_REVOKED, params, WITHIN_MS, revoked_reply, NULL);
}

static void
fire(struct timer *t)
{
	timer_start(t, db_tends() ? EACH_MS : AWAY_MS);
	if (db_tends())
		revoked_ask();
}

void
revocations_open(void)
{
	timer.fire = fire;
	timer_start(&timer, FIRST_MS);
}

void
revocations_close(void)
{
	timer_stop(&timer);
}
