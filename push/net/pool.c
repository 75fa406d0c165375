/* SPDX-License-Identifier: MIT */
/* Slabs of objects of one size. */
#include "push/net/pool.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/base/memory.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/lsan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define __lsan_register_root_region(at, size)
#define __lsan_unregister_root_region(at, size)
#endif

/* also the alignment, so that an object's address names its slab */
enum { SLAB_BYTES = 64 * 1024 };

struct slab {
	/* list of slabs with room; the alignment makes the first object begin a cache line */
	_Alignas(CACHE_LINE_BYTES) struct slab *next;
	struct slab *prev;
	void *free; /* freed places, each holding the address of the next one */
	size_t used;
	size_t fresh; /* places from this index on were never taken, and are zero */
};

static size_t
slab_places(const struct pool *p)
{
	return (SLAB_BYTES - sizeof(struct slab)) / p->size;
}

static char *
slab_place(const struct pool *p, struct slab *s, size_t i)
{
	return (char *)(s + 1) + i * p->size;
}

static struct slab *
slab_of(void *object)
{
	return (struct slab *)((uintptr_t)object & ~(uintptr_t)(SLAB_BYTES - 1));
}

static bool
slab_is_full(const struct pool *p, const struct slab *s)
{
	return s->used == slab_places(p);
}

static void
slab_link(struct pool *p, struct slab *s)
{
	s->prev = NULL;
	s->next = p->room;
	if (p->room)
		p->room->prev = s;
	p->room = s;
}

static void
slab_unlink(struct pool *p, struct slab *s)
{
	*(s->prev ? &s->prev->next : &p->room) = s->next;
	if (s->next)
		s->next->prev = s->prev;
}

/* Maps a slab. The system aligns to pages only, so this maps twice the size and unmaps the rest. */
static struct slab *
slab_new(const struct pool *p)
{
	char *all = mmap(NULL, 2 * SLAB_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (all == MAP_FAILED) {
		perror("out of memory");
		abort();
	}
	size_t before = (SLAB_BYTES - (uintptr_t)all % SLAB_BYTES) % SLAB_BYTES;
	if (before)
		munmap(all, before);
	munmap(all + before + SLAB_BYTES, SLAB_BYTES - before);
	struct slab *s = (struct slab *)(void *)(all + before);
	__lsan_register_root_region(s, SLAB_BYTES);
	ASAN_POISON_MEMORY_REGION(s + 1, SLAB_BYTES - sizeof *s);
	assert(slab_places(p) > 0 && p->size % _Alignof(max_align_t) == 0);
	return s;
}

static void
slab_free(struct slab *s)
{
	ASAN_UNPOISON_MEMORY_REGION(s, SLAB_BYTES);
	__lsan_unregister_root_region(s, SLAB_BYTES);
	munmap(s, SLAB_BYTES);
}

void *
pool_take(struct pool *p)
{
	if (!p->room)
		slab_link(p, slab_new(p));
	struct slab *s = p->room;
	void *object = s->free ? s->free : slab_place(p, s, s->fresh);

	ASAN_UNPOISON_MEMORY_REGION(object, p->size);
	if (s->free)
		s->free = *(void **)object;
	else
		s->fresh++;
	s->used++;
	p->used++;
	if (slab_is_full(p, s))
		slab_unlink(p, s);
	return memset(object, 0, p->size);
}

/*
 * Frees an object. Keeps one slab with room, so that a single object does not map and unmap a slab
 * each time.
 */
void
pool_give(struct pool *p, void *object)
{
	struct slab *s = slab_of(object);
	bool was_full = slab_is_full(p, s);

	*(void **)object = s->free;
	s->free = object;
	ASAN_POISON_MEMORY_REGION(object, p->size);
	s->used--;
	p->used--;
	if (was_full)
		slab_link(p, s);
	if (s->used == 0 && (s->next || s->prev)) {
		slab_unlink(p, s);
		slab_free(s);
	}
}

void
pool_close(struct pool *p)
{
	assert(p->used == 0);
	while (p->room) {
		struct slab *s = p->room;
		slab_unlink(p, s);
		slab_free(s);
	}
}
