/* SPDX-License-Identifier: MIT */
/* The queue of messages against a database that is busy, fails and is late at random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "chance.h"
#include "lib/chat/send_queue.h"

enum { ROOMS = 5, MESSAGES = 20000, WAIT_MS = 50, BATCHES = 3, MOST = 8 };

struct message {
	struct send_entry entry;
	int number;
	bool poison;
};

struct fixture {
	struct send_queue queue;
	struct send_batch batches[BATCHES];
	bool in_batch[ROOMS + 1];
	int last[ROOMS + 1]; /* number of the last stored message */
	int answered, stored;
};

static void
message_end(struct fixture *f, struct send_entry *e, bool stored)
{
	struct message *m = (struct message *)e;

	if (stored) {
		assert_true(m->number > f->last[e->conversation]);
		f->last[e->conversation] = m->number;
		f->stored++;
	}
	f->answered++;
	free(m);
}

static void
batch_begin(struct fixture *f, struct send_batch *b, bool busy)
{
	int n = send_queue_take(&f->queue, b, busy, MOST, 100);

	assert_int_equal(n, b->count);
	for (int i = 0; i < n; i++) {
		int64_t room = send_batch_conversation(b, i);
		assert_true(n <= b->entries[i]->batch_most);
		if (i == 0 || room != send_batch_conversation(b, i - 1)) {
			assert_false(f->in_batch[room]);
			f->in_batch[room] = true;
		}
	}
}

/*
 * Ends a batch. A room is busy as a whole or not at all. A batch with a poisoned message fails as a
 * whole.
 */
static void
batch_end(struct fixture *f, struct send_batch *b, uint64_t *seed)
{
	bool poisoned = false, busy[ROOMS + 1];
	int count = b->count;

	for (int i = 0; i < count; i++)
		poisoned = poisoned || (b->entries[i] && ((struct message *)b->entries[i])->poison);
	for (int i = 0; i <= ROOMS; i++)
		busy[i] = chance_below(seed, 3) == 0;
	for (int i = 0; i < count; i++) {
		int64_t room = send_batch_conversation(b, i);
		f->in_batch[room] = false;
		b->busy[i] = !poisoned && busy[room];
		if ((poisoned && count > 1) || b->busy[i])
			continue;
		struct send_entry *e = send_batch_take(b, i);
		if (e)
			message_end(f, e, !poisoned);
	}
	if (poisoned)
		send_batch_halve(b);
	send_queue_finish(&f->queue, b);
}

static void
message_new(struct fixture *f, int number, int64_t now, uint64_t *seed)
{
	struct message *m = calloc(1, sizeof *m);

	m->number = number;
	m->poison = chance_below(seed, 50) == 0;
	m->entry.conversation = 1 + (int64_t)chance_below(seed, ROOMS);
	m->entry.deadline_ms = now + WAIT_MS;
	m->entry.size = chance_below(seed, 40);
	send_queue_add(&f->queue, &m->entry);
}

static void
expire(struct fixture *f, int64_t now)
{
	struct send_entry *e;

	while ((e = send_queue_expire(&f->queue, now)))
		message_end(f, e, false);
	for (int i = 0; i < BATCHES; i++)
		while ((e = send_batch_expire(&f->batches[i], now)))
			message_end(f, e, false);
}

static void
test_random(void **state)
{
	static struct fixture f;
	uint64_t seed = chance_seed();
	int64_t now = 0;
	int sent = 0;

	(void)state;
	send_queue_init(&f.queue);
	while (f.answered < MESSAGES) {
		now += (int64_t)chance_below(&seed, 3);
		if (sent < MESSAGES && chance_below(&seed, 2))
			message_new(&f, ++sent, now, &seed);
		struct send_batch *b = &f.batches[chance_below(&seed, BATCHES)];
		if (b->count == 0)
			batch_begin(&f, b, chance_below(&seed, 2));
		else if (chance_below(&seed, 3) == 0)
			batch_end(&f, b, &seed);
		expire(&f, now);
	}
	for (int i = 0; i < BATCHES; i++)
		batch_end(&f, &f.batches[i], &seed);
	assert_true(f.stored > MESSAGES / 4);
	assert_int_equal(f.queue.count, 0);
	assert_int_equal(f.queue.ready_count, 0);
	assert_int_equal(f.queue.bytes, 0);
	send_queue_free(&f.queue);
}

static struct message *
put(struct send_queue *q, int64_t room, int number, int64_t deadline)
{
	struct message *m = calloc(1, sizeof *m);

	m->number = number;
	m->entry = (struct send_entry){ .conversation = room, .deadline_ms = deadline, .size = 10 };
	send_queue_add(q, &m->entry);
	return m;
}

/* Ends a batch: messages of the busy room are busy, all others are stored. */
static void
end(struct send_queue *q, struct send_batch *b, int64_t busy_room)
{
	for (int i = 0; i < b->count; i++) {
		b->busy[i] = send_batch_conversation(b, i) == busy_room;
		if (!b->busy[i])
			free(send_batch_take(b, i));
	}
	send_queue_finish(q, b);
}

static void
test_busy_leaves_the_common_batches(void **state)
{
	static struct send_queue q;
	static struct send_batch b;
	const int order[] = { 1, 3, 4 };

	(void)state;
	send_queue_init(&q);
	put(&q, 1, 1, 100);
	put(&q, 2, 2, 100);
	assert_int_equal(send_queue_take(&q, &b, false, MOST, 1000), 2);
	put(&q, 1, 3, 100);
	assert_int_equal(q.ready_count, 0); /* room 1 is in a batch */
	end(&q, &b, 1);
	put(&q, 1, 4, 100);
	put(&q, 3, 5, 100);
	assert_true(send_queue_is_stuck(&q, 1, 3, 1000));
	assert_false(send_queue_is_stuck(&q, 1, 4, 1000));
	assert_true(send_queue_is_stuck(&q, 1, 4, 30));
	assert_false(send_queue_is_stuck(&q, 3, 1, 1));
	assert_int_equal(q.ready_count, 1);
	assert_int_equal(send_queue_take(&q, &b, false, MOST, 1000), 1);
	end(&q, &b, 0);
	assert_int_equal(send_queue_take(&q, &b, true, MOST, 1000), 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(((struct message *)b.entries[i])->number, order[i]);
	end(&q, &b, 1); /* still busy: tried again, but not as a ready one */
	assert_int_equal(send_queue_take(&q, &b, false, MOST, 1000), 0);
	assert_int_equal(send_queue_take(&q, &b, true, MOST, 1000), 3);
	end(&q, &b, 0);
	assert_int_equal(q.count, 0);
	send_queue_free(&q);
}

static void
test_deadlines(void **state)
{
	static struct send_queue q;
	static struct send_batch b;

	(void)state;
	send_queue_init(&q);
	struct message *first = put(&q, 1, 1, 100), *second = put(&q, 1, 2, 110);
	assert_int_equal(send_queue_take(&q, &b, false, 1, 1000), 1);
	assert_int_equal(send_batch_deadline(&b), 100);
	assert_null(send_queue_expire(&q, 109));
	assert_int_equal(q.earliest_ms, 110);
	/* it is behind a batch that is late */
	assert_ptr_equal(send_queue_expire(&q, 110), second);
	assert_ptr_equal(send_batch_expire(&b, 110), first);
	assert_true(send_batch_deadline(&b) == INT64_MAX);
	assert_false(send_queue_is_stuck(&q, 1, 1, 1));
	send_batch_late(&b);
	assert_true(send_queue_is_stuck(&q, 1, 1000, 1000));
	send_queue_finish(&q, &b);
	assert_null(send_queue_expire(&q, INT64_MAX));
	assert_true(q.earliest_ms == INT64_MAX);
	free(first);
	free(second);
	send_queue_free(&q);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_busy_leaves_the_common_batches),
		cmocka_unit_test(test_deadlines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
