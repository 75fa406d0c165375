/* SPDX-License-Identifier: MIT */
/*
 * Slots: small numbers for objects, as short references to them. A number is used again after its
 * object was removed.
 */
#ifndef PUSH_SLOTS_H
#define PUSH_SLOTS_H

#include <stddef.h>
#include <stdint.h>

struct slots {
	void **list;
	uint32_t count;
	size_t room;
	uint32_t *unused;
	uint32_t unused_count;
	size_t unused_room;
};

/* Adds an object and returns its slot; removes it. */
uint32_t slots_add(struct slots *s, void *object);
void slots_remove(struct slots *s, uint32_t slot);

/* Returns the object of a slot. */
static inline void *
slots_get(const struct slots *s, uint32_t slot)
{
	return s->list[slot];
}

void slots_free(struct slots *s);

#endif
