/* SPDX-License-Identifier: MIT */
/* Shared, immutable bytes. */
#include "push/net/buffer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "push/net/metrics.h"

struct buffer *
buffer_new(size_t len)
{
	assert(len <= UINT32_MAX);
	struct buffer *b = memory_resize(NULL, sizeof *b + len);

	b->refs = 1;
	b->len = (uint32_t)len;
	metrics.buffer_bytes += b->len;
	return b;
}

struct buffer *
buffer_from(const void *bytes, size_t len)
{
	struct buffer *b = buffer_new(len);

	memcpy(b->bytes, bytes, len);
	return b;
}

struct buffer *
buffer_shrink_take(struct buffer *b, size_t len)
{
	assert(b->refs == 1 && len <= b->len);
	metrics.buffer_bytes -= b->len - len;
	b->len = (uint32_t)len;
	return memory_resize(b, sizeof *b + len);
}

struct buffer *
buffer_ref(struct buffer *b)
{
	b->refs++;
	return b;
}

void
buffer_unref(struct buffer *b)
{
	if (!b || --b->refs > 0)
		return;
	metrics.buffer_bytes -= b->len;
	free(b);
}
