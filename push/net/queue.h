/* SPDX-License-Identifier: MIT */
/*
 * Output queue of a connection: a ring of chunks, written by as few system calls as possible. All
 * zero is an empty queue.
 */
#ifndef PUSH_QUEUE_H
#define PUSH_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "push/net/buffer.h"

enum {
	CHUNK_LEN_MASK = 0x7fffffff,
	QUEUE_SPARE = 6, /* chunks for which queue_has_room finds places */
};

/*
 * A queue. One chunk has its place in the struct itself, because most wait alone and not for long.
 * The ring exists while there were more.
 */
struct queue {
	uint32_t bytes; /* bytes that are still to be sent */
	uint32_t sent;	/* bytes of the first chunk that were sent */
	uint16_t head, count;
	uint16_t room;	/* places of the ring; 0: no ring, only one */
	bool mid_frame; /* the first chunk is not the first one of its frame */
	union {
		struct chunk one;
		struct chunk *ring;
	};
};

/* Adds a part of a buffer, with a reference of its own. */
void queue_add(struct queue *q, struct chunk k);

/* Returns whether so many bytes fit, up to a limit. */
bool queue_has_room(const struct queue *q, uint32_t len, uint32_t limit);

/*
 * Empties the queue. queue_take returns its bytes in one buffer, which the caller owns. queue_drop
 * drops all. queue_drop_unsent keeps a frame that was sent in part.
 */
struct buffer *queue_take(struct queue *q);
void queue_drop(struct queue *q);
void queue_drop_unsent(struct queue *q);

enum queue_result {
	QUEUE_SENT,    /* all bytes were sent */
	QUEUE_BLOCKED, /* the socket takes no further bytes for now */
	QUEUE_BROKEN,  /* the connection is lost */
};

/* Sends as much as the socket takes. bytes receives the number of bytes. */
enum queue_result queue_write(struct queue *q, int fd, uint64_t *bytes);

/*
 * Copies several chunks into one. Does nothing when a part was sent, or when they have more bytes
 * than most.
 */
void queue_join(struct queue *q, uint32_t most);

/*
 * Returns whether the queue is one block. Then the caller may send it, and reports by queue_sent
 * how many bytes were sent.
 */
bool queue_block(struct queue *q, const char **bytes, uint32_t *len);
void queue_sent(struct queue *q, uint32_t n);

#endif
