/* SPDX-License-Identifier: MIT */
/* Values in PostgreSQL's binary format. */
#include "push/links/result.h"

#include <assert.h>
#include <endian.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "lib/chat/notification.h"

static int64_t
number(const char *bytes, int size)
{
	uint64_t eight;
	uint32_t four;

	switch (size) {
	case sizeof eight:
		memcpy(&eight, bytes, sizeof eight);
		return (int64_t)be64toh(eight);
	case sizeof four:
		memcpy(&four, bytes, sizeof four);
		return (int32_t)be32toh(four);
	default:
		assert(size == 1);
		return *bytes;
	}
}

int
result_rows(const PGresult *result)
{
	return PQntuples(result);
}

bool
result_is_null(const PGresult *result, int row, int column)
{
	return PQgetisnull(result, row, column);
}

const char *
result_text(const PGresult *result, int row, int column)
{
	return PQgetvalue(result, row, column);
}

size_t
result_length(const PGresult *result, int row, int column)
{
	return (size_t)PQgetlength(result, row, column);
}

int64_t
result_int(const PGresult *result, int row, int column)
{
	return PQgetisnull(result, row, column) ? 0 : number(PQgetvalue(result, row, column), PQgetlength(result, row, column));
}

/* Parses the user from a text. */
int64_t
result_removed_user(const PGresult *result, int row, int column)
{
	const char *value = PQgetvalue(result, row, column);

	return *value == '*' ? NOTIFICATION_REMOVES_ALL : strtoll(value, NULL, 10);
}

/*
 * Layout of an array. It begins with the number of dimensions (0: it is empty), whether it has
 * nulls, its type, and the length and lower bound of its one dimension. Then follow each element's
 * size and the element.
 */
enum { ARRAY_LENGTH = 12, ARRAY_ELEMENTS = 20, SIZE_BYTES = 4 };

struct result_array
result_array(const PGresult *result, int row, int column)
{
	const char *value = PQgetvalue(result, row, column);

	if (PQgetlength(result, row, column) < ARRAY_ELEMENTS + SIZE_BYTES)
		return (struct result_array){ 0 };
	return (struct result_array){
		.count = (int)number(value + ARRAY_LENGTH, SIZE_BYTES),
		.size = (int)number(value + ARRAY_ELEMENTS, SIZE_BYTES),
		.elements = value + ARRAY_ELEMENTS,
	};
}

int64_t
result_element(const struct result_array *a, int i)
{
	assert(i < a->count);
	return number(a->elements + i * (SIZE_BYTES + a->size) + SIZE_BYTES, a->size);
}
