/* SPDX-License-Identifier: MIT */
/* Bytes that are written once, never changed afterwards, and shared by reference count. */
#ifndef PUSH_BUFFER_H
#define PUSH_BUFFER_H

#include <stddef.h>
#include <stdint.h>

struct buffer {
	uint32_t refs;
	uint32_t len;
	char bytes[];
};

/* A part of a buffer, as a queue holds it. */
struct chunk {
	struct buffer *buffer;
	uint32_t offset;
	uint32_t len : 31;
	/* 1: the next chunk belongs to the same frame, so the queue is not cut between them */
	uint32_t more : 1;
};

/* Returns a buffer of len bytes for the caller to fill. The caller holds the only reference. */
struct buffer *buffer_new(size_t len);
struct buffer *buffer_from(const void *bytes, size_t len);

/* Shortens a buffer that has no other reference yet. */
struct buffer *buffer_shrink_take(struct buffer *b, size_t len);

struct buffer *buffer_ref(struct buffer *b);
void buffer_unref(struct buffer *b); /* NULL is legal */

#endif
