/* SPDX-License-Identifier: MIT */
/*
 * The sizes that are part of the contract. The database checks the same numbers, and GET /v1/server
 * returns them. The limits of a message's fields stand in lib/chat/message_draft.h.
 */
#ifndef LIB_LIMITS_H
#define LIB_LIMITS_H

#define KIB 1024

/*
 * A message as JSON, over a WebSocket or REST. An assertion in message_draft.c derives the number.
 * It is a literal here, because a setting's default is made from its text.
 */
#define LIMIT_MESSAGE_BYTES 507904

enum {
	LIMIT_DATA_BYTES = 16 * KIB, /* in PostgreSQL's spelling, numbers spelled out */
	LIMIT_DATA_DEPTH = 64,	     /* nested arrays and objects */
	LIMIT_NUMBER_BYTES = 64,     /* a number in data */
	LIMIT_EXPONENT_DIGITS = 3,
	LIMIT_MENTION_ALL_MEMBERS = 30, /* in larger groups not every member may mention all */
	LIMIT_NAME_BYTES = 32,
	LIMIT_DISPLAY_NAME_BYTES = 128,
	LIMIT_DEVICE_NAME_BYTES = 128,
	LIMIT_TITLE_BYTES = 256,
	LIMIT_PASSWORD_MIN_BYTES = 8,
	LIMIT_PASSWORD_BYTES = 1024,
	LIMIT_MEMBERS = 10000, /* in one group */
	/* in larger groups receipts have no names, and typing is off */
	LIMIT_MEMBERS_NAMED = 100,
	LIMIT_CONVERSATIONS = 10000, /* of one user, at a time */
	LIMIT_MEMBERS_BATCH = 200,   /* added by one request */
	LIMIT_RECEIPTS_BATCH = 200,
	LIMIT_PRESENCE_USERS = 500, /* in one query or watch list */
	LIMIT_PAGE = 200,
	LIMIT_PAGE_DEFAULT = 50,
	LIMIT_PAGE_BYTES = 1024 * KIB, /* of JSON, unless its only row is longer */
	LIMIT_CURSOR_BYTES = 1023,     /* as text */
	LIMIT_DEVICES = 50,	       /* signed in, per user */
	LIMIT_REQUEST_ID_BYTES = 64,
	LIMIT_TYPING_SECONDS = 6,
	LIMIT_TYPING_INTERVAL_MS = 3000,
	LIMIT_TYPING_ELSEWHERE_MS = 1000, /* in another conversation */
};

#endif
