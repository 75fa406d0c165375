/* SPDX-License-Identifier: MIT */
/* The query for devices that were revoked since the last query. */
#include "api/links/revocations.h"

#include <stdlib.h>

#include "api/links/db_sync.h"
#include "lib/auth/revoked.h"
#include "lib/base/clock.h"
#include "lib/base/settings.h"

static struct db_sync own;
static int64_t position; /* of the last result, a time of the database; 0: none yet */

/* Stores a row: the new position, or a device. */
static void
row_take(const PGresult *result, int row, int64_t now)
{
	if (PQgetisnull(result, row, 0))
		position = strtol(PQgetvalue(result, row, 1), NULL, 10);
	else
		revoked_add(strtol(PQgetvalue(result, row, 0), NULL, 10), now, revoked_keep_ms());
}

bool
revocations_poll(void)
{
	int64_t now = clock_ms();
	const struct param params[] = { param_id(position), param_number(revoked_keep_ms() / 1000) };
	PGresult *result;

	if (!db_sync_ready(&own, INT64_MAX))
		return false;
	/* connecting may have taken long, so the deadline begins here */
	enum db_outcome outcome = db_sync_run(&own, STATEMENT_DEVICES_REVOKED, params, 2, clock_ms() + settings.api_wait_ms, &result);
	for (int i = 0; outcome == DB_DONE && i < PQntuples(result); i++)
		row_take(result, i, now);
	PQclear(result);
	if (outcome != DB_DONE)
		db_sync_drop(&own);
	return outcome == DB_DONE;
}

void
revocations_close(void)
{
	db_sync_drop(&own);
}
