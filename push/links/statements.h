/* SPDX-License-Identifier: MIT */
/* Statements that push runs: each is one call of one SQL function. */
#ifndef PUSH_STATEMENTS_H
#define PUSH_STATEMENTS_H

enum store_statement {
	STORE_STATE,
	STORE_RESET,
	STORE_REVOKED,
	STORE_TICKET,
	STORE_DEVICE,
	STORE_OPEN,
	STORE_SYNC,
	STORE_RANGE,
	STORE_HEADS,
	STORE_MEMBERS,
	STORE_COUNTS,
	STORE_ALLOWED,
	STORE_RIGHTS,
	STORE_LAST_SEEN,
	STORE_MARKS_CLOCK,
	STORE_MARKS,
	STORE_READS,
	STORE_SEEN,
	STORE_DELIVER,
	STORE_SEND,
	STORE_STATEMENTS
};

/*
 * Lane that a statement runs on. TENDING: revocations and the horizon only. SENDING: the first of
 * several lanes.
 */
enum lane_name { READING, WRITING, TENDING, SENDING };

struct statement {
	const char *name, *sql;
	int params;
	enum lane_name lane;
};

extern const struct statement statements[STORE_STATEMENTS];

#endif
