/* SPDX-License-Identifier: MIT */
/* Slots. */
#include "push/net/slots.h"

#include <stdlib.h>

#include "lib/base/memory.h"

static uint32_t
slot_unused(struct slots *s)
{
	if (s->unused_count)
		return s->unused[--s->unused_count];
	s->list = memory_grow(s->list, s->count, &s->room, sizeof s->list[0]);
	return s->count++;
}

uint32_t
slots_add(struct slots *s, void *object)
{
	uint32_t slot = slot_unused(s);

	s->list[slot] = object;
	return slot;
}

void
slots_remove(struct slots *s, uint32_t slot)
{
	s->list[slot] = NULL;
	s->unused = memory_grow(s->unused, s->unused_count, &s->unused_room, sizeof s->unused[0]);
	s->unused[s->unused_count++] = slot;
}

void
slots_free(struct slots *s)
{
	free(s->list);
	free(s->unused);
	*s = (struct slots){ 0 };
}
