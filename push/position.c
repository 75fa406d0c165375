/* SPDX-License-Identifier: MIT */
/* Positions: cursors as shared values, in one table. */
#include "position.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/memory.h"

enum { BUCKETS_AT_FIRST = 256, STEPS_AT_FIRST = 16, STEPS_KEPT = 1024 };

static struct {
	struct position **buckets;
	size_t room; /* a power of two */
	size_t count;
} table;

/* The steps of the fan-out that is going on. Both ends of each are held, so that they outlive the first stream that takes it. */
static struct {
	const struct bundle *bundle;
	struct position_step *steps;
	uint32_t count, room;
} fanout;

static uint32_t
cursor_hash(const struct cursor *c)
{
	uint64_t h = (uint64_t)c->base * UINT64_C(0x9e3779b97f4a7c15);

	for (int i = 0; i < c->count; i++) {
		h = (h ^ (uint64_t)c->exceptions[i].conversation) * UINT64_C(0xff51afd7ed558ccd);
		h = (h ^ (h >> 29) ^ (uint64_t)c->exceptions[i].id) * UINT64_C(0xc4ceb9fe1a85ec53);
	}
	return (uint32_t)(h >> 32);
}

static bool
position_is(const struct position *p, const struct cursor *c, uint32_t hash)
{
	return p->hash == hash && p->base == c->base && p->count == c->count &&
	       memcmp(p->exceptions, c->exceptions, (size_t)c->count * sizeof c->exceptions[0]) == 0;
}

static void
table_grow(void)
{
	size_t room = table.room ? table.room * 2 : BUCKETS_AT_FIRST;
	struct position **buckets = memory_alloc(room * sizeof buckets[0]);

	for (size_t i = 0; i < table.room; i++)
		for (struct position *p = table.buckets[i], *next; p; p = next) {
			next = p->bucket_next;
			p->bucket_next = buckets[p->hash & (room - 1)];
			buckets[p->hash & (room - 1)] = p;
		}
	free(table.buckets);
	table.buckets = buckets;
	table.room = room;
}

struct position *
position_of(const struct cursor *c)
{
	uint32_t hash = cursor_hash(c);

	if (table.count >= table.room)
		table_grow();
	struct position **bucket = &table.buckets[hash & (table.room - 1)];
	for (struct position *p = *bucket; p; p = p->bucket_next)
		if (position_is(p, c, hash))
			return position_ref(p);

	size_t exceptions_size = (size_t)c->count * sizeof c->exceptions[0];
	struct position *p = memory_alloc(sizeof *p + exceptions_size);
	p->refs = 1;
	p->hash = hash;
	p->base = c->base;
	p->count = c->count;
	memcpy(p->exceptions, c->exceptions, exceptions_size);
	p->bucket_next = *bucket;
	*bucket = p;
	table.count++;
	return p;
}

struct position *
position_ref(struct position *p)
{
	p->refs++;
	return p;
}

void
position_unref(struct position *p)
{
	if (!p || --p->refs > 0)
		return;
	struct position **at = &table.buckets[p->hash & (table.room - 1)];
	while (*at != p)
		at = &(*at)->bucket_next;
	*at = p->bucket_next;
	table.count--;
	free(p);
	if (table.count == 0) {
		free(table.buckets);
		table.buckets = NULL;
		table.room = 0;
	}
}

void
position_cursor(const struct position *p, struct cursor *out)
{
	out->base = p->base;
	out->count = p->count;
	memcpy(out->exceptions, p->exceptions, (size_t)p->count * sizeof p->exceptions[0]);
}

size_t
position_text(const struct position *p, char out[LIMIT_CURSOR_BYTES + 1])
{
	return cursor_text(p->base, p->exceptions, p->count, out);
}

static struct position_step *
step_new(struct position *from)
{
	if (fanout.count == fanout.room) {
		fanout.room = fanout.room ? fanout.room * 2 : STEPS_AT_FIRST;
		fanout.steps = memory_resize(fanout.steps, fanout.room * sizeof fanout.steps[0]);
	}
	from->step = fanout.count;
	struct position_step *step = &fanout.steps[fanout.count++];
	*step = (struct position_step){ .from = position_ref(from) };
	return step;
}

struct position_step *
position_step(struct position *p, const struct bundle *b)
{
	struct cursor c;

	assert(!fanout.bundle || fanout.bundle == b);
	fanout.bundle = b;
	if (p->step < fanout.count && fanout.steps[p->step].from == p)
		return &fanout.steps[p->step];
	struct position_step *step = step_new(p);
	position_cursor(p, &c);
	for (int i = 0; i < b->count; i++)
		if (!cursor_covers(&c, b->events[i]->conversation, b->events[i]->id)) {
			cursor_advance(&c, b->events[i]->conversation, b->events[i]->id);
			step->given++;
		}
	if (step->given)
		step->to = position_of(&c);
	return step;
}

void
position_fanout_end(void)
{
	for (uint32_t i = 0; i < fanout.count; i++) {
		for (int t = 0; t < ENCODINGS; t++)
			encoded_free(&fanout.steps[i].encoded[t]);
		position_unref(fanout.steps[i].from);
		position_unref(fanout.steps[i].to);
	}
	fanout.bundle = NULL;
	fanout.count = 0;
	if (fanout.room > STEPS_KEPT) {
		free(fanout.steps);
		fanout.steps = NULL;
		fanout.room = 0;
	}
}

struct position *
position_rebase_take(struct position *p, int64_t base)
{
	struct cursor c;

	if (base <= p->base)
		return p;
	position_cursor(p, &c);
	cursor_rebase(&c, base);
	struct position *higher = position_of(&c);
	position_unref(p);
	return higher;
}

size_t
position_count(void)
{
	return table.count;
}
