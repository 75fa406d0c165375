/* SPDX-License-Identifier: MIT */
/* The devices of a user. */
#include "api/routes/devices.h"

#include "api/http/db_call.h"
#include "api/links/redis.h"
#include "api/routes/handlers.h"
#include "lib/auth/revoked.h"
#include "lib/base/clock.h"

/*
 * Lists the caller's devices.
 * 200 with the devices that are not revoked, the most recently used first.
 */
enum reply
list_devices(struct request *r)
{
	return reply_rows(r, 200, db_call(r, STATEMENT_DEVICE_LIST, param_id(r->user), param_id(r->device)));
}

void
device_forget(struct request *r, int64_t user, int64_t device)
{
	bool offline;

	revoked_add(device, clock_ms(), revoked_keep_ms());
	if (!redis_device_remove(user, device, &offline) || !offline)
		return;
	struct rows *rows = db_call(r, STATEMENT_PRESENCE_SEEN, param_id(user));
	(void)rows; /* a failure loses only a time of last_seen */
}

/*
 * Signs a device out. Its streams are closed within a second.
 * 204. 404 device_not_found.
 */
enum reply
delete_device(struct request *r)
{
	int64_t device = r->path_ids[0];
	struct rows *rows = db_call(r, STATEMENT_DEVICE_REVOKE, param_id(r->user), param_id(device));

	if (!rows)
		return REPLIED;
	rows_publish(rows, 1, 0);
	device_forget(r, r->user, device);
	return reply_status(r, 204);
}
