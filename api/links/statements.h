/* SPDX-License-Identifier: MIT */
/* Every statement that the api runs. Each is named after its main SQL function. */
#ifndef API_STATEMENTS_H
#define API_STATEMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum statement {
	STATEMENT_CONVERSATION_DELETE,
	STATEMENT_CONVERSATION_DIRECT,
	STATEMENT_CONVERSATION_GET,
	STATEMENT_CONVERSATION_GROUP,
	STATEMENT_CONVERSATION_LIST,
	STATEMENT_CONVERSATION_READ,
	STATEMENT_CONVERSATION_UPDATE,
	STATEMENT_DEVICES_REVOKED,
	STATEMENT_DEVICE_SIGN_IN,
	STATEMENT_DEVICE_KNOWN,
	STATEMENT_DEVICE_LIST,
	STATEMENT_DEVICE_OF_TOKEN,
	STATEMENT_DEVICE_REFRESH,
	STATEMENT_DEVICE_REVOKE,
	STATEMENT_ID_NEW,
	STATEMENT_MEMBER_ADD,
	STATEMENT_MEMBER_LIST,
	STATEMENT_MEMBER_REMOVE,
	STATEMENT_MEMBER_ROLE,
	STATEMENT_MESSAGE_GET,
	STATEMENT_MESSAGE_LIST,
	STATEMENT_MESSAGE_RECEIPTS,
	STATEMENT_MESSAGES_SEND,
	STATEMENT_PRESENCE_ALLOWED,
	STATEMENT_PRESENCE_SEEN,
	STATEMENT_RECEIPTS_DELIVER,
	STATEMENT_RECEIPTS_UPDATE,
	STATEMENT_SCHEMA_RANGE,
	STATEMENT_SERVER_PROBE,
	STATEMENT_CLOCK_STATE,
	STATEMENT_CURSOR_RESET,
	STATEMENT_STREAM_STATE,
	STATEMENT_SYNC_EVENTS,
	STATEMENT_SYNC_SNAPSHOT,
	STATEMENT_TICKET_CREATE,
	STATEMENT_TYPING_CHECK,
	STATEMENT_USER_CREDENTIALS,
	STATEMENT_USER_FIND,
	STATEMENT_USER_GET,
	STATEMENT_USER_REGISTER,
	STATEMENT_USER_UPDATE,
	STATEMENTS,
};

struct statement_row {
	const char *name; /* name of the prepared statement and of the SQL function */
	int params;
	bool reads; /* writes sequences at most, so it may be repeated after its connection broke */
	const char *sql;
};

const struct statement_row *statement_row(enum statement s);

/* A parameter. The functions below make one. Texts and bytes must outlive the call. */
struct param {
	const char *text; /* NULL: the number, or null */
	int len;	  /* the length of bytes, which are not text; else 0 */
	bool is_number;
	int64_t number;
};

struct param param_id(int64_t id); /* 0 is null */
struct param param_number(int64_t number);
struct param param_text(const char *text); /* NULL is null */
struct param param_bytes(const unsigned char *bytes, int len);

enum { PARAMS = 12, NUMBER_BYTES = 24 };

/* Parameters in the form of libpq. */
struct params {
	const char *values[PARAMS];
	int lengths[PARAMS];
	int formats[PARAMS];
	char numbers[PARAMS][NUMBER_BYTES];
};
void params_set(struct params *out, const struct param *params, int n);

#endif
