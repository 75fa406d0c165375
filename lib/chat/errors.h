/* SPDX-License-Identifier: MIT */
/* Every error that a client receives: its code, its status and its title. */
#ifndef LIB_ERRORS_H
#define LIB_ERRORS_H

#include <stdio.h>

enum error {
	ERROR_NONE,
	ERROR_MALFORMED_JSON,
	ERROR_BAD_REQUEST,
	ERROR_UNAUTHENTICATED,
	ERROR_TOKEN_EXPIRED,
	ERROR_INVALID_CREDENTIALS,
	ERROR_INVALID_REFRESH_TOKEN,
	ERROR_REFRESH_TOKEN_REUSED,
	ERROR_DEVICE_REVOKED,
	ERROR_FORBIDDEN,
	ERROR_NOT_A_MEMBER,
	ERROR_REGISTRATION_CLOSED,
	ERROR_BAD_ORIGIN,
	ERROR_ROUTE_NOT_FOUND,
	ERROR_USER_NOT_FOUND,
	ERROR_MESSAGE_NOT_FOUND,
	ERROR_DEVICE_NOT_FOUND,
	ERROR_MEMBER_NOT_FOUND,
	ERROR_METHOD_NOT_ALLOWED,
	ERROR_NAME_TAKEN,
	ERROR_CLIENT_ID_REUSED,
	ERROR_DIRECT_CONVERSATION,
	ERROR_BODY_TOO_LARGE,
	ERROR_TEXT_TOO_LONG,
	ERROR_UNSUPPORTED_MEDIA_TYPE,
	ERROR_INVALID_BODY,
	ERROR_UNKNOWN_FIELD,
	ERROR_UNKNOWN_TYPE,
	ERROR_INVALID_PARAMETER,
	ERROR_UNKNOWN_ANCHOR,
	ERROR_UNKNOWN_REPLY,
	ERROR_TOO_MANY_MENTIONS,
	ERROR_INVALID_CURSOR,
	ERROR_TOO_MANY_MEMBERS,
	ERROR_TOO_MANY_CONVERSATIONS,
	ERROR_INVALID_NAME,
	ERROR_RATE_LIMITED,
	ERROR_TOO_BUSY,
	ERROR_INTERNAL,
	ERROR_UNAVAILABLE,
	ERROR_SHUTTING_DOWN,
	ERRORS,
};

struct error_row {
	const char *code; /* for programs; the same in openapi.yaml and in SQL */
	int status;
	const char *title; /* for people */
};

/* Returns the row of an error other than ERROR_NONE. */
const struct error_row *error_row(enum error e);

/* Returns the error of a code, as SQL raises it, or ERROR_NONE for an unknown code. */
enum error error_find(const char *code);

/* Prints "code status" lines (banter-api --errors). */
void errors_print(FILE *to);

#endif
