/* SPDX-License-Identifier: MIT */
/* Table of close codes. */
#include "push/net/close.h"

#include <assert.h>

static const struct close_row rows[CLOSE_REASONS] = {
	[CLOSE_NONE] = { 0, "none", ERROR_INTERNAL },
	[CLOSE_NORMAL] = { 1000, "normal", ERROR_BAD_REQUEST },
	[CLOSE_GONE] = { 0, "gone", ERROR_BAD_REQUEST },
	[CLOSE_DRAIN] = { 4001, "drain", ERROR_SHUTTING_DOWN },
	[CLOSE_SLOW_READER] = { 4002, "slow_reader", ERROR_UNAVAILABLE },
	[CLOSE_TOKEN_EXPIRED] = { 4003, "token_expired", ERROR_TOKEN_EXPIRED },
	[CLOSE_LIFETIME] = { 4004, "lifetime", ERROR_UNAVAILABLE },
	[CLOSE_UNAVAILABLE] = { 4005, "unavailable", ERROR_UNAVAILABLE },
	[CLOSE_IDLE] = { 4006, "idle", ERROR_BAD_REQUEST },
	[CLOSE_TOO_MANY_STREAMS] = { 4007, "too_many_streams", ERROR_TOO_BUSY },
	[CLOSE_REVOKED] = { 4501, "revoked", ERROR_DEVICE_REVOKED },
	[CLOSE_BAD_CREDENTIALS] = { 4502, "bad_credentials", ERROR_UNAUTHENTICATED },
	[CLOSE_PROTOCOL] = { 4503, "protocol", ERROR_BAD_REQUEST },
	[CLOSE_FORBIDDEN_ORIGIN] = { 4504, "forbidden_origin", ERROR_BAD_ORIGIN },
	[CLOSE_AUTH_TIMEOUT] = { 4505, "auth_timeout", ERROR_UNAUTHENTICATED },
	[CLOSE_PROTOCOL_ERROR] = { 1002, "protocol_error", ERROR_BAD_REQUEST },
	[CLOSE_UNSUPPORTED_DATA] = { 1003, "unsupported_data", ERROR_BAD_REQUEST },
	[CLOSE_INVALID_UTF8] = { 1007, "invalid_utf8", ERROR_BAD_REQUEST },
	[CLOSE_TOO_BIG] = { 1009, "too_big", ERROR_BAD_REQUEST },
};

const struct close_row *
close_row(enum close_reason why)
{
	assert(why < CLOSE_REASONS);
	return &rows[why];
}

int
close_comes_back(enum close_reason why)
{
	return rows[why].code >= 4000 && rows[why].code < 4500;
}

enum close_reason
close_of_frame(int code)
{
	switch (code) {
	case 1007:
		return CLOSE_INVALID_UTF8;
	case 1009:
		return CLOSE_TOO_BIG;
	default:
		return CLOSE_PROTOCOL_ERROR;
	}
}

void
close_print(FILE *to)
{
	for (int i = CLOSE_DRAIN; i < CLOSE_REASONS; i++)
		fprintf(to, "%d %s\n", rows[i].code, rows[i].name);
}
