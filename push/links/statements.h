/* SPDX-License-Identifier: MIT */
/* Statements that push runs: each is one call of one SQL function. */
#ifndef PUSH_STATEMENTS_H
#define PUSH_STATEMENTS_H

enum query_name {
	QUERY_STATE,
	QUERY_RESET,
	QUERY_REVOKED,
	QUERY_TICKET,
	QUERY_DEVICE,
	QUERY_OPEN,
	QUERY_SYNC,
	QUERY_RANGE,
	QUERY_HEADS,
	QUERY_MEMBERS,
	QUERY_COUNTS,
	QUERY_ALLOWED,
	QUERY_RIGHTS,
	QUERY_LAST_SEEN,
	QUERY_MARKS_CLOCK,
	QUERY_MARKS,
	QUERY_READS,
	QUERY_SEEN,
	QUERY_DELIVER,
	QUERY_SEND,
	QUERIES
};

/*
 * Connection that a statement runs on. TENDING: revocations and the horizon only. SENDING: the
 * first of several connections.
 */
enum db_conn_name { READING, WRITING, TENDING, SENDING };

struct statement {
	const char *name, *sql;
	int params;
	enum db_conn_name conn;
};

extern const struct statement statements[QUERIES];

#endif
