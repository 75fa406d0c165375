/* SPDX-License-Identifier: MIT */
/* Memory allocation that never fails: the program aborts instead. */
#include "lib/base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *
memory_checked(void *p, size_t size)
{
	if (!p && size > 0) {
		fprintf(stderr, "out of memory: %zu bytes\n", size);
		abort();
	}
	return p;
}

void *
memory_alloc(size_t size)
{
	return memory_checked(calloc(1, size), size);
}

void *
memory_resize(void *old, size_t size)
{
	return memory_checked(realloc(old, size), size);
}

void *
memory_dup(const void *from, size_t size)
{
	void *p = memory_checked(malloc(size ? size : 1), size);

	if (size)
		memcpy(p, from, size);
	return p;
}

char *
memory_strdup(const char *text)
{
	return memory_dup(text, strlen(text) + 1);
}

void *
memory_grow(void *list, size_t count, size_t *room, size_t size)
{
	enum { ROOM_AT_FIRST = 64 };

	if (count < *room)
		return list;
	*room = *room ? *room * 2 : ROOM_AT_FIRST;
	return memory_resize(list, *room * size);
}
