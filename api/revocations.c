/* SPDX-License-Identifier: MIT */
/* Asks which devices were revoked since the last time. */
#include "revocations.h"

#include <stdlib.h>

#include "lib/identifier.h"
#include "lib/revoked.h"
#include "lib/settings.h"
#include "link.h"

enum { MARGIN_SECONDS = 10 }; /* a revocation is dated before its COMMIT */

static struct link own;
static int64_t asked_ms; /* when it was last answered; 0: never */

static int64_t
window_seconds(int64_t now)
{
	return MARGIN_SECONDS + (asked_ms ? (now - asked_ms) / 1000 : settings.token_seconds);
}

bool
revocations_poll(void)
{
	int64_t now = time_steady_ms();
	struct param since = param_number(window_seconds(now));
	PGresult *result;

	if (!link_ready(&own))
		return false;
	enum link_fate fate = link_run(&own, STATEMENT_DEVICES_REVOKED, &since, 1, now + settings.api_wait_ms, &result);
	for (int i = 0; fate == LINK_DONE && i < PQntuples(result); i++)
		revoked_add(strtol(PQgetvalue(result, i, 0), NULL, 10), now, (settings.token_seconds + MARGIN_SECONDS) * 1000);
	PQclear(result);
	if (fate == LINK_DONE)
		asked_ms = now;
	else
		link_drop(&own);
	return fate == LINK_DONE;
}

void
revocations_close(void)
{
	link_drop(&own);
}
