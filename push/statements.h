/* SPDX-License-Identifier: MIT */
/* Every statement that push runs: one call of one SQL function each. */
#ifndef PUSH_STATEMENTS_H
#define PUSH_STATEMENTS_H

enum store_statement {
	STORE_HORIZON,
	STORE_REVOKED,
	STORE_TICKET,
	STORE_OPEN,
	STORE_SYNC,
	STORE_RANGE,
	STORE_HEADS,
	STORE_MEMBERS,
	STORE_COUNTS,
	STORE_ALLOWED,
	STORE_SEEN,
	STORE_DELIVER,
	STORE_SEND,
	STORE_STATEMENTS
};

/* The connection that it is run on; SENDING: the first of several. */
enum lane_name { READING, WRITING, SENDING };

struct statement {
	const char *name, *sql;
	int params;
	enum lane_name lane;
};

extern const struct statement statements[STORE_STATEMENTS];

#endif
