/* SPDX-License-Identifier: MIT */
/* Ids as text. */
#include "lib/base/id.h"

#include <assert.h>
#include <string.h>

bool
id_parse(const char *text, size_t n, int64_t *id)
{
	uint64_t value = 0;

	if (n < 1 || n > 19 || text[0] == '0')
		return false;
	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	if (value > INT64_MAX)
		return false;
	*id = (int64_t)value;
	return true;
}

/*
 * Writes the digits by hand. Every query and reply contains ids, and snprintf costs ten times as
 * much.
 */
size_t
id_text(int64_t id, char out[ID_TEXT_BYTES])
{
	char text[ID_TEXT_BYTES] = "", *at = text + sizeof text - 1;

	assert(id >= 0);
	do
		*--at = (char)('0' + id % 10);
	while (id /= 10);
	size_t n = (size_t)(text + sizeof text - at);
	memcpy(out, at, n);
	return n - 1;
}
