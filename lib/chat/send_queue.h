/* SPDX-License-Identifier: MIT */
/*
 * Messages that wait to be stored. The queue has a line for each conversation, and fills batches of
 * messages from the lines.
 *
 * Terms
 *     line     the messages of a conversation that wait or are in a batch
 *     ready    a line whose messages may go into any batch
 *     busy     a line whose conversation another transaction holds (the database returned `busy`)
 *     running  a line of which a batch has messages
 *     late     a running line whose batch has not ended, though the messages in it were answered
 *
 * Invariants
 * 1. A line is in one of three lists: ready, busy or running. So a conversation is in one batch at
 *    a time, and its messages are stored in the order in which they were added.
 * 2. A batch has messages of ready lines only, or of busy lines only. A busy line waits for its
 *    locks in batches of its own kind, and its later messages stay behind the earlier ones.
 * 3. After a batch has failed as a whole, its messages go into batches of half its size. So the
 *    message that causes the failure ends up alone.
 * 4. A message can be taken out at its deadline, whether it waits or is in a batch.
 *
 * A queue belongs to one thread, or a lock guards it.
 */
#ifndef LIB_SEND_QUEUE_H
#define LIB_SEND_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "lib/base/map.h"

enum {
	SEND_BATCH_MOST = 256,
	/* for a batch that waits for locks; then the next busy line has its turn */
	SEND_WAIT_MS = 100,
	/* a batch is not late before this: one that waits for locks has ended by then */
	SEND_GRACE_MS = 500,
	/* a batch that runs longer than this does not delay the next one */
	SEND_LATE_MS = 50,
	SEND_TRY_PAUSE_MS = 20, /* between two tries, if no connection is free for waiting */
	SEND_TRIES = 5,		/* of a message whose batch is a deadlock's victim */
};

/* The queue's part of a message. The message's owner sets conversation, deadline_ms and size. */
struct send_entry {
	int64_t conversation;
	int64_t deadline_ms;
	size_t size;
	int batch_most; /* the largest batch that may still contain the message */
	STAILQ_ENTRY(send_entry) next;
};

struct send_line;
TAILQ_HEAD(send_lines, send_line);

struct send_queue {
	struct map lines; /* by conversation */
	struct send_lines ready, busy, running;
	int count, ready_count; /* all waiting messages, and those of ready lines */
	size_t bytes;		/* of all waiting messages */
	int64_t earliest_ms;	/* no waiting message has an earlier deadline */
};

/* Messages that go to the database together. */
struct send_batch {
	int count, most; /* most: limit of the count, by the messages so far */
	size_t bytes;
	struct send_entry *entries[SEND_BATCH_MOST]; /* NULL: answered */
	/* the database returned `busy` for the message */
	bool busy[SEND_BATCH_MOST];
	struct send_line *lines[SEND_BATCH_MOST];
};

void send_queue_init(struct send_queue *q);

/* Frees the queue, which is empty and has no batch under way. */
void send_queue_free(struct send_queue *q);

void send_queue_add(struct send_queue *q, struct send_entry *e);

/*
 * Returns whether one more message of a conversation would most likely wait in vain. Its line is
 * late, or it is busy while so many messages or bytes of busy lines wait already.
 */
bool send_queue_is_stuck(const struct send_queue *q, int64_t conversation, int most, size_t bytes_most);

/*
 * Fills a batch from the ready lines or from the busy ones. Returns the count of its messages. The
 * first message may be larger than `bytes`.
 */
int send_queue_take(struct send_queue *q, struct send_batch *b, bool busy, int most, size_t bytes);

/* Ends a batch. Its remaining messages wait again, before all later ones of their conversations. */
void send_queue_finish(struct send_queue *q, struct send_batch *b);

/* Removes and returns a waiting message whose deadline has passed, or returns NULL. */
struct send_entry *send_queue_expire(struct send_queue *q, int64_t now_ms);

/* Returns the conversation of message i. */
int64_t send_batch_conversation(const struct send_batch *b, int i);

/* Takes message i out of the batch, to answer it. Returns NULL when it was taken before. */
struct send_entry *send_batch_take(struct send_batch *b, int i);

/* Takes out a message whose deadline has passed, or returns NULL. */
struct send_entry *send_batch_expire(struct send_batch *b, int64_t now_ms);

/* Returns the earliest deadline in the batch, or INT64_MAX when all messages were taken out. */
int64_t send_batch_deadline(const struct send_batch *b);

/* Marks the lines of a batch as late: its messages were answered before the batch ended. */
void send_batch_late(struct send_batch *b);

/* Halves the batches of the remaining messages, because the batch has failed as a whole. */
void send_batch_halve(struct send_batch *b);

#endif
