/* SPDX-License-Identifier: MIT */
/* A page of the events that a stream has missed, in the order of their ids. */
#ifndef PUSH_PAGE_H
#define PUSH_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "../lib/cursor.h"
#include "event.h"
#include "store.h"

/* All zero: nothing was read yet. */
struct page {
	struct event_list events;
	int rows;  /* that the database had, up to limit */
	int limit; /* rows that were asked for */
	bool is_last;
};

/* Asks for what the user's cursor does not cover, or, from NULL, for what lies behind the delivered marks. */
void page_ask(struct page *p, int64_t user, const struct cursor *from, store_reply *reply, void *context);

/* Takes the answer. */
void page_take(struct page *p, const PGresult *result);

/* There is nothing, which is known without a question. */
void page_none(struct page *p);

#endif
