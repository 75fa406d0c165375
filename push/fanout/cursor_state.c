/* SPDX-License-Identifier: MIT */
/* Cursor states: cursors as shared values in one table. */
#include "push/fanout/cursor_state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/hash.h"
#include "lib/base/memory.h"
#include "push/net/metrics.h"

enum { BUCKETS_AT_FIRST = 256, STEPS_AT_FIRST = 16, STEPS_KEPT = 1024 };

static struct {
	struct cursor_state **buckets;
	size_t room; /* a power of two */
	size_t count;
} table;

/*
 * Transitions of the current fan-out. It holds both cursor states of each transition, so that they
 * outlive the first stream that takes it.
 */
static struct {
	const struct event_batch *batch;
	struct cursor_transition *transitions;
	uint32_t count, room;
} fanout;

static const struct cursor_snapshot *reading;
static int64_t reading_pass;
static int64_t incarnation;

void
cursor_state_read_by(const struct cursor_snapshot *snapshot, int64_t pass_end)
{
	reading = snapshot;
	reading_pass = pass_end;
}

bool
cursor_state_is_reading(void)
{
	return reading != NULL;
}

bool
cursor_state_has_reads(const struct cursor_state *p)
{
	return p->more && p->more->reads_count;
}

bool
cursor_state_has_dropped(const struct cursor_state *p)
{
	return p->more && p->more->dropped;
}

bool
cursor_state_is_partial(const struct cursor_state *p)
{
	return p->more != NULL;
}

void
cursor_state_incarnation(int64_t id)
{
	incarnation = id;
}

/* ---- parts that few cursor states have */

static struct cursor_state_more *
more_new(const struct cursor *c)
{
	if (!c->reads_count && !c->dropped && !c->pass.end)
		return NULL;
	struct cursor_state_more *more = memory_alloc(sizeof *more);
	more->dropped = c->dropped;
	more->pass = c->pass;
	more->reads_count = c->reads_count;
	memcpy(more->reads, c->reads, (size_t)c->reads_count * sizeof c->reads[0]);
	return more;
}

static bool
more_is(const struct cursor_state_more *more, const struct cursor *c)
{
	if (!more)
		return !c->reads_count && !c->dropped && !c->pass.end;
	if (more->dropped != c->dropped || more->reads_count != c->reads_count)
		return false;
	if (more->pass.end != c->pass.end || more->pass.conversation != c->pass.conversation || more->pass.id != c->pass.id)
		return false;
	for (int i = 0; i < c->reads_count; i++) {
		const struct cursor_read *a = &more->reads[i], *b = &c->reads[i];
		if (a->id != b->id || a->conversation != b->conversation || a->snapshot.xmin != b->snapshot.xmin ||
		    a->snapshot.xmax != b->snapshot.xmax || a->snapshot.count != b->snapshot.count ||
		    memcmp(a->snapshot.running, b->snapshot.running, (size_t)b->snapshot.count * sizeof b->snapshot.running[0]) != 0)
			return false;
	}
	return true;
}

/* ---- the table */

static uint32_t
cursor_hash(const struct cursor *c)
{
	uint64_t h = hash_number((uint64_t)c->base);

	for (int i = 0; i < c->count; i++) {
		h = (h ^ (uint64_t)c->exceptions[i].conversation) * UINT64_C(0xff51afd7ed558ccd);
		h = (h ^ (h >> 29) ^ (uint64_t)c->exceptions[i].id) * UINT64_C(0xc4ceb9fe1a85ec53);
	}
	return (uint32_t)(h >> 32);
}

static bool
cursor_state_is(const struct cursor_state *p, const struct cursor *c, uint32_t hash)
{
	return p->hash == hash && p->base == c->base && p->count == c->count &&
	       memcmp(p->exceptions, c->exceptions, (size_t)c->count * sizeof c->exceptions[0]) == 0 && more_is(p->more, c);
}

static void
table_grow(void)
{
	size_t room = table.room ? table.room * 2 : BUCKETS_AT_FIRST;
	struct cursor_state **buckets = memory_alloc(room * sizeof buckets[0]);

	for (size_t i = 0; i < table.room; i++)
		for (struct cursor_state *p = table.buckets[i], *next; p; p = next) {
			next = p->bucket_next;
			p->bucket_next = buckets[p->hash & (room - 1)];
			buckets[p->hash & (room - 1)] = p;
		}
	free(table.buckets);
	table.buckets = buckets;
	table.room = room;
}

struct cursor_state *
cursor_state_of(const struct cursor *c)
{
	uint32_t hash = cursor_hash(c);

	if (table.count >= table.room)
		table_grow();
	struct cursor_state **bucket = &table.buckets[hash & (table.room - 1)];
	for (struct cursor_state *p = *bucket; p; p = p->bucket_next)
		if (cursor_state_is(p, c, hash))
			return cursor_state_ref(p);

	size_t exceptions_size = (size_t)c->count * sizeof c->exceptions[0];
	struct cursor_state *p = memory_alloc(sizeof *p + exceptions_size);
	p->refs = 1;
	p->hash = hash;
	p->base = c->base;
	p->count = c->count;
	p->more = more_new(c);
	memcpy(p->exceptions, c->exceptions, exceptions_size);
	p->bucket_next = *bucket;
	*bucket = p;
	metrics.cursor_states = ++table.count;
	return p;
}

struct cursor_state *
cursor_state_ref(struct cursor_state *p)
{
	p->refs++;
	return p;
}

void
cursor_state_unref(struct cursor_state *p)
{
	if (!p || --p->refs > 0)
		return;
	struct cursor_state **at = &table.buckets[p->hash & (table.room - 1)];
	while (*at != p)
		at = &(*at)->bucket_next;
	*at = p->bucket_next;
	metrics.cursor_states = --table.count;
	free(p->more);
	free(p);
	if (table.count == 0) {
		free(table.buckets);
		table.buckets = NULL;
		table.room = 0;
	}
}

void
cursor_state_cursor(const struct cursor_state *p, struct cursor *out)
{
	out->incarnation = incarnation;
	out->base = p->base;
	out->count = p->count;
	out->dropped = p->more ? p->more->dropped : 0;
	out->pass = p->more ? p->more->pass : (struct cursor_pass){ 0 };
	out->reads_count = p->more ? p->more->reads_count : 0;
	if (p->more)
		memcpy(out->reads, p->more->reads, (size_t)p->more->reads_count * sizeof out->reads[0]);
	memcpy(out->exceptions, p->exceptions, (size_t)p->count * sizeof p->exceptions[0]);
}

size_t
cursor_state_text(const struct cursor_state *p, char out[LIMIT_CURSOR_BYTES + 1])
{
	struct cursor c;

	cursor_state_cursor(p, &c);
	return cursor_text(&c, out);
}

static struct cursor_transition *
transition_new(struct cursor_state *from)
{
	if (fanout.count == fanout.room) {
		fanout.room = fanout.room ? fanout.room * 2 : STEPS_AT_FIRST;
		fanout.transitions = memory_resize(fanout.transitions, fanout.room * sizeof fanout.transitions[0]);
	}
	from->transition = fanout.count;
	struct cursor_transition *transition = &fanout.transitions[fanout.count++];
	*transition = (struct cursor_transition){ .from = cursor_state_ref(from) };
	return transition;
}

struct cursor_transition *
cursor_transition_of(struct cursor_state *p, const struct event_batch *b)
{
	struct cursor c;

	assert(!fanout.batch || fanout.batch == b);
	fanout.batch = b;
	if (p->transition < fanout.count && fanout.transitions[p->transition].from == p)
		return &fanout.transitions[p->transition];
	struct cursor_transition *transition = transition_new(p);
	cursor_state_cursor(p, &c);
	for (int i = 0; i < b->count; i++)
		if (!cursor_covers(&c, b->events[i]->conversation, b->events[i]->id)) {
			if (reading_pass)
				cursor_advance_pass(&c, b->events[i]->conversation, b->events[i]->id, reading_pass);
			else if (reading)
				cursor_advance_read(&c, b->events[i]->conversation, b->events[i]->id, reading);
			else
				cursor_advance(&c, b->events[i]->conversation, b->events[i]->id);
			transition->count++;
		}
	if (transition->count)
		transition->to = cursor_state_of(&c);
	return transition;
}

void
cursor_state_fanout_end(void)
{
	for (uint32_t i = 0; i < fanout.count; i++) {
		for (int t = 0; t < ENCODINGS; t++)
			encoded_free(&fanout.transitions[i].encoded[t]);
		cursor_state_unref(fanout.transitions[i].from);
		cursor_state_unref(fanout.transitions[i].to);
	}
	fanout.batch = NULL;
	fanout.count = 0;
	if (fanout.room > STEPS_KEPT) {
		free(fanout.transitions);
		fanout.transitions = NULL;
		fanout.room = 0;
	}
}

struct cursor_state *
cursor_state_rebase_take(struct cursor_state *p, int64_t base)
{
	struct cursor c;

	if (base <= p->base)
		return p;
	cursor_state_cursor(p, &c);
	cursor_rebase(&c, base);
	struct cursor_state *higher = cursor_state_of(&c);
	cursor_state_unref(p);
	return higher;
}
