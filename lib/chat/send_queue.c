/* SPDX-License-Identifier: MIT */
/*
 * Messages that wait to be stored: a line for each conversation, and batches. send_queue.h has the
 * invariants.
 */
#include "lib/chat/send_queue.h"

#include <assert.h>
#include <stdlib.h>

#include "lib/base/memory.h"

/* The messages of a conversation that wait or are in a batch. The line exists while it has any. */
struct send_line {
	int64_t conversation;
	STAILQ_HEAD(send_entries, send_entry) entries;
	int count;
	size_t bytes;
	bool busy;    /* another transaction holds the conversation's locks */
	bool running; /* a batch has messages of the line */
	bool late;    /* that batch has not ended, though its messages were answered */
	TAILQ_ENTRY(send_line) link;
};

/* ---- lines ---- */

static struct send_lines *
line_list(struct send_queue *q, const struct send_line *l)
{
	if (l->running)
		return &q->running;
	return l->busy ? &q->busy : &q->ready;
}

static void
line_unlink(struct send_queue *q, struct send_line *l)
{
	struct send_lines *list = line_list(q, l);

	TAILQ_REMOVE(list, l, link);
	if (list == &q->ready)
		q->ready_count -= l->count;
}

static void
line_link(struct send_queue *q, struct send_line *l, bool first)
{
	struct send_lines *list = line_list(q, l);

	if (first)
		TAILQ_INSERT_HEAD(list, l, link);
	else
		TAILQ_INSERT_TAIL(list, l, link);
	if (list == &q->ready)
		q->ready_count += l->count;
}

static struct send_line *
line_new(struct send_queue *q, int64_t conversation)
{
	struct send_line *l = memory_alloc(sizeof *l);

	*l = (struct send_line){ .conversation = conversation };
	STAILQ_INIT(&l->entries);
	map_put(&q->lines, conversation, l);
	line_link(q, l, false);
	return l;
}

static void
line_free(struct send_queue *q, struct send_line *l)
{
	map_remove(&q->lines, l->conversation);
	free(l);
}

static void
line_count(struct send_queue *q, struct send_line *l, const struct send_entry *e, int by)
{
	size_t bytes = by > 0 ? e->size : -e->size;

	l->count += by;
	l->bytes += bytes;
	q->count += by;
	q->bytes += bytes;
	if (line_list(q, l) == &q->ready)
		q->ready_count += by;
	if (q->count == 0)
		q->earliest_ms = INT64_MAX;
	else if (by > 0 && e->deadline_ms < q->earliest_ms)
		q->earliest_ms = e->deadline_ms;
}

static struct send_entry *
line_take(struct send_queue *q, struct send_line *l)
{
	struct send_entry *e = STAILQ_FIRST(&l->entries);

	STAILQ_REMOVE_HEAD(&l->entries, next);
	line_count(q, l, e, -1);
	return e;
}

/* ---- the queue ---- */

void
send_queue_init(struct send_queue *q)
{
	*q = (struct send_queue){ .earliest_ms = INT64_MAX };
	TAILQ_INIT(&q->ready);
	TAILQ_INIT(&q->busy);
	TAILQ_INIT(&q->running);
}

void
send_queue_free(struct send_queue *q)
{
	assert(q->count == 0 && TAILQ_EMPTY(&q->running));
	map_free(&q->lines);
}

void
send_queue_add(struct send_queue *q, struct send_entry *e)
{
	struct send_line *l = map_get(&q->lines, e->conversation);

	if (!l)
		l = line_new(q, e->conversation);
	e->batch_most = SEND_BATCH_MOST;
	STAILQ_INSERT_TAIL(&l->entries, e, next);
	line_count(q, l, e, 1);
}

bool
send_queue_is_stuck(const struct send_queue *q, int64_t conversation, int most, size_t bytes_most)
{
	const struct send_lines *lists[] = { &q->busy, &q->running };
	const struct send_line *l = map_get(&q->lines, conversation);
	size_t bytes = 0;
	int count = 0;

	if (!l || l->late || !l->busy)
		return l && l->late;
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		TAILQ_FOREACH(l, lists[i], link)
		{
			count += l->busy ? l->count : 0;
			bytes += l->busy ? l->bytes : 0;
		}
	return count >= most || bytes >= bytes_most;
}

static bool
batch_has_room(const struct send_batch *b, const struct send_entry *e, size_t bytes)
{
	if (b->count == 0)
		return true;
	return b->count < b->most && b->count < e->batch_most && b->bytes + e->size <= bytes;
}

/*
 * Moves messages from a line to the batch while they fit. Returns false when some remain and the
 * batch is full.
 */
static bool
batch_add(struct send_queue *q, struct send_batch *b, struct send_line *l, size_t bytes)
{
	while (!STAILQ_EMPTY(&l->entries)) {
		if (!batch_has_room(b, STAILQ_FIRST(&l->entries), bytes))
			return false;
		struct send_entry *e = line_take(q, l);
		b->bytes += e->size;
		if (e->batch_most < b->most)
			b->most = e->batch_most;
		b->lines[b->count] = l;
		b->busy[b->count] = false;
		b->entries[b->count++] = e;
	}
	return true;
}

int
send_queue_take(struct send_queue *q, struct send_batch *b, bool busy, int most, size_t bytes)
{
	struct send_lines *list = busy ? &q->busy : &q->ready;
	struct send_line *l;
	bool room = true;

	assert(most <= SEND_BATCH_MOST);
	b->count = 0;
	b->most = most;
	b->bytes = 0;
	while (room && (l = TAILQ_FIRST(list))) {
		int before = b->count;
		room = batch_add(q, b, l, bytes);
		if (b->count == before)
			break;
		line_unlink(q, l);
		l->running = true;
		line_link(q, l, false);
	}
	return b->count;
}

/*
 * Moves a line from its batch to the ready or busy lines, or frees an empty one. A ready line whose
 * messages wait again becomes the first.
 */
static void
line_finish(struct send_queue *q, struct send_line *l, bool busy, bool again)
{
	line_unlink(q, l);
	l->running = false;
	l->late = false;
	l->busy = busy;
	if (l->count == 0)
		line_free(q, l);
	else
		line_link(q, l, again && !busy);
}

void
send_queue_finish(struct send_queue *q, struct send_batch *b)
{
	bool busy = false, again = false;

	for (int i = b->count; i-- > 0;) {
		struct send_line *l = b->lines[i];
		struct send_entry *e = b->entries[i];
		if (e) {
			STAILQ_INSERT_HEAD(&l->entries, e, next);
			line_count(q, l, e, 1);
			again = true;
			busy = busy || b->busy[i];
		}
		if (i > 0 && b->lines[i - 1] == l)
			continue;
		line_finish(q, l, busy, again);
		busy = again = false;
	}
	b->count = 0;
}

/*
 * Finds a line whose first message has passed its deadline. The first message has the line's
 * earliest deadline. Lowers *earliest_ms to the other lines' deadlines.
 */
static struct send_line *
list_expired(const struct send_lines *list, int64_t now_ms, int64_t *earliest_ms)
{
	struct send_line *l;

	TAILQ_FOREACH(l, list, link)
	{
		const struct send_entry *e = STAILQ_FIRST(&l->entries);
		if (!e)
			continue;
		if (e->deadline_ms <= now_ms)
			return l; /* cppcheck-suppress uninitvar - TAILQ_FOREACH sets it */
		if (e->deadline_ms < *earliest_ms)
			*earliest_ms = e->deadline_ms;
	}
	return NULL;
}

struct send_entry *
send_queue_expire(struct send_queue *q, int64_t now_ms)
{
	const struct send_lines *lists[] = { &q->ready, &q->busy, &q->running };
	int64_t earliest_ms = INT64_MAX;

	if (now_ms < q->earliest_ms || q->count == 0)
		return NULL;
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
		struct send_line *l = list_expired(lists[i], now_ms, &earliest_ms);
		if (!l)
			continue;
		struct send_entry *e = line_take(q, l);
		if (l->count == 0 && !l->running) {
			line_unlink(q, l);
			line_free(q, l);
		}
		return e;
	}
	q->earliest_ms = earliest_ms;
	return NULL;
}

/* ---- a batch ---- */

int64_t
send_batch_conversation(const struct send_batch *b, int i)
{
	return b->lines[i]->conversation;
}

struct send_entry *
send_batch_take(struct send_batch *b, int i)
{
	struct send_entry *e = b->entries[i];

	b->entries[i] = NULL;
	return e;
}

struct send_entry *
send_batch_expire(struct send_batch *b, int64_t now_ms)
{
	for (int i = 0; i < b->count; i++)
		if (b->entries[i] && b->entries[i]->deadline_ms <= now_ms)
			return send_batch_take(b, i);
	return NULL;
}

int64_t
send_batch_deadline(const struct send_batch *b)
{
	int64_t earliest = INT64_MAX;

	for (int i = 0; i < b->count; i++)
		if (b->entries[i] && b->entries[i]->deadline_ms < earliest)
			earliest = b->entries[i]->deadline_ms;
	return earliest;
}

void
send_batch_late(struct send_batch *b)
{
	for (int i = 0; i < b->count; i++)
		b->lines[i]->late = true;
}

void
send_batch_halve(struct send_batch *b)
{
	for (int i = 0; i < b->count; i++)
		if (b->entries[i])
			b->entries[i]->batch_most = b->count > 1 ? (b->count + 1) / 2 : 1;
}
