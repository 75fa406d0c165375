/* SPDX-License-Identifier: MIT */
/* Limits of work, for requests that may cause much of it. */
#include "api/routes/work.h"

#include "api/http/reply.h"
#include "lib/auth/limiter.h"

bool
work_allows_members(struct request *r, long members)
{
	struct allowance a = limiter_take_many(RATE_MEMBERS, (uint64_t)r->user, members, r->started_us);

	if (a.allowed)
		return true;
	reply_header(r, "Retry-After", "%ld", a.retry_seconds);
	reply_error_detail(r, ERROR_RATE_LIMITED, "too many members were added within a minute");
	return false;
}
