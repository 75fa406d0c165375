/* SPDX-License-Identifier: MIT */
/*
 * Values of PostgreSQL's results in the binary format. Numbers need no parsing. Texts and JSON are
 * plain bytes.
 */
#ifndef PUSH_RESULT_H
#define PUSH_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A result of libpq. Other folders read it by these functions alone. */
typedef struct pg_result PGresult;

/* Returns the number of rows. */
int result_rows(const PGresult *result);

bool result_is_null(const PGresult *result, int row, int column);

/* Returns a text or JSON, with a NUL behind it, and its length; "" for null. */
const char *result_text(const PGresult *result, int row, int column);
size_t result_length(const PGresult *result, int row, int column);

/* Returns an id, number or boolean; 0 for null. */
int64_t result_int(const PGresult *result, int row, int column);

/* Returns the user who left with an event, as lib/chat/notification.h defines it. */
int64_t result_removed_user(const PGresult *result, int row, int column);

/*
 * Array of such values, of one dimension and without nulls. It points into the result and is valid
 * as long as that.
 */
struct result_array {
	int count, size; /* size: bytes of an element */
	const char *elements;
};

/* Returns the array in a column; an empty one for null. */
struct result_array result_array(const PGresult *result, int row, int column);
int64_t result_element(const struct result_array *a, int i);

#endif
