/* SPDX-License-Identifier: MIT */
/* A hash table from ids to pointers. */
#include "lib/base/map.h"

#include <assert.h>
#include <stdlib.h>

#include "lib/base/hash.h"
#include "lib/base/memory.h"

enum { ROOM_AT_FIRST = 64 };

static size_t
home(const struct map *m, int64_t key)
{
	uint64_t h = hash_number((uint64_t)key);

	return (size_t)(h ^ (h >> 32)) & (m->room - 1);
}

static size_t
find(const struct map *m, int64_t key)
{
	size_t i = home(m, key);

	while (m->entries[i].key && m->entries[i].key != key)
		i = (i + 1) & (m->room - 1);
	return i;
}

void *
map_get(const struct map *m, int64_t key)
{
	if (!m->room)
		return NULL;
	return m->entries[find(m, key)].value;
}

static void
grow(struct map *m)
{
	struct map bigger = { .room = m->room ? m->room * 2 : ROOM_AT_FIRST };

	bigger.entries = memory_alloc(bigger.room * sizeof bigger.entries[0]);
	for (size_t i = 0; i < m->room; i++)
		if (m->entries[i].key)
			map_put(&bigger, m->entries[i].key, m->entries[i].value);
	free(m->entries);
	*m = bigger;
}

void
map_put(struct map *m, int64_t key, void *value)
{
	assert(key > 0 && value);
	if ((m->count + 1) * 4 > m->room * 3)
		grow(m);
	size_t i = find(m, key);
	assert(!m->entries[i].key);
	m->entries[i] = (struct map_entry){ key, value };
	m->count++;
}

/* Moves up the entries that were displaced by the removed one, so that no gap breaks a search. */
void
map_remove(struct map *m, int64_t key)
{
	if (!m->room)
		return;
	size_t mask = m->room - 1, hole = find(m, key);
	if (!m->entries[hole].key)
		return;
	m->count--;
	for (size_t i = (hole + 1) & mask; m->entries[i].key; i = (i + 1) & mask) {
		size_t want = home(m, m->entries[i].key);
		if (((i - want) & mask) >= ((i - hole) & mask)) {
			m->entries[hole] = m->entries[i];
			hole = i;
		}
	}
	m->entries[hole] = (struct map_entry){ 0, NULL };
}

void *
map_next(const struct map *m, size_t *at)
{
	while (*at < m->room) {
		const struct map_entry *e = &m->entries[(*at)++];
		if (e->key)
			return e->value;
	}
	return NULL;
}

void
map_free(struct map *m)
{
	free(m->entries);
	*m = (struct map){ 0 };
}
