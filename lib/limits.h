/* SPDX-License-Identifier: MIT */
/* The sizes that are part of the contract: the database checks the same numbers, GET /v1/server tells them. */
#ifndef LIB_LIMITS_H
#define LIB_LIMITS_H

#define KIB 1024

enum {
	LIMIT_TEXT_BYTES = 64 * KIB,
	LIMIT_DATA_BYTES = 16 * KIB,
	LIMIT_CLIENT_ID_BYTES = 64,
	LIMIT_NAME_BYTES = 32,
	LIMIT_DISPLAY_NAME_BYTES = 128,
	LIMIT_DEVICE_NAME_BYTES = 128,
	LIMIT_TITLE_BYTES = 256,
	LIMIT_PASSWORD_MIN_BYTES = 8,
	LIMIT_PASSWORD_BYTES = 1024,
	LIMIT_MEMBERS = 10000,	   /* in one group */
	LIMIT_MEMBERS_NAMED = 100, /* up to here receipts carry names, and typing is on */
	LIMIT_MEMBERS_BATCH = 200, /* added by one request */
	LIMIT_RECEIPTS_BATCH = 200,
	LIMIT_PRESENCE_USERS = 500, /* in one query or watch list */
	LIMIT_PAGE = 200,
	LIMIT_PAGE_DEFAULT = 50,
	LIMIT_CURSOR_BYTES = 1023, /* as text */
	LIMIT_DEVICES = 50,	   /* signed in, per user */
	LIMIT_REQUEST_ID_BYTES = 64,
	LIMIT_TYPING_SECONDS = 6,
	LIMIT_TYPING_INTERVAL_MS = 3000,
	LIMIT_TYPING_ELSEWHERE_MS = 1000, /* in another conversation */
};

#endif
