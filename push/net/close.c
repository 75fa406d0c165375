/* SPDX-License-Identifier: MIT */
/* Table of close codes. */
#include "push/net/close.h"

#include <assert.h>

static const struct close_row rows[CLOSE_REASONS] = {
	[CLOSE_NONE] = { 0, "none", "internal_error", 500 },
	[CLOSE_NORMAL] = { 1000, "normal", "bad_request", 400 },
	[CLOSE_GONE] = { 0, "gone", "bad_request", 400 },
	[CLOSE_DRAIN] = { 4001, "drain", "shutting_down", 503 },
	[CLOSE_SLOW_READER] = { 4002, "slow_reader", "unavailable", 503 },
	[CLOSE_TOKEN_EXPIRED] = { 4003, "token_expired", "token_expired", 401 },
	[CLOSE_LIFETIME] = { 4004, "lifetime", "unavailable", 503 },
	[CLOSE_UNAVAILABLE] = { 4005, "unavailable", "unavailable", 503 },
	[CLOSE_IDLE] = { 4006, "idle", "bad_request", 400 },
	[CLOSE_TOO_MANY_STREAMS] = { 4007, "too_many_streams", "too_busy", 429 },
	[CLOSE_REVOKED] = { 4501, "revoked", "device_revoked", 401 },
	[CLOSE_BAD_CREDENTIALS] = { 4502, "bad_credentials", "unauthenticated", 401 },
	[CLOSE_PROTOCOL] = { 4503, "protocol", "bad_request", 400 },
	[CLOSE_FORBIDDEN_ORIGIN] = { 4504, "forbidden_origin", "bad_origin", 403 },
	[CLOSE_AUTH_TIMEOUT] = { 4505, "auth_timeout", "unauthenticated", 401 },
	[CLOSE_PROTOCOL_ERROR] = { 1002, "protocol_error", "bad_request", 400 },
	[CLOSE_UNSUPPORTED_DATA] = { 1003, "unsupported_data", "bad_request", 400 },
	[CLOSE_INVALID_UTF8] = { 1007, "invalid_utf8", "bad_request", 400 },
	[CLOSE_TOO_BIG] = { 1009, "too_big", "bad_request", 400 },
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
