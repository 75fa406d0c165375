/* SPDX-License-Identifier: MIT */
/*
 * Calls of SQL functions. A pool of settings.api_connections links serves all threads of a worker; a call waits for a link and for its
 * answer up to settings.api_wait_ms, then it is answered 503 unavailable.
 */
#ifndef API_CALL_H
#define API_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "reply.h"
#include "statements.h"

struct rows;

/* Makes the pool; connections come when they are needed. Once, before threads. */
void calls_open(void);
void calls_close(void);

/*
 * Calls the function and gives its rows, which live as long as the request. NULL when the reply has been made: the caller's mistake as SQL
 * names it, or 500, or 503. Deadlocks are tried again, and reads whose connection broke.
 */
struct rows *call_run(struct request *r, enum statement s, const struct param *params, int n) __attribute__((warn_unused_result));
#define call(r, s, ...) call_run(r, s, (const struct param[]){ { 0 }, ##__VA_ARGS__ } + 1, CALL_COUNT(__VA_ARGS__))
#define CALL_COUNT(...) (int)(sizeof((const struct param[]){ { 0 }, ##__VA_ARGS__ }) / sizeof(struct param)) - 1

int rows_count(const struct rows *rows);

/* A value as text; NULL when it is null. */
const char *rows_text(const struct rows *rows, int row, int column);

/* A value that is a number, 0 when it is null. */
int64_t rows_number(const struct rows *rows, int row, int column);

/* Replies with the first value, which is the body; NULL rows: the reply has been made. */
enum reply reply_rows(struct request *r, int status, const struct rows *rows);

/*
 * Replies with the body that is in the first row (column 1, its channel is null), and publishes the others: (channel, payload), what the
 * streams have to hear of, now that it is committed. 204 goes without the body. NULL rows: the reply has been made.
 */
enum reply reply_rings(struct request *r, int status, const struct rows *rows);

/* Publishes the rows from `first` on; the channel stands in `column`, the payload behind it. */
void rows_ring(const struct rows *rows, int first, int column);

#endif
