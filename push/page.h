/* SPDX-License-Identifier: MIT */
/*
 * A page of the events that a stream has missed, in the order of their ids. Those who come back together have their pages read one after the
 * other, a few at a time by their weight, so that neither memory nor those who are there notice how many they are.
 */
#ifndef PUSH_PAGE_H
#define PUSH_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "../lib/cursor.h"
#include "event.h"
#include "store.h"

struct page;

/* A page's turn has come: it is asked for. */
typedef void page_turn(struct page *p);

/* All zero: nothing was read yet. */
struct page {
	struct event_list events;
	int rows;  /* that the database had, up to limit */
	int limit; /* rows that were asked for */
	bool is_last;

	page_turn *turn; /* what is called when its turn comes; NULL: it does not wait */
	struct page *next, *prev;
	store_reply *reply; /* the question under way … */
	void *context;
	uint32_t weight; /* … and the bytes that it was expected to bring */
};

/* Waits for the page's turn, which may be at once. */
void page_wait(struct page *p, page_turn *turn);

/* It does not wait any more. */
void page_leave(struct page *p);

/* When it is its turn: asks for what the user's cursor does not cover, or, from NULL, for what lies behind the delivered marks. */
void page_ask(struct page *p, int64_t user, const struct cursor *from, store_reply *reply, void *context);

/* Takes the answer. */
void page_take(struct page *p, const PGresult *result);

/* There is nothing, which is known without a question. */
void page_none(struct page *p);

#endif
