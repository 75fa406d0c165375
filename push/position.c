/* SPDX-License-Identifier: MIT */
/* Positions: cursors as shared values, in one table. */
#include "position.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/memory.h"

enum { BUCKETS_AT_FIRST = 256, FANOUT_KEPT = 4096 };

static struct {
	struct position **buckets;
	size_t room; /* a power of two */
	size_t count;
} table;

/* The fan-out that is going on: which one, of which event, and the positions that it remembers something in; each of those is held. */
static struct {
	uint64_t serial;
	const struct event *event;
	struct position **list;
	size_t count, room;
} fanout = { .serial = 1 };

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

static void
fanout_hold(struct position *p)
{
	if (fanout.count == fanout.room) {
		fanout.room = fanout.room ? fanout.room * 2 : 64;
		fanout.list = memory_resize(fanout.list, fanout.room * sizeof fanout.list[0]);
	}
	fanout.list[fanout.count++] = p;
}

static void
fanout_of(const struct event *ev)
{
	assert(!fanout.event || fanout.event == ev);
	fanout.event = ev;
}

/* The end of a remembered step is held, so that it outlives the first stream that takes it. */
struct position *
position_after(struct position *p, const struct event *ev)
{
	struct cursor c;

	fanout_of(ev);
	if (p->step_fanout == fanout.serial)
		return p->step;
	p->step_fanout = fanout.serial;
	p->step = NULL;
	position_cursor(p, &c);
	if (cursor_covers(&c, ev->conversation, ev->id))
		return NULL;
	cursor_advance(&c, ev->conversation, ev->id);
	p->step = position_of(&c);
	fanout_hold(p->step);
	return p->step;
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

struct encoded *
position_encoded(struct position *p, const struct event *ev, int transport)
{
	fanout_of(ev);
	if (p->encoded_fanout != fanout.serial) {
		p->encoded_fanout = fanout.serial;
		fanout_hold(position_ref(p));
	}
	return &p->encoded[transport];
}

void
position_fanout_end(void)
{
	for (size_t i = 0; i < fanout.count; i++) {
		for (int t = 0; t < ENCODINGS; t++)
			encoded_free(&fanout.list[i]->encoded[t]);
		position_unref(fanout.list[i]);
	}
	fanout.serial++;
	fanout.event = NULL;
	fanout.count = 0;
	if (fanout.room > FANOUT_KEPT) {
		free(fanout.list);
		fanout.list = NULL;
		fanout.room = 0;
	}
}

size_t
position_count(void)
{
	return table.count;
}
