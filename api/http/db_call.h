/* SPDX-License-Identifier: MIT */
/*
 * Calls of SQL functions. All threads of a worker share two pools of connections:
 * settings.api_connections for reads, and settings.api_write_connections for other statements. One
 * user gets at most half of a pool. A call waits for a connection and for its result up to
 * settings.api_wait_ms. After that the reply is 503 unavailable.
 */
#ifndef API_DB_CALL_H
#define API_DB_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "api/http/reply.h"
#include "api/links/statements.h"

struct rows;

/* Makes the pools, whose connections open on demand. Called once, before threads start. */
void db_calls_open(void);
void db_calls_close(void);

/*
 * Calls a function. Returns its rows, which live as long as the request. Returns NULL when it has
 * replied: with the error that SQL raised, with 500, or with 503. Repeats a statement after a
 * deadlock, and a read after its connection broke.
 */
struct rows *db_call_run(struct request *r, enum statement s, const struct param *params, int n) __attribute__((warn_unused_result));
#define db_call(r, s, ...) db_call_run(r, s, (const struct param[]){ { 0 }, ##__VA_ARGS__ } + 1, DB_CALL_PARAMS(__VA_ARGS__))
#define DB_CALL_PARAMS(...) (int)(sizeof((const struct param[]){ { 0 }, ##__VA_ARGS__ }) / sizeof(struct param)) - 1

int rows_count(const struct rows *rows);

/* Returns a value as text, or NULL for null. */
const char *rows_text(const struct rows *rows, int row, int column);

/* Returns a number, or 0 for null. */
int64_t rows_number(const struct rows *rows, int row, int column);

/* Replies with the first value as the body. rows is NULL when the reply was made before. */
enum reply reply_rows(struct request *r, int status, const struct rows *rows);

/*
 * Replies with the body of the first row (column 1, its channel is null). Publishes the other rows
 * (channel, payload), which are notifications for streams. They are committed by now. 204 is sent
 * without the body. rows is NULL when the reply was made before.
 */
enum reply reply_publish(struct request *r, int status, const struct rows *rows);

/* Publishes the rows from `first` on. The channel is in `column`, the payload in the next one. */
void rows_publish(const struct rows *rows, int first, int column);

#endif
