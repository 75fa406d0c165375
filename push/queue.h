/* SPDX-License-Identifier: MIT */
/* What a connection has still to send: a ring of chunks, written by as few system calls as can be. All zero is an empty one. */
#ifndef PUSH_QUEUE_H
#define PUSH_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

enum { CHUNK_LEN_MASK = 0x7fffffff };

/* One chunk has its place in the queue itself: most wait alone, and not for long. A ring is there as long as there were more. */
struct queue {
	uint32_t bytes; /* that have still to go */
	uint32_t sent;	/* bytes of the first chunk that are out */
	uint16_t head, count;
	uint16_t room;	/* of the ring; 0: there is none, but the one */
	bool mid_frame; /* the first chunk is not the first of its frame */
	union {
		struct chunk one;
		struct chunk *ring;
	};
};

/* Adds a part of a buffer (refs it). */
void queue_add(struct queue *q, struct chunk k);

/* May so many bytes be added, up to a limit? */
bool queue_has_room(const struct queue *q, uint32_t len, uint32_t limit);

/* Empties the queue: into one buffer, which becomes the caller's; into nothing; or but for the frame that is partly out. */
struct buffer *queue_take(struct queue *q);
void queue_drop(struct queue *q);
void queue_drop_unsent(struct queue *q);

enum queue_result {
	QUEUE_SENT,    /* all is out */
	QUEUE_BLOCKED, /* the socket takes no more for now */
	QUEUE_BROKEN,  /* the peer is gone */
};

/* Sends as much as the socket takes; bytes: how many those were. */
enum queue_result queue_write(struct queue *q, int fd, uint64_t *bytes);

/* Copies what waits in several chunks into one, unless a part of it is out, or it is more than so many bytes. */
void queue_join(struct queue *q, uint32_t most);

/* Is all that waits one block? Then who calls may send it, and says by queue_sent how many bytes of it are out. */
bool queue_block(struct queue *q, const char **bytes, uint32_t *len);
void queue_sent(struct queue *q, uint32_t n);

#endif
