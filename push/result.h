/* SPDX-License-Identifier: MIT */
/* What a result of PostgreSQL holds. It comes in the binary format, where numbers need no reading; texts and json are as they are. */
#ifndef PUSH_RESULT_H
#define PUSH_RESULT_H

#include <libpq-fe.h>
#include <stdint.h>

/* An id, number or boolean (null: 0). */
int64_t result_int(const PGresult *result, int row, int column);

/* Who has left with an event, as lib/doorbell.h has it. */
int64_t result_gone(const PGresult *result, int row, int column);

/* An array of such, of one dimension and without nulls. It lies in the result, and is good as long as that is. */
struct result_array {
	int count, size; /* bytes of an element */
	const char *elements;
};

/* null: none. */
struct result_array result_array(const PGresult *result, int row, int column);
int64_t result_element(const struct result_array *a, int i);

#endif
